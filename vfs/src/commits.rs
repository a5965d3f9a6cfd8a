//! The commits of this instance that the host has not heard of yet.
//!
//! Filled by `abi/control.rs` when SQLite has committed, read by `crates/wasm` after each job. It
//! must not know what a commit has changed: the engine does.
//!
//! Each commit has a number in the sequence of its database, one higher than the commit before, in
//! whichever context that was made. So who is told of commits sees whether one is missing.
//!
//! ```text
//! WAL                  the change counter in the header of the wal-index, and 2^31 so that it is
//!                      not taken for the other one; after a recovery it begins anew, at a random
//!                      number where contexts share the database
//! rollback journals    the change counter in the header of the database, bytes 24–27
//! ```
//!
//! Sources: <https://sqlite.org/walformat.html#the_wal_index_file_format>,
//! <https://sqlite.org/fileformat2.html#file_change_counter>.

use std::cell::RefCell;
use std::ops::Range;

/// Where the header of a database has its change counter.
pub(crate) const CHANGE_COUNTER: Range<usize> = 24..28;

/// Commits of one database that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commits {
    /// The path of the database.
    pub database: String,
    /// The number of the first one.
    pub first: u32,
    /// The number of the last one.
    pub last: u32,
    /// How many bytes of the WAL count after it.
    pub wal_bytes: u64,
}

/// The number of a commit in WAL mode, from the change counter of the wal-index.
pub(crate) fn number_in_wal(change_counter: u32) -> u32 {
    change_counter ^ (1 << 31)
}

thread_local! {
    static COMMITS: RefCell<Vec<Commits>> = const { RefCell::new(Vec::new()) };
}

/// What was committed since the last call, in order.
#[must_use]
pub fn take_commits() -> Vec<Commits> {
    COMMITS.take()
}

/// A transaction was committed.
pub(crate) fn committed(database: &str, number: u32, wal_bytes: u64) {
    COMMITS.with_borrow_mut(|all| {
        let before = all.iter_mut().rev().find(|it| it.database == database);
        match before {
            Some(before) if before.last.wrapping_add(1) == number => {
                before.last = number;
                before.wal_bytes = wal_bytes;
            }
            _ => all.push(Commits {
                database: database.to_owned(),
                first: number,
                last: number,
                wal_bytes,
            }),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{committed, take_commits};

    #[test]
    fn commits_that_follow_each_other_are_told_together() {
        drop(take_commits());
        for number in [u32::MAX, 0, 1, 5] {
            committed("a.db", number, 4096);
        }
        committed("b.db", 6, 0);
        let told: Vec<_> = take_commits()
            .into_iter()
            .map(|it| (it.database, it.first, it.last))
            .collect();
        let a = || "a.db".to_owned();
        assert_eq!(
            told,
            [(a(), u32::MAX, 1), (a(), 5, 5), ("b.db".to_owned(), 6, 6)]
        );
        assert!(take_commits().is_empty());
    }
}
