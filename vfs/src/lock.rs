//! The five lock levels of SQLite, and who holds which on one database; pure, used by
//! `database.rs`.
//!
//! The table decides between connections of one instance. Between contexts the ownership of the
//! database decides (`Storage::acquire`), or the locks of `shared/levels.rs`.
//!
//! ```text
//!            asked for   granted unless another connection holds
//!            SHARED      PENDING or EXCLUSIVE
//!            RESERVED    RESERVED, PENDING or EXCLUSIVE
//!            EXCLUSIVE   anything; a holder of RESERVED is left with PENDING, which keeps new
//!                        readers out until those that are there have left
//! ```

use anchorite_sorted::Map;

/// How much of a database file a connection may touch, weakest first.
///
/// SQLite climbs `Unlocked → Shared → Reserved → (Pending) → Exclusive` and descends to `Shared`
/// or `Unlocked`; it never asks for `Pending` itself.
/// Source: <https://sqlite.org/lockingv3.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockLevel {
    /// Neither reading nor writing.
    #[default]
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

/// One of the connections that share a database within an instance.
pub(crate) type ConnectionId = u32;

/// The level of each connection that holds one.
#[derive(Debug, Default)]
pub(crate) struct LockTable {
    holders: Map<ConnectionId, LockLevel>,
}

impl LockTable {
    /// What a connection holds.
    pub(crate) fn level(&self, id: ConnectionId) -> LockLevel {
        self.holders.get(&id).copied().unwrap_or_default()
    }

    /// Climbs to `to`, or says that another connection is in the way.
    pub(crate) fn raise(&mut self, id: ConnectionId, to: LockLevel) -> bool {
        let held = self.level(id);
        if to <= held {
            return true;
        }
        let others = self.strongest_other(id);
        let granted = match to {
            LockLevel::Unlocked | LockLevel::Shared => others < LockLevel::Pending,
            LockLevel::Reserved => others < LockLevel::Reserved,
            LockLevel::Pending | LockLevel::Exclusive => others == LockLevel::Unlocked,
        };
        if granted {
            self.holders.insert(id, to);
        } else if to == LockLevel::Exclusive && held == LockLevel::Reserved {
            self.holders.insert(id, LockLevel::Pending);
        }
        granted
    }

    /// Descends to `to`; `true` if that made room for others.
    pub(crate) fn lower(&mut self, id: ConnectionId, to: LockLevel) -> bool {
        let held = self.level(id);
        if to >= held {
            return false;
        }
        match to {
            LockLevel::Unlocked => self.holders.remove(&id),
            _ => self.holders.insert(id, to),
        };
        true
    }

    /// Whether any connection, this one included, intends to write.
    pub(crate) fn is_reserved(&self) -> bool {
        self.holders
            .values()
            .any(|level| *level >= LockLevel::Reserved)
    }

    /// The strongest level that any connection holds.
    pub(crate) fn strongest(&self) -> LockLevel {
        self.holders.values().copied().max().unwrap_or_default()
    }

    fn strongest_other(&self, id: ConnectionId) -> LockLevel {
        let others = self.holders.iter().filter(|(other, _)| **other != id);
        others.map(|(_, level)| *level).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::LockLevel::{Exclusive, Pending, Reserved, Shared, Unlocked};
    use super::{LockLevel, LockTable};

    #[test]
    fn numbers_are_those_of_sqlite() {
        assert_eq!(LockLevel::from_sqlite(0), Some(Unlocked));
        assert_eq!(LockLevel::from_sqlite(2), Some(Reserved));
        assert_eq!(LockLevel::from_sqlite(4), Some(Exclusive));
        assert_eq!(LockLevel::from_sqlite(5), None);
        assert!(Shared < Reserved);
    }

    #[test]
    fn readers_stand_beside_one_who_intends_to_write() {
        let mut table = LockTable::default();
        assert!(table.raise(1, Shared) && table.raise(2, Shared));
        assert!(table.raise(1, Reserved));
        assert!(!table.raise(2, Reserved), "there is one already");
        assert!(table.raise(3, Shared), "readers may still come");
        assert!(table.is_reserved());
    }

    #[test]
    fn a_writer_that_waits_keeps_new_readers_out() {
        let mut table = LockTable::default();
        assert!(table.raise(1, Shared) && table.raise(1, Reserved) && table.raise(2, Shared));
        assert!(!table.raise(1, Exclusive));
        assert_eq!(table.level(1), Pending);
        assert!(!table.raise(3, Shared));
        assert!(table.lower(2, Unlocked));
        assert!(table.raise(1, Exclusive));
        assert!(!table.raise(2, Shared));
        assert!(table.lower(1, Shared));
        assert!(table.raise(2, Shared) && !table.is_reserved());
    }

    #[test]
    fn rollback_of_a_hot_journal_takes_all_or_stays_a_reader() {
        let mut table = LockTable::default();
        assert!(table.raise(1, Shared) && table.raise(2, Shared));
        assert!(!table.raise(1, Exclusive));
        assert_eq!(table.level(1), Shared);
        assert!(table.lower(2, Unlocked));
        assert!(table.raise(1, Exclusive));
    }
}
