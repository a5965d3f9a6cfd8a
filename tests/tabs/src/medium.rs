//! The medium of one tab, as its VFS sees it: the world's files and locks, one call at a time.
//!
//! Registered once for each tab of the process; which world it is on is set for each schedule.
//! It must not know SQLite.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anchorite_vfs::{
    Creation, ErrorKind, File, Guarantees, Operation, Options, Ownership, Result, SharedLock,
    Sharing, Storage, Vfs, VfsError, cannot_share, hooks, register,
};

use crate::world::{Content, Life, World};

thread_local! {
    static WORLD: RefCell<Rc<World>> = RefCell::default();
    /// Tells the VFSes of one thread of tests from those of another.
    static STAGE: Cell<u32> = const { Cell::new(0) };
}

static STAGES: AtomicU32 = AtomicU32::new(0);

/// The world that all tabs are in now.
pub(crate) fn enter(world: &Rc<World>) {
    WORLD.with(|place| place.replace(world.clone()));
}

fn world() -> Rc<World> {
    WORLD.with(|world| world.borrow().clone())
}

/// How many tabs there are at most, dead ones not counted.
pub(crate) const TABS: usize = 4;

/// One tab's VFS.
#[derive(Clone, Default)]
pub(crate) struct TabMedium {
    vfs: Rc<Cell<Option<Vfs>>>,
    /// Who lives in the tab now.
    life: Rc<Cell<Life>>,
}

/// Registers the VFSes of the tabs, for this thread.
pub(crate) fn register_all() -> Result<Vec<TabMedium>> {
    STAGE.set(STAGES.fetch_add(1, Ordering::Relaxed));
    hooks::sleep_by(|duration_us| world().sleep(duration_us));
    hooks::fix_clock(1_800_000_000_000);
    let tabs: Vec<_> = (0..TABS).map(|_| TabMedium::default()).collect();
    for (number, tab) in tabs.iter().enumerate() {
        let options = Options {
            default: number == 0,
            shares: true,
            ..Options::default()
        };
        let vfs = register(&vfs(number), Rc::new(tab.clone()), options)?;
        tab.vfs.set(Some(vfs));
    }
    Ok(tabs)
}

/// The name of a tab's VFS.
pub(crate) fn vfs(tab: usize) -> String {
    format!("stage{}-tab{tab}", STAGE.get())
}

impl TabMedium {
    /// For what the host of a VFS does.
    pub(crate) fn vfs(&self) -> Vfs {
        self.vfs.get().expect("it was registered")
    }

    /// Another life begins here.
    pub(crate) fn begin(&self, life: Life) {
        self.life.set(life);
    }
}

fn called(operation: Operation) -> Result<Rc<World>> {
    let world = world();
    if world.call() {
        return Ok(world);
    }
    Err(VfsError::new(ErrorKind::Io, operation, "this tab is dead"))
}

impl Storage for TabMedium {
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            sector_size: 4096,
            powersafe_overwrite: true,
            failed_sync_loses: false,
        }
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let world = called(Operation::Open)?;
        if !world.open_file(path, self.life.get()) {
            let message = format!("{path:?} is open in another tab");
            return Err(VfsError::new(ErrorKind::Io, Operation::Open, message));
        }
        let mut files = world.files().borrow_mut();
        let content = match (files.get(path), creation) {
            (Some(content), _) => content.clone(),
            (None, Creation::IfMissing) => files.entry(path.to_owned()).or_default().clone(),
            (None, Creation::Never) => return Err(not_found(Operation::Open, path)),
        };
        let (name, life) = (path.to_owned(), self.life.get());
        Ok(Box::new(TabFile {
            content,
            name,
            life,
        }))
    }

    fn delete(&self, path: &str) -> Result<()> {
        let world = called(Operation::Delete)?;
        let removed = world.files().borrow_mut().remove(path);
        removed.map_or_else(|| Err(not_found(Operation::Delete, path)), |_| Ok(()))
    }

    fn exists(&self, path: &str) -> Result<bool> {
        let world = called(Operation::Exists)?;
        let is_there = world.files().borrow().contains_key(path);
        Ok(is_there)
    }

    fn rename(&self, from: &str, _to: &str) -> Result<()> {
        Err(not_found(Operation::Rename, from))
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        let world = called(Operation::List)?;
        let files = world.files().borrow();
        let inside = files.keys().filter(|path| path.starts_with(below));
        Ok(inside.cloned().collect())
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        Err(cannot_share(path))
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        let life = self.life.get();
        let path = path.to_owned();
        Ok(Box::new(TabLocks { life, path }))
    }
}

fn not_found(operation: Operation, path: &str) -> VfsError {
    let message = format!("there is no file {path:?}");
    VfsError::new(ErrorKind::NotFound, operation, message)
}

struct TabFile {
    content: Content,
    name: String,
    life: Life,
}

impl TabFile {
    fn note(&self, world: &World, what: &str, offset: u64, size: usize) {
        world.note(|| format!("{what} {} {offset}+{size}", self.name));
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("files here are small")
}

impl File for TabFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let world = called(Operation::Read)?;
        self.note(&world, "read", offset, buffer.len());
        let content = self.content.borrow();
        let start = index(offset).min(content.len());
        let count = buffer.len().min(content.len() - start);
        buffer[..count].copy_from_slice(&content[start..start + count]);
        Ok(count)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let world = called(Operation::Write)?;
        self.note(&world, "write", offset, data.len());
        let mut content = self.content.borrow_mut();
        let (start, end) = (index(offset), index(offset) + data.len());
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(data);
        if self.name.ends_with("-wal") {
            world.writes_wal(data.len());
            world.has_wal_of(content.len());
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        let world = called(Operation::Truncate)?;
        self.note(&world, "truncate", size, 0);
        self.content.borrow_mut().resize(index(size), 0);
        if self.name.ends_with("-wal") {
            world.has_wal_of(index(size));
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        called(Operation::Sync).map(drop)
    }

    fn size(&mut self) -> Result<u64> {
        called(Operation::Size)?;
        let size = self.content.borrow().len();
        Ok(size as u64)
    }

    fn close(self: Box<Self>) -> Result<()> {
        world().close_file(&self.name, self.life);
        Ok(())
    }
}

struct TabLocks {
    life: Life,
    path: String,
}

impl Sharing for TabLocks {
    fn files_are_shared(&self) -> bool {
        !world().takes_turns()
    }

    fn take(&self, lock: SharedLock, alone: bool, patience: Duration) -> Result<bool> {
        let world = called(Operation::Lock)?;
        let name = lock.name(&self.path);
        let mut granted = world.try_take(&name, self.life, alone);
        world.note(|| format!("take {lock:?} alone={alone} {granted}"));
        if !granted && !patience.is_zero() {
            let limit = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
            granted = world.wait_for(&name, self.life, alone, limit);
            world.note(|| format!("waited for {lock:?} {granted}"));
        }
        Ok(granted)
    }

    fn weaken(&self, lock: SharedLock) -> Result<()> {
        let world = called(Operation::Lock)?;
        world.note(|| format!("weaken {lock:?}"));
        world.weaken(&lock.name(&self.path), self.life);
        Ok(())
    }

    fn give_back(&self, lock: SharedLock) -> Result<()> {
        let world = called(Operation::Lock)?;
        world.note(|| format!("give back {lock:?}"));
        world.give_back(&lock.name(&self.path), self.life);
        Ok(())
    }

    fn is_wanted(&self) -> Result<bool> {
        Ok(world().take_wanted(self.life))
    }

    fn now(&self) -> Duration {
        Duration::from_micros(world().now())
    }

    fn end(self: Box<Self>) -> Result<()> {
        let world = called(Operation::Lock)?;
        world.note(|| "give back all".to_owned());
        world.give_back_all(self.life);
        Ok(())
    }
}
