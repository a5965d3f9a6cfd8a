//! An open database of a medium: its three files, and the locks of the connections that share them.
//!
//! Called by `opened.rs`. An access handle excludes every other one, also of the same page, so
//! the connections of an instance share one; between them the tables in `lock.rs` and `shm.rs`
//! decide, and answer at once. It must not know SQLite's C tables.
//!
//! ```text
//! Databases ──path──► Database ◄── Connection (one per main file that SQLite has open)
//!                       files                  main, -journal and -wal (fileset.rs), opened by the
//!                                              first connection, closed by the last
//!                       locks, wal-index       who may do what
//!                       ownership              from before the first open to after the last close
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::{FileSet, Side, Wanted};
use crate::lock::{ConnectionId, LockLevel, LockTable};
use crate::mutants::{self, Mutant};
use crate::shm::{Slots, WRITING_SLOTS, WalIndex};
use crate::storage::{File, Ownership, Storage};
use crate::waiting;

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
        let Some(database) = self.find(path) else {
            return self.open(path, wanted).map(Connection::new);
        };
        let storage = &*self.storage;
        match database.files.open_sides(storage, path, wanted) {
            Ok(()) => Ok(Connection::new(database)),
            Err(error) => release(database).and(Err(error)),
        }
    }

    fn open(&self, path: &str, wanted: Wanted) -> Result<Rc<Database>> {
        let ownership = self.storage.acquire(path)?;
        let files = FileSet::new(&*self.storage);
        if let Err(error) = files.open(&*self.storage, path, wanted) {
            let closed = files.close();
            return ownership.release().and(closed).and(Err(error));
        }
        let database = Rc::new(Database::new(path, files, ownership));
        let mut open = self.open.borrow_mut();
        open.retain(|_, database| database.strong_count() > 0);
        open.insert(path.to_owned(), Rc::downgrade(&database));
        Ok(database)
    }
}

/// The files and the locks.
pub(crate) struct Database {
    path: String,
    files: FileSet,
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
    fn new(path: &str, files: FileSet, ownership: Box<dyn Ownership>) -> Self {
        Self {
            path: path.to_owned(),
            files,
            locks: RefCell::default(),
            index: RefCell::default(),
            last_id: Cell::new(0),
            ownership,
        }
    }

    /// Works on the main file.
    pub(crate) fn with_main<T>(&self, work: impl FnOnce(&mut dyn File) -> Result<T>) -> Result<T> {
        self.files.with_main(work)
    }

    /// Works on a side file.
    pub(crate) fn with_side<T>(
        &self,
        side: Side,
        work: impl FnOnce(&mut dyn File) -> Result<T>,
    ) -> Result<T> {
        self.files.with_side(side, work)
    }

    /// Whether a side file is there: empty ones are not.
    pub(crate) fn has(&self, side: Side) -> Result<bool> {
        let size = self.with_side(side, |file| file.size())?;
        Ok(size > 0)
    }

    /// Empties a side file, durably. What it was needed for must have reached the medium first:
    /// without a sync of the main file in between (`synchronous=OFF`) nothing else sees to that.
    pub(crate) fn empty(&self, side: Side) -> Result<()> {
        if !self.has(side)? && !self.files.owes_sync(side) {
            return Ok(());
        }
        self.with_main(|file| file.settle())?;
        self.files.empty(side)
    }

    /// Syncs the main file, or a side file.
    pub(crate) fn sync(&self, target: Option<Side>) -> Result<()> {
        self.files.sync(target)
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
        let closed = self.files.close();
        let released = self.ownership.release();
        closed.and(released)
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
    use crate::storage::Creation;

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
}
