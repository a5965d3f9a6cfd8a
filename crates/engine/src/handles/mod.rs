//! What stays open between two calls, and rusqlite ties to a borrow of the connection: blobs and
//! recordings of changes; and changesets, for which rusqlite would have to parse C headers.
//!
//! Called by `blobs.rs`, `recordings.rs` and `changesets.rs`, which never see a pointer. Whatever
//! is open holds the connection, which so cannot be closed before.
#![expect(unsafe_code, reason = "SQLite's C interface")]

pub(crate) mod blob;
pub(crate) mod changeset;
pub(crate) mod recording;

use std::ffi::{CStr, CString, c_int, c_void};

use rusqlite::{Connection, ffi};

/// The pointer that SQLite knows a connection by; valid for as long as that is borrowed.
fn handle(connection: &Connection) -> *mut ffi::sqlite3 {
    // SAFETY: nobody here closes it, or changes what rusqlite keeps about it.
    unsafe { connection.handle() }
}

/// What SQLite has answered, with its words about a connection.
fn check(connection: &Connection, code: c_int) -> rusqlite::Result<()> {
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    // SAFETY: the connection is open.
    let words = unsafe { ffi::sqlite3_errmsg(handle(connection)) };
    // SAFETY: a text that ends in a NUL and stays until the next call; it is copied before.
    let words = unsafe { CStr::from_ptr(words) };
    Err(failure(code, Some(words.to_string_lossy().into_owned())))
}

fn failure(code: c_int, message: Option<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), message)
}

/// A name as C has it.
fn c_name(name: &str) -> rusqlite::Result<CString> {
    CString::new(name).map_err(rusqlite::Error::from)
}

/// A size as C has it.
fn c_size(size: usize) -> rusqlite::Result<c_int> {
    c_int::try_from(size).map_err(|_| failure(ffi::SQLITE_TOOBIG, None))
}

/// Bytes that SQLite has allocated for its caller.
struct Allocated {
    bytes: *mut c_void,
    size: c_int,
}

impl Allocated {
    const NONE: Self = Self {
        bytes: std::ptr::null_mut(),
        size: 0,
    };

    /// A copy of ours.
    fn copy(&self) -> rusqlite::Result<Vec<u8>> {
        let size = usize::try_from(self.size).unwrap_or(0);
        let mut copy = crate::value::with_room(size)?;
        if !self.bytes.is_null() {
            // SAFETY: SQLite has said that so many bytes are there, and they are ours until `drop`.
            copy.extend_from_slice(unsafe {
                std::slice::from_raw_parts(self.bytes.cast::<u8>(), size)
            });
        }
        Ok(copy)
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: it was allocated by SQLite for its caller, or is null, and is freed once.
        unsafe { ffi::sqlite3_free(self.bytes) }
    }
}
