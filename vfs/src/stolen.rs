//! Locks that were taken from this context by force; nothing may be read or written without them.
//!
//! Told by the medium that holds the locks, asked by `fileset.rs` and `database.rs` before they do
//! anything. It must not know how a lock is held. What is stolen stays noted until this context has
//! closed the database, whoever has the lock meanwhile (S18).

use std::cell::{Cell, RefCell};

use anchorite_sorted::Set;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing;

thread_local! {
    static IS_ANY: Cell<bool> = const { Cell::new(false) };
    static NAMES: RefCell<Set<String>> = const { RefCell::new(Set::new()) };
}

/// A lock that this context held is somebody else's.
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
pub(crate) fn note(name: &str) {
    NAMES.with_borrow_mut(|names| names.insert(name.to_owned()));
    IS_ANY.set(true);
}

/// Whether that was told of this lock.
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
pub(crate) fn is(name: &str) -> bool {
    IS_ANY.get() && NAMES.with_borrow(|names| names.contains(name))
}

/// Fails if a lock of this database was stolen. One flag is looked at, as long as none ever was.
pub(crate) fn check(database: &str) -> Result<()> {
    match IS_ANY.get() {
        false => Ok(()),
        true => of(database).map_or(Ok(()), |name| Err(error(&name))),
    }
}

fn of(database: &str) -> Option<String> {
    let is_its = |name: &&String| sharing::database_of(name) == Some(database);
    NAMES.with_borrow(|names| names.iter().find(is_its).cloned())
}

/// What whoever needs that lock is told.
pub(crate) fn error(name: &str) -> VfsError {
    let message = format!(
        "the lock {name:?} was stolen from this context: close all connections of the database \
         and open it again"
    );
    VfsError::new(ErrorKind::Io, Operation::Lock, message)
}

/// This context has closed the database.
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
pub(crate) fn forget(database: &str) {
    NAMES.with_borrow_mut(|names| {
        names.retain(|name| sharing::database_of(name) != Some(database));
        IS_ANY.set(!names.is_empty());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stolen_lock_counts_for_its_database_until_that_is_closed() {
        check("a.db").expect("nothing was stolen");
        let name = sharing::SharedLock::Slot(0).name("a.db");
        note(&name);
        assert!(is(&name));
        let refused = check("a.db").expect_err("it was stolen");
        assert_eq!(refused.kind, ErrorKind::Io);
        assert!(refused.message.contains(&name), "{}", refused.message);
        check("b.db").expect("another database");
        forget("b.db");
        check("a.db").expect_err("it was stolen");
        forget("a.db");
        check("a.db").expect("it is closed");
    }
}
