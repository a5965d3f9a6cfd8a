//! The shared-memory part of `sqlite3_io_methods`: the wal-index of `shm.rs`.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use super::codes::{code, status};
use super::{begin, ffi, opened, size};
use crate::database::Connection;
use crate::error::{Operation, Result};
use crate::shm::Slots;

pub(super) unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    region_size: c_int,
    extend: c_int,
    address: *mut *mut c_void,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    let Some(connection) = open.opened.connection() else {
        return ffi::SQLITE_MISUSE;
    };
    let mapped = connection.map(size(region), size(region_size), extend != 0);
    let found = mapped.as_ref().map_or(std::ptr::null_mut(), |found| *found);
    // SAFETY: SQLite passes a valid place for the address. The region stays where it is until the
    // last connection calls xShmUnmap, and SQLite uses it no longer than until its own.
    unsafe { address.write(found) }
    mapped.map_or_else(|error| code(&error), |_| ffi::SQLITE_OK)
}

pub(super) unsafe extern "C" fn x_shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    let slots = u32::try_from(first)
        .ok()
        .zip(u32::try_from(count).ok())
        .and_then(|(first, count)| Slots::range(first, count));
    match (open.opened.connection(), slots) {
        (Some(connection), Some(slots)) => {
            status(shm_lock(connection, slots, flags, open.lock_timeout))
        }
        _ => ffi::SQLITE_MISUSE,
    }
}

fn shm_lock(connection: &Connection, slots: Slots, flags: c_int, patience: Duration) -> Result<()> {
    let alone = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    if flags & ffi::SQLITE_SHM_LOCK != 0 {
        begin(Operation::Lock)?;
        return connection.take(slots, alone, patience);
    }
    connection.give_back(slots, alone)
}

/// One thread uses the index, so the order in the program is the order in memory; only the
/// compiler must not change it.
pub(super) unsafe extern "C" fn x_shm_barrier(_file: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

/// `delete` says that the WAL will be removed next.
pub(super) unsafe extern "C" fn x_shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    let Some(connection) = open.opened.connection() else {
        return ffi::SQLITE_MISUSE;
    };
    status(connection.detach(delete != 0))
}
