//! A recording of what a connection changes; see <https://sqlite.org/sessionintro.html>, where it
//! is called a session.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt;
use std::rc::Rc;

use rusqlite::{Connection, ffi};

use super::{Allocated, check, handle};

/// Whether the changes of a table are wanted.
pub(crate) type Wanted = Box<dyn Fn(&str) -> bool>;

/// A recording that goes on.
pub(crate) struct RawRecording {
    session: *mut ffi::sqlite3_session,
    /// SQLite has a pointer to what is in the box.
    _wanted: Box<Wanted>,
    connection: Rc<Connection>,
}

impl fmt::Debug for RawRecording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawRecording")
    }
}

impl RawRecording {
    /// Begins to record changes of the main database.
    pub(crate) fn begin(connection: &Rc<Connection>, wanted: Wanted) -> rusqlite::Result<Self> {
        let mut session = std::ptr::null_mut();
        // SAFETY: the connection is open, the name ends in a NUL, `session` is a place for a
        // pointer.
        let code = unsafe {
            ffi::sqlite3session_create(handle(connection), c"main".as_ptr(), &raw mut session)
        };
        check(connection, code)?;
        let recording = Self {
            session,
            _wanted: Box::new(wanted),
            connection: connection.clone(),
        };
        let asked = (&raw const *recording._wanted).cast_mut().cast::<c_void>();
        // SAFETY: the session is open; what `asked` points to lives in a box that is dropped after
        // the session was deleted.
        unsafe { ffi::sqlite3session_table_filter(session, Some(is_wanted), asked) };
        // SAFETY: the session is open; no name stands for all tables.
        let code = unsafe { ffi::sqlite3session_attach(session, std::ptr::null()) };
        check(connection, code)?;
        Ok(recording)
    }

    /// What was changed so far: with the values before, or without them.
    pub(crate) fn take(&mut self, with_old: bool) -> rusqlite::Result<Vec<u8>> {
        let mut made = Allocated::NONE;
        let take = match with_old {
            true => ffi::sqlite3session_changeset,
            false => ffi::sqlite3session_patchset,
        };
        // SAFETY: the session is open, and both places are there for what SQLite allocates.
        let code = unsafe { take(self.session, &raw mut made.size, &raw mut made.bytes) };
        check(&self.connection, code)?;
        made.copy()
    }
}

impl Drop for RawRecording {
    fn drop(&mut self) {
        // SAFETY: it was made once and is deleted once, before the connection that it holds.
        unsafe { ffi::sqlite3session_delete(self.session) }
    }
}

/// SQLite asks about a table, when it is changed for the first time.
unsafe extern "C" fn is_wanted(asked: *mut c_void, table: *const c_char) -> c_int {
    // SAFETY: `asked` is what was handed over with this function, and is still there.
    let wanted = unsafe { &*asked.cast::<Wanted>() };
    // SAFETY: SQLite hands over a name that ends in a NUL.
    let table = unsafe { CStr::from_ptr(table) };
    c_int::from(table.to_str().is_ok_and(wanted))
}
