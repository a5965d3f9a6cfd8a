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
//!                       right                  from before the first open to after the last close:
//!                                              alone, or together with other contexts (shared/)
//! ```

mod connection;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use anchorite_sorted::Map;

use crate::commits::{self, CHANGE_COUNTER};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::{FileSet, Side, Wanted};
use crate::lock::{ConnectionId, LockLevel, LockTable};
use crate::mutants::{self, Mutant};
use crate::path::PRIVATE_DIRECTORY;
use crate::shared::{self, Here, Shared, Wal};
use crate::shm::WalIndex;
use crate::storage::{File, Ownership, Storage};

pub(crate) use connection::Connection;

/// The two bytes of the first page that say whether a database is in WAL, and what they are then.
const VERSIONS_OFFSET: u64 = 18;
const WAL_VERSIONS: [u8; 2] = [2, 2];

/// The open databases of one medium.
pub(crate) struct Databases {
    storage: Rc<dyn Storage>,
    /// Whether other contexts may have a database open at the same time.
    shares: bool,
    /// Whether nothing shall be kept that others may want.
    is_withdrawn: Rc<Cell<bool>>,
    open: RefCell<Map<String, Weak<Database>>>,
}

impl Databases {
    pub(crate) fn new(storage: Rc<dyn Storage>, shares: bool) -> Self {
        Self {
            storage,
            shares,
            is_withdrawn: Rc::default(),
            open: RefCell::default(),
        }
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
        if database.shared().is_some() {
            // All files were made by the first connection, and may be open elsewhere now.
            return Ok(Connection::new(database));
        }
        let storage = &*self.storage;
        match database.files.open_sides(storage, path, wanted) {
            Ok(()) => Ok(Connection::new(database)),
            Err(error) => release(database).and(Err(error)),
        }
    }

    fn open(&self, path: &str, wanted: Wanted) -> Result<Rc<Database>> {
        let right = self.right(path)?;
        let files = FileSet::new(&*self.storage, path);
        let opened = match &right {
            Right::Alone(_) => {
                files.are_ours(true);
                files.open(&*self.storage, path, wanted)
            }
            // A side file that stands in for one that is not there would hide one that another
            // makes.
            Right::Shared(shared) => shared.open_files(&files, wanted.max(Wanted::Writing)),
        };
        if let Err(error) = opened {
            let closed = files.shut();
            return right.end().and(closed).and(Err(error));
        }
        let database = Rc::new(Database::new(path, files, right));
        let mut open = self.open.borrow_mut();
        open.retain(|_, database| database.strong_count() > 0);
        open.insert(path.to_owned(), Rc::downgrade(&database));
        Ok(database)
    }

    /// What is private is nobody else's business.
    fn right(&self, path: &str) -> Result<Right> {
        if !self.shares || path.starts_with(PRIVATE_DIRECTORY) {
            return self.storage.acquire(path).map(Right::Alone);
        }
        let locks = self.storage.share(path)?;
        let shared = Shared::new(path, self.storage.clone(), locks, self.is_withdrawn.clone());
        Ok(Right::Shared(Box::new(shared)))
    }

    /// Lets go of whatever other contexts may want while this one does nothing.
    pub(crate) fn rest(&self) -> Result<()> {
        self.each(|database| database.meet(Shared::rest))
    }

    /// The number of the last commit to a database that is open.
    pub(crate) fn sequence(&self, path: &str) -> Result<Option<u32>> {
        let Some(database) = self.find(path) else {
            return Ok(None);
        };
        let sequence = database.sequence();
        release(database).and(sequence).map(Some)
    }

    /// How far the WAL of a database has come that is open.
    pub(crate) fn wal(&self, path: &str) -> Result<Option<Wal>> {
        let Some(database) = self.find(path) else {
            return Ok(None);
        };
        let bytes = database.with_side(Side::Wal, |file| file.size());
        let wal = bytes.map(|bytes| shared::wal(&database.index, bytes));
        release(database).and(wal)
    }

    /// From now on, or no longer, nothing is kept between two jobs that other contexts may want.
    pub(crate) fn withdraw(&self, withdrawn: bool) {
        self.is_withdrawn.set(withdrawn);
    }

    /// Learns what other contexts have done meanwhile.
    pub(crate) fn refresh(&self) -> Result<()> {
        self.each(|database| database.meet(Shared::begin_job))
    }

    /// A transaction is about to write to a database that is open here.
    pub(crate) fn reserve(&self, path: &str) -> Result<()> {
        let Some(database) = self.find(path) else {
            return Ok(());
        };
        let reserve = |shared: &Shared| shared.reserve(database.here());
        let reserved = database.shared().map_or(Ok(true), reserve);
        let busy = || busy_elsewhere(path, ErrorKind::Busy);
        let answer = reserved.and_then(|reserved| if reserved { Ok(()) } else { Err(busy()) });
        release(database).and(answer)
    }

    /// The names of the locks that a checkpoint of a whole WAL takes alone.
    pub(crate) fn checkpoint_locks(&self, path: &str) -> Vec<String> {
        let open = self.open.borrow();
        let database = open.get(path).and_then(Weak::upgrade);
        let shared = database.as_ref().and_then(|database| database.shared());
        shared.map_or_else(Vec::new, Shared::checkpoint_locks)
    }

    /// How long this context keeps what it does not use of a database that another one wants; none
    /// if it is not open here, or not shared, or not this context's turn.
    pub(crate) fn keeps_for(&self, path: &str) -> Option<Duration> {
        let open = self.open.borrow();
        let database = open.get(path).and_then(Weak::upgrade)?;
        database.shared().and_then(Shared::keeps_for)
    }

    /// Whether an open database is used by other contexts as well, or may be.
    pub(crate) fn may_wait(&self) -> bool {
        let open = self.open.borrow();
        let mut open = open.values().filter_map(Weak::upgrade);
        open.any(|database| database.shared().is_some_and(Shared::may_wait))
    }

    fn each(&self, work: impl Fn(&Database) -> Result<()>) -> Result<()> {
        let open = self.open.borrow();
        let open: Vec<_> = open.values().filter_map(Weak::upgrade).collect();
        let outcome = open.iter().try_for_each(|database| work(database));
        let released = open.into_iter().try_for_each(release);
        outcome.and(released)
    }
}

/// How a database may be used.
enum Right {
    /// No other context has it open.
    Alone(Box<dyn Ownership>),
    /// Others may.
    Shared(Box<Shared>),
}

impl Right {
    fn end(self) -> Result<()> {
        match self {
            Self::Alone(ownership) => ownership.release(),
            Self::Shared(shared) => shared.end(),
        }
    }
}

/// The files and the locks.
pub(crate) struct Database {
    path: String,
    files: FileSet,
    locks: RefCell<LockTable>,
    index: RefCell<WalIndex>,
    last_id: Cell<ConnectionId>,
    right: Right,
    /// The change counter in the header, as this context has last written it.
    change_counter: Cell<u32>,
    /// The number of the last commit that the host was told of.
    told: Cell<Option<u32>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Database({:?})", self.path)
    }
}

impl Database {
    fn new(path: &str, files: FileSet, right: Right) -> Self {
        Self {
            path: path.to_owned(),
            files,
            locks: RefCell::default(),
            index: RefCell::default(),
            last_id: Cell::new(0),
            right,
            change_counter: Cell::new(0),
            told: Cell::new(None),
        }
    }

    /// Something is about to be written to the main file.
    pub(crate) fn note_header(&self, data: &[u8], offset: u64) {
        if let (0, Some(bytes)) = (offset, data.get(CHANGE_COUNTER)) {
            let bytes = bytes.first_chunk().expect("the counter has four bytes");
            self.change_counter.set(u32::from_be_bytes(*bytes));
        }
    }

    /// The number of the last commit that this context knows of; outside WAL the main file has it.
    pub(crate) fn sequence(&self) -> Result<u32> {
        if let Some((number, _)) = shared::sequence(&self.index) {
            return Ok(number);
        }
        let mut header = [0; CHANGE_COUNTER.end];
        self.with_main(|file| file.read(&mut header, 0))?;
        let counter = header.last_chunk().expect("the header has more");
        Ok(u32::from_be_bytes(*counter))
    }

    /// Tells the host of a commit of this context, right after it.
    fn tell_commit(&self) {
        let written = (self.change_counter.get(), 0);
        let (number, wal_bytes) = shared::sequence(&self.index).unwrap_or(written);
        if self.told.replace(Some(number)) != Some(number) {
            commits::committed(&self.path, number, wal_bytes);
        }
    }

    /// Works on the main file.
    pub(crate) fn with_main<T>(&self, work: impl FnOnce(&mut dyn File) -> Result<T>) -> Result<T> {
        self.meet(Shared::be_open)?;
        self.files.with_main(work)
    }

    /// Works on a side file.
    pub(crate) fn with_side<T>(
        &self,
        side: Side,
        work: impl FnOnce(&mut dyn File) -> Result<T>,
    ) -> Result<T> {
        self.meet(Shared::be_open)?;
        if side == Side::Journal {
            self.meet(Shared::open_journal)?;
        }
        self.files.with_side(side, work)
    }

    /// Whether a side file is there: empty ones are not.
    pub(crate) fn has(&self, side: Side) -> Result<bool> {
        let size = self.with_side(side, |file| file.size())?;
        Ok(size > 0)
    }

    /// Whether SQLite shall find a side file. Where several contexts use a database in WAL, its WAL
    /// is there also when it is empty: by that SQLite knows that there may be users of it, before
    /// it changes the journal mode (S22). While it does so, under EXCLUSIVE, there are none.
    pub(crate) fn shows(&self, side: Side) -> Result<bool> {
        if self.has(side)? {
            return Ok(true);
        }
        let is_left = self.locks.borrow().strongest() == LockLevel::Exclusive;
        let hides = is_left || self.shared().is_none() || mutants::on(Mutant::EmptyWalHidden);
        if side != Side::Wal || hides {
            return Ok(false);
        }
        let mut versions = [0; 2];
        let count = self.with_main(|file| file.read(&mut versions, VERSIONS_OFFSET))?;
        Ok(count == versions.len() && versions == WAL_VERSIONS)
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
        if self.files.owes_sync(Side::Journal) {
            self.meet(Shared::open_journal)?;
        }
        self.files.sync(target)
    }

    /// What was written would survive the end of this context from here on.
    pub(crate) fn settle(&self) -> Result<()> {
        self.meet(Shared::be_open)?;
        self.files.settle()
    }

    /// Closes everything, whatever fails, and then gives up the ownership.
    fn close(self) -> Result<()> {
        let closed = self.files.shut();
        let ended = self.right.end();
        closed.and(ended)
    }

    /// What is shared with other contexts, if anything is.
    pub(crate) fn shared(&self) -> Option<&Shared> {
        match &self.right {
            Right::Alone(_) => None,
            Right::Shared(shared) => Some(shared),
        }
    }

    /// Tells other contexts what has changed in the wal-index.
    pub(crate) fn publish(&self) -> Result<()> {
        self.meet(Shared::publish)
    }

    /// Publishes or refreshes, if there is anybody to do it for.
    fn meet(&self, work: impl FnOnce(&Shared, Here<'_>) -> Result<()>) -> Result<()> {
        let shared = self.shared();
        shared.map_or(Ok(()), |shared| work(shared, self.here()))
    }

    fn here(&self) -> Here<'_> {
        Here {
            index: &self.index,
            files: &self.files,
        }
    }
}

/// Gives up one use of a database; the last one closes it.
pub(crate) fn release(database: Rc<Database>) -> Result<()> {
    Rc::into_inner(database).map_or(Ok(()), Database::close)
}

fn busy_elsewhere(path: &str, kind: ErrorKind) -> VfsError {
    let message = format!("another context has a lock on {path:?}");
    VfsError::new(kind, Operation::Lock, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::LockLevel;
    use crate::memory::MemoryStorage;
    use crate::storage::Creation;
    use crate::waiting;

    fn databases() -> (MemoryStorage, Databases) {
        let storage = MemoryStorage::default();
        let databases = Databases::new(Rc::new(storage.clone()), false);
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
        assert!(!first.is_reserved().expect("asks"));
    }
}
