//! What the tabs were promised and what they saw; the judge of both.
//!
//! `workload.rs` enters, `schedule.rs` asks at the end. It must not know how the VFS works.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::world::Life;

/// Lives up to this one have left rows in the image that a schedule begins with.
pub(crate) const FIRST_LIFE: Life = 100;

/// A row that a transaction puts in: whose, and its number.
pub(crate) type Row = (Life, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing is known: it may be there.
    Open,
    Acknowledged,
    /// It must not be there.
    GivenUp,
}

/// What went wrong, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// An acknowledged transaction is not there, or one that was given up is.
    Lost,
    /// A read saw what no state was, or less than before; or the file is damaged.
    Torn,
    /// Somebody waited too long.
    Stuck,
    /// An error where there should be none.
    Failed,
}

/// One schedule's ledger.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    rows: RefCell<BTreeMap<Row, Fate>>,
    troubles: RefCell<Vec<(Trouble, String)>>,
    committing: RefCell<BTreeSet<Life>>,
    acknowledged: Cell<u64>,
}

impl Ledger {
    /// A transaction is about to put in a row.
    pub(crate) fn attempt(&self, row: Row) {
        self.rows.borrow_mut().insert(row, Fate::Open);
    }

    pub(crate) fn acknowledge(&self, row: Row) {
        self.rows.borrow_mut().insert(row, Fate::Acknowledged);
        self.committing.borrow_mut().insert(row.0);
        self.acknowledged.set(self.acknowledged.get() + 1);
    }

    pub(crate) fn give_up(&self, row: Row) {
        self.rows.borrow_mut().insert(row, Fate::GivenUp);
    }

    /// How many transactions every read that begins now must see.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.get()
    }

    /// How many lives have committed.
    pub(crate) fn committing(&self) -> usize {
        self.committing.borrow().len()
    }

    pub(crate) fn trouble(&self, kind: Trouble, words: String) {
        self.troubles.borrow_mut().push((kind, words));
    }

    pub(crate) fn troubles(&self) -> Vec<(Trouble, String)> {
        self.troubles.borrow().clone()
    }

    /// Compares what is in the database in the end.
    pub(crate) fn judge(&self, present: &[Row]) {
        let rows = self.rows.borrow();
        let unique: BTreeSet<_> = present.iter().collect();
        if unique.len() != present.len() {
            self.trouble(Trouble::Torn, "a row is there twice".to_owned());
        }
        for (row, fate) in rows.iter() {
            match (fate, unique.contains(row)) {
                (Fate::Acknowledged, false) => {
                    self.trouble(Trouble::Lost, format!("{row:?} was acknowledged"));
                }
                (Fate::GivenUp, true) => {
                    self.trouble(Trouble::Lost, format!("{row:?} was given up and is there"));
                }
                _ => {}
            }
        }
        let known = |row: &&Row| rows.contains_key(*row) || row.0 <= FIRST_LIFE;
        if !unique.iter().all(known) {
            self.trouble(
                Trouble::Torn,
                "a row is there that nobody put in".to_owned(),
            );
        }
    }
}
