//! The origin private file system as a [`Storage`]: names to handles, handles to files.
//!
//! Registered by `crates/wasm`. Two kinds of handle behind one face: synchronous access handles
//! (`sync.rs`, dedicated workers) and asynchronous ones (`async.rs`, every context).
//! What lies in OPFS is an ordinary SQLite database under the name the caller gave.

mod r#async;
mod browser;
mod disk;
mod error;
mod locks;
mod place;
mod replacement;
mod sharing;
mod staging;
mod swaps;
mod sync;
mod versions;
pub(crate) mod web;

use std::cell::RefCell;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::path::{self, PRIVATE_DIRECTORY};
use crate::sharing::{Sharing, cannot_share};
use crate::storage::{Creation, File, Guarantees, Ownership, Storage};
use crate::{host, suspend};
use r#async::AsyncFile;
use browser::Browser;
use error::{from_js, may_wait};
use locks::WebLock;
pub use locks::{begin_loan, end_loan, lock_name};
use place::Place;
use sharing::WebLocks;
use staging::Staging;
use sync::SyncFile;
use web::{DirectoryHandle, FileHandle, HandleIterator, IteratorResult, Snapshot};

/// Which handles the files are opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handles {
    /// `FileSystemSyncAccessHandle`: no suspension per read or write; dedicated workers only.
    Sync,
    /// `getFile().slice()` and `createWritable()`: every context.
    Async,
}

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// The end of the page, the worker and the browser; and, as far as the operating system and
    /// the drive keep their promises, a loss of power.
    PowerLoss,
    /// The end of the page, the worker and the browser.
    Process,
}

/// Whether other contexts may use a database at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// No.
    Alone,
    /// Its files are open in several at once.
    Together,
    /// Its files are open in one at a time.
    InTurn,
}

/// The origin private file system.
#[derive(Clone, Debug)]
pub struct OpfsStorage {
    directories: RefCell<Directories>,
    browser: Browser,
    handles: Handles,
    used: Use,
}

/// A file that may be opened to see how handles behave here.
const PROBE: &str = "probe";

/// The two directories that paths begin at.
#[derive(Clone, Debug)]
struct Directories {
    root: DirectoryHandle,
    private: DirectoryHandle,
}

impl OpfsStorage {
    /// Opens the root and finds out which handles work here; suspends.
    ///
    /// # Errors
    /// `Unavailable` where there is no OPFS or the browser refuses it.
    pub fn detect() -> Result<Self> {
        Self::open(|probe| match sync_handles_work(probe) {
            Ok(true) => Ok(Handles::Sync),
            Ok(false) => Ok(Handles::Async),
            Err(error) => Err(error),
        })
    }

    /// Opens the root for files on a given kind of handle, which must work here; suspends.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn with_handles(handles: Handles) -> Result<Self> {
        Self::open(|_| Ok(handles))
    }

    /// After a user has cleared the storage, what is found there may be gone for a while all the
    /// same.
    fn open(choose: impl Fn(&FileHandle) -> Result<Handles>) -> Result<Self> {
        suspend::piece("look for OPFS", || {
            patiently_while(ErrorKind::NotFound, || Self::look(&choose))
        })
    }

    /// The throw-away file is looked at for what differs between browsers.
    fn look(choose: impl Fn(&FileHandle) -> Result<Handles>) -> Result<Self> {
        let directories = Directories::open()?;
        let private = &directories.private;
        let probe = || private.get_file_handle(PROBE, &web::create_options(true));
        let probe: FileHandle = await_as(probe, Operation::Open, PROBE)?;
        let browser = Browser::detect(&directories.root, &probe);
        let handles = choose(&probe)?;
        Ok(Self {
            directories: RefCell::new(directories),
            browser,
            handles,
            used: Use::Alone,
        })
    }

    /// The same storage for databases that several contexts use at once; suspends.
    ///
    /// # Errors
    /// `Unavailable` where a file that is open here cannot be open elsewhere.
    pub fn sharing(&self) -> Result<Self> {
        let can_share = self.handles == Handles::Sync
            && patiently_while(ErrorKind::NotFound, || self.can_share())?;
        if !can_share {
            return Err(cannot_share(PROBE));
        }
        Ok(Self {
            used: Use::Together,
            ..self.clone()
        })
    }

    /// Whether the throw-away file can be open elsewhere while it is here.
    fn can_share(&self) -> Result<bool> {
        let private = self.private();
        let probe = || private.get_file_handle(PROBE, &web::create_options(true));
        let probe: FileHandle = await_as(probe, Operation::Open, PROBE)?;
        let opened = patiently(|| SyncFile::open(&probe, PROBE, true))?;
        let is_shared = opened.is_shared();
        Box::new(opened).close()?;
        Ok(is_shared)
    }

    /// The same storage for databases that several contexts use in turn.
    #[must_use]
    pub fn handing_over(&self) -> Self {
        Self {
            used: Use::InTurn,
            ..self.clone()
        }
    }

    /// Opens the root anew, before a database is opened: a user may have cleared the storage or
    /// withdrawn it since; suspends.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn refresh(&self) -> Result<()> {
        let directories = suspend::piece("refresh OPFS", Directories::open)?;
        *self.directories.borrow_mut() = directories;
        Ok(())
    }

    fn root(&self) -> DirectoryHandle {
        self.directories.borrow().root.clone()
    }

    fn private(&self) -> DirectoryHandle {
        self.directories.borrow().private.clone()
    }

    /// What a commit survives that was synced here; docs/durability.md says how that was seen.
    #[must_use]
    pub fn durable(&self) -> Durable {
        match (self.browser, self.handles) {
            (Browser::Chromium | Browser::Firefox, Handles::Sync) => Durable::PowerLoss,
            _ => Durable::Process,
        }
    }

    /// Which handles work in this context.
    #[must_use]
    pub fn handles(&self) -> Handles {
        self.handles
    }

    /// The first 16 bytes of a file, read beside whoever has it open.
    ///
    /// # Errors
    /// When the file is gone or unreadable.
    pub fn read_head(&self, path: &str) -> Result<Vec<u8>> {
        suspend::piece(&format!("read the head of {path}"), || {
            let handle = self.file_handle(path, Operation::Read)?;
            let snapshot: Snapshot = await_as(|| handle.get_file(), Operation::Read, path)?;
            let head = || snapshot.slice(0.0, 16.0).array_buffer();
            let bytes = wait(head, Operation::Read, path)?;
            Ok(Uint8Array::new(&bytes).to_vec())
        })
    }

    /// Puts right what a killed browser left behind, before any file of a database is opened.
    fn recover(&self, database: &str) -> Result<()> {
        match self.browser {
            Browser::Chromium if self.handles == Handles::Async => swaps::remove(self, database),
            Browser::Chromium => Ok(()),
            Browser::Firefox | Browser::WebKit => staging::recover(self, database),
        }
    }

    fn directory(
        &self,
        segments: &[&str],
        create: Creation,
        operation: Operation,
    ) -> Result<DirectoryHandle> {
        let options = web::create_options(create == Creation::IfMissing);
        let mut directory = self.root();
        for segment in segments {
            let inner = || directory.get_directory_handle(segment, &options);
            directory = await_as(inner, operation, segment)?;
        }
        Ok(directory)
    }

    /// A directory with the beginning of the paths below it; `""` is the root.
    fn directory_if_there(&self, path: &str) -> Result<Option<(String, DirectoryHandle)>> {
        if path.is_empty() {
            return Ok(Some((String::new(), self.root())));
        }
        let segments: Vec<&str> = path.split('/').collect();
        match self.directory(&segments, Creation::Never, Operation::List) {
            Ok(directory) => Ok(Some((format!("{path}/"), directory))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The handle of a file, which is made if missing.
    fn create_file(&self, path: &str) -> Result<FileHandle> {
        let (segments, file) = path::split(path);
        let directory = self.directory(&segments, Creation::IfMissing, Operation::Open)?;
        let made = || directory.get_file_handle(file, &web::create_options(true));
        await_as(made, Operation::Open, path)
    }

    /// The handle of a file that is there.
    fn file_handle(&self, path: &str, operation: Operation) -> Result<FileHandle> {
        let (segments, file) = path::split(path);
        let directory = self.directory(&segments, Creation::Never, operation)?;
        let options = web::create_options(false);
        await_as(
            || directory.get_file_handle(file, &options),
            operation,
            path,
        )
    }

    /// The file, which is made if missing and wanted; suspends.
    fn open_once(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let (segments, name) = path::split(path);
        let directory = self.directory(&segments, creation, Operation::Open)?;
        let options = web::create_options(creation == Creation::IfMissing);
        let named = || directory.get_file_handle(name, &options);
        let handle: FileHandle = await_as(named, Operation::Open, path)?;
        let shares = self.used == Use::Together;
        Ok(match self.handles {
            Handles::Sync => {
                let file = patiently(|| SyncFile::open(&handle, path, shares))?;
                match self.browser {
                    // Elsewhere `Beforehand` does.
                    Browser::Chromium if suspend::suspends() => {
                        Box::new(file.look_before_closing(handle))
                    }
                    _ => Box::new(file),
                }
            }
            Handles::Async => {
                let place = Place::new(self.browser, &self.private(), directory, [path, name]);
                Box::new(AsyncFile::open(handle, place, path)?)
            }
        })
    }
}

impl Storage for OpfsStorage {
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            sector_size: 4096,
            powersafe_overwrite: true,
            failed_sync_loses: self.handles == Handles::Sync,
        }
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        may_wait(Operation::Open, path)?;
        match creation {
            Creation::Never => self.open_once(path, creation),
            // A file that is to be made and is not found: its name outlived the clearing of the
            // storage, and goes with this error.
            Creation::IfMissing => {
                patiently_while(ErrorKind::NotFound, || self.open_once(path, creation))
            }
        }
    }

    fn delete(&self, path: &str) -> Result<()> {
        may_wait(Operation::Delete, path)?;
        let (segments, file) = path::split(path);
        let directory = self.directory(&segments, Creation::Never, Operation::Delete)?;
        patiently(|| wait(|| directory.remove_entry(file), Operation::Delete, path).map(drop))
    }

    fn exists(&self, path: &str) -> Result<bool> {
        may_wait(Operation::Exists, path)?;
        match self.file_handle(path, Operation::Exists) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        may_wait(Operation::Rename, from)?;
        let mut handle = self.file_handle(from, Operation::Rename)?;
        let (segments, file) = path::split(to);
        let directory = self.directory(&segments, Creation::IfMissing, Operation::Rename)?;
        if self.browser == Browser::Firefox && self.exists(to)? {
            // A kill may lose the file that is replaced: then the next open of `to` finds this one
            // here. Where nothing is replaced, one move is all, and no kill comes between two.
            handle = Staging::new(&self.private(), to).take(&handle)?;
        }
        let moved = || handle.move_to(&directory, file);
        patiently(|| wait(moved, Operation::Rename, from).map(drop))
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        may_wait(Operation::List, below)?;
        let mut paths = Vec::new();
        let Some(start) = self.directory_if_there(below)? else {
            return Ok(paths);
        };
        let mut pending = vec![start];
        while let Some((prefix, directory)) = pending.pop() {
            let entries: HandleIterator =
                suspend::kept(|| directory.values().into()).unchecked_into();
            loop {
                let next: IteratorResult = await_as(|| entries.next(), Operation::List, &prefix)?;
                if next.done() {
                    break;
                }
                let entry = next.value();
                let path = format!("{prefix}{}", entry.name());
                match entry.kind().as_str() {
                    "directory" => pending.push((format!("{path}/"), entry.unchecked_into())),
                    _ => paths.push(path),
                }
            }
        }
        Ok(swaps::hide(paths))
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        may_wait(Operation::Open, path)?;
        let lock = Box::new(WebLock::own(path)?);
        match self.recover(path) {
            Ok(()) => Ok(lock),
            Err(error) => lock.release().and(Err(error)),
        }
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        may_wait(Operation::Open, path)?;
        let in_turn = match self.used {
            Use::Alone => return Err(cannot_share(path)),
            Use::Together => None,
            Use::InTurn => Some(self.clone()),
        };
        Ok(Box::new(WebLocks::share(path, in_turn)?))
    }
}

impl Directories {
    fn open() -> Result<Self> {
        let root = open_root()?;
        let private = || root.get_directory_handle(PRIVATE_DIRECTORY, &web::create_options(true));
        let private = await_as(private, Operation::Open, PRIVATE_DIRECTORY)?;
        Ok(Self { root, private })
    }
}

fn open_root() -> Result<DirectoryHandle> {
    let unavailable =
        |message: String| VfsError::new(ErrorKind::Unavailable, Operation::Open, message);
    let navigator = web::NAVIGATOR.with(Clone::clone);
    let manager = navigator
        .and_then(|it| it.storage())
        .filter(|it| !it.is_undefined());
    let manager = manager.ok_or_else(|| {
        let message = "this context has no navigator.storage (it needs a secure context)";
        unavailable(message.to_owned())
    })?;
    let root = await_as(|| manager.get_directory(), Operation::Open, "the OPFS root");
    root.map_err(|error| unavailable(error.message))
}

/// Tries a synchronous access handle on a throw-away name.
///
/// Never on a database: where WebKitGTK lacks them, the failed call leaves that file locked.
/// `Busy` means that another context is probing, so they work. A file that has just gone says
/// nothing of them.
fn sync_handles_work(probe: &FileHandle) -> Result<bool> {
    let method = JsValue::from_str("createSyncAccessHandle");
    if !js_sys::Reflect::has(probe, &method).unwrap_or(false) {
        return Ok(false);
    }
    match SyncFile::open(probe, PROBE, false) {
        Ok(opened) => Box::new(opened).close().map(|()| true),
        Err(error) if error.kind == ErrorKind::Busy => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Err(error),
        Err(_) => Ok(false),
    }
}

/// Tries until it is not `Busy`, for 5 s: the context that has the file open is one whose lock is
/// free already, so it is about to end. (A worker that was terminated while busy keeps its handles
/// for about 2 s in Chromium.)
fn patiently<T>(attempt: impl FnMut() -> Result<T>) -> Result<T> {
    patiently_while(ErrorKind::Busy, attempt)
}

/// The same for an error that is over soon.
fn patiently_while<T>(kind: ErrorKind, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    const PATIENCE_MS: u64 = 5000;
    const PAUSE_MAX_MS: u64 = 250;
    let (mut waited, mut pause) = (0, 10);
    loop {
        match attempt() {
            Err(error) if error.kind == kind && waited < PATIENCE_MS => {}
            outcome => return outcome,
        }
        host::sleep(pause * 1000);
        waited += pause;
        pause = (2 * pause).min(PAUSE_MAX_MS);
    }
}

/// Waits for a promise; a rejection becomes an error that says what was done to what.
fn wait(ask: impl FnOnce() -> Promise, operation: Operation, path: &str) -> Result<JsValue> {
    suspend::wait(ask).map_err(|error| from_js(&error, operation, path))
}

/// As [`wait`], for a promise whose value has a known interface.
fn await_as<T: JsCast>(
    ask: impl FnOnce() -> Promise,
    operation: Operation,
    path: &str,
) -> Result<T> {
    wait(ask, operation, path).map(JsCast::unchecked_into)
}
