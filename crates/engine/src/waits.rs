//! Where SQLite would wait for another connection; used by `session.rs`.
//!
//! No connection waits inside SQLite: with one job in flight per instance, the holder of the lock
//! could never run to let go. The busy handler only leaves a mark and declines, the statement ends
//! in `SQLITE_BUSY`, and the host runs it again when a lock was given up.
//!
//! A statement that was refused *with* the mark has changed nothing, because SQLite calls the
//! handler only where it could start over itself (function names are those of sqlite3.c):
//!
//! - `btreeBeginTrans`, before the statement's first row or change, and only if the connection
//!   reads nothing of that database yet. All `OP_Transaction` of a statement run before the rest.
//! - `pager_wait_on_lock` for EXCLUSIVE at a commit. A COMMIT or RELEASE that fails there leaves
//!   the transaction open (`OP_AutoCommit`, `OP_Savepoint`); a statement that commits by itself is
//!   rolled back as a whole (`sqlite3VdbeHalt`). When the page cache spills in the middle of a
//!   statement the refusal is ignored (`pcache1`'s caller keeps the page), so it is not `BUSY`.
//! - `walBusyLock` in a checkpoint, which may be repeated at will.
//!
//! Where waiting would be a deadlock (a reader that wants to write beside another writer) SQLite
//! does not call it: no mark, and the error is the outcome at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use crate::error::EngineError;

/// The mark of one connection. Atomic because SQLite's callback type asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Arc<AtomicBool>);

impl Waits {
    /// Makes it the busy handler of a connection.
    pub(crate) fn install(&self, connection: &mut Connection) -> Result<(), EngineError> {
        let mark = self.0.clone();
        let decline = move |_tries| {
            mark.store(true, Ordering::Relaxed);
            false
        };
        Ok(connection.busy_handler(Some(decline))?)
    }

    /// Removes the mark, before a statement is prepared.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether SQLite would have waited since.
    pub(crate) fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes on an error whether the same call may be made again.
    #[cold]
    pub(crate) fn judge(&self, mut error: EngineError) -> EngineError {
        error.would_wait = self.is_marked() && error.code == "SQLITE_BUSY";
        error
    }
}
