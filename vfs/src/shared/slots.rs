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
//! here without asking anybody: while this context holds a mark that serves, and for all slots but
//! its own one. Its own is the one that it was last granted; when that is refused, the next one.

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
    /// Which of READ(1…4) this context moves, counted from the first of them.
    own: Cell<u8>,
    /// When each was granted, by the clock of the medium.
    granted: Cell<[Duration; 8]>,
}

impl HeldSlots {
    /// Takes those of the slots that this context does not use yet, all or none. `serving` are
    /// those of READ(1…4) whose mark a reader can use.
    pub(super) fn take(
        &self,
        locks: &dyn Sharing,
        (slots, alone): (Slots, bool),
        patience: Duration,
        serving: Slots,
    ) -> Result<Taken> {
        let wanted = slots.without(self.used.get());
        if !locks.may_wait() {
            return Ok(self.take_kept(wanted, alone));
        }
        self.expire(locks)?;
        if alone && self.can_do_without(wanted, serving) {
            return Ok(Taken::Unasked);
        }
        self.ask(locks, wanted, alone, patience)
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
        if self.leased.get().meets(WRITE) {
            return Ok(Taken::Kept);
        }
        let granted = self.request(locks, WRITE_NUMBER, true, Duration::ZERO)?;
        Ok(if granted { Taken::Granted } else { Taken::Not })
    }

    /// Whether these are one mark, to be moved by who reads: a checkpoint holds CKPT.
    fn is_move(&self, wanted: Slots) -> bool {
        let is_one = wanted.numbers().count() == 1;
        is_one && MARKED.meets(wanted) && !self.used.get().meets(CKPT)
    }

    fn can_do_without(&self, wanted: Slots, serving: Slots) -> bool {
        let held = self.used.get().with(self.leased.get());
        let is_own = wanted.meets(Slots::one(FIRST_MARKED + self.own.get()));
        self.is_move(wanted) && (held.meets(serving) || !is_own)
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
    }

    /// Gives back the leases that are too old, sooner if they are wanted.
    fn expire(&self, locks: &dyn Sharing) -> Result<()> {
        let leased = self.leased.get();
        if leased.is_empty() {
            return Ok(());
        }
        let kept = self.younger(locks, leased, age(locks)?);
        self.release(locks, leased.without(kept))
    }

    /// Gives back the leases that a request must not keep, or cannot use.
    fn make_way(
        &self,
        locks: &dyn Sharing,
        wanted: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<()> {
        let leased = self.leased.get();
        let mut kept = leased;
        if alone {
            kept = kept.without(wanted.without(self.alone.get()));
        }
        let may_wait = !patience.is_zero() && !wanted.without(kept).is_empty();
        if may_wait || wanted.meets(CKPT) {
            kept = kept.and(wanted);
        }
        self.release(locks, leased.without(kept))
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
        let unused = self.used.get().without(still_used);
        let leasable = self.leasable(unused);
        let kept = if !locks.may_wait() {
            leasable
        } else {
            self.younger(locks, leasable, age(locks)?)
        };
        let moved = kept.and(self.alone.get()).without(WRITE);
        self.used.set(self.used.get().without(kept));
        self.leased.set(self.leased.get().with(kept));
        self.release(locks, unused.without(kept))?;
        self.weaken(locks, moved)
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
        self.release(locks, self.leased.get())
    }

    /// Gives everything back.
    pub(super) fn leave(&self, locks: &dyn Sharing) -> Result<()> {
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

/// READ(1…4) with a mark in the WAL as it is.
pub(super) fn serving(state: &State) -> Slots {
    let last = state.header.last_frame();
    let marks = (FIRST_MARKED..).zip(&state.words[MARK_WORDS]);
    let serving = marks.filter(|(_, mark)| **mark <= last);
    serving.fold(Slots::default(), |all, (number, _)| {
        all.with(Slots::one(number))
    })
}

/// How old a lease may become.
fn age(locks: &dyn Sharing) -> Result<Duration> {
    let is_wanted = locks.is_wanted()?;
    Ok(if is_wanted { HOLD } else { LEASE })
}
