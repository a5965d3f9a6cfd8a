//! Whether this context uses the wal-index, and whether others do; used by `mod.rs`.
//!
//! ```text
//! Apart ──Attached alone──► Solo      no slot is asked for, nothing is published
//!   │                         │ another context asks for Attached
//!   │                         ▼ take the slots that are held here, make the -shm anew, publish,
//!   └──Attached shared──► Together ◄── weaken Attached
//!           ▲                 │ a second after the last sign of others, with no slot held: give
//!           └── Apart ◄───────┘ Attached back, and begin again
//! ```
//!
//! Whoever comes from `Apart` to `Solo` knows nothing of what others did before: the index is
//! emptied, and SQLite makes it anew from the WAL. Whoever comes from `Together` goes on from the
//! `-shm`, which is empty or true: whoever enters `Solo` empties it, and whoever leaves `Solo`
//! makes it anew.
//!
//! A context that is withdrawn, because its page may be stopped at any moment, is in `Solo` for no
//! longer than a transaction.

use std::time::Duration;

use super::{AT_ONCE, Here, Shared, index, published};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::lock::LockLevel;
use crate::mutants::{self, Mutant};
use crate::sharing::SharedLock;
use crate::storage::Creation;

/// How long a context sees nothing of others before it looks whether they have gone.
const TOGETHER_MIN: Duration = Duration::from_secs(1);

/// What this context is to the wal-index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// Not using it.
    #[default]
    Apart,
    /// The only one that uses it.
    Solo,
    /// One of those that use it, or may.
    Together,
}

impl Shared {
    /// Begins to use the wal-index, if it was not used yet; whether others may use it too. SQLite
    /// may ask for a slot before it asks for a region.
    pub(crate) fn attach(&self, here: Here<'_>) -> Result<bool> {
        if self.takes_turns() {
            index::begin(here.index.borrow_mut().regions())?;
            return self.attach_in_turn(here).map(|()| false);
        }
        if !self.follower.is_open() {
            index::begin(here.index.borrow_mut().regions())?;
            let path = format!("{}-shm", self.path);
            let file = self.storage.open(&path, Creation::IfMissing)?;
            self.follower.open(file);
        }
        self.take_part(here)
    }

    /// Leaves the wal-index when `leave` was the last connection of this context to do so.
    /// If the WAL is about to be removed, the `-shm` must not speak of it any more.
    pub(crate) fn detach(
        &self,
        here: Here<'_>,
        removes_wal: bool,
        leave: impl FnOnce(),
    ) -> Result<()> {
        let mut given = self.give_back(here, leave);
        if self.takes_turns() && !here.index.borrow().is_used() {
            return given.and(self.detach_in_turn());
        }
        if here.index.borrow().is_used() || !self.follower.is_open() {
            return given;
        }
        if removes_wal && self.part.get() == Part::Together {
            given = given.and(self.follower.with(|file| file.truncate(0)));
        }
        let released = self.slots.leave(&*self.locks);
        here.files.are_ours(false);
        let left = match self.part.replace(Part::Apart) {
            Part::Apart => Ok(()),
            Part::Solo | Part::Together => self.locks.give_back(SharedLock::Attached),
        };
        given.and(released).and(self.follower.close()).and(left)
    }

    /// Whether others use the index too, or may; before it is used here.
    pub(super) fn take_part(&self, here: Here<'_>) -> Result<bool> {
        match self.part.get() {
            Part::Apart => self.enter(here)?,
            Part::Solo => self.leave_if_wanted(here)?,
            Part::Together if self.may_be_alone() => self.look_around(here)?,
            Part::Together => {}
        }
        Ok(self.part.get() == Part::Together)
    }

    fn may_be_alone(&self) -> bool {
        !self.is_withdrawn.get()
            && self.locks.may_wait()
            && self.slots.is_unused()
            && self.levels.held() <= LockLevel::Shared
            && self.locks.now() >= self.last_sign.get() + TOGETHER_MIN
    }

    /// From together to solo, if all others have gone.
    fn look_around(&self, here: Here<'_>) -> Result<()> {
        self.slots.rest(&*self.locks)?;
        self.publish(here)?;
        self.part.set(Part::Apart);
        self.locks.give_back(SharedLock::Attached)?;
        if self.locks.take(SharedLock::Attached, true, AT_ONCE)? {
            return self.be_solo(here, true);
        }
        let joined = self.join(here);
        if joined.is_err() {
            // SQLite finds no header and asks its busy handler; with one it would try again by
            // itself, and give up.
            self.follower.forget(here.index);
        }
        joined
    }

    fn enter(&self, here: Here<'_>) -> Result<()> {
        match self.locks.take(SharedLock::Attached, true, AT_ONCE)? {
            true => self.be_solo(here, false),
            false => self.join(here),
        }
    }

    fn be_solo(&self, here: Here<'_>, was_together: bool) -> Result<()> {
        self.last_sign.set(self.locks.now());
        self.part.set(Part::Solo);
        here.files.are_ours(true);
        if mutants::on(Mutant::StaleIndexKept) {
            return self.follower.refresh(here.index, here.files).map(drop);
        }
        // What is known here, and what the -shm says, may be older than the WAL; and who comes
        // when this context has died must not believe it either (S7).
        let goes_on = was_together && self.follower.takes_over(here, &self.path);
        if !goes_on {
            self.follower.forget(here.index);
        }
        self.follower.with(|file| file.truncate(0))
    }

    fn join(&self, here: Here<'_>) -> Result<()> {
        let attached = SharedLock::Attached;
        if !self.locks.take(attached, false, AT_ONCE)? {
            let message = format!("another context has {:?} for itself", self.path);
            return Err(VfsError::new(ErrorKind::Occupied, Operation::Lock, message));
        }
        if mutants::on(Mutant::TwoFirstOpeners) {
            self.follower.with(published::reset)?;
        }
        let checked = self
            .follower
            .with(|file| published::check(file, &self.path));
        if let Err(error) = checked {
            return self.locks.give_back(attached).and(Err(error));
        }
        self.last_sign.set(self.locks.now());
        self.part.set(Part::Together);
        self.refresh(here)
    }

    /// From solo to together, if another context has asked, or may do so when nobody hears it.
    pub(super) fn leave_if_wanted(&self, here: Here<'_>) -> Result<()> {
        let withdraws = self.is_withdrawn.get() && self.is_between_transactions(here);
        if !self.locks.is_wanted()? && !withdraws {
            return Ok(());
        }
        let left = self.leave_solo(here);
        if left.is_err() {
            here.files.give_up();
        }
        left
    }

    /// Whether no connection of this context reads or writes.
    fn is_between_transactions(&self, here: Here<'_>) -> bool {
        let holds_slots = !here.index.borrow().held().is_empty();
        !holds_slots && self.levels.held() <= LockLevel::Shared
    }

    /// Nobody else can have a slot yet, so all are granted.
    fn leave_solo(&self, here: Here<'_>) -> Result<()> {
        here.files.are_ours(false);
        let (held, alone) = {
            let index = here.index.borrow();
            (index.held(), index.held_alone())
        };
        for (slots, alone) in [(held.without(alone), false), (alone, true)] {
            if !self
                .slots
                .ask(&*self.locks, slots, alone, AT_ONCE)?
                .is_had()
            {
                let message = "a slot is taken by a context that does not use the wal-index";
                return Err(VfsError::new(ErrorKind::Io, Operation::Lock, message));
            }
        }
        if !mutants::on(Mutant::SoloUnpublished) {
            self.follower.with(published::reset)?;
            self.follower.has_published(index::State::default());
            self.follower.publish(here.index)?;
        }
        self.locks.weaken(SharedLock::Attached)?;
        self.last_sign.set(self.locks.now());
        self.part.set(Part::Together);
        Ok(())
    }
}
