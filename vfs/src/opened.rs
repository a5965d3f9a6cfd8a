//! What SQLite has open: one of four kinds of file behind one face, and the rules of names.
//!
//! Called by `abi/`, in safe Rust. Side files belong to a database (`database.rs`) and are never
//! made or removed by themselves; what else has a name is a super-journal, or a side file of a
//! database that is not open here.

use std::rc::Rc;

use crate::beforehand;
use crate::database::{self, Connection, Database, Databases};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::files;
use crate::fileset::{Side, Wanted};
use crate::mutants::{self, Mutant};
use crate::path::{self, PRIVATE_DIRECTORY};
use crate::replaced;
use crate::storage::{Creation, File, Storage};
use crate::temp::{self, TemporaryFile, TemporarySpace};

/// The medium behind one registered VFS.
pub(crate) struct Medium {
    databases: Databases,
    temporary: Rc<TemporarySpace>,
    /// Whether what dead contexts have left behind was removed.
    is_clean: std::cell::Cell<bool>,
}

/// A file between xOpen and xClose.
pub(crate) enum Opened {
    /// A database, by one of its connections.
    Main(Connection),
    /// The journal or WAL of a database that is open.
    Side(Rc<Database>, Side),
    /// Without a name.
    Temporary(Box<TemporaryFile>),
    /// Any other.
    Loose(Box<dyn File>),
}

impl Medium {
    pub(crate) fn new(storage: Rc<dyn Storage>, temporary_memory: u64, shares: bool) -> Self {
        let temporary = TemporarySpace::new(storage.clone(), temporary_memory);
        Self {
            databases: Databases::new(storage, shares),
            temporary,
            is_clean: std::cell::Cell::new(false),
        }
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &**self.databases.storage()
    }

    /// Refuses a file that is there already, for those that shall be new.
    pub(crate) fn expect_new(&self, name: &str) -> Result<()> {
        if !self.exists(name)? {
            return Ok(());
        }
        let message = format!("there is a file {name:?} already");
        Err(VfsError::new(ErrorKind::Exists, Operation::Open, message))
    }

    /// Opens the main file of a database.
    pub(crate) fn open_main(&self, name: &str, wanted: Wanted) -> Result<Opened> {
        // An import is checked where it lies; nothing else of ours is a database.
        if wanted != Wanted::Reading || !name.starts_with(PRIVATE_DIRECTORY) {
            path::check_database_name(name)?;
        }
        let was_clean = self.is_clean.get();
        let connection = beforehand::free(|| {
            if wanted != Wanted::Reading {
                self.clean()?;
            }
            self.databases.connect(name, wanted)
        });
        if matches!(&connection, Err(error) if error.kind == ErrorKind::Missed) {
            // What was to be removed is noted anew, with the next try.
            self.is_clean.set(was_clean);
        }
        connection.map(Opened::Main)
    }

    /// Removes what dead contexts have left behind, once.
    pub(crate) fn clean(&self) -> Result<()> {
        if self.is_clean.get() {
            return Ok(());
        }
        let private = self.storage().list(PRIVATE_DIRECTORY)?;
        temp::clean(self.storage(), &private)?;
        replaced::clean(self.storage(), &private)?;
        self.is_clean.set(true);
        Ok(())
    }

    /// Opens a journal, a WAL or a super-journal.
    pub(crate) fn open_other(&self, name: &str, creation: Creation) -> Result<Opened> {
        path::check(name)?;
        match self.side(name) {
            Some((database, side)) => {
                if creation == Creation::Never && !database.has(side)? {
                    return Err(missing(Operation::Open, name));
                }
                Ok(Opened::Side(database, side))
            }
            None => self.storage().open(name, creation).map(Opened::Loose),
        }
    }

    /// The databases that are open.
    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }

    pub(crate) fn open_temporary(&self) -> Opened {
        Opened::Temporary(self.temporary())
    }

    /// A file that nobody else sees.
    pub(crate) fn temporary(&self) -> Box<TemporaryFile> {
        Box::new(TemporaryFile::new(self.temporary.clone()))
    }

    /// Whether a file is there; an empty one that is not a database is not.
    pub(crate) fn exists(&self, name: &str) -> Result<bool> {
        if mutants::on(Mutant::SideFilesOverlooked) && Side::of(name).is_some() {
            return Ok(false);
        }
        if let Some((database, side)) = self.side(name) {
            return database.shows(side);
        }
        let is_there = self.databases.find(name).is_some() || self.storage().exists(name)?;
        if !is_there || !path::is_beside_a_database(name) {
            return Ok(is_there);
        }
        let mut file = self.storage().open(name, Creation::Never)?;
        let size = file.size();
        file.close()?;
        size.map(|size| size > 0)
    }

    /// Empties and flushes a side file, which stays. A super-journal is emptied and flushed, too,
    /// because that is what commits its transaction; then its name is removed.
    pub(crate) fn delete(&self, name: &str) -> Result<()> {
        if let Some((database, side)) = self.side(name) {
            return database.empty(side);
        }
        if self.databases.find(name).is_some() {
            let message = format!("the database {name:?} is open");
            return Err(VfsError::new(ErrorKind::Busy, Operation::Delete, message));
        }
        let file = self.storage().open(name, Creation::Never);
        files::empty(file.map_err(deleting)?)?;
        match Side::of(name) {
            Some(_) => Ok(()),
            None => self.storage().delete(name),
        }
    }

    /// The open database that a path names a side file of.
    fn side(&self, name: &str) -> Option<(Rc<Database>, Side)> {
        let (path, side) = Side::of(name)?;
        Some((self.databases.find(path)?, side))
    }
}

impl Opened {
    /// Works on the file, whichever it is.
    pub(crate) fn with<T>(&mut self, work: impl FnOnce(&mut dyn File) -> Result<T>) -> Result<T> {
        match self {
            Opened::Main(connection) => connection.database().with_main(work),
            Opened::Side(database, side) => database.with_side(*side, work),
            Opened::Temporary(file) => work(&mut **file),
            Opened::Loose(file) => work(&mut **file),
        }
    }

    /// Writes to it; of a database, what its header says is noted on the way.
    pub(crate) fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        if let Opened::Main(connection) = self {
            connection.database().note_header(data, offset);
        }
        self.with(|file| file.write(data, offset))
    }

    /// Sets the size. Before a WAL is cut, other contexts must know that its frames no longer count
    /// (S5).
    pub(crate) fn truncate(&mut self, size: u64) -> Result<()> {
        if let Opened::Side(database, Side::Wal) = self {
            database.publish()?;
        }
        self.with(|file| file.truncate(size))
    }

    /// Makes durable what was written to it.
    pub(crate) fn sync(&mut self) -> Result<()> {
        match self {
            Opened::Main(connection) => connection.database().sync(None),
            Opened::Side(database, side) => database.sync(Some(*side)),
            Opened::Temporary(file) => file.sync(),
            Opened::Loose(file) => file.sync(),
        }
    }

    /// The connection, if this is a database.
    pub(crate) fn connection(&self) -> Option<&Connection> {
        match self {
            Opened::Main(connection) => Some(connection),
            _ => None,
        }
    }

    /// Gives it back; a side file stays open with its database.
    pub(crate) fn close(self) -> Result<()> {
        match self {
            Opened::Main(connection) => connection.close(),
            Opened::Side(database, _) => database::release(database),
            Opened::Temporary(file) => file.close(),
            Opened::Loose(file) => file.close(),
        }
    }
}

fn missing(operation: Operation, name: &str) -> VfsError {
    let message = format!("there is no file {name:?}");
    VfsError::new(ErrorKind::NotFound, operation, message)
}

fn deleting(error: VfsError) -> VfsError {
    VfsError {
        operation: Operation::Delete,
        ..error
    }
}
