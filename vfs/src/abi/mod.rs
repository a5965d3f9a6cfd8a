//! SQLite's two C tables, `sqlite3_vfs` and `sqlite3_io_methods`, on top of `opened.rs`.
//!
//! SQLite calls in here. All `unsafe` of the VFS is in this folder.
//! Each function does four things: check pointers, build slices, call safe code, map the error.
//! The functions stand in SQLite's own order; the contract of each is in
//! <https://sqlite.org/c3ref/io_methods.html> and <https://sqlite.org/c3ref/vfs.html>.
//!
//! ```text
//! sqlite3_vfs.pAppData ──► Registered { medium, options, guarantees }
//! sqlite3_file         ──► FileSlot { base, open } ──► OpenFile { opened, registered, … }
//! ```
#![expect(unsafe_code, reason = "the C ABI of SQLite's VFS interface")]

mod codes;
mod control;
mod file;
mod log;
mod shm;
mod vfs;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use libsqlite3_sys as ffi;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use sqlite_wasm_rs as ffi;

pub use log::log_to;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::Wanted;
use crate::host;
use crate::opened::{Medium, Opened};
use crate::path;
use crate::shared::Wal;
use crate::storage::{Creation, File, Guarantees, Storage};
use crate::waiting;

/// How a VFS is registered.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that name no VFS use it, and SQLite takes the seed of its own random numbers
    /// from it. Default: no.
    pub default: bool,
    /// Bytes that temporary files may hold in memory together before they go to the medium.
    /// Default: 64 MiB.
    pub temp_memory: u64,
    /// The host waits for locks outside SQLite: `PRAGMA busy_timeout` is answered for it, and what
    /// it was set to is left in [`waiting`](crate::waiting). Default: no.
    pub host_waits: bool,
    /// Other contexts may have the databases open at the same time; the medium must be able to
    /// share them ([`Storage::share`]). Default: no.
    pub shares: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default: false,
            temp_memory: 64 * 1024 * 1024,
            host_waits: false,
            shares: false,
        }
    }
}

/// What a registered VFS keeps.
struct Registered {
    medium: Medium,
    options: Options,
    guarantees: Guarantees,
    /// As SQLite knows it.
    name: CString,
}

/// What SQLite allocates for a file: its part first, then ours.
#[repr(C)]
struct FileSlot {
    base: ffi::sqlite3_file,
    /// From `Box::into_raw` in `x_open` to `Box::from_raw` in `x_close`.
    open: *mut OpenFile,
}

/// A file between `x_open` and `x_close`.
struct OpenFile {
    opened: Opened,
    registered: &'static Registered,
    /// A named file that is gone once it is closed.
    deleted_at_close: Option<String>,
    is_read_only: bool,
    /// What `PRAGMA busy_timeout` was set to, where the host waits.
    busy_timeout_ms: Option<u32>,
    /// How long a slot of the wal-index is waited for that another context has.
    lock_timeout: Duration,
    /// Whether SQLite shall leave the WAL when the last connection closes.
    keeps_wal: bool,
    /// Whether SQLite may rely on power-safe overwrites: never more than the medium guarantees.
    is_powersafe: bool,
}

/// The first release in which a WAL that is reset during a checkpoint cannot corrupt the database;
/// source: <https://sqlite.org/wal.html#walresetbug>.
const SQLITE_VERSION_MIN: c_int = 3_051_003;

/// Options that SQLite must not have been compiled with.
const UNUSABLE_WITH: [&CStr; 2] = [c"OMIT_WAL", c"OMIT_AUTOINIT"];

/// A VFS that SQLite knows, for its host.
#[derive(Clone, Copy)]
pub struct Vfs(&'static Registered);

impl fmt::Debug for Vfs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Vfs").field(&self.0.name).finish()
    }
}

impl Vfs {
    /// No job is running: gives back the locks that are only kept because they may be needed again
    /// at once. To be called before the host waits for its next job.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn rest(self) -> Result<()> {
        self.0.medium.databases().rest()
    }

    /// The page of this context may be stopped at any moment, or no longer: it is hidden, frozen or
    /// left. While it may be, a [`rest`](Self::rest) shall follow each job, and this call; it gives
    /// back all that no transaction needs.
    pub fn withdraw(self, withdrawn: bool) {
        self.0.medium.databases().withdraw(withdrawn);
    }

    /// Another context has asked for a lock of this database, between two jobs here. If it is open
    /// here and shared, and this context may have that lock, a [`rest`](Self::rest) shall follow
    /// after the time that is answered.
    #[must_use]
    pub fn wanted(self, database: &str) -> Option<Duration> {
        let hold = self.0.medium.databases().keeps_for(database);
        if hold.is_some() {
            waiting::wanted(database);
        }
        hold
    }

    /// The names of the locks that a checkpoint of a whole WAL takes alone, in order, for a host
    /// that waits for all of them beforehand. None where no other context uses the database.
    #[must_use]
    pub fn checkpoint_locks(self, database: &str) -> Vec<String> {
        self.0.medium.databases().checkpoint_locks(database)
    }

    /// Whether using a database may have to wait for other contexts, or for a word to them.
    #[must_use]
    pub fn may_wait(self) -> bool {
        waiting::is_any_wanted() || self.0.medium.databases().may_wait()
    }

    /// The number of the last commit to a database that is open here, as far as is known here;
    /// `None` if it is not open.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn sequence(self, path: &str) -> Result<Option<u32>> {
        self.0.medium.databases().sequence(path)
    }

    /// How far the WAL of a database has come that is open here; `None` if it is not open, or has
    /// another journal mode.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn wal(self, path: &str) -> Result<Option<Wal>> {
        self.0.medium.databases().wal(path)
    }

    /// A statement is about to begin a transaction that writes to a database. Where it is shared,
    /// WRITE is had first: otherwise the transaction would begin to read, be refused, and have to
    /// begin again after waiting.
    ///
    /// # Errors
    /// `Busy`, worth waiting for, while another context has WRITE; otherwise when the medium fails.
    pub fn reserve(self, path: &str) -> Result<()> {
        self.0.medium.databases().reserve(path)
    }

    /// A job begins: learns what other contexts have committed. Without it a read transaction
    /// begins where this context last looked, finds that it is late, and begins again.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn refresh(self) -> Result<()> {
        self.0.medium.databases().refresh()
    }

    /// Removes what dead contexts have left behind, as the first open of a database does otherwise.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn clean(self) -> Result<()> {
        self.0.medium.clean()
    }

    /// Opens a database that is to stay open, whichever connections come and go: so those never
    /// wait to open or close it.
    ///
    /// # Errors
    /// `NotFound` if it is not there and not to be made; `Busy` while another context has it;
    /// otherwise as for its name, or when the medium fails.
    pub fn keep(self, name: &str, creation: Creation) -> Result<Kept> {
        let wanted = match creation {
            Creation::Never => Wanted::Writing,
            Creation::IfMissing => Wanted::Making,
        };
        self.0
            .medium
            .open_main(&path::full(name)?, wanted)
            .map(Kept)
    }

    /// A file that nobody else sees, in memory until it outgrows what temporary files may hold
    /// there, then on the medium; it is gone when it is closed.
    #[must_use]
    pub fn temporary(self) -> Box<dyn File> {
        self.0.medium.temporary()
    }
}

/// A database that stays open, from [`Vfs::keep`] on.
pub struct Kept(Opened);

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Kept").finish_non_exhaustive()
    }
}

impl Kept {
    /// No longer: it is closed with its last connection.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn let_go(self) -> Result<()> {
        self.0.close()
    }
}

/// Makes `storage` known to SQLite under `name`, for as long as the program runs.
///
/// # Errors
/// `Unavailable` when SQLite is too old or lacks what the VFS needs; otherwise when SQLite refuses
/// the registration.
pub fn register(name: &str, storage: Rc<dyn Storage>, options: Options) -> Result<Vfs> {
    check_sqlite()?;
    let refused = |why: String| VfsError::new(ErrorKind::Io, Operation::Open, why);
    let name = CString::new(name).map_err(|error| refused(error.to_string()))?;
    let registered = Box::leak(Box::new(Registered {
        guarantees: storage.guarantees(),
        medium: Medium::new(storage, options.temp_memory, options.shares),
        options,
        name,
    }));
    let vfs = Box::into_raw(Box::new(vfs::table(registered)));
    // SAFETY: `sqlite3_vfs_register` wants a structure that stays where it is until it is
    // unregistered; it was leaked above and is never unregistered.
    match unsafe { ffi::sqlite3_vfs_register(vfs, c_int::from(options.default)) } {
        ffi::SQLITE_OK => Ok(Vfs(registered)),
        code => Err(refused(format!("sqlite3_vfs_register answered {code}"))),
    }
}

fn check_sqlite() -> Result<()> {
    let lacking = |why: String| Err(VfsError::new(ErrorKind::Unavailable, Operation::Open, why));
    // SAFETY: takes nothing, returns a number, and may be called at any time.
    let version = unsafe { ffi::sqlite3_libversion_number() };
    if version < SQLITE_VERSION_MIN {
        return lacking(format!(
            "SQLite {version} is linked; before {SQLITE_VERSION_MIN} a WAL may corrupt a database"
        ));
    }
    for option in UNUSABLE_WITH {
        // SAFETY: the argument is a string that lives during the call.
        if unsafe { ffi::sqlite3_compileoption_used(option.as_ptr()) } != 0 {
            return lacking(format!("SQLite was compiled with {option:?}"));
        }
    }
    Ok(())
}

/// Makes SQLite seed its random numbers anew, from the default VFS, at their next use.
pub(crate) fn reset_randomness() {
    // SAFETY: zero bytes and a null buffer are the documented way to reset the generator.
    unsafe { ffi::sqlite3_randomness(0, std::ptr::null_mut()) }
}

/// Where a transaction or a file begins: refused while the stack of a job is suspended, which may
/// be in the middle of the same tables.
fn begin(operation: Operation) -> Result<()> {
    if !host::is_suspended() {
        return Ok(());
    }
    let message = "another call of SQLite is suspended, and this one is not behind it";
    Err(VfsError::new(ErrorKind::CannotSuspend, operation, message))
}

/// # Safety
/// `file` was filled by `x_open` and not closed since. The reference must not outlive the call.
unsafe fn opened<'call>(file: *mut ffi::sqlite3_file) -> &'call mut OpenFile {
    // SAFETY: the caller's promise; a `FileSlot` begins with the part that SQLite knows.
    let slot = unsafe { &*file.cast::<FileSlot>() };
    // SAFETY: `open` is from `Box::into_raw`; one job at a time, so nobody else refers to it.
    unsafe { &mut *slot.open }
}

/// # Safety
/// `vfs` was made by `register`.
unsafe fn registered(vfs: *mut ffi::sqlite3_vfs) -> &'static Registered {
    // SAFETY: the caller's promise.
    let data = unsafe { (*vfs).pAppData };
    // SAFETY: `register` put a leaked `Registered` there.
    unsafe { &*data.cast::<Registered>() }
}

/// # Safety
/// `name` is null or a string that stays during the call.
unsafe fn text<'call>(name: *const c_char) -> Result<Option<&'call str>> {
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, so the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    let invalid = |_| {
        let message = format!("the name {name:?} is not UTF-8");
        VfsError::new(ErrorKind::InvalidName, Operation::Open, message)
    };
    name.to_str().map(Some).map_err(invalid)
}

fn int(size: usize) -> c_int {
    c_int::try_from(size).expect("a size known when compiling, far below 2^31")
}

/// SQLite's amounts are never negative.
fn size(amount: c_int) -> usize {
    usize::try_from(amount).unwrap_or(0)
}

/// SQLite's offsets are never negative.
fn position(offset: ffi::sqlite3_int64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStorage;

    #[test]
    fn a_database_that_is_kept_stays_open_until_it_is_let_go() {
        let storage = MemoryStorage::default();
        let medium = Rc::new(storage.clone());
        let vfs = register("keeps", medium, Options::default()).expect("registers");
        let missing = vfs.keep("a.db", Creation::Never).expect_err("none");
        assert_eq!(missing.kind, ErrorKind::NotFound);
        let invalid = vfs.keep("../a.db", Creation::IfMissing).expect_err("none");
        assert_eq!(invalid.kind, ErrorKind::InvalidName);
        let kept = vfs.keep("/b/../a.db", Creation::IfMissing).expect("makes");
        assert!(storage.acquire("a.db").is_err(), "it is open");
        kept.let_go().expect("closes");
        let free = storage.acquire("a.db").expect("nobody has it");
        free.release().expect("releases");
    }
}
