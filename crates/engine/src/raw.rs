//! What SQLite has and rusqlite does not pass on; used by `builtins.rs` and `counters.rs`. All
//! `unsafe` of the engine.
#![expect(unsafe_code, reason = "calls of SQLite's C interface")]

use std::ffi::c_int;

use rusqlite::{Connection, ffi};

/// The start of 1970 as a Julian day, in ms.
const UNIX_EPOCH_MS: i64 = 210_866_760_000_000;

/// Bytes of SQLite's own generator, whose seed is of the VFS.
pub(crate) fn random<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    let size = c_int::try_from(SIZE).expect("a few bytes");
    // SAFETY: there is room for `size` bytes, and no pointer is kept.
    unsafe { ffi::sqlite3_randomness(size, bytes.as_mut_ptr().cast()) }
    bytes
}

/// The time by the clock of the default VFS, in ms since 1970; 0 if it has none.
pub(crate) fn now_ms() -> u64 {
    // SAFETY: a null name asks for the default VFS; what comes is null or stays registered.
    let vfs = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: as above, and nobody changes it.
    let clock = unsafe { vfs.as_ref() }.and_then(|vfs| vfs.xCurrentTimeInt64);
    let mut julian_ms: ffi::sqlite3_int64 = 0;
    if let Some(clock) = clock {
        // SAFETY: it is the method of this VFS, which writes one number.
        unsafe { clock(vfs, &raw mut julian_ms) };
    }
    u64::try_from(julian_ms - UNIX_EPOCH_MS).unwrap_or(0)
}

/// What SQLite counts of a connection.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Status {
    CacheUsed = ffi::SQLITE_DBSTATUS_CACHE_USED,
    SchemaUsed = ffi::SQLITE_DBSTATUS_SCHEMA_USED,
    StatementUsed = ffi::SQLITE_DBSTATUS_STMT_USED,
    CacheHit = ffi::SQLITE_DBSTATUS_CACHE_HIT,
    CacheMiss = ffi::SQLITE_DBSTATUS_CACHE_MISS,
    CacheWrite = ffi::SQLITE_DBSTATUS_CACHE_WRITE,
    CacheSpill = ffi::SQLITE_DBSTATUS_CACHE_SPILL,
}

/// One of its counters; SQLite counts up to 2^31.
pub(crate) fn status(connection: &Connection, which: Status) -> u64 {
    let (mut current, mut highest) = (0, 0);
    // SAFETY: the handle is used while the connection is borrowed, and not kept.
    let handle = unsafe { connection.handle() };
    // SAFETY: the handle is of an open connection; both places take one number each.
    unsafe {
        ffi::sqlite3_db_status(
            handle,
            which as c_int,
            &raw mut current,
            &raw mut highest,
            0,
        );
    }
    u64::try_from(current).unwrap_or(0)
}
