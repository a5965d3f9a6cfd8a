//! The five lock levels of SQLite as an ordered type; pure, used by `abi.rs`.

/// How much of a database file a connection may touch, weakest first.
///
/// SQLite climbs `Unlocked → Shared → Reserved → (Pending) → Exclusive` and descends to `Shared`
/// or `Unlocked`; it never asks for `Pending` itself.
/// Source: <https://sqlite.org/lockingv3.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockLevel {
    /// Neither reading nor writing.
    Unlocked,
    /// Reading; others may read as well.
    Shared,
    /// Reading, with the intention to write; others may still read.
    Reserved,
    /// Waiting for readers to leave; no new reader may come.
    Pending,
    /// Writing; nobody else may do anything.
    Exclusive,
}

impl LockLevel {
    /// The level behind SQLite's number (`SQLITE_LOCK_NONE` = 0 … `SQLITE_LOCK_EXCLUSIVE` = 4).
    #[must_use]
    pub fn from_sqlite(number: i32) -> Option<Self> {
        use LockLevel::{Exclusive, Pending, Reserved, Shared, Unlocked};
        [Unlocked, Shared, Reserved, Pending, Exclusive]
            .into_iter()
            .find(|level| *level as i32 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::LockLevel;

    #[test]
    fn numbers_are_those_of_sqlite() {
        assert_eq!(LockLevel::from_sqlite(0), Some(LockLevel::Unlocked));
        assert_eq!(LockLevel::from_sqlite(2), Some(LockLevel::Reserved));
        assert_eq!(LockLevel::from_sqlite(4), Some(LockLevel::Exclusive));
        assert_eq!(LockLevel::from_sqlite(5), None);
        assert!(LockLevel::Shared < LockLevel::Reserved);
    }
}
