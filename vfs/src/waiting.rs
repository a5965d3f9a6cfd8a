//! What a host needs to wait for locks outside SQLite, instead of inside a busy handler.
//!
//! Filled by the lock tables and by `abi`, read by `crates/wasm` after each job. With one job in
//! flight, the holder of a lock could never run to let go while another connection of the same
//! instance waits inside Wasm; so the VFS answers `SQLITE_BUSY` at once and the host tries again.

use std::cell::Cell;

thread_local! {
    static UNLOCKS: Cell<u32> = const { Cell::new(0) };
    static BUSY_TIMEOUT_MS: Cell<Option<u32>> = const { Cell::new(None) };
}

/// How often a connection of this instance has given up a lock; wraps around. While it stays the
/// same, trying again what was busy is in vain.
#[must_use]
pub fn unlocks() -> u32 {
    UNLOCKS.get()
}

/// A lock has become free, or weaker.
pub(crate) fn unlocked() {
    UNLOCKS.set(UNLOCKS.get().wrapping_add(1));
}

/// What `PRAGMA busy_timeout` was last set to since the last call, in ms.
#[must_use]
pub fn take_busy_timeout() -> Option<u32> {
    BUSY_TIMEOUT_MS.take()
}

/// A connection has asked for this time limit.
pub(crate) fn set_busy_timeout(timeout_ms: u32) {
    BUSY_TIMEOUT_MS.set(Some(timeout_ms));
}
