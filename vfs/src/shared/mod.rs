//! A database that several contexts use at once, each with SQLite's own WAL and its own wal-index.
//!
//! Called by `database.rs`, which has let the tables of this context decide first. It must not
//! know SQLite's C tables. Why it is right is in docs/locking.md, whose numbers are cited here.
//!
//! ```text
//! turn.rs       in turn, where files cannot be open in two contexts
//! mod.rs        when: take, give back; publish before, refresh after
//! part.rs       apart, solo or together with others
//! levels.rs     the lock levels of the main file    slots.rs       the slots of the index
//! follow.rs     what: publish and refresh
//! index.rs      the wal-index in memory             published.rs   the -shm file
//! ```

mod follow;
mod index;
mod levels;
mod part;
mod published;
mod slots;
mod turn;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::commits;
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::{FileSet, Wanted};
use crate::hooks;
use crate::lock::LockLevel;
use crate::mutants::{self, Mutant};
use crate::sharing::{SharedLock, Sharing};
use crate::shm::{Slots, WalIndex};
use crate::stolen;
use crate::storage::Storage;
use crate::waiting;

use follow::Follower;
use levels::Levels;
use part::Part;
use slots::{HeldSlots, Marks, Taken};
use turn::Turn;

const AT_ONCE: Duration = Duration::ZERO;

/// This context's part in a database.
pub(crate) struct Shared {
    path: String,
    storage: Rc<dyn Storage>,
    locks: Box<dyn Sharing>,
    levels: Levels,
    follower: Follower,
    slots: HeldSlots,
    turn: Turn,
    part: Cell<Part>,
    /// When this context last began to use the index, or saw that another one does, by the clock of
    /// the medium.
    last_sign: Cell<Duration>,
    /// Whether nothing shall be kept that others may want.
    is_withdrawn: Rc<Cell<bool>>,
}

/// The number of the last commit that a wal-index counts, and the bytes of the WAL up to there.
/// None if the index is not in use.
pub(crate) fn sequence(index: &RefCell<WalIndex>) -> Option<(u32, u64)> {
    let header = index::state(index.borrow_mut().regions()).header;
    let number = commits::number_in_wal(header.change_counter());
    header
        .is_valid()
        .then(|| (number, follow::wal_size(&header)))
}

/// How far a WAL has come, as far as this context knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wal {
    /// Of the file.
    pub bytes: u64,
    /// The last frame that was committed.
    pub frames: u32,
    /// The last one that is in the database too.
    pub checkpointed: u32,
    /// Where the oldest reader of this context reads: no checkpoint goes beyond that frame.
    pub oldest_reader: Option<u32>,
}

/// How far the WAL of a wal-index has come, whose file has so many bytes. None if the index is not
/// in use.
pub(crate) fn wal(index: &RefCell<WalIndex>, bytes: u64) -> Option<Wal> {
    let mut index = index.borrow_mut();
    let state = index::state(index.regions());
    let held = index.held();
    let read = slots::marks(&state).filter(|(number, _)| held.meets(Slots::one(*number)));
    let oldest_reader = read.map(|(_, mark)| mark).min();
    state.header.is_valid().then(|| Wal {
        bytes,
        frames: state.header.last_frame(),
        checkpointed: state.words[0],
        oldest_reader,
    })
}

/// What this context has of the database.
#[derive(Clone, Copy)]
pub(crate) struct Here<'database> {
    pub(crate) index: &'database RefCell<WalIndex>,
    pub(crate) files: &'database FileSet,
}

impl Shared {
    pub(crate) fn new(
        path: &str,
        storage: Rc<dyn Storage>,
        locks: Box<dyn Sharing>,
        is_withdrawn: Rc<Cell<bool>>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            storage,
            locks,
            levels: Levels::default(),
            follower: Follower::default(),
            slots: HeldSlots::default(),
            turn: Turn::default(),
            part: Cell::default(),
            last_sign: Cell::default(),
            is_withdrawn,
        }
    }

    /// Opens the files, or makes them, while no other context does.
    pub(crate) fn open_files(&self, files: &FileSet, wanted: Wanted) -> Result<()> {
        if self.takes_turns() {
            return self.open_in_turn(files, wanted);
        }
        if !self.locks.take(SharedLock::Making, true, AT_ONCE)? {
            let message = format!("another context is opening {:?}", self.path);
            return Err(VfsError::new(ErrorKind::Busy, Operation::Lock, message));
        }
        let opened = files.open(&*self.storage, &self.path, wanted);
        opened.and(self.locks.give_back(SharedLock::Making))
    }

    /// The strongest level that this context holds.
    pub(crate) fn level(&self) -> LockLevel {
        self.levels.held()
    }

    /// Climbs to a level. Whoever is left alone with a database closes it without asking for a
    /// slot, so this is a refresh like any other (S8).
    pub(crate) fn raise(&self, here: Here<'_>, level: LockLevel) -> Result<bool> {
        if self.takes_turns() {
            return self.raise_in_turn(here, level);
        }
        if self.follower.is_open() {
            self.take_part(here)?;
        }
        self.publish(here)?;
        let raised = self.levels.raise(&*self.locks, level)?;
        self.refresh(here)?;
        Ok(raised)
    }

    /// Descends to a level.
    pub(crate) fn lower(&self, here: Here<'_>, level: LockLevel) -> Result<()> {
        if self.takes_turns() {
            return self.lower_in_turn(level);
        }
        let published = self.publish(here);
        let lowered = self.levels.lower(&*self.locks, level);
        published.and(lowered)
    }

    /// Whether another context holds RESERVED.
    pub(crate) fn is_reserved_elsewhere(&self) -> Result<bool> {
        if self.takes_turns() {
            return Ok(false);
        }
        self.levels.is_reserved_elsewhere(&*self.locks)
    }

    /// A connection is about to ask for slots: another context may be let in first. A checkpoint
    /// that follows a transaction is not kept from its work: otherwise the WAL would grow while two
    /// contexts write by turns.
    pub(crate) fn before_slots(&self, here: Here<'_>, slots: Slots) -> Result<()> {
        match self.takes_turns() && !slots.meets(slots::CKPT) {
            true => self.let_in(here),
            false => Ok(()),
        }
    }

    /// Takes slots, all of them or none; `false` if another context is in the way. A connection of
    /// this context has been granted them already.
    pub(crate) fn take(
        &self,
        here: Here<'_>,
        slots: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<bool> {
        self.stamp(here)?;
        if !self.attach(here)? {
            if !alone && slots.meets(slots::READ) {
                self.use_turn();
            }
            return Ok(true);
        }
        self.publish(here)?;
        let marks = Marks::of(&index::state(here.index.borrow_mut().regions()));
        let taken = self
            .slots
            .take(&*self.locks, (slots, alone), patience, marks);
        let skips =
            mutants::on(Mutant::RefreshMissing) || mutants::on_every_third(Mutant::RefreshSkipped);
        match taken {
            _ if skips => {}
            Ok(Taken::Unasked) => {}
            Ok(Taken::Kept) => self.look(here)?,
            _ => self.refresh(here)?,
        }
        taken.map(Taken::is_had)
    }

    /// A transaction that writes is about to begin: gets WRITE before it begins to read, which it
    /// would otherwise have to do anew after waiting; `false` if another context has it. Where
    /// nothing is shared it is left to SQLite.
    pub(crate) fn reserve(&self, here: Here<'_>) -> Result<bool> {
        if self.part.get() != Part::Together {
            return Ok(true);
        }
        self.publish(here)?;
        let reserved = self.slots.reserve(&*self.locks);
        if let Ok(Taken::Granted) = reserved {
            self.refresh(here)?;
        }
        reserved.map(Taken::is_had)
    }

    /// Gives back those slots that no connection of this context holds any more; `release` has yet
    /// to take some from one.
    pub(crate) fn give_back(&self, here: Here<'_>, release: impl FnOnce()) -> Result<()> {
        let stamped = self.stamp(here);
        let is_late = mutants::on(Mutant::PublishedAfterRelease);
        let published = match is_late {
            true => Ok(()),
            false => self.publish(here),
        };
        release();
        let still_held = here.index.borrow().held();
        let released = match self.part.get() {
            Part::Together => self.slots.give_back(&*self.locks, still_held),
            Part::Solo if self.takes_turns() => Ok(()),
            Part::Solo => self.leave_if_wanted(here),
            Part::Apart => Ok(()),
        };
        if is_late {
            self.publish(here)?;
        }
        stamped.and(published).and(released)
    }

    /// Before anybody sees what recovery has made: of an empty WAL it always makes the same header,
    /// and a connection of this context may have kept pages since it last saw that one (S13).
    fn stamp(&self, here: Here<'_>) -> Result<()> {
        if !here.index.borrow().held_alone().meets(slots::RECOVER) {
            return Ok(());
        }
        let mut counter = [0; 4];
        hooks::randomness(&mut counter)?;
        let counter = u32::from_le_bytes(counter).max(1);
        index::stamp(here.index.borrow_mut().regions(), counter);
        Ok(())
    }

    /// Publishes what SQLite has changed. When that fails, an acknowledged transaction may be
    /// unknown to the next writer: nothing is acknowledged from here on.
    pub(crate) fn publish(&self, here: Here<'_>) -> Result<()> {
        if self.part.get() != Part::Together {
            return Ok(());
        }
        let published = stolen::check(&self.path).and_then(|()| self.follower.publish(here.index));
        if published.is_err() {
            here.files.give_up();
        }
        published
    }

    /// A job begins. What is given back here was published when it became a lease; and a job that
    /// asks for no lock, as one that ends a transaction, is let through also after a theft.
    pub(crate) fn begin_job(&self, here: Here<'_>) -> Result<()> {
        if self.part.get() == Part::Together && self.locks.may_wait() {
            self.slots.begin_job(&*self.locks)?;
        }
        self.look(here)
    }

    /// The same as a refresh where only another header is news: at the beginning of a job, and for
    /// slots that have been held here all the time. While WRITE is, there is none (S16).
    fn look(&self, here: Here<'_>) -> Result<()> {
        match self.part.get() {
            Part::Together if self.slots.hold_write() => Ok(()),
            Part::Together if !self.follower.is_up_to_date()? => self.refresh(here),
            _ => Ok(()),
        }
    }

    /// Takes over what other contexts have published.
    pub(crate) fn refresh(&self, here: Here<'_>) -> Result<()> {
        if self.part.get() != Part::Together {
            return Ok(());
        }
        if self.follower.refresh(here.index, here.files)? {
            self.last_sign.set(self.locks.now());
        }
        Ok(())
    }

    /// Gives back what is only kept, before this context waits for anything.
    pub(crate) fn rest(&self, here: Here<'_>) -> Result<()> {
        match self.part.get() {
            Part::Together => {
                let published = self.publish(here);
                let released = self.slots.rest(&*self.locks);
                published.and(released)
            }
            Part::Solo if self.takes_turns() => self.pass_if_wanted(here),
            Part::Solo => self.leave_if_wanted(here),
            Part::Apart => Ok(()),
        }
    }

    /// The names of the locks that a checkpoint of a whole WAL takes alone, in its order.
    pub(crate) fn checkpoint_locks(&self) -> Vec<String> {
        let names = slots::CHECKPOINT.map(|slot| SharedLock::Slot(slot).name(&self.path));
        match self.part.get() {
            Part::Together => names.into(),
            Part::Apart | Part::Solo => Vec::new(),
        }
    }

    /// Another context wants a lock: how long this one keeps what it has not in use. `None` if it
    /// waits itself.
    pub(crate) fn keeps_for(&self) -> Option<Duration> {
        match self.part.get() {
            Part::Together => Some(self.slots.hold(&*self.locks)),
            Part::Solo if self.takes_turns() => Some(self.turn.keeps_for(self.locks.now())),
            Part::Apart if self.takes_turns() => None,
            Part::Apart | Part::Solo => Some(Duration::ZERO),
        }
    }

    /// Whether the next reader may have to wait for another context.
    pub(crate) fn may_wait(&self) -> bool {
        match self.part.get() {
            Part::Solo => self.is_withdrawn.get() || self.is_turn_wanted(),
            Part::Together => !self.slots.can_read(&*self.locks),
            Part::Apart => true,
        }
    }

    /// Ends the part; the files are closed.
    pub(crate) fn end(self) -> Result<()> {
        waiting::take_wanted(&self.path);
        self.locks.end()
    }
}
