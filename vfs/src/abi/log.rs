//! What SQLite logs: a WAL that was recovered, a page that is damaged, a statement that does not
//! compile. Passed on to the host, by number and in SQLite's words.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use super::ffi;
use crate::error::{ErrorKind, Operation, Result, VfsError};

/// Hears the result code and the words. It must not call SQLite.
type Listener = fn(i32, &str);

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// From now on `listener` hears what SQLite logs. To be called once, before anything else of
/// SQLite's is.
///
/// # Errors
/// When SQLite is in use already.
pub fn log_to(listener: Listener) -> Result<()> {
    LISTENER.get_or_init(|| listener);
    let hear: unsafe extern "C" fn(*mut c_void, c_int, *const c_char) = x_log;
    let unused = std::ptr::null_mut::<c_void>();
    // SAFETY: this option takes a function of that type and a pointer, which is handed to it.
    match unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_LOG, hear, unused) } {
        ffi::SQLITE_OK => Ok(()),
        code => {
            let message = format!("sqlite3_config answered {code}");
            Err(VfsError::new(ErrorKind::Io, Operation::Open, message))
        }
    }
}

unsafe extern "C" fn x_log(_unused: *mut c_void, code: c_int, message: *const c_char) {
    if let (Some(listener), false) = (LISTENER.get(), message.is_null()) {
        // SAFETY: SQLite's message is a string that stays during the call.
        let message = unsafe { CStr::from_ptr(message) };
        listener(code, &message.to_string_lossy());
    }
}
