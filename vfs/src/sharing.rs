//! The second half of the seam: a database that several contexts use at once, and its locks.
//!
//! `shared/` calls it; a medium implements it where its handles may be shared. An implementation
//! must not know SQLite. Like `storage.rs` it is ordinary synchronous code, and may suspend.
//!
//! ```text
//! lock       name                            shared by                alone
//! Attached   anchorite:attached:<path>       users of the wal-index   who makes the -shm anew
//! Making     anchorite:shared:<n>:making:…   -                        who opens or makes the files
//! Main       anchorite:shared:<n>:main:…     SHARED                   EXCLUSIVE
//! Reserved   anchorite:shared:<n>:reserved:… who asks about it        RESERVED
//! Pending    anchorite:shared:<n>:pending:…  who enters SHARED        PENDING, EXCLUSIVE
//! Slot(0)    anchorite:shared:<n>:slot0:…    -                        WRITE
//! Slot(1)    anchorite:shared:<n>:slot1:…    -                        CKPT
//! Slot(2)    anchorite:shared:<n>:slot2:…    who looks for it         RECOVER
//! Slot(3–7)  anchorite:shared:<n>:slot3:…    readers at READ(0…4)     who moves or needs the mark
//! ```
//!
//! Where the files cannot be open in two contexts at once, `Attached` alone is the right to have
//! them open, `Main` is shared by the users of the wal-index, and the others are not asked for.
//!
//! `<n>` is [`PROTOCOL`], `…` the path. Only `Attached` has no number: contexts of different
//! protocols must not make the `-shm` anew under each other.

use std::cell::Cell;
use std::time::Duration;

use crate::error::{ErrorKind, Operation, Result, VfsError};

/// Changes whenever contexts of different builds could no longer share a database: with the names
/// above, with the layout of the `-shm` file, with the order in which either is used.
pub const PROTOCOL: u32 = 1;

thread_local! {
    static SPOKEN: Cell<u32> = const { Cell::new(PROTOCOL) };
}

/// What this instance speaks: [`PROTOCOL`], but for tests.
#[must_use]
pub fn protocol() -> u32 {
    SPOKEN.get()
}

/// For tests: from now on this instance is of another protocol.
#[doc(hidden)]
pub fn speak(protocol: u32) {
    SPOKEN.set(protocol);
}

/// One of the locks of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedLock {
    /// The use of the wal-index.
    Attached,
    /// The way to the files: opening them, making them, putting right what is left of an import.
    Making,
    /// The main file.
    Main,
    /// The intention to write to it.
    Reserved,
    /// The way to it.
    Pending,
    /// A slot of the wal-index, from 0 to 7.
    Slot(u8),
}

impl SharedLock {
    /// The name of the lock among all locks of the origin.
    #[must_use]
    pub fn name(self, path: &str) -> String {
        let number = protocol();
        let numbered = |kind: &str| format!("anchorite:shared:{number}:{kind}:{path}");
        match self {
            Self::Attached => format!("anchorite:attached:{path}"),
            Self::Making => numbered("making"),
            Self::Main => numbered("main"),
            Self::Reserved => numbered("reserved"),
            Self::Pending => numbered("pending"),
            Self::Slot(number) => numbered(&format!("slot{number}")),
        }
    }
}

/// The path in the name of a lock that a database is used under: one of these, or the medium's own
/// `anchorite:<n>:<path>`.
pub(crate) fn database_of(name: &str) -> Option<&str> {
    let (kind, rest) = name.strip_prefix("anchorite:")?.split_once(':')?;
    match kind {
        "shared" => rest.splitn(3, ':').nth(2),
        "attached" => Some(rest),
        _ => kind.parse::<u32>().ok().map(|_| rest),
    }
}

/// The locks of one database, from [`Storage::share`](crate::Storage::share) on. They belong to
/// this context, and become free when it dies.
pub trait Sharing {
    /// Whether several contexts may have the files open at once. If not, `Attached` alone is the
    /// right to open them, and of the other locks only `Main` is asked for.
    fn files_are_shared(&self) -> bool;

    /// Whether locks may be asked for and given back now, for which the medium may have to wait.
    fn may_wait(&self) -> bool {
        true
    }

    /// Whether a host rests between its jobs; then nothing is given away inside one, of which the
    /// next try would begin with the schema again.
    fn has_host(&self) -> bool {
        false
    }

    /// Takes a lock, to share it or alone; `false` if another context has it, or has asked for it
    /// before, and this did not change within `patience`. Those who ask are served in their order.
    /// The caller does not hold it yet.
    ///
    /// # Errors
    /// When the medium fails.
    fn take(&self, lock: SharedLock, alone: bool, patience: Duration) -> Result<bool>;

    /// Turns a lock held alone into a shared one; nobody else can have it alone in between.
    ///
    /// # Errors
    /// When the medium fails.
    fn weaken(&self, lock: SharedLock) -> Result<()>;

    /// Gives a lock back; returns once another context can have it.
    ///
    /// # Errors
    /// When the medium fails.
    fn give_back(&self, lock: SharedLock) -> Result<()>;

    /// Whether another context has asked for a lock that this one holds, as far as is known here:
    /// word of it may come late, or not at all.
    ///
    /// # Errors
    /// When the medium fails.
    fn is_wanted(&self) -> Result<bool>;

    /// A clock that never goes back.
    fn now(&self) -> Duration;

    /// Gives back whatever is still held, after the last file was closed.
    ///
    /// # Errors
    /// When the medium fails.
    fn end(self: Box<Self>) -> Result<()>;
}

/// The answer of a medium whose files only one context at a time can have open.
#[must_use]
pub fn cannot_share(path: &str) -> VfsError {
    let message = format!("the files of {path:?} cannot be shared on this medium");
    VfsError::new(ErrorKind::Unavailable, Operation::Lock, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_database() {
        for lock in [SharedLock::Attached, SharedLock::Main, SharedLock::Slot(3)] {
            assert_eq!(database_of(&lock.name("a:b/c.db")), Some("a:b/c.db"));
        }
        assert_eq!(database_of("anchorite:1:a:b/c.db"), Some("a:b/c.db"));
        assert_eq!(database_of("anchorite:speaks:1:together:a.db"), None);
        assert_eq!(database_of("anchorite-life 1"), None);
    }
}
