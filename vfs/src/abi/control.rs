//! xFileControl: the few side questions that concern us; `SQLITE_NOTFOUND` for all others.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::time::Duration;

use super::codes::status;
use super::{OpenFile, ffi, opened, text};
use crate::waiting;

pub(super) unsafe extern "C" fn x_file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match operation {
        ffi::SQLITE_FCNTL_LOCKSTATE => {
            let level = open.opened.connection().map_or(0, |it| it.level() as c_int);
            // SAFETY: this operation's argument is an int to fill.
            unsafe { argument.cast::<c_int>().write(level) }
            ffi::SQLITE_OK
        }
        // A commit is under way: what it has written must outlive this context when it is
        // acknowledged, and here SQLite still passes an error on to its caller.
        ffi::SQLITE_FCNTL_COMMIT_PHASETWO => match open.opened.connection() {
            Some(connection) => status(connection.committed()),
            None => ffi::SQLITE_NOTFOUND,
        },
        // SAFETY: this operation's argument is an int to read and fill.
        ffi::SQLITE_FCNTL_LOCK_TIMEOUT => unsafe { lock_timeout(open, argument.cast()) },
        ffi::SQLITE_FCNTL_PERSIST_WAL => {
            // SAFETY: this operation's argument is an int to read and fill.
            unsafe { flag(argument, &mut open.keeps_wal, true) }
        }
        ffi::SQLITE_FCNTL_POWERSAFE_OVERWRITE => {
            let guaranteed = open.registered.guarantees.powersafe_overwrite;
            // SAFETY: this operation's argument is an int to read and fill.
            unsafe { flag(argument, &mut open.is_powersafe, guaranteed) }
        }
        ffi::SQLITE_FCNTL_VFSNAME => {
            let name = copy(&open.registered.name);
            // SAFETY: this operation's argument is a place for a string that SQLite will free.
            unsafe { argument.cast::<*mut c_char>().write(name) }
            ffi::SQLITE_OK
        }
        // SAFETY: this operation's argument is SQLite's array of the pragma's parts.
        ffi::SQLITE_FCNTL_PRAGMA => unsafe { pragma(open, argument.cast()) },
        _ => ffi::SQLITE_NOTFOUND,
    }
}

/// How long to wait for another context; negative is for ever. Without other contexts there is
/// nobody to wait for, and SQLite does as if it could not block.
///
/// # Safety
/// `argument` points to an int.
unsafe fn lock_timeout(open: &mut OpenFile, argument: *mut c_int) -> c_int {
    let connection = open.opened.connection();
    if connection.is_none_or(|it| it.database().shared().is_none()) {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: the caller's promise.
    let wanted_ms = unsafe { argument.read() };
    let before_ms = c_int::try_from(open.lock_timeout.as_millis()).unwrap_or(c_int::MAX);
    let wanted_ms = u64::try_from(wanted_ms).unwrap_or(u64::MAX);
    open.lock_timeout = Duration::from_millis(wanted_ms);
    // SAFETY: the caller's promise.
    unsafe { argument.write(before_ms) }
    ffi::SQLITE_OK
}

/// The convention of the flag operations: negative asks, 0 clears, more sets.
///
/// # Safety
/// `argument` points to an int.
unsafe fn flag(argument: *mut c_void, flag: &mut bool, may_be_set: bool) -> c_int {
    let argument = argument.cast::<c_int>();
    // SAFETY: the caller's promise.
    let asked = unsafe { argument.read() };
    if asked >= 0 {
        *flag = asked > 0 && may_be_set;
    }
    // SAFETY: the caller's promise.
    unsafe { argument.write(c_int::from(*flag)) }
    ffi::SQLITE_OK
}

/// `PRAGMA busy_timeout`, where the host waits: SQLite's own busy handler would sleep inside Wasm,
/// where the holder of the lock cannot run to let go.
///
/// # Safety
/// `parts` is SQLite's array of a place for the answer, the name, and the value or null.
unsafe fn pragma(open: &mut OpenFile, parts: *mut *mut c_char) -> c_int {
    if !open.registered.options.host_waits {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: the caller's promise; nobody else uses the array during the call.
    let parts = unsafe { std::slice::from_raw_parts_mut(parts, 3) };
    // SAFETY: the name is a string.
    let name = unsafe { text(parts[1]) };
    // SAFETY: the value is null or a string.
    let value = unsafe { text(parts[2]) };
    let (Ok(Some(name)), Ok(value)) = (name, value) else {
        return ffi::SQLITE_NOTFOUND;
    };
    if !name.eq_ignore_ascii_case("busy_timeout") {
        return ffi::SQLITE_NOTFOUND;
    }
    let Some(timeout_ms) = busy_timeout(open, value) else {
        return ffi::SQLITE_NOTFOUND;
    };
    let answer = CString::new(timeout_ms.to_string()).expect("digits have no NUL");
    parts[0] = copy(&answer);
    ffi::SQLITE_OK
}

/// Sets the time limit, or asks for it: none until it was set once.
fn busy_timeout(open: &mut OpenFile, value: Option<&str>) -> Option<u32> {
    if let Some(value) = value {
        let timeout_ms = leading_number(value);
        waiting::set_busy_timeout(timeout_ms);
        open.busy_timeout_ms = Some(timeout_ms);
    }
    open.busy_timeout_ms
}

/// As SQLite reads the value of a pragma: the digits it begins with, 0 where there are none.
fn leading_number(value: &str) -> u32 {
    let digits = value
        .trim_start()
        .split(|it: char| !it.is_ascii_digit())
        .next();
    let Some(digits) = digits.filter(|digits| !digits.is_empty()) else {
        return 0;
    };
    digits.parse().unwrap_or(u32::MAX)
}

/// A copy in memory of SQLite's; null when there is none left.
fn copy(string: &CStr) -> *mut c_char {
    // SAFETY: the format takes one string, and gets one that lives during the call.
    unsafe { ffi::sqlite3_mprintf(c"%s".as_ptr(), string.as_ptr()) }
}
