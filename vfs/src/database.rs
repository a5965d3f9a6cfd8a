//! An open database of a medium: its three files, and the locks of the connections that share them.
//!
//! Called by `opened.rs`. An access handle excludes every other one, also of the same page, so
//! the connections of an instance share one; between them the tables in `lock.rs` and `shm.rs`
//! decide, and answer at once. It must not know SQLite's C tables.
//!
//! ```text
//! Databases ──path──► Database ◄── Connection (one per main file that SQLite has open)
//!                       main, -journal, -wal   opened together by the first connection,
//!                                              closed together by the last
//!                       locks, wal-index       who may do what
//!                       ownership              from before the first open to after the last close
//! ```
//!
//! Names are not durable, so no file of a database is made or removed in a transaction: both side
//! files are made with the database and stay. Removing one is to empty and flush it, and one that
//! is empty is not there.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::joined::JoinedFile;
use crate::lock::{ConnectionId, LockLevel, LockTable};
use crate::memory::MemoryFile;
use crate::mutants::{self, Mutant};
use crate::replaced;
use crate::shm::{Slots, WRITING_SLOTS, WalIndex};
use crate::storage::{Creation, File, Ownership, Storage};
use crate::waiting;

/// One of the files beside a database that hold its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The rollback journal.
    Journal,
    /// The write-ahead log.
    Wal,
}

impl Side {
    const ALL: [Side; 2] = [Side::Journal, Side::Wal];

    fn ending(self) -> &'static str {
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

/// The open databases of one medium.
pub(crate) struct Databases {
    storage: Rc<dyn Storage>,
    open: RefCell<BTreeMap<String, Weak<Database>>>,
}

impl Databases {
    pub(crate) fn new(storage: Rc<dyn Storage>) -> Self {
        let open = RefCell::default();
        Self { storage, open }
    }

    pub(crate) fn storage(&self) -> &Rc<dyn Storage> {
        &self.storage
    }

    /// The database of this path, if a connection of this instance has it open.
    pub(crate) fn find(&self, path: &str) -> Option<Rc<Database>> {
        self.open.borrow().get(path).and_then(Weak::upgrade)
    }

    /// A connection to a database; the first one becomes its owner and opens its files.
    pub(crate) fn connect(&self, path: &str, wanted: Wanted) -> Result<Connection> {
        let database = match self.find(path) {
            Some(database) => database,
            None => self.open(path, wanted)?,
        };
        if wanted == Wanted::Reading {
            return Ok(Connection::new(database));
        }
        match database.make_side_files(&*self.storage) {
            Ok(()) => Ok(Connection::new(database)),
            Err(error) => release(database).and(Err(error)),
        }
    }

    fn open(&self, path: &str, wanted: Wanted) -> Result<Rc<Database>> {
        let ownership = self.storage.acquire(path)?;
        let main = match self.open_main(path, wanted) {
            Ok(main) => main,
            Err(error) => return ownership.release().and(Err(error)),
        };
        let database = Rc::new(Database::new(path, main, ownership));
        let sides = database.open_side_files(&*self.storage);
        if let Err(error) = sides {
            return release(database).and(Err(error));
        }
        let mut open = self.open.borrow_mut();
        open.retain(|_, database| database.strong_count() > 0);
        open.insert(path.to_owned(), Rc::downgrade(&database));
        Ok(database)
    }

    /// Opens the file; one that is missing may have lost its name.
    fn open_main(&self, path: &str, wanted: Wanted) -> Result<Box<dyn File>> {
        match self.storage.open(path, Creation::Never) {
            Err(error) if error.kind == ErrorKind::NotFound => {
                replaced::restore(&*self.storage, path)?;
                self.storage.open(path, wanted.creation())
            }
            outcome => outcome,
        }
    }
}

/// What a connection is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Reading a database that is there; no file is made.
    Reading,
    /// Writing to a database that is there.
    Writing,
    /// Writing, and making the database if it is not there.
    Making,
}

impl Wanted {
    fn creation(self) -> Creation {
        match self {
            Wanted::Reading | Wanted::Writing => Creation::Never,
            Wanted::Making => Creation::IfMissing,
        }
    }
}

/// A side file, or what stands in for one that is not there while all connections only read.
struct SideFile {
    file: Box<dyn File>,
    is_there: bool,
}

impl SideFile {
    fn stand_in() -> Self {
        Self {
            file: Box::new(MemoryFile::default()),
            is_there: false,
        }
    }

    fn open(storage: &dyn Storage, database: &str, side: Side, creation: Creation) -> Result<Self> {
        let path = format!("{database}{}", side.ending());
        let file = match storage.open(&path, creation) {
            Ok(file) => file,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Self::stand_in()),
            Err(error) => return Err(error),
        };
        let file = match side {
            Side::Journal => file,
            Side::Wal => Box::new(JoinedFile::new(file)),
        };
        Ok(Self {
            file,
            is_there: true,
        })
    }
}

/// The files and the locks.
pub(crate) struct Database {
    path: String,
    main: RefCell<Box<dyn File>>,
    journal: RefCell<SideFile>,
    wal: RefCell<SideFile>,
    locks: RefCell<LockTable>,
    index: RefCell<WalIndex>,
    last_id: Cell<ConnectionId>,
    ownership: Box<dyn Ownership>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Database({:?})", self.path)
    }
}

impl Database {
    fn new(path: &str, main: Box<dyn File>, ownership: Box<dyn Ownership>) -> Self {
        Self {
            path: path.to_owned(),
            main: RefCell::new(main),
            journal: RefCell::new(SideFile::stand_in()),
            wal: RefCell::new(SideFile::stand_in()),
            locks: RefCell::default(),
            index: RefCell::default(),
            last_id: Cell::new(0),
            ownership,
        }
    }

    fn side(&self, side: Side) -> &RefCell<SideFile> {
        match side {
            Side::Journal => &self.journal,
            Side::Wal => &self.wal,
        }
    }

    /// Opens the side files that are there.
    fn open_side_files(&self, storage: &dyn Storage) -> Result<()> {
        self.fill_sides(storage, Creation::Never)
    }

    /// Makes those that are missing.
    fn make_side_files(&self, storage: &dyn Storage) -> Result<()> {
        self.fill_sides(storage, Creation::IfMissing)
    }

    fn fill_sides(&self, storage: &dyn Storage, creation: Creation) -> Result<()> {
        for side in Side::ALL {
            if !self.side(side).borrow().is_there {
                let opened = SideFile::open(storage, &self.path, side, creation)?;
                self.side(side).replace(opened);
            }
        }
        Ok(())
    }

    /// Works on the main file.
    pub(crate) fn with_main<T>(&self, work: impl FnOnce(&mut dyn File) -> T) -> T {
        work(&mut **self.main.borrow_mut())
    }

    /// Works on a side file.
    pub(crate) fn with_side<T>(&self, side: Side, work: impl FnOnce(&mut dyn File) -> T) -> T {
        work(&mut *self.side(side).borrow_mut().file)
    }

    /// Whether a side file is there: empty ones are not.
    pub(crate) fn has(&self, side: Side) -> Result<bool> {
        let size = self.with_side(side, |file| file.size())?;
        Ok(size > 0)
    }

    /// Empties a side file, durably. What it was needed for must have reached the medium first:
    /// without a sync of the main file in between (`synchronous=OFF`) nothing else sees to that.
    pub(crate) fn empty(&self, side: Side) -> Result<()> {
        if !self.has(side)? {
            return Ok(());
        }
        self.with_main(|file| file.settle())?;
        self.with_side(side, |file| {
            file.truncate(0)?;
            if mutants::on(Mutant::DeleteUnflushed) {
                return Ok(());
            }
            file.sync()
        })
    }

    /// What was written would survive the end of this context from here on. The main file goes
    /// first: what its journal or WAL holds is needed until then.
    pub(crate) fn settle(&self) -> Result<()> {
        self.with_main(|file| file.settle())?;
        self.with_side(Side::Journal, |file| file.settle())?;
        self.with_side(Side::Wal, |file| file.settle())
    }

    /// Closes everything, whatever fails, and then gives up the ownership.
    fn close(self) -> Result<()> {
        let wal = self.wal.into_inner().file.close();
        let journal = self.journal.into_inner().file.close();
        let main = self.main.into_inner().close();
        let released = self.ownership.release();
        main.and(wal).and(journal).and(released)
    }
}

/// Gives up one use of a database; the last one closes it.
pub(crate) fn release(database: Rc<Database>) -> Result<()> {
    Rc::into_inner(database).map_or(Ok(()), Database::close)
}

/// One connection's main file.
#[derive(Debug)]
pub(crate) struct Connection {
    database: Rc<Database>,
    id: ConnectionId,
}

impl Connection {
    fn new(database: Rc<Database>) -> Self {
        let id = database.last_id.get() + 1;
        database.last_id.set(id);
        Self { database, id }
    }

    pub(crate) fn database(&self) -> &Rc<Database> {
        &self.database
    }

    /// The level this connection holds.
    pub(crate) fn level(&self) -> LockLevel {
        self.database.locks.borrow().level(self.id)
    }

    /// Climbs to a level.
    pub(crate) fn lock(&self, level: LockLevel) -> Result<()> {
        let granted = self.database.locks.borrow_mut().raise(self.id, level);
        if granted || mutants::on(Mutant::LockAlwaysSucceeds) {
            return Ok(());
        }
        Err(self.busy())
    }

    /// Descends to a level. Whoever has written hands it over first: the next holder may be
    /// another context.
    pub(crate) fn unlock(&self, level: LockLevel) -> Result<()> {
        let has_written = self.level() >= LockLevel::Reserved && level < LockLevel::Reserved;
        let settled = if has_written {
            self.database.settle()
        } else {
            Ok(())
        };
        if self.database.locks.borrow_mut().lower(self.id, level) {
            waiting::unlocked();
        }
        settled
    }

    /// Whether any connection intends to write.
    pub(crate) fn is_reserved(&self) -> bool {
        self.database.locks.borrow().is_reserved()
    }

    /// Works on the wal-index.
    pub(crate) fn with_index<T>(&self, work: impl FnOnce(&mut WalIndex, ConnectionId) -> T) -> T {
        work(&mut self.database.index.borrow_mut(), self.id)
    }

    /// Takes slots of the wal-index, to share them or alone.
    pub(crate) fn take(&self, slots: Slots, alone: bool) -> Result<()> {
        let granted = self.with_index(|index, id| match alone {
            true => index.exclude(id, slots),
            false => index.share(id, slots),
        });
        if granted { Ok(()) } else { Err(self.busy()) }
    }

    /// Gives slots back; as [`unlock`](Self::unlock).
    pub(crate) fn give_back(&self, slots: Slots, alone: bool) -> Result<()> {
        let settled = if alone && slots.meets(WRITING_SLOTS) {
            self.database.settle()
        } else {
            Ok(())
        };
        self.with_index(|index, id| index.release(id, slots));
        waiting::unlocked();
        settled
    }

    /// Leaves the wal-index.
    pub(crate) fn detach(&self) {
        self.with_index(WalIndex::detach);
        waiting::unlocked();
    }

    /// Lets go of everything this connection held.
    pub(crate) fn close(self) -> Result<()> {
        self.detach();
        let unlocked = self.unlock(LockLevel::Unlocked);
        release(self.database).and(unlocked)
    }

    fn busy(&self) -> VfsError {
        let path = &self.database.path;
        let message = format!("another connection of this instance has a lock on {path:?}");
        VfsError::new(ErrorKind::Busy, Operation::Lock, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStorage;

    fn databases() -> (MemoryStorage, Databases) {
        let storage = MemoryStorage::default();
        let databases = Databases::new(Rc::new(storage.clone()));
        (storage, databases)
    }

    #[test]
    fn side_files_are_made_with_the_database_and_stay() {
        let (storage, databases) = databases();
        let connection = databases.connect("a.db", Wanted::Making).expect("makes");
        let all = ["a.db", "a.db-journal", "a.db-wal"];
        assert_eq!(storage.list("").expect("lists"), all);
        let database = connection.database();
        assert!(!database.has(Side::Wal).expect("asks"));
        let written = database.with_side(Side::Wal, |file| file.write(b"frames", 0));
        written.expect("writes");
        assert!(database.has(Side::Wal).expect("asks"));
        database.empty(Side::Wal).expect("empties");
        assert!(!database.has(Side::Wal).expect("asks"));
        connection.close().expect("closes");
        assert_eq!(storage.list("").expect("lists"), all);
    }

    #[test]
    fn a_reader_makes_no_file_and_a_writer_beside_it_does() {
        let (storage, databases) = databases();
        let missing = databases
            .connect("a.db", Wanted::Reading)
            .expect_err("none");
        assert_eq!(missing.kind, ErrorKind::NotFound);
        storage
            .acquire("a.db")
            .expect("nobody owns it")
            .release()
            .expect("releases");
        storage
            .open("a.db", Creation::IfMissing)
            .expect("makes")
            .close()
            .expect("closes");
        let reader = databases.connect("a.db", Wanted::Reading).expect("opens");
        assert_eq!(storage.list("").expect("lists"), ["a.db"]);
        let writer = databases.connect("a.db", Wanted::Writing).expect("joins");
        assert_eq!(storage.list("").expect("lists").len(), 3);
        reader.close().expect("closes");
        assert!(storage.acquire("a.db").is_err(), "the writer still has it");
        writer.close().expect("closes");
        storage.acquire("a.db").expect("nobody has it");
    }

    #[test]
    fn a_lock_that_is_given_up_is_counted() {
        let (_, databases) = databases();
        let first = databases.connect("a.db", Wanted::Making).expect("makes");
        let second = databases.connect("a.db", Wanted::Making).expect("joins");
        first.lock(LockLevel::Shared).expect("free");
        first.lock(LockLevel::Reserved).expect("free");
        second.lock(LockLevel::Shared).expect("free");
        let before = waiting::unlocks();
        let busy = second.lock(LockLevel::Reserved).expect_err("taken");
        assert_eq!(busy.kind, ErrorKind::Busy);
        assert_eq!(waiting::unlocks(), before);
        first.unlock(LockLevel::Shared).expect("gives up");
        assert_ne!(waiting::unlocks(), before);
        second.lock(LockLevel::Reserved).expect("free");
        second.close().expect("closes");
        assert!(!first.is_reserved());
    }

    #[test]
    fn sides_are_told_by_their_endings() {
        assert_eq!(Side::of("a.db-wal"), Some(("a.db", Side::Wal)));
        assert_eq!(Side::of("a.db-journal"), Some(("a.db", Side::Journal)));
        assert_eq!(Side::of("a.db"), None);
    }
}
