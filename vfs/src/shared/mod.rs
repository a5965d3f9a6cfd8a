//! A database that several contexts use at once, each with SQLite's own WAL and its own wal-index.
//!
//! Called by `database.rs`, which has let the tables of this context decide first. It must not
//! know SQLite's C tables. Why it is right is in docs/locking.md, whose numbers are cited here.
//!
//! ```text
//! mod.rs        when: take, give back; publish before, refresh after
//! levels.rs     the lock levels of the main file
//! follow.rs     what: publish and refresh
//! index.rs      the wal-index in memory            published.rs   the -shm file
//! ```

mod follow;
mod index;
mod levels;
mod published;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::FileSet;
use crate::lock::LockLevel;
use crate::mutants::{self, Mutant};
use crate::sharing::{SharedLock, Sharing};
use crate::shm::{Slots, WalIndex};
use crate::storage::{Creation, File, Storage};

use follow::Follower;
use levels::Levels;

const AT_ONCE: Duration = Duration::ZERO;

/// This context's part in a database.
pub(crate) struct Shared {
    path: String,
    storage: Rc<dyn Storage>,
    locks: Box<dyn Sharing>,
    levels: Levels,
    follower: Follower,
    /// The slots that this context holds for its connections.
    slots: Cell<Slots>,
}

impl Shared {
    pub(crate) fn new(path: &str, storage: Rc<dyn Storage>, locks: Box<dyn Sharing>) -> Self {
        Self {
            path: path.to_owned(),
            storage,
            locks,
            levels: Levels::default(),
            follower: Follower::default(),
            slots: Cell::default(),
        }
    }

    /// The strongest level that this context holds.
    pub(crate) fn level(&self) -> LockLevel {
        self.levels.held()
    }

    /// Climbs to a level (L1).
    pub(crate) fn raise(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        level: LockLevel,
    ) -> Result<bool> {
        self.publish(index, files)?;
        let raised = self.levels.raise(&*self.locks, level)?;
        self.refresh(index, files)?;
        Ok(raised)
    }

    /// Descends to a level.
    pub(crate) fn lower(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        level: LockLevel,
    ) -> Result<()> {
        let published = self.publish(index, files);
        let lowered = self.levels.lower(&*self.locks, level);
        published.and(lowered)
    }

    /// Whether another context holds RESERVED.
    pub(crate) fn is_reserved_elsewhere(&self) -> Result<bool> {
        self.levels.is_reserved_elsewhere(&*self.locks)
    }

    /// Takes slots, all of them or none; `false` if another context is in the way.
    pub(crate) fn take(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        slots: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<bool> {
        self.publish(index, files)?;
        let wanted = slots.without(self.slots.get());
        let taken = self.take_each(wanted, alone, patience);
        let refreshed = match mutants::on(Mutant::RefreshMissing)
            || mutants::on_every_third(Mutant::RefreshSkipped)
        {
            true => Ok(()),
            false => self.refresh(index, files),
        };
        if let (Ok(true), Err(_)) = (&taken, &refreshed) {
            self.release(wanted)?;
        }
        refreshed.and(taken)
    }

    fn take_each(&self, wanted: Slots, alone: bool, patience: Duration) -> Result<bool> {
        let mut taken = Slots::default();
        for number in wanted.numbers() {
            let granted = self.locks.take(SharedLock::Slot(number), alone, patience);
            if let Ok(true) = granted {
                taken = taken.with(Slots::one(number));
            } else if !mutants::on(Mutant::SharedLockAlwaysSucceeds) {
                self.release(taken)?;
                return granted;
            }
            self.slots.set(self.slots.get().with(taken));
        }
        Ok(true)
    }

    /// Gives back slots, after `release` has taken them from a connection: those that no other
    /// connection of this context holds.
    pub(crate) fn give_back(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        release: impl FnOnce(),
    ) -> Result<()> {
        let is_late = mutants::on(Mutant::PublishedAfterRelease);
        let published = if is_late {
            Ok(())
        } else {
            self.publish(index, files)
        };
        release();
        let still_held = index.borrow().held();
        let released = self.release(self.slots.get().without(still_held));
        if is_late {
            self.publish(index, files)?;
        }
        published.and(released)
    }

    fn release(&self, slots: Slots) -> Result<()> {
        self.slots.set(self.slots.get().without(slots));
        let each = slots.numbers().map(SharedLock::Slot);
        each.map(|slot| self.locks.give_back(slot))
            .fold(Ok(()), Result::and)
    }

    /// Begins to use the wal-index, unless this context does so already. The first of all contexts
    /// makes the `-shm` anew: what it says may be older than the WAL (S7).
    pub(crate) fn attach(&self, index: &RefCell<WalIndex>, files: &FileSet) -> Result<()> {
        if self.follower.is_open() {
            return Ok(());
        }
        let path = format!("{}-shm", self.path);
        let mut file = self.storage.open(&path, Creation::IfMissing)?;
        if let Err(error) = self.enter(&mut *file) {
            return file.close().and(Err(error));
        }
        self.follower.open(file);
        self.refresh(index, files)
    }

    fn enter(&self, file: &mut dyn File) -> Result<()> {
        let attached = SharedLock::Attached;
        let is_first = self.locks.take(attached, true, AT_ONCE)?;
        if !is_first && !self.locks.take(attached, false, AT_ONCE)? {
            let message = format!("another context begins to use {:?}", self.path);
            return Err(VfsError::new(ErrorKind::Busy, Operation::Lock, message));
        }
        let as_first = is_first || mutants::on(Mutant::TwoFirstOpeners);
        let entered = match as_first && !mutants::on(Mutant::StaleIndexKept) {
            true => published::reset(file),
            false => published::check(file, &self.path),
        };
        let weakened = match is_first && entered.is_ok() {
            true => self.locks.weaken(attached),
            false => Ok(()),
        };
        if entered.is_err() {
            self.locks.give_back(attached)?;
        }
        entered.and(weakened)
    }

    /// Leaves the wal-index when `leave` was the last connection of this context to do so.
    pub(crate) fn detach(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        leave: impl FnOnce(),
    ) -> Result<()> {
        let given = self.give_back(index, files, leave);
        if index.borrow().is_used() || !self.follower.is_open() {
            return given;
        }
        let closed = self.follower.close();
        let left = self.locks.give_back(SharedLock::Attached);
        given.and(closed).and(left)
    }

    /// Publishes what SQLite has changed. When that fails, an acknowledged transaction may be
    /// unknown to the next writer: nothing is acknowledged from here on.
    pub(crate) fn publish(&self, index: &RefCell<WalIndex>, files: &FileSet) -> Result<()> {
        if !self.follower.is_open() {
            return Ok(());
        }
        let published = self.follower.publish(index);
        if published.is_err() {
            files.give_up();
        }
        published
    }

    /// Takes over what other contexts have published.
    pub(crate) fn refresh(&self, index: &RefCell<WalIndex>, files: &FileSet) -> Result<()> {
        if !self.follower.is_open() {
            return Ok(());
        }
        self.follower.refresh(index, files)
    }

    /// Ends the part; the files are closed.
    pub(crate) fn end(self) -> Result<()> {
        self.locks.end()
    }
}
