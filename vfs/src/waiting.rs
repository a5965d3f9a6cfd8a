//! What a host needs to wait for locks outside SQLite, instead of inside a busy handler.
//!
//! Filled by the lock tables and by `abi`, read by `crates/wasm` after each job. With one job in
//! flight, the holder of a lock could never run to let go while another connection of the same
//! instance waits inside Wasm; so the VFS answers `SQLITE_BUSY` at once and the host tries again.

use std::cell::{Cell, RefCell};

use anchorite_sorted::Set;

thread_local! {
    static UNLOCKS: Cell<u32> = const { Cell::new(0) };
    static IN_THE_WAY: RefCell<Option<InTheWay>> = const { RefCell::new(None) };
    static WANTED: RefCell<Set<String>> = const { RefCell::new(Set::new()) };
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

/// A lock that another context would not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The path of the database whose lock it is.
    pub database: String,
    /// As the host knows locks.
    pub name: String,
    /// Whether it was asked for alone, or to share it.
    pub alone: bool,
    /// Whether a host may wait for it in the line of those who ask. If not, it is to try again
    /// after a while, and to ask for nothing meanwhile.
    pub queues: bool,
}

/// Who has a lock that a connection asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InTheWay {
    /// A connection of this instance.
    Here,
    /// Another context: the lock is worth waiting for, and its holder worth telling.
    Elsewhere(Refused),
}

/// Who was last in the way of a lock that was asked for since the last call. `None` after
/// `SQLITE_BUSY`: nobody is, any more. Another context has committed between SQLite's look at the
/// database and its lock for writing.
#[must_use]
pub fn take_in_the_way() -> Option<InTheWay> {
    IN_THE_WAY.take()
}

/// Another context has this lock.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) fn refused(refused: Refused) {
    IN_THE_WAY.set(Some(InTheWay::Elsewhere(refused)));
}

/// A connection of this instance has the lock.
pub(crate) fn refused_here() {
    IN_THE_WAY.set(Some(InTheWay::Here));
}

/// A connection may write: whatever was refused before, it has done without.
pub(crate) fn may_write() {
    IN_THE_WAY.set(None);
}

/// Another context has asked for a lock of this database, which is open here and shared.
pub(crate) fn wanted(database: &str) {
    WANTED.with_borrow_mut(|wanted| wanted.insert(database.to_owned()));
}

/// Whether that was told since the last call.
pub(crate) fn take_wanted(database: &str) -> bool {
    WANTED.with_borrow_mut(|wanted| wanted.remove(database))
}

/// Whether it was told of any database.
pub(crate) fn is_any_wanted() -> bool {
    WANTED.with_borrow(|wanted| !wanted.is_empty())
}
