//! The kinds of fault of the sweep: what goes wrong with which operation of the medium, and which
//! result codes may come of it.

use anchorite_vfs::sim::Fault;
use anchorite_vfs::{ErrorKind, Operation};
use rusqlite::ffi;

/// One kind of fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// In labels and in the table: what the medium does.
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) fault: Fault,
    /// Primary result codes; an error that surfaces has one of them.
    pub(crate) codes: &'static [i32],
}

impl Kind {
    const fn new(
        name: &'static str,
        operation: Operation,
        fault: Fault,
        codes: &'static [i32],
    ) -> Self {
        Self {
            name,
            operation,
            fault,
            codes,
        }
    }

    /// The medium says that there is no such file.
    pub(crate) fn lies(&self) -> bool {
        self.fault == GONE
    }

    /// The medium drops what a failed sync was for.
    pub(crate) fn loses(&self) -> bool {
        self.fault == Fault::SyncLoses
    }

    /// A failed sync or a lost write is what a power failure makes worse.
    pub(crate) fn concerns_power(&self) -> bool {
        use Operation::{Close, Delete, Settle, Sync, Truncate, Write};
        let operations = [Write, Truncate, Sync, Settle, Delete, Close];
        operations.contains(&self.operation)
    }
}

const IO: Fault = Fault::Fail(ErrorKind::Io);
const FULL: Fault = Fault::Fail(ErrorKind::Full);
const BUSY: Fault = Fault::Fail(ErrorKind::Busy);
const GONE: Fault = Fault::Fail(ErrorKind::NotFound);
const NO_MEMORY: Fault = Fault::Fail(ErrorKind::NoMemory);

const IOERR: &[i32] = &[ffi::SQLITE_IOERR];
const QUOTA: &[i32] = &[ffi::SQLITE_FULL];
/// What may come of memory that is not to be had.
pub(crate) const NOMEM: &[i32] = &[ffi::SQLITE_NOMEM, ffi::SQLITE_IOERR];
/// The functions on whole files call what SQLite calls CANTOPEN an input-output error.
const CANTOPEN: &[i32] = &[ffi::SQLITE_CANTOPEN, ffi::SQLITE_IOERR];
const LOCKED: &[i32] = &[ffi::SQLITE_BUSY];

/// All of them.
pub(crate) const KINDS: [Kind; 26] = [
    Kind::new("open fails", Operation::Open, IO, CANTOPEN),
    Kind::new("open: busy", Operation::Open, BUSY, LOCKED),
    Kind::new("open: not found", Operation::Open, GONE, CANTOPEN),
    Kind::new("open: full", Operation::Open, FULL, QUOTA),
    Kind::new("read fails", Operation::Read, IO, IOERR),
    Kind::new("read: half", Operation::Read, Fault::ShortRead, IOERR),
    Kind::new("read: no memory", Operation::Read, NO_MEMORY, NOMEM),
    Kind::new("write fails", Operation::Write, IO, IOERR),
    Kind::new("write: full", Operation::Write, FULL, QUOTA),
    Kind::new(
        "write: half, full",
        Operation::Write,
        Fault::ShortWrite,
        QUOTA,
    ),
    Kind::new("truncate fails", Operation::Truncate, IO, IOERR),
    Kind::new("truncate: full", Operation::Truncate, FULL, QUOTA),
    Kind::new("sync fails", Operation::Sync, IO, IOERR),
    Kind::new("sync loses", Operation::Sync, Fault::SyncLoses, IOERR),
    Kind::new("sync: full", Operation::Sync, FULL, QUOTA),
    Kind::new("settle fails", Operation::Settle, IO, IOERR),
    Kind::new("settle: full", Operation::Settle, FULL, QUOTA),
    Kind::new("size fails", Operation::Size, IO, IOERR),
    Kind::new("close fails", Operation::Close, IO, IOERR),
    Kind::new("delete fails", Operation::Delete, IO, IOERR),
    Kind::new("delete: busy", Operation::Delete, BUSY, LOCKED),
    Kind::new("exists fails", Operation::Exists, IO, IOERR),
    Kind::new("rename fails", Operation::Rename, IO, IOERR),
    Kind::new("list fails", Operation::List, IO, IOERR),
    Kind::new("lock fails", Operation::Lock, IO, IOERR),
    Kind::new("lock: busy", Operation::Lock, BUSY, LOCKED),
];
