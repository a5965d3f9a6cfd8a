//! From our errors to SQLite's result codes; used by every function of the tables.

use std::ffi::c_int;

use super::ffi;
use crate::error::{self, ErrorKind, Operation, Result, VfsError};

pub(super) fn status(result: Result<()>) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(error) => code(&error),
    }
}

/// Keeps the error and gives the number that stands for it.
pub(super) fn code(error: &VfsError) -> c_int {
    error::remember(error);
    match (error.kind, error.operation) {
        (ErrorKind::Busy, _) => ffi::SQLITE_BUSY,
        // A plain BUSY of xShmMap is tried again a hundred times, without the busy handler.
        (ErrorKind::Occupied, _) => ffi::SQLITE_BUSY_RECOVERY,
        (ErrorKind::BusyTimeout, _) => ffi::SQLITE_BUSY_TIMEOUT,
        (ErrorKind::Full, _) => ffi::SQLITE_FULL,
        (ErrorKind::NoMemory, _) => ffi::SQLITE_IOERR_NOMEM,
        (ErrorKind::NotFound, Operation::Delete) => ffi::SQLITE_IOERR_DELETE_NOENT,
        (_, Operation::Open) => ffi::SQLITE_CANTOPEN,
        (_, Operation::Read) => ffi::SQLITE_IOERR_READ,
        (_, Operation::Write) => ffi::SQLITE_IOERR_WRITE,
        (_, Operation::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
        (_, Operation::Sync | Operation::Settle) => ffi::SQLITE_IOERR_FSYNC,
        (_, Operation::Size) => ffi::SQLITE_IOERR_FSTAT,
        (_, Operation::Close) => ffi::SQLITE_IOERR_CLOSE,
        (_, Operation::Delete) => ffi::SQLITE_IOERR_DELETE,
        (_, Operation::Exists) => ffi::SQLITE_IOERR_ACCESS,
        (_, Operation::Lock) => ffi::SQLITE_IOERR_LOCK,
        (_, Operation::Rename | Operation::List) => ffi::SQLITE_IOERR,
    }
}
