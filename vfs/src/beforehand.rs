//! A medium for engines that cannot suspend: whatever waits is done before a job or after it.
//!
//! Used by `crates/wasm` around the storage of the browser, where jobs are tried anew until all
//! they need is at hand. It must not know what waits, nor how the host waits for it.
//!
//! ```text
//! attempt   asks for a file, a lock, a list of names
//!             at hand: it goes on
//!             not yet: `Missed`; the attempt unwinds, and the host waits for one promise
//!           closes a file, gives a lock back: they stay at hand, for this or the next attempt
//!           removes or renames a file: noted, and what it asks about names takes that into account
//! finish    files that are at hand are closed, names are changed in their order, locks are given
//!           back; only then is the job answered
//! ```
//!
//! An attempt that has missed something leaves no change of names. What it has done to the content
//! of files the next one does again: all jobs that may miss something begin with what a crash may
//! have left, so they may begin with that as well. Statements of SQL may not; they are [`bound`] to
//! what is at hand, but for those that open a database, which they do before anything else.

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use anchorite_sorted::{Map, Set};

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::files;
use crate::host;
use crate::memory::MemoryStorage;
use crate::path;
use crate::sharing::{Sharing, cannot_share};
use crate::storage::{Creation, File, Guarantees, Ownership, Storage};

thread_local! {
    static BOUND: Cell<bool> = const { Cell::new(false) };
    static TRIED: RefCell<Option<Tried>> = const { RefCell::new(None) };
}

/// Names that were made up in this attempt, and in those before it.
#[derive(Default)]
struct Tried {
    names: Vec<String>,
    used: usize,
}

/// Work that cannot be tried anew from its beginning: it fails where something is not at hand.
pub fn bound<T>(work: impl FnOnce() -> T) -> T {
    with_bound(true, work)
}

/// A part of it that can.
pub(crate) fn free<T>(work: impl FnOnce() -> T) -> T {
    with_bound(false, work)
}

fn with_bound<T>(bound: bool, work: impl FnOnce() -> T) -> T {
    let before = BOUND.replace(bound);
    let outcome = work();
    BOUND.set(before);
    outcome
}

/// A name that is made up, and the same one when the job is tried anew.
pub(crate) fn same_name(make: impl FnOnce() -> Result<String>) -> Result<String> {
    let known = TRIED.with_borrow(|tried| {
        let tried = tried.as_ref()?;
        tried.names.get(tried.used).cloned()
    });
    let name = known.map_or_else(make, Ok)?;
    TRIED.with_borrow_mut(|tried| {
        if let Some(tried) = tried {
            tried.names.truncate(tried.used);
            tried.names.push(name.clone());
            tried.used += 1;
        }
    });
    Ok(name)
}

/// A change of names that is not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Delete(String),
    Rename(String, String),
    /// A file where one was that has another name by then; its content is a draft.
    Make(String),
}

/// What the changes so far say of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Gone,
    /// It is that of another file.
    Moved,
    /// There is a draft.
    Made,
}

/// A medium whose promises settle while no job runs. Clones are the same.
#[derive(Clone)]
pub struct Beforehand(Rc<Shelf>);

struct Shelf {
    medium: Rc<dyn Storage>,
    /// Files that are open and nobody uses.
    files: RefCell<Map<String, Box<dyn File>>>,
    /// Locks that are held and nobody needs.
    locks: RefCell<Map<String, Box<dyn Ownership>>>,
    /// Files that were opened for this job, so they are there.
    opened: RefCell<Set<String>>,
    changes: RefCell<Vec<Change>>,
    drafts: RefCell<MemoryStorage>,
    /// Whether the attempt has missed something.
    has_missed: Cell<bool>,
    /// Whether that is a file which has its name after the changes only.
    wants_changes: Cell<bool>,
    /// The first error of the end of the job.
    failed: RefCell<Option<VfsError>>,
}

impl fmt::Debug for Beforehand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Beforehand({:?})", self.0.changes.borrow())
    }
}

impl Beforehand {
    /// Over the medium itself.
    pub fn new(medium: Rc<dyn Storage>) -> Self {
        Self(Rc::new(Shelf {
            medium,
            files: RefCell::default(),
            locks: RefCell::default(),
            opened: RefCell::default(),
            changes: RefCell::default(),
            drafts: RefCell::default(),
            has_missed: Cell::new(false),
            wants_changes: Cell::new(false),
            failed: RefCell::default(),
        }))
    }

    /// Before each attempt at a job.
    ///
    /// # Errors
    /// `Missed` if the host has to wait first; those of the medium, when names were to be changed.
    pub fn begin(&self) -> Result<()> {
        let shelf = &self.0;
        shelf.has_missed.set(false);
        if shelf.wants_changes.get() {
            shelf.close_files()?;
            shelf.make_changes()?;
            shelf.forget();
            shelf.failed.take().map_or(Ok(()), Err)?;
        }
        shelf.changes.take();
        shelf.drafts.take();
        TRIED.with_borrow_mut(|tried| tried.get_or_insert_default().used = 0);
        Ok(())
    }

    /// Whether the attempt was in vain: it is to be made again.
    #[must_use]
    pub fn has_missed(&self) -> bool {
        self.0.has_missed.get()
    }

    /// After the last attempt at a job; called again while it says `Missed`.
    ///
    /// # Errors
    /// `Missed` if the host has to wait first; then the first error of the medium.
    pub fn finish(&self) -> Result<()> {
        let shelf = &self.0;
        shelf.close_files()?;
        shelf.make_changes()?;
        for lock in shelf.locks.take().into_values() {
            shelf.note(lock.release());
        }
        host::linger()?;
        shelf.forget();
        TRIED.take();
        shelf.failed.take().map_or(Ok(()), Err)
    }
}

impl Shelf {
    /// Asks the medium: in pieces, while the host waits between them.
    fn ask<T>(
        &self,
        (operation, path): (Operation, &str),
        ask: impl FnOnce(&dyn Storage) -> Result<T>,
    ) -> Result<T> {
        if BOUND.get() {
            let message = format!(
                "{operation:?} of {path:?} would have to wait in the middle of SQL, and the engine \
                 \"sync\" cannot: use another engine for this"
            );
            return Err(VfsError::new(ErrorKind::CannotSuspend, operation, message));
        }
        self.goes_on(operation, path)?;
        let outcome = host::piece(&piece(operation, path), || ask(&*self.medium));
        let has_missed = matches!(&outcome, Err(error) if error.kind == ErrorKind::Missed);
        self.has_missed.set(has_missed);
        outcome
    }

    /// What the changes say of a name; nothing if none is about it.
    fn seen(&self, path: &str) -> Option<Seen> {
        let changes = self.changes.borrow();
        let seen = |change: &Change| match change {
            Change::Delete(gone) if gone == path => Some(Seen::Gone),
            Change::Rename(from, _) if from == path => Some(Seen::Gone),
            Change::Rename(_, to) if to == path => Some(Seen::Moved),
            Change::Make(made) if made == path => Some(Seen::Made),
            _ => None,
        };
        changes.iter().rev().find_map(seen)
    }

    /// A file beside the changes of names.
    fn open_draft(&self, path: &str) -> Result<Box<dyn File>> {
        if self.seen(path) != Some(Seen::Made) {
            let made = Change::Make(path.to_owned());
            self.changes.borrow_mut().push(made);
        }
        self.drafts.borrow().open(path, Creation::IfMissing)
    }

    fn close_files(&self) -> Result<()> {
        loop {
            let next = self.files.borrow().keys().next().cloned();
            let Some(path) = next else {
                return Ok(());
            };
            // Where the storage was cleared meanwhile, to close a file may never come back.
            let there = host::piece(&piece(Operation::Close, &path), || {
                self.medium.exists(&path)
            });
            if matches!(&there, Err(error) if error.kind == ErrorKind::Missed) {
                return there.map(drop);
            }
            let file = self.files.borrow_mut().remove(&path);
            let file = file.expect("nothing else takes it meanwhile");
            self.note(match there {
                Ok(false) => {
                    Box::leak(file);
                    Err(removed(&path))
                }
                _ => file.close(),
            });
        }
    }

    /// After an error the changes that were to follow are not made.
    fn make_changes(&self) -> Result<()> {
        loop {
            let next = self.changes.borrow().first().cloned();
            let Some(change) = next else {
                return Ok(());
            };
            let key = format!("{} {change:?}", self.changes.borrow().len());
            let made = host::piece(&key, || self.make(&change));
            match made {
                Err(error) if error.kind == ErrorKind::Missed => return Err(error),
                Ok(()) => drop(self.changes.borrow_mut().remove(0)),
                Err(error) => {
                    self.note(Err(error));
                    self.changes.take();
                }
            }
        }
    }

    fn make(&self, change: &Change) -> Result<()> {
        match change {
            // Where another context has removed it meanwhile, as what is left behind, all is well.
            Change::Delete(path) => files::delete_if_there(&*self.medium, path).map(drop),
            Change::Rename(from, to) => self.medium.rename(from, to),
            Change::Make(path) => {
                let content = self.drafts.borrow().bytes(path).unwrap_or_default();
                let mut file = self.medium.open(path, Creation::IfMissing)?;
                let written = match content.is_empty() {
                    true => Ok(()),
                    false => file.write(&content, 0).and_then(|()| file.sync()),
                };
                file.close().and(written)
            }
        }
    }

    /// What was known of names counts no more.
    fn forget(&self) {
        host::forget_pieces();
        self.opened.take();
        self.drafts.take();
        self.wants_changes.set(false);
    }

    /// Refuses what would be noted by an attempt that is in vain, as by what tidies up after it.
    fn goes_on(&self, operation: Operation, path: &str) -> Result<()> {
        match self.has_missed.get() {
            true => Err(missed(operation, path)),
            false => Ok(()),
        }
    }

    fn note(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.failed.borrow_mut().get_or_insert(error);
        }
    }
}

impl Storage for Beforehand {
    fn guarantees(&self) -> Guarantees {
        self.0.medium.guarantees()
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let shelf = &self.0;
        shelf.goes_on(Operation::Open, path)?;
        match (shelf.seen(path), creation) {
            (Some(Seen::Gone), Creation::Never) => return Err(not_found(Operation::Open, path)),
            (Some(Seen::Gone), Creation::IfMissing) | (Some(Seen::Made), _) => {
                return shelf.open_draft(path);
            }
            (Some(Seen::Moved), _) => {
                shelf.wants_changes.set(true);
                shelf.has_missed.set(true);
                return Err(missed(Operation::Open, path));
            }
            (None, _) => {}
        }
        let at_hand = shelf.files.borrow_mut().remove(path);
        let file = match at_hand {
            Some(file) => file,
            None => {
                let key = format!("{path} {creation:?}");
                let file = shelf.ask((Operation::Open, &key), |it| it.open(path, creation))?;
                host::forget_piece(&piece(Operation::Open, &key));
                shelf.opened.borrow_mut().insert(path.to_owned());
                file
            }
        };
        Ok(Box::new(LentFile {
            file,
            path: path.to_owned(),
            shelf: shelf.clone(),
        }))
    }

    fn delete(&self, path: &str) -> Result<()> {
        if !self.exists(path)? {
            return Err(not_found(Operation::Delete, path));
        }
        self.0.goes_on(Operation::Delete, path)?;
        let deleted = Change::Delete(path.to_owned());
        self.0.changes.borrow_mut().push(deleted);
        Ok(())
    }

    fn exists(&self, path: &str) -> Result<bool> {
        if let Some(seen) = self.0.seen(path) {
            return Ok(seen != Seen::Gone);
        }
        if self.0.opened.borrow().contains(path) {
            return Ok(true);
        }
        self.0
            .ask((Operation::Exists, path), |medium| medium.exists(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        if !self.exists(from)? {
            return Err(not_found(Operation::Rename, from));
        }
        self.0.goes_on(Operation::Rename, from)?;
        let renamed = Change::Rename(from.to_owned(), to.to_owned());
        self.0.changes.borrow_mut().push(renamed);
        Ok(())
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        let listed = self
            .0
            .ask((Operation::List, below), |medium| medium.list(below))?;
        let mut paths: Set<String> = listed.into_iter().collect();
        paths.extend(self.0.opened.borrow().iter().cloned());
        for change in &*self.0.changes.borrow() {
            match change {
                Change::Delete(path) => drop(paths.remove(path)),
                Change::Rename(from, to) => {
                    paths.remove(from);
                    paths.insert(to.clone());
                }
                Change::Make(path) => drop(paths.insert(path.clone())),
            }
        }
        paths.retain(|it| path::is_below(it, below));
        Ok(paths.into_iter().collect())
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        let at_hand = self.0.locks.borrow_mut().remove(path);
        let lock = match at_hand {
            Some(lock) => lock,
            None => {
                let lock = self
                    .0
                    .ask((Operation::Lock, path), |medium| medium.acquire(path))?;
                host::forget_piece(&piece(Operation::Lock, path));
                lock
            }
        };
        Ok(Box::new(LentLock {
            lock,
            path: path.to_owned(),
            shelf: self.0.clone(),
        }))
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        Err(cannot_share(path))
    }
}

/// What a piece is called.
fn piece(operation: Operation, path: &str) -> String {
    format!("{operation:?} {path}")
}

fn missed(operation: Operation, path: &str) -> VfsError {
    let message = format!("{operation:?} of {path:?}: not yet at hand");
    VfsError::new(ErrorKind::Missed, operation, message)
}

fn not_found(operation: Operation, path: &str) -> VfsError {
    let message = format!("there is no file {path:?}");
    VfsError::new(ErrorKind::NotFound, operation, message)
}

fn removed(path: &str) -> VfsError {
    let message = format!("{path:?} was removed while it was open, as when the storage is cleared");
    VfsError::new(ErrorKind::Io, Operation::Close, message)
}

/// A file that is at hand again when it is closed.
struct LentFile {
    file: Box<dyn File>,
    path: String,
    shelf: Rc<Shelf>,
}

impl File for LentFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read(buffer, offset)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.file.write(data, offset)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.file.truncate(size)
    }

    fn settle(&mut self) -> Result<()> {
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    fn size(&mut self) -> Result<u64> {
        self.file.size()
    }

    fn close(self: Box<Self>) -> Result<()> {
        let Self { file, path, shelf } = *self;
        shelf.files.borrow_mut().insert(path, file);
        Ok(())
    }
}

/// A lock that is at hand again when it is given back.
struct LentLock {
    lock: Box<dyn Ownership>,
    path: String,
    shelf: Rc<Shelf>,
}

impl Ownership for LentLock {
    fn release(self: Box<Self>) -> Result<()> {
        let Self { lock, path, shelf } = *self;
        shelf.locks.borrow_mut().insert(path, lock);
        Ok(())
    }
}
