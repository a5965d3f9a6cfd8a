//! One value of a row, open for reading and writing a part at a time; see
//! <https://sqlite.org/c3ref/blob_open.html>.

use std::ffi::c_int;
use std::fmt;
use std::rc::Rc;

use rusqlite::{Connection, ffi};

use super::{c_name, c_size, check, handle};

/// Where a blob is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobPlace {
    /// `main`, `temp`, or as it was attached.
    pub schema: String,
    /// A table, by its name.
    pub table: String,
    /// One of its columns.
    pub column: String,
    /// The rowid of the row.
    pub rowid: i64,
}

/// An open blob.
pub(crate) struct RawBlob {
    blob: *mut ffi::sqlite3_blob,
    connection: Rc<Connection>,
}

impl fmt::Debug for RawBlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RawBlob({} B)", self.size())
    }
}

impl RawBlob {
    pub(crate) fn open(
        connection: &Rc<Connection>,
        place: &BlobPlace,
        writes: bool,
    ) -> rusqlite::Result<Self> {
        let schema = c_name(&place.schema)?;
        let (table, column) = (c_name(&place.table)?, c_name(&place.column)?);
        let mut blob = std::ptr::null_mut();
        // SAFETY: the connection is open, the three names end in a NUL and live until the call
        // returns, and `blob` is a place for a pointer.
        let code = unsafe {
            ffi::sqlite3_blob_open(
                handle(connection),
                schema.as_ptr(),
                table.as_ptr(),
                column.as_ptr(),
                place.rowid,
                c_int::from(writes),
                &raw mut blob,
            )
        };
        check(connection, code)?;
        let connection = connection.clone();
        Ok(Self { blob, connection })
    }

    /// In bytes.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: the blob is open until it is dropped.
        let size = unsafe { ffi::sqlite3_blob_bytes(self.blob) };
        usize::try_from(size).unwrap_or(0)
    }

    /// Fills `buffer` from `offset` on; there must be so many bytes.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: usize) -> rusqlite::Result<()> {
        let (size, offset) = (c_size(buffer.len())?, c_size(offset)?);
        let bytes = buffer.as_mut_ptr().cast();
        // SAFETY: the blob is open, and `bytes` is a place for `size` bytes.
        let code = unsafe { ffi::sqlite3_blob_read(self.blob, bytes, size, offset) };
        check(&self.connection, code)
    }

    /// Writes at `offset`; there must be so many bytes already.
    pub(crate) fn write(&mut self, bytes: &[u8], offset: usize) -> rusqlite::Result<()> {
        let (size, offset) = (c_size(bytes.len())?, c_size(offset)?);
        let bytes = bytes.as_ptr().cast();
        // SAFETY: the blob is open, and there are `size` bytes at `bytes`.
        let code = unsafe { ffi::sqlite3_blob_write(self.blob, bytes, size, offset) };
        check(&self.connection, code)
    }
}

impl Drop for RawBlob {
    fn drop(&mut self) {
        // SAFETY: it was opened once and is closed once, before the connection that it holds. What
        // this answers is how the last use of it went, which was said then.
        unsafe { ffi::sqlite3_blob_close(self.blob) };
    }
}
