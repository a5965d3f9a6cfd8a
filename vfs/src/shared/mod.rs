//! A database that several contexts use at once, each with SQLite's own WAL and its own wal-index.
//!
//! Called by `database.rs`, which has let the tables of this context decide first. It must not
//! know SQLite's C tables. Why it is right is in docs/locking.md, whose numbers are cited here.
//!
//! ```text
//! mod.rs        when: take, give back; publish before, refresh after
//! levels.rs     the lock levels of the main file    slots.rs       the slots of the index
//! follow.rs     what: publish and refresh
//! index.rs      the wal-index in memory            published.rs   the -shm file
//! ```

mod follow;
mod index;
mod levels;
mod published;
mod slots;

use std::cell::RefCell;
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
use slots::HeldSlots;

const AT_ONCE: Duration = Duration::ZERO;

/// This context's part in a database.
pub(crate) struct Shared {
    path: String,
    storage: Rc<dyn Storage>,
    locks: Box<dyn Sharing>,
    levels: Levels,
    follower: Follower,
    slots: HeldSlots,
}

impl Shared {
    pub(crate) fn new(path: &str, storage: Rc<dyn Storage>, locks: Box<dyn Sharing>) -> Self {
        Self {
            path: path.to_owned(),
            storage,
            locks,
            levels: Levels::default(),
            follower: Follower::default(),
            slots: HeldSlots::default(),
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
        let taken = self.slots.take(&*self.locks, slots, alone, patience);
        let refreshed = match mutants::on(Mutant::RefreshMissing)
            || mutants::on_every_third(Mutant::RefreshSkipped)
        {
            true => Ok(()),
            false => self.refresh(index, files),
        };
        if let (Ok(true), Err(_)) = (&taken, &refreshed) {
            let used = index.borrow().held().without(slots);
            self.slots.give_back(&*self.locks, used)?;
        }
        refreshed.and(taken)
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
        let released = self.slots.give_back(&*self.locks, still_held);
        if is_late {
            self.publish(index, files)?;
        }
        published.and(released)
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
        let released = self.slots.leave(&*self.locks);
        let closed = self.follower.close();
        let left = self.locks.give_back(SharedLock::Attached);
        given.and(released).and(closed).and(left)
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

    /// Gives back what is only kept, before this context waits for anything.
    pub(crate) fn rest(&self, index: &RefCell<WalIndex>, files: &FileSet) -> Result<()> {
        let published = self.publish(index, files);
        let released = self.slots.rest(&*self.locks);
        published.and(released)
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
