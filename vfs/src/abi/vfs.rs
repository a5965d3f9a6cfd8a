//! `sqlite3_vfs`: how SQLite opens, removes and names files, and asks for chance and time.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use super::codes::{code, status};
use super::file::IO_METHODS;
use super::{FileSlot, OpenFile, Registered, begin, ffi, int, registered, size, text};
use crate::error::{self, Operation, Result};
use crate::fileset::Wanted;
use crate::opened::Opened;
use crate::storage::Creation;
use crate::{hooks, path};

pub(super) fn table(registered: &'static Registered) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: int(size_of::<FileSlot>()),
        mxPathname: int(path::PATH_SIZE_MAX),
        pNext: std::ptr::null_mut(),
        zName: registered.name.as_ptr(),
        pAppData: std::ptr::from_ref(registered).cast_mut().cast(),
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
    }
}

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
    let registered = unsafe { registered(vfs) };
    // SAFETY: `name` is null for a temporary file, else a string that lives as long as the file.
    let path = unsafe { text(name) };
    let opened = path.and_then(|path| {
        let opened = open(registered, path, flags)?;
        Ok((opened, path.map(str::to_owned)))
    });
    let (opened, path) = match opened {
        Ok(opened) => opened,
        Err(error) => return code(&error),
    };
    let guaranteed = registered.guarantees.powersafe_overwrite;
    let is_main = flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
    // SAFETY: the name of a main file is one that SQLite made, with the URI's parameters after it.
    let is_powersafe = guaranteed && (!is_main || unsafe { allows_powersafe(name) });
    slot.open = Box::into_raw(Box::new(OpenFile {
        opened,
        registered,
        deleted_at_close: path.filter(|_| flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0),
        is_read_only: flags & ffi::SQLITE_OPEN_READONLY != 0,
        busy_timeout_ms: None,
        lock_timeout: Duration::ZERO,
        keeps_wal: false,
        is_powersafe,
    }));
    slot.base.pMethods = &raw const IO_METHODS;
    if !flags_out.is_null() {
        // SAFETY: not null, so a valid place for the flags.
        unsafe { flags_out.write(flags) }
    }
    ffi::SQLITE_OK
}

/// The parameter `psow` of a URI, as for SQLite's own VFSes; yes unless it says no.
///
/// # Safety
/// `name` is a file name of a main database, as SQLite passes it to xOpen.
unsafe fn allows_powersafe(name: ffi::sqlite3_filename) -> bool {
    // SAFETY: the caller's promise, which is what this function of SQLite wants.
    unsafe { ffi::sqlite3_uri_boolean(name, c"psow".as_ptr(), 1) != 0 }
}

fn open(registered: &Registered, name: Option<&str>, flags: c_int) -> Result<Opened> {
    begin(Operation::Open)?;
    let medium = &registered.medium;
    let Some(name) = name else {
        return Ok(medium.open_temporary());
    };
    let makes = flags & ffi::SQLITE_OPEN_CREATE != 0;
    if makes && flags & ffi::SQLITE_OPEN_EXCLUSIVE != 0 {
        medium.expect_new(name)?;
    }
    if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
        let wanted = match (flags & ffi::SQLITE_OPEN_READONLY != 0, makes) {
            (true, _) => Wanted::Reading,
            (false, false) => Wanted::Writing,
            (false, true) => Wanted::Making,
        };
        return medium.open_main(name, wanted);
    }
    let creation = if makes {
        Creation::IfMissing
    } else {
        Creation::Never
    };
    medium.open_other(name, creation)
}

unsafe extern "C" fn x_delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _sync_directory: c_int,
) -> c_int {
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { &registered(vfs).medium };
    // SAFETY: SQLite passes a string.
    let name = unsafe { text(name) };
    status(name.and_then(|name| medium.delete(name.unwrap_or_default())))
}

unsafe extern "C" fn x_access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { &registered(vfs).medium };
    // SAFETY: SQLite passes a string.
    let name = unsafe { text(name) };
    match name.and_then(|name| medium.exists(name.unwrap_or_default())) {
        Ok(exists) => {
            // SAFETY: SQLite passes a valid place for the answer.
            unsafe { answer.write(c_int::from(exists)) }
            ffi::SQLITE_OK
        }
        Err(error) => code(&error),
    }
}

/// A database is named by its path from the root of the medium.
unsafe extern "C" fn x_full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size_out: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a string.
    let name = unsafe { text(name) };
    let full = match name.and_then(|name| path::full(name.unwrap_or_default())) {
        Ok(full) => full,
        Err(error) => return code(&error),
    };
    if full.len() >= size(size_out) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `size_out` bytes, more than the name and its NUL.
    let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), full.len() + 1) };
    out[..full.len()].copy_from_slice(full.as_bytes());
    out[full.len()] = 0;
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

unsafe extern "C" fn x_sleep(vfs: *mut ffi::sqlite3_vfs, duration_us: c_int) -> c_int {
    // SAFETY: `vfs` is the structure that `register` leaked.
    let medium = unsafe { &registered(vfs).medium };
    let rested = medium.databases().rest();
    hooks::sleep(u64::try_from(duration_us).unwrap_or(0));
    // SQLite does not look at an answer; what fails here fails again at the next lock.
    if let Err(error) = rested.and(medium.databases().refresh()) {
        error::remember(&error);
    }
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
