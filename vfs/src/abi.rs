//! SQLite's two C tables, `sqlite3_vfs` and `sqlite3_io_methods`, on top of [`Storage`].
//!
//! SQLite calls in here; below it only the seam is called. All `unsafe` of the VFS is in this file.
//! Each function does four things: check pointers, build slices, call the trait, map the error.
//! The functions stand in SQLite's own order; the contract of each is in
//! <https://sqlite.org/c3ref/io_methods.html> and <https://sqlite.org/c3ref/vfs.html>.
//!
//! ```text
//! sqlite3_vfs.pAppData ──► Medium { storage }
//! sqlite3_file         ──► FileSlot { base, open } ──► OpenFile { file, ownership, level }
//! ```
#![expect(unsafe_code, reason = "the C ABI of SQLite's VFS interface")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::rc::Rc;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use libsqlite3_sys as ffi;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use sqlite_wasm_rs as ffi;

use crate::error::{self, ErrorKind, Operation, Result, VfsError};
use crate::lock::LockLevel;
use crate::memory::MemoryFile;
use crate::storage::{Creation, File, Ownership, Storage};
use crate::{hooks, host, path};

/// The medium behind one registered VFS.
struct Medium {
    storage: Rc<dyn Storage>,
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
    file: Box<dyn File>,
    /// Held for main database files only.
    ownership: Option<Box<dyn Ownership>>,
    level: LockLevel,
}

/// No atomicity, ordering or power-safe overwrite is claimed of any medium, so SQLite assumes the
/// worst of a sector of this many bytes.
const SECTOR_SIZE: c_int = 4096;

static IO_METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default: false,
            temp_memory: 64 * 1024 * 1024,
            host_waits: false,
        }
    }
}

/// Makes `storage` known to SQLite under `name`, for as long as the program runs.
///
/// # Errors
/// When SQLite refuses the registration.
pub fn register(name: &str, storage: Rc<dyn Storage>, options: Options) -> Result<()> {
    let refused = |why: String| VfsError::new(ErrorKind::Io, Operation::Open, why);
    let name = CString::new(name).map_err(|error| refused(error.to_string()))?;
    let medium = Box::into_raw(Box::new(Medium { storage }));
    let vfs = Box::into_raw(Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: int(size_of::<FileSlot>()),
        mxPathname: int(path::PATH_SIZE_MAX),
        pNext: std::ptr::null_mut(),
        zName: name.into_raw(),
        pAppData: medium.cast(),
        xOpen: Some(x_open),
        xDelete: Some(x_delete),
        xAccess: Some(x_access),
        xFullPathname: Some(x_full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(x_randomness),
        xSleep: Some(x_sleep),
        xCurrentTime: Some(x_current_time),
        xGetLastError: Some(x_get_last_error),
        xCurrentTimeInt64: Some(x_current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: `sqlite3_vfs_register` wants a structure that stays where it is until it is
    // unregistered; it was leaked above and is never unregistered.
    match unsafe { ffi::sqlite3_vfs_register(vfs, c_int::from(options.default)) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(refused(format!("sqlite3_vfs_register answered {code}"))),
    }
}

/// Makes SQLite seed its random numbers anew, from the default VFS, at their next use.
pub(crate) fn reset_randomness() {
    // SAFETY: zero bytes and a null buffer are the documented way to reset the generator.
    unsafe { ffi::sqlite3_randomness(0, std::ptr::null_mut()) }
}

// ---- sqlite3_io_methods ------------------------------------------------------------------

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite calls every io method with a file that `x_open` of this table filled.
    let slot = unsafe { &mut *file.cast::<FileSlot>() };
    // SAFETY: `open` came from `Box::into_raw`; SQLite closes a file once and not after.
    let open = unsafe { Box::from_raw(slot.open) };
    slot.open = std::ptr::null_mut();
    slot.base.pMethods = std::ptr::null();
    status(close(*open))
}

fn close(open: OpenFile) -> Result<()> {
    let closed = open.file.close();
    if let Some(ownership) = open.ownership {
        ownership.release()?;
    }
    closed
}

unsafe extern "C" fn x_read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `buffer` has room for `amount` bytes and is SQLite's alone to give during the call.
    // A storage that suspends fills it only after it has resumed, from bytes on the heap.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), size(amount)) };
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match open.file.read(buffer, position(offset)) {
        Ok(count) if count == buffer.len() => ffi::SQLITE_OK,
        Ok(count) => {
            // SQLite wants the missing part as zeros.
            buffer[count..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(error) => code(&error),
    }
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `data` holds `amount` bytes that stay unchanged during the call.
    let data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), size(amount)) };
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    status(open.file.write(data, position(offset)))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    status(open.file.truncate(position(size)))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    status(open.file.sync())
}

unsafe extern "C" fn x_file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match open.file.size() {
        Ok(bytes) => {
            let bytes = i64::try_from(bytes).expect("no file has 2^63 bytes");
            // SAFETY: SQLite passes a valid place for the answer.
            unsafe { size.write(bytes) }
            ffi::SQLITE_OK
        }
        Err(error) => code(&error),
    }
}

/// One owner per database (the lock taken in `x_open`): no other connection can be in the way.
unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match LockLevel::from_sqlite(level) {
        Some(level) => {
            open.level = open.level.max(level);
            ffi::SQLITE_OK
        }
        None => ffi::SQLITE_MISUSE,
    }
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match LockLevel::from_sqlite(level) {
        Some(level) => {
            open.level = open.level.min(level);
            ffi::SQLITE_OK
        }
        None => ffi::SQLITE_MISUSE,
    }
}

unsafe extern "C" fn x_check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    reserved: *mut c_int,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    let answer = c_int::from(open.level >= LockLevel::Reserved);
    // SAFETY: SQLite passes a valid place for the answer.
    unsafe { reserved.write(answer) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_file_control(
    _file: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn x_sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_SIZE
}

unsafe extern "C" fn x_device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    0
}

// ---- sqlite3_vfs -------------------------------------------------------------------------

unsafe extern "C" fn x_open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes, aligned, for us to fill.
    let slot = unsafe { &mut *file.cast::<FileSlot>() };
    // A null method table tells SQLite not to call xClose should the open fail.
    slot.base.pMethods = std::ptr::null();
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { medium(vfs) };
    // SAFETY: `name` is null for a temporary file, else a string that lives as long as the file.
    let name = unsafe { text(name) };
    match name.and_then(|name| open(medium, name, flags)) {
        Ok(open) => {
            slot.open = Box::into_raw(Box::new(open));
            slot.base.pMethods = &raw const IO_METHODS;
        }
        Err(error) => return code(&error),
    }
    if !flags_out.is_null() {
        // SAFETY: not null, so a valid place for the flags.
        unsafe { flags_out.write(flags) }
    }
    ffi::SQLITE_OK
}

/// A file without a name is temporary and lives in memory.
fn open(medium: &Medium, name: Option<&str>, flags: c_int) -> Result<OpenFile> {
    let Some(name) = name else {
        let file = Box::new(MemoryFile::default());
        return Ok(OpenFile {
            file,
            ownership: None,
            level: LockLevel::Unlocked,
        });
    };
    path::check(name)?;
    let creation = match flags & ffi::SQLITE_OPEN_CREATE {
        0 => Creation::Never,
        _ => Creation::IfMissing,
    };
    if flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
        let file = medium.storage.open(name, creation)?;
        return Ok(OpenFile {
            file,
            ownership: None,
            level: LockLevel::Unlocked,
        });
    }
    let ownership = medium.storage.acquire(name)?;
    match medium.storage.open(name, creation) {
        Ok(file) => Ok(OpenFile {
            file,
            ownership: Some(ownership),
            level: LockLevel::Unlocked,
        }),
        Err(error) => ownership.release().and(Err(error)),
    }
}

unsafe extern "C" fn x_delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _sync_directory: c_int,
) -> c_int {
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { medium(vfs) };
    // SAFETY: SQLite passes a string.
    let name = unsafe { text(name) };
    status(name.and_then(|name| medium.storage.delete(name.unwrap_or_default())))
}

unsafe extern "C" fn x_access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { medium(vfs) };
    // SAFETY: SQLite passes a string.
    let name = unsafe { text(name) };
    match name.and_then(|name| medium.storage.exists(name.unwrap_or_default())) {
        Ok(exists) => {
            // SAFETY: SQLite passes a valid place for the answer.
            unsafe { answer.write(c_int::from(exists)) }
            ffi::SQLITE_OK
        }
        Err(error) => code(&error),
    }
}

/// Names are full already: a database is named by its path from the root of the medium.
unsafe extern "C" fn x_full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size_out: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a string.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if name.len() > size(size_out) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `size_out` bytes, and SQLite does not overlap it with `name`.
    unsafe { std::ptr::copy_nonoverlapping(name.as_ptr(), out.cast::<u8>(), name.len()) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_randomness(
    _vfs: *mut ffi::sqlite3_vfs,
    amount: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: `out` has room for `amount` bytes, and SQLite has initialised them.
    let buffer = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), size(amount)) };
    match hooks::randomness(buffer) {
        Ok(()) => amount,
        Err(error) => {
            error::remember(&error);
            0
        }
    }
}

unsafe extern "C" fn x_sleep(_vfs: *mut ffi::sqlite3_vfs, duration_us: c_int) -> c_int {
    host::sleep(u64::try_from(duration_us).unwrap_or(0));
    duration_us
}

/// Days since noon in Greenwich on 24 November 4714 BC, the epoch of both clock methods.
unsafe extern "C" fn x_current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    const UNIX_EPOCH_DAYS: f64 = 2_440_587.5;
    const DAY_MS: f64 = 86_400_000.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are below 2^53"
    )]
    let days = hooks::now_ms() as f64 / DAY_MS + UNIX_EPOCH_DAYS;
    // SAFETY: SQLite passes a valid place for the answer.
    unsafe { out.write(days) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_get_last_error(
    _vfs: *mut ffi::sqlite3_vfs,
    size_out: c_int,
    out: *mut c_char,
) -> c_int {
    let message = error::last_message().unwrap_or_default();
    if size(size_out) > 0 {
        // SAFETY: `out` has room for `size_out` bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), size(size_out)) };
        let count = message.len().min(out.len() - 1);
        out[..count].copy_from_slice(&message.as_bytes()[..count]);
        out[count] = 0;
    }
    0
}

unsafe extern "C" fn x_current_time_int64(
    _vfs: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    const UNIX_EPOCH_MS: i64 = 210_866_760_000_000;
    // SAFETY: SQLite passes a valid place for the answer.
    unsafe { out.write(hooks::now_ms() + UNIX_EPOCH_MS) }
    ffi::SQLITE_OK
}

// ---- between the two worlds --------------------------------------------------------------

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
unsafe fn medium<'program>(vfs: *mut ffi::sqlite3_vfs) -> &'program Medium {
    // SAFETY: the caller's promise.
    let data = unsafe { (*vfs).pAppData };
    // SAFETY: `register` put a leaked `Medium` there.
    unsafe { &*data.cast::<Medium>() }
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

fn status(result: Result<()>) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(error) => code(&error),
    }
}

/// Keeps the error and gives the number that stands for it.
fn code(error: &VfsError) -> c_int {
    error::remember(error);
    match (error.kind, error.operation) {
        (ErrorKind::Busy, _) => ffi::SQLITE_BUSY,
        (ErrorKind::Full, _) => ffi::SQLITE_FULL,
        (ErrorKind::NotFound, Operation::Delete) => ffi::SQLITE_IOERR_DELETE_NOENT,
        (_, Operation::Open) => ffi::SQLITE_CANTOPEN,
        (_, Operation::Read) => ffi::SQLITE_IOERR_READ,
        (_, Operation::Write) => ffi::SQLITE_IOERR_WRITE,
        (_, Operation::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
        (_, Operation::Sync) => ffi::SQLITE_IOERR_FSYNC,
        (_, Operation::Size) => ffi::SQLITE_IOERR_FSTAT,
        (_, Operation::Close) => ffi::SQLITE_IOERR_CLOSE,
        (_, Operation::Delete) => ffi::SQLITE_IOERR_DELETE,
        (_, Operation::Exists) => ffi::SQLITE_IOERR_ACCESS,
        (_, Operation::Lock) => ffi::SQLITE_IOERR_LOCK,
        (_, Operation::Rename | Operation::List) => ffi::SQLITE_IOERR,
    }
}
