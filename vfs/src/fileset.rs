//! The three files of one database: opened together, in an order that a loss of power respects,
//! and closed together.
//!
//! Used by `database.rs`. Names are not durable at once, but they become so in the order in which
//! they were made; so no file is made or removed in a transaction, and a new database gets its
//! side files before its main file: if that is there, so are they. Both stay. Removing one is to
//! empty and flush it, and one that is empty is not there.
//!
//! Where a failed sync may have lost what was written before, nothing that is known of the files
//! can be relied on after one: SQLite would empty a WAL whose pages it believes to be in the main
//! file. From then on every call fails, until the last connection has closed and the files are
//! opened anew: then SQLite looks at what is there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::ahead::AheadFile;
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::joined::JoinedFile;
use crate::journal::JournalFile;
use crate::memory::MemoryFile;
use crate::mutants::{self, Mutant};
use crate::replaced;
use crate::sized::{SizedFile, Term};
use crate::stolen;
use crate::storage::{Creation, File, Storage};

/// One of the files beside a database that hold its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The rollback journal.
    Journal,
    /// The write-ahead log.
    Wal,
}

impl Side {
    /// Both of them.
    pub(crate) const ALL: [Side; 2] = [Side::Journal, Side::Wal];

    /// What is added to the name of the database.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Side::Journal => "-journal",
            Side::Wal => "-wal",
        }
    }

    /// The database and the side that a path names, if it has such an ending.
    pub(crate) fn of(path: &str) -> Option<(&str, Side)> {
        let named = |side: Side| Some((path.strip_suffix(side.ending())?, side));
        Side::ALL.into_iter().find_map(named)
    }
}

/// What a connection is opened for: each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wanted {
    /// Reading a database that is there; no file is made.
    Reading,
    /// Writing to a database that is there.
    Writing,
    /// Writing, and making the database if it is not there.
    Making,
}

/// A file, or what stands in for one that is not there: nothing yet, or a side file while all
/// connections only read.
struct Place {
    file: Box<dyn File>,
    is_there: bool,
    /// Of a side file: what it held may come back when the power fails.
    owes_sync: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            file: Box::new(MemoryFile::default()),
            is_there: false,
            owes_sync: false,
        }
    }
}

impl Place {
    /// Opens the file if it is there, or makes it. Nothing stands in for one that cannot be made.
    fn fill(
        &mut self,
        storage: &dyn Storage,
        path: &str,
        creation: Creation,
        term: &Rc<Term>,
    ) -> Result<()> {
        if self.is_there {
            return Ok(());
        }
        match storage.open(path, creation) {
            Ok(file) => self.file = Box::new(SizedFile::new(file, term.clone())),
            Err(error) if error.kind == ErrorKind::NotFound && creation == Creation::Never => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        self.is_there = true;
        // Whoever has emptied it may have died before the sync.
        self.owes_sync = true;
        Ok(())
    }
}

/// Main file, journal and WAL.
pub(crate) struct FileSet {
    /// Of the database.
    path: String,
    main: RefCell<Place>,
    journal: RefCell<Place>,
    wal: RefCell<Place>,
    /// While nobody else can change any of them.
    term: Rc<Term>,
    failed_sync_loses: bool,
    has_lost: Cell<bool>,
}

impl FileSet {
    /// None of them open yet.
    pub(crate) fn new(storage: &dyn Storage, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            main: RefCell::default(),
            journal: RefCell::default(),
            wal: RefCell::default(),
            term: Rc::default(),
            failed_sync_loses: storage.guarantees().failed_sync_loses,
            has_lost: Cell::new(false),
        }
    }

    /// Opens what is there and makes what is wanted. After an error, what was opened is closed by
    /// [`shut`](Self::shut).
    pub(crate) fn open(&self, storage: &dyn Storage, path: &str, wanted: Wanted) -> Result<()> {
        self.open_with(storage, path, wanted, &Side::ALL)
    }

    /// The same with some of the side files; [`open_sides`](Self::open_sides) opens the others.
    pub(crate) fn open_with(
        &self,
        storage: &dyn Storage,
        path: &str,
        wanted: Wanted,
        sides: &[Side],
    ) -> Result<()> {
        let mut main = self.main.borrow_mut();
        main.fill(storage, path, Creation::Never, &self.term)?;
        if !main.is_there && replaced::restore(storage, path)? {
            main.fill(storage, path, Creation::Never, &self.term)?;
        }
        if !main.is_there && wanted != Wanted::Making {
            let message = format!("there is no database {path:?}");
            return Err(VfsError::new(ErrorKind::NotFound, Operation::Open, message));
        }
        self.open_these(storage, path, wanted, sides)?;
        main.fill(storage, path, Creation::IfMissing, &self.term)
    }

    /// Opens the side files that are not open yet; one who writes makes those that are missing.
    pub(crate) fn open_sides(
        &self,
        storage: &dyn Storage,
        path: &str,
        wanted: Wanted,
    ) -> Result<()> {
        self.open_these(storage, path, wanted, &Side::ALL)
    }

    fn open_these(
        &self,
        storage: &dyn Storage,
        path: &str,
        wanted: Wanted,
        sides: &[Side],
    ) -> Result<()> {
        let creation = match wanted {
            Wanted::Reading => Creation::Never,
            Wanted::Writing | Wanted::Making => Creation::IfMissing,
        };
        for side in sides.iter().copied() {
            let path = format!("{path}{}", side.ending());
            let mut place = self.side(side).borrow_mut();
            let was_there = place.is_there;
            place.fill(storage, &path, creation, &self.term)?;
            if place.is_there && !was_there {
                let file = std::mem::replace(&mut place.file, Place::default().file);
                place.file = match side {
                    Side::Journal => Box::new(JournalFile::new(file)),
                    Side::Wal => {
                        let ahead = AheadFile::new(file, self.term.clone());
                        Box::new(JoinedFile::new(Box::new(ahead)))
                    }
                };
            }
        }
        Ok(())
    }

    fn side(&self, side: Side) -> &RefCell<Place> {
        match side {
            Side::Journal => &self.journal,
            Side::Wal => &self.wal,
        }
    }

    /// Works on the main file.
    pub(crate) fn with_main<T>(&self, work: impl FnOnce(&mut dyn File) -> Result<T>) -> Result<T> {
        self.with(&self.main, work)
    }

    /// Works on a side file.
    pub(crate) fn with_side<T>(
        &self,
        side: Side,
        work: impl FnOnce(&mut dyn File) -> Result<T>,
    ) -> Result<T> {
        self.with(self.side(side), work)
    }

    fn with<T>(
        &self,
        place: &RefCell<Place>,
        work: impl FnOnce(&mut dyn File) -> Result<T>,
    ) -> Result<T> {
        stolen::check(&self.path)?;
        if self.has_lost.get() {
            let message = "after an error of the medium, close all connections of the database \
                           and open it again";
            return Err(VfsError::new(ErrorKind::Io, Operation::Sync, message));
        }
        let mut place = place.borrow_mut();
        let outcome = work(&mut *place.file);
        // What failed may have been done in part, and not durably.
        place.owes_sync |= outcome.is_err();
        let failed_sync = matches!(&outcome, Err(error) if error.operation == Operation::Sync);
        let swallowed = mutants::on(Mutant::SyncErrorSwallowed);
        let has_lost = failed_sync && self.failed_sync_loses && !swallowed;
        self.has_lost.set(has_lost);
        outcome
    }

    /// Syncs the main file or a side file, after those side files that were emptied and not synced
    /// since: what they held would undo what is acknowledged from here on.
    pub(crate) fn sync(&self, target: Option<Side>) -> Result<()> {
        for side in Side::ALL {
            if Some(side) != target && self.side(side).borrow().owes_sync {
                self.sync_side(side)?;
            }
        }
        target.map_or_else(
            || self.with_main(|file| file.sync()),
            |side| self.sync_side(side),
        )
    }

    fn sync_side(&self, side: Side) -> Result<()> {
        self.with_side(side, |file| file.sync())?;
        self.side(side).borrow_mut().owes_sync = false;
        Ok(())
    }

    /// Empties a side file, durably.
    pub(crate) fn empty(&self, side: Side) -> Result<()> {
        self.with_side(side, |file| file.truncate(0))?;
        if mutants::on(Mutant::DeleteUnflushed) {
            return Ok(());
        }
        self.side(side).borrow_mut().owes_sync = true;
        self.sync_side(side)
    }

    /// What was written to the files that are open would survive the end of this context from here
    /// on. The main file goes first: what its journal or WAL holds is needed until then.
    pub(crate) fn settle(&self) -> Result<()> {
        self.with_main(|file| file.settle())?;
        let mut sides = Side::ALL.into_iter();
        sides.try_for_each(|side| self.with_side(side, |file| file.settle()))
    }

    /// Whether a side file was emptied, and not synced since; by others, while it was not open.
    pub(crate) fn owes_sync(&self, side: Side) -> bool {
        self.side(side).borrow().owes_sync
    }

    /// From now on nobody else can change the files, or others may.
    pub(crate) fn are_ours(&self, ours: bool) {
        match ours {
            true => self.term.begin(),
            false => self.term.end(),
        }
    }

    /// From now on every call fails, until the files are opened anew.
    pub(crate) fn give_up(&self) {
        self.has_lost.set(true);
    }

    /// Closes all, whatever fails; they may be opened again. What is owed stays so.
    pub(crate) fn shut(&self) -> Result<()> {
        let close = |place: &RefCell<Place>| {
            let owes_sync = place.borrow().owes_sync;
            let left = Place {
                owes_sync,
                ..Place::default()
            };
            place.replace(left).file.close()
        };
        let (wal, journal) = (close(&self.wal), close(&self.journal));
        close(&self.main).and(wal).and(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_told_by_their_endings() {
        assert_eq!(Side::of("a.db-wal"), Some(("a.db", Side::Wal)));
        assert_eq!(Side::of("a.db-journal"), Some(("a.db", Side::Journal)));
        assert_eq!(Side::of("a.db"), None);
    }
}
