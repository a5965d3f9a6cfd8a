//! One connection's main file: its levels and its slots, here and between contexts.
//!
//! Called by `opened.rs`; part of `database.rs`, whose tables decide between the connections of one
//! context before another one is asked. It must not know SQLite's C tables.

use std::cell::Cell;
use std::ffi::c_void;
use std::rc::Rc;
use std::time::Duration;

use super::{Database, busy_elsewhere, release};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::lock::{ConnectionId, LockLevel};
use crate::mutants::{self, Mutant};
use crate::shared::Shared;
use crate::shm::{Slots, WRITE, WRITING_SLOTS, WalIndex};
use crate::stolen;
use crate::waiting;

/// What SQLite reads when it begins to read outside WAL, to see whether the pages it has kept still
/// count (`dbFileVers` in pager.c).
const VERSION_OFFSET: u64 = 24;
const VERSION_SIZE: usize = 16;

/// One connection's main file.
#[derive(Debug)]
pub(crate) struct Connection {
    database: Rc<Database>,
    id: ConnectionId,
    /// Whether it has left the wal-index and not looked at the main file since.
    has_left_wal: Cell<bool>,
    /// Whether the WAL was removed by it, and EXCLUSIVE is kept until the mode has changed.
    is_changing_mode: Cell<bool>,
}

impl Connection {
    pub(super) fn new(database: Rc<Database>) -> Self {
        let id = database.last_id.get() + 1;
        database.last_id.set(id);
        Self {
            database,
            id,
            has_left_wal: Cell::default(),
            is_changing_mode: Cell::default(),
        }
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
        let database = &self.database;
        stolen::check(&database.path)?;
        let held = self.level();
        let granted = database.locks.borrow_mut().raise(self.id, level);
        if !granted && !mutants::on(Mutant::LockAlwaysSucceeds) {
            return Err(self.busy());
        }
        let Some(shared) = database.shared() else {
            return Ok(());
        };
        let raised = shared.raise(database.here(), level);
        if let Ok(true) = raised {
            return Ok(());
        }
        let kept = shared.level().min(level).max(held);
        database.locks.borrow_mut().lower(self.id, kept);
        raised.and_then(|_| Err(self.busy_elsewhere(ErrorKind::Busy)))
    }

    /// Descends to a level. Whoever has written hands it over first: the next holder may be
    /// another context.
    ///
    /// Not from the WAL that was just removed to SHARED, as SQLite wants it on its way to another
    /// journal mode: it climbs to EXCLUSIVE again, and with a first page that it has read before.
    /// Who comes in between finds a database in WAL, commits, and is written over (S21).
    pub(crate) fn unlock(&self, level: LockLevel) -> Result<()> {
        let database = &self.database;
        if self.is_changing_mode.take() && level == LockLevel::Shared {
            return Ok(());
        }
        let has_written = self.level() >= LockLevel::Reserved && level < LockLevel::Reserved;
        let settled = if has_written {
            database.settle()
        } else {
            Ok(())
        };
        let lowered = database.locks.borrow_mut().lower(self.id, level);
        if !lowered {
            return settled;
        }
        let strongest = database.locks.borrow().strongest();
        let lower = |shared: &Shared| shared.lower(database.here(), strongest);
        let given = database.shared().map_or(Ok(()), lower);
        waiting::unlocked();
        settled.and(given)
    }

    /// A commit is under way: it shall survive the end of this context, and the host shall know.
    pub(crate) fn committed(&self) -> Result<()> {
        self.database.settle()?;
        self.database.tell_commit();
        Ok(())
    }

    /// Whether any connection intends to write.
    pub(crate) fn is_reserved(&self) -> Result<bool> {
        let database = &self.database;
        if database.locks.borrow().is_reserved() {
            return Ok(true);
        }
        let shared = database.shared();
        shared.map_or(Ok(false), Shared::is_reserved_elsewhere)
    }

    /// Begins to use the wal-index, and gives the address of a region.
    pub(crate) fn map(&self, index: usize, size: usize, extend: bool) -> Result<*mut c_void> {
        let database = &self.database;
        if let Some(shared) = database.shared() {
            shared.attach(database.here())?;
        }
        self.with_index(|it, id| it.region(id, index, size, extend))
    }

    /// Works on the wal-index.
    pub(crate) fn with_index<T>(&self, work: impl FnOnce(&mut WalIndex, ConnectionId) -> T) -> T {
        work(&mut self.database.index.borrow_mut(), self.id)
    }

    /// Takes slots of the wal-index, to share them or alone. Only for another context it waits.
    pub(crate) fn take(&self, slots: Slots, alone: bool, patience: Duration) -> Result<()> {
        let database = &self.database;
        stolen::check(&database.path)?;
        database.meet(|shared, here| shared.before_slots(here, slots))?;
        let granted = self.with_index(|index, id| match alone {
            true => index.exclude(id, slots),
            false => index.share(id, slots),
        });
        let Some(shared) = database.shared() else {
            return if granted { Ok(()) } else { Err(self.busy()) };
        };
        if !granted {
            shared.refresh(database.here())?;
            return Err(self.busy());
        }
        let taken = shared.take(database.here(), slots, alone, patience);
        if let Ok(true) = taken {
            if alone && slots.meets(WRITE) {
                waiting::may_write();
            }
            return Ok(());
        }
        let release = || self.with_index(|index, id| index.release(id, slots));
        let given = shared.give_back(database.here(), release);
        let kind = match patience.is_zero() {
            true => ErrorKind::Busy,
            false => ErrorKind::BusyTimeout,
        };
        let busy = match given.and(taken) {
            Err(error) if error.kind != ErrorKind::Occupied || patience.is_zero() => error,
            // Whoever blocks goes on to a lock without blocking, and asks its busy handler there.
            Err(error) => VfsError::new(ErrorKind::Busy, error.operation, error.message),
            Ok(_) => self.busy_elsewhere(kind),
        };
        Err(busy)
    }

    /// Gives slots back; as [`unlock`](Self::unlock).
    pub(crate) fn give_back(&self, slots: Slots, alone: bool) -> Result<()> {
        let database = &self.database;
        let settled = if alone && slots.meets(WRITING_SLOTS) {
            database.settle()
        } else {
            Ok(())
        };
        if settled.is_err() && database.shared().is_some() {
            // Frames that are still held must not be written over those of the next writer.
            database.files.give_up();
        }
        let release = || self.with_index(|index, id| index.release(id, slots));
        let given = match database.shared() {
            Some(shared) => shared.give_back(database.here(), release),
            None => {
                release();
                Ok(())
            }
        };
        waiting::unlocked();
        settled.and(given)
    }

    /// Spoils what SQLite compares with the version of the pages that it has kept, once after the
    /// connection has left WAL: they are given up then, whatever the file says. A commit to the WAL
    /// need not move the version in the main file, and leaving WAL makes no other look; so SQLite
    /// would go on with pages that are older than what it has just moved to the main file (S19).
    pub(crate) fn doubt_version(&self, bytes: &mut [u8], offset: u64) {
        let is_version = (offset, bytes.len()) == (VERSION_OFFSET, VERSION_SIZE);
        if is_version && self.has_left_wal.take() {
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
        }
    }

    /// Leaves the wal-index; perhaps because the WAL will be removed.
    pub(crate) fn detach(&self, removes_wal: bool) -> Result<()> {
        self.has_left_wal.set(true);
        let database = &self.database;
        let is_last = removes_wal && self.level() == LockLevel::Exclusive;
        self.is_changing_mode
            .set(is_last && database.shared().is_some());
        let leave = || self.with_index(WalIndex::detach);
        let left = match database.shared() {
            Some(shared) => shared.detach(database.here(), removes_wal, leave),
            None => {
                leave();
                Ok(())
            }
        };
        waiting::unlocked();
        left
    }

    /// Lets go of everything this connection held.
    pub(crate) fn close(self) -> Result<()> {
        let detached = self.detach(false);
        let unlocked = self.unlock(LockLevel::Unlocked);
        release(self.database).and(unlocked).and(detached)
    }

    fn busy(&self) -> VfsError {
        waiting::refused_here();
        let path = &self.database.path;
        let message = format!("another connection of this instance has a lock on {path:?}");
        VfsError::new(ErrorKind::Busy, Operation::Lock, message)
    }

    fn busy_elsewhere(&self, kind: ErrorKind) -> VfsError {
        busy_elsewhere(&self.database.path, kind)
    }
}
