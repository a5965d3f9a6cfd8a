//! The slots of the wal-index that this context holds: those its connections use, and those it
//! keeps for a moment because they will be used again; used by `mod.rs`.
//!
//! It must not know the index. A lock of the medium costs a turn or more, and a loop of small
//! transactions needs the same three each time. So a slot that is given back is leased: kept until
//! 10 ms after it was granted. Whoever holds a lease holds the lock, so nothing of what makes
//! sharing right depends on it; what depends on it is how long others wait:
//!
//! ```text
//! leased       WRITE; READ(i) shared, also one that was held alone to move its mark
//! never        CKPT, RECOVER, and nothing while CKPT is held
//! given back   when it is 10 ms old; when it is 6 ms old and another context asks; before a
//!              request that may wait; before a sleep; before CKPT; when no job is running: all at
//!              the next call for a lock, or of `Vfs::rest`
//! ```
//!
//! While nothing may wait, slots are neither asked for nor given back: what is leased can be used.
//!
//! Whoever begins to read would have a mark where the WAL ends now, and asks for READ(1…4) alone,
//! one after the other, to move one. It does as well with an older mark, so most of that is refused
//! here without asking anybody: while this context holds a mark that serves, while there is one
//! that is not old, which it shares, and for all slots but its own one. Its own is the one that it
//! was last granted; when that is refused, the next one. When a mark cannot be shared, because
//! another context moves it, the next reader moves its own.
//!
//! A transaction for which WRITE was reserved needs no mark at all: what a mark protects, WRITE
//! does as well (S20). Its mark is covered, not held, and WRITE is held for as long as it is used.

use std::cell::Cell;
use std::time::Duration;

use super::index::{MARK_WORDS, State};
use crate::error::Result;
use crate::mutants::{self, Mutant};
use crate::sharing::{SharedLock, Sharing};
use crate::shm::{Slots, WRITE};

/// How long a slot may be kept after it was granted.
const LEASE: Duration = Duration::from_millis(10);

/// The same while another context waits for it: long enough for more than one small transaction, of
/// which each would otherwise cost the locks several turns.
const HOLD: Duration = Duration::from_millis(6);

pub(super) const CKPT: Slots = Slots::of(0b0000_0010);
/// The number of WRITE.
const WRITE_NUMBER: u8 = 0;
/// What a checkpoint of the whole WAL takes alone, in this order: CKPT, WRITE, READ(0…4).
pub(super) const CHECKPOINT: [u8; 7] = [1, WRITE_NUMBER, 3, 4, 5, 6, 7];
/// Held alone in a recovery only.
pub(super) const RECOVER: Slots = Slots::of(0b0000_0100);
pub(super) const READ: Slots = Slots::of(0b1111_1000);
/// READ(1…4): those with a mark.
const MARKED: Slots = Slots::of(0b1111_0000);
const FIRST_MARKED: u8 = 4;
/// A mark is not old that has at most so many frames after it: moving one takes two requests more
/// than sharing one.
const RECENT: u32 = 100;
/// WRITE is reserved before its job begins, and lost when the next one does.
const RESERVED_FOR: u8 = 2;
/// Up to so many frames of the WAL. From 1000 on each commit works at it, as far as marks let it.
const SHORT: u32 = 900;
const MARKED_COUNT: u8 = 4;

/// What came of asking for slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Another context has one of them.
    Not,
    /// Nobody was asked: a reader can do without.
    Unasked,
    /// They were held here all the time since they were granted.
    Kept,
    /// One of them at least was granted now.
    Granted,
}

impl Taken {
    /// Whether all of them are held.
    pub(super) fn is_had(self) -> bool {
        matches!(self, Self::Kept | Self::Granted)
    }
}

/// What is held of the eight slots.
#[derive(Default)]
pub(super) struct HeldSlots {
    /// By connections.
    used: Cell<Slots>,
    /// By nobody, for the moment.
    leased: Cell<Slots>,
    /// Those, used or leased, that no other context can share.
    alone: Cell<Slots>,
    /// Those that are used without being held, since WRITE is.
    covered: Cell<Slots>,
    /// How many jobs have yet to begin until WRITE is not reserved any more for a transaction: none
    /// after it has begun.
    reserved: Cell<u8>,
    /// Which of READ(1…4) this context moves, counted from the first of them.
    own: Cell<u8>,
    /// Whether one of them could not be shared.
    moves: Cell<bool>,
    /// When each was granted, by the clock of the medium.
    granted: Cell<[Duration; 8]>,
}

impl HeldSlots {
    /// Takes those of the slots that this context does not use yet, all or none.
    pub(super) fn take(
        &self,
        locks: &dyn Sharing,
        (slots, alone): (Slots, bool),
        patience: Duration,
        marks: Marks,
    ) -> Result<Taken> {
        let wanted = slots.without(self.used.get().without(self.covered.get()));
        if !locks.may_wait() {
            return Ok(self.take_kept(wanted, alone));
        }
        if !alone && self.cover(wanted) {
            return Ok(Taken::Kept);
        }
        self.expire(locks)?;
        if alone && self.can_do_without(wanted, marks) {
            return Ok(Taken::Unasked);
        }
        let taken = self.ask(locks, wanted, alone, patience)?;
        if MARKED.meets(wanted) && (taken.is_had() || !alone) {
            self.moves.set(!taken.is_had());
        }
        Ok(taken)
    }

    /// Takes slots that are not used here, all or none.
    pub(super) fn ask(
        &self,
        locks: &dyn Sharing,
        wanted: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<Taken> {
        self.make_way(locks, wanted, alone, patience)?;
        let mut taken = Slots::default();
        let mut outcome = Taken::Kept;
        for number in wanted.numbers() {
            let one = Slots::one(number);
            let granted = if self.leased.get().meets(one) {
                Ok(true)
            } else {
                outcome = Taken::Granted;
                self.request(locks, number, alone, patience)
            };
            if let Ok(true) = granted {
                taken = taken.with(one);
                self.use_leased(one);
            } else if !mutants::on(Mutant::SharedLockAlwaysSucceeds) {
                self.look_elsewhere(wanted);
                self.release(locks, taken)?;
                return granted.map(|_| Taken::Not);
            }
        }
        Ok(outcome)
    }

    /// Leases WRITE, for a transaction that is about to begin.
    pub(super) fn reserve(&self, locks: &dyn Sharing) -> Result<Taken> {
        if self.used.get().meets(WRITE) {
            return Ok(Taken::Kept);
        }
        self.expire(locks)?;
        let taken = match self.leased.get().meets(WRITE) {
            true => Taken::Kept,
            false if self.request(locks, WRITE_NUMBER, true, Duration::ZERO)? => Taken::Granted,
            false => Taken::Not,
        };
        self.reserved
            .set(if taken.is_had() { RESERVED_FOR } else { 0 });
        Ok(taken)
    }

    /// A job begins: what the one before has reserved and not used counts no longer.
    pub(super) fn begin_job(&self, locks: &dyn Sharing) -> Result<()> {
        self.reserved.set(self.reserved.get().saturating_sub(1));
        self.expire(locks)
    }

    /// Lets the transaction for which WRITE was reserved do without holding its mark.
    fn cover(&self, wanted: Slots) -> bool {
        let covers = self.covers() || mutants::on(Mutant::MarkNotHeld);
        let covers = covers && is_mark(wanted);
        if covers {
            self.reserved.set(0);
            self.covered.set(self.covered.get().with(wanted));
            self.used.set(self.used.get().with(wanted));
        }
        covers
    }

    fn covers(&self) -> bool {
        self.reserved.get() > 0 && self.leased.get().meets(WRITE)
    }

    /// Whether these are one mark, to be moved by who reads: a checkpoint holds CKPT.
    fn is_move(&self, wanted: Slots) -> bool {
        is_mark(wanted) && !self.used.get().meets(CKPT)
    }

    fn can_do_without(&self, wanted: Slots, marks: Marks) -> bool {
        let held = self.used.get().with(self.leased.get());
        let is_own = wanted.meets(Slots::one(FIRST_MARKED + self.own.get()));
        let shares = marks.are_recent && !self.moves.get();
        let covers = self.covers() && !marks.serving.is_empty();
        let serves = held.meets(marks.serving) || shares || covers;
        self.is_move(wanted) && (serves || !is_own)
    }

    /// Another context has the own mark.
    fn look_elsewhere(&self, refused: Slots) {
        if self.is_move(refused) {
            self.own.set((self.own.get() + 1) % MARKED_COUNT);
        }
    }

    /// Takes leased slots, to share them.
    fn take_kept(&self, wanted: Slots, alone: bool) -> Taken {
        if alone || !wanted.without(self.leased.get()).is_empty() {
            return Taken::Unasked;
        }
        self.use_leased(wanted);
        Taken::Kept
    }

    /// Whether a reader would find a slot here, without asking for one.
    pub(super) fn can_read(&self, locks: &dyn Sharing) -> bool {
        self.younger(locks, self.leased.get(), LEASE).meets(MARKED)
    }

    /// Whether no connection has any.
    pub(super) fn is_unused(&self) -> bool {
        self.used.get().is_empty()
    }

    /// What was granted is leased first.
    fn request(
        &self,
        locks: &dyn Sharing,
        number: u8,
        alone: bool,
        patience: Duration,
    ) -> Result<bool> {
        let granted = locks.take(SharedLock::Slot(number), alone, patience)?;
        if granted {
            let one = Slots::one(number);
            self.leased.set(self.leased.get().with(one));
            if alone {
                self.alone.set(self.alone.get().with(one));
            }
            let mut moments = self.granted.get();
            moments[usize::from(number)] = locks.now();
            self.granted.set(moments);
        }
        Ok(granted)
    }

    fn use_leased(&self, slots: Slots) {
        self.leased.set(self.leased.get().without(slots));
        self.used.set(self.used.get().with(slots));
        self.covered.set(self.covered.get().without(slots));
        if slots.meets(WRITE) {
            self.reserved.set(0);
        }
    }

    /// The leases that can be given back: WRITE cannot while it covers a mark.
    fn spare(&self) -> Slots {
        match self.covered.get().is_empty() {
            true => self.leased.get(),
            false => self.leased.get().without(WRITE),
        }
    }

    /// Whether WRITE is held here.
    pub(super) fn hold_write(&self) -> bool {
        self.used.get().with(self.leased.get()).meets(WRITE)
    }

    /// Gives back the leases that are too old, sooner if they are wanted.
    fn expire(&self, locks: &dyn Sharing) -> Result<()> {
        let spare = self.spare();
        if spare.is_empty() {
            return Ok(());
        }
        let kept = self.younger(locks, spare, age(locks)?);
        self.release(locks, spare.without(kept))
    }

    /// Gives back the leases that a request must not keep, or cannot use.
    fn make_way(
        &self,
        locks: &dyn Sharing,
        wanted: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<()> {
        let spare = self.spare();
        let mut kept = spare;
        if alone {
            kept = kept.without(wanted.without(self.alone.get()));
        }
        let may_wait = !patience.is_zero() && !wanted.without(kept).is_empty();
        if may_wait || wanted.meets(CKPT) {
            kept = kept.and(wanted);
        }
        self.release(locks, spare.without(kept))
    }

    /// Those that were granted less than so long ago.
    fn younger(&self, locks: &dyn Sharing, slots: Slots, age: Duration) -> Slots {
        let (now, granted) = (locks.now(), self.granted.get());
        let is_younger = |number: &u8| now < granted[usize::from(*number)] + age;
        let younger = slots.numbers().filter(is_younger).map(Slots::one);
        younger.fold(Slots::default(), Slots::with)
    }

    /// How long leases are kept that another context waits for.
    pub(super) fn hold(&self, locks: &dyn Sharing) -> Duration {
        let granted = self.granted.get();
        let leased = self.leased.get().numbers();
        let ends = leased.map(|number| granted[usize::from(number)] + HOLD);
        ends.max().unwrap_or_default().saturating_sub(locks.now())
    }

    /// Gives back, or leases, all but those that connections still use.
    pub(super) fn give_back(&self, locks: &dyn Sharing, still_used: Slots) -> Result<()> {
        let uncovers = self.uncover(still_used);
        let unused = self.used.get().without(still_used);
        let leasable = self.leasable(unused);
        let kept = if !locks.may_wait() {
            leasable
        } else if self.covered.get().is_empty() {
            self.younger(locks, leasable, age(locks)?)
        } else {
            leasable.with(unused.and(WRITE))
        };
        let moved = kept.and(self.alone.get()).without(WRITE);
        self.used.set(self.used.get().without(kept));
        self.leased.set(self.leased.get().with(kept));
        let released = self.release(locks, unused.without(kept));
        let weakened = self.weaken(locks, moved);
        let expired = match uncovers && locks.may_wait() {
            true => self.expire(locks),
            false => Ok(()),
        };
        released.and(weakened).and(expired)
    }

    /// Forgets what was covered and is not used any more; whether that was anything.
    fn uncover(&self, still_used: Slots) -> bool {
        let ended = self.covered.get().without(still_used);
        self.covered.set(self.covered.get().without(ended));
        self.used.set(self.used.get().without(ended));
        !ended.is_empty()
    }

    fn leasable(&self, unused: Slots) -> Slots {
        if mutants::on(Mutant::LeaseOverCheckpoint) {
            return unused;
        }
        if self.used.get().meets(CKPT) {
            return Slots::default();
        }
        let mut leasable = WRITE.with(READ.without(self.alone.get()));
        if self.is_move(unused) {
            leasable = leasable.with(MARKED);
        }
        unused.and(leasable)
    }

    /// Whoever has moved a mark shares it at once, as do others.
    fn weaken(&self, locks: &dyn Sharing, moved: Slots) -> Result<()> {
        self.alone.set(self.alone.get().without(moved));
        let weakened = moved.numbers().map(SharedLock::Slot);
        let weakened = weakened.map(|slot| locks.weaken(slot));
        weakened.fold(Ok(()), Result::and)
    }

    /// Gives all leases back.
    pub(super) fn rest(&self, locks: &dyn Sharing) -> Result<()> {
        if mutants::on(Mutant::LeaseOverCheckpoint) {
            return Ok(());
        }
        self.reserved.set(0);
        self.release(locks, self.spare())
    }

    /// Gives everything back.
    pub(super) fn leave(&self, locks: &dyn Sharing) -> Result<()> {
        self.uncover(Slots::default());
        self.release(locks, self.used.get().with(self.leased.get()))
    }

    /// Gives these back to the medium.
    fn release(&self, locks: &dyn Sharing, slots: Slots) -> Result<()> {
        for place in [&self.used, &self.leased, &self.alone] {
            place.set(place.get().without(slots));
        }
        let released = slots.numbers().map(SharedLock::Slot);
        let released = released.map(|slot| locks.give_back(slot));
        released.fold(Ok(()), Result::and)
    }
}

/// Whether these are one of READ(1…4).
fn is_mark(slots: Slots) -> bool {
    slots.numbers().count() == 1 && MARKED.meets(slots)
}

/// The marks, as far as readers are concerned.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// READ(1…4) with a mark in the WAL as it is.
    serving: Slots,
    /// Whether the highest of them is not old, and the WAL short.
    are_recent: bool,
}

impl Marks {
    pub(super) fn of(state: &State) -> Self {
        let last = state.header.last_frame();
        let serving = marks(state).filter(|(_, mark)| *mark <= last);
        let start = (Slots::default(), None);
        let (serving, highest) = serving.fold(start, |(all, highest), (number, mark)| {
            (all.with(Slots::one(number)), highest.max(Some(mark)))
        });
        let are_recent = last <= SHORT && highest.is_some_and(|mark| last - mark <= RECENT);
        Self {
            serving,
            are_recent,
        }
    }
}

/// The numbers of READ(1…4), each with its mark.
pub(super) fn marks(state: &State) -> impl Iterator<Item = (u8, u32)> {
    (FIRST_MARKED..).zip(state.words[MARK_WORDS].iter().copied())
}

/// How old a lease may become.
fn age(locks: &dyn Sharing) -> Result<Duration> {
    let is_wanted = locks.is_wanted()?;
    Ok(if is_wanted { HOLD } else { LEASE })
}
