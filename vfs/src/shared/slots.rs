//! The slots of the wal-index that this context holds: those its connections use, and those it
//! keeps for a moment because they will be used again; used by `mod.rs`.
//!
//! It must not know the index. A lock of the medium costs a turn or more, and a loop of small
//! transactions needs the same three each time. So a slot that is given back is leased: kept until
//! 10 ms after it was granted. Whoever holds a lease holds the lock, so nothing of what makes
//! sharing right depends on it; what depends on it is how long others wait:
//!
//! ```text
//! leased       WRITE; READ(i) shared; one of READ(1…4) alone, but only beside WRITE
//! never        CKPT, RECOVER, READ(0) alone, and nothing while CKPT is held
//! given back   when it is 10 ms old; when it is 4 ms old and another context asks; before a
//!              request that may wait; before a sleep; before CKPT; when no job is running: all at
//!              the next call for a lock, or of `Vfs::rest`
//! ```
//!
//! While nothing may wait, slots are neither asked for nor given back: what is leased can be used.
//!
//! A slot that is held alone also serves those who would share it.

use std::cell::Cell;
use std::time::Duration;

use crate::error::Result;
use crate::mutants::{self, Mutant};
use crate::sharing::{SharedLock, Sharing};
use crate::shm::{Slots, WRITE};

/// How long a slot may be kept after it was granted.
const LEASE: Duration = Duration::from_millis(10);

/// The same while another context waits for it: long enough for more than one small transaction, of
/// which each would otherwise cost the locks several turns.
const HOLD: Duration = Duration::from_millis(4);

pub(super) const CKPT: Slots = Slots::of(0b0000_0010);
/// What a checkpoint of the whole WAL takes alone, in this order: CKPT, WRITE, READ(0…4).
pub(super) const CHECKPOINT: [u8; 7] = [1, 0, 3, 4, 5, 6, 7];
/// Held alone in a recovery only.
pub(super) const RECOVER: Slots = Slots::of(0b0000_0100);
pub(super) const READ: Slots = Slots::of(0b1111_1000);
/// READ(1…4): those with a mark.
const MARKED: Slots = Slots::of(0b1111_0000);

/// What came of asking for slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Another context has one of them.
    Not,
    /// They were held here all the time since they were granted.
    Kept,
    /// One of them at least was granted now.
    Granted,
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
    /// Those that are used and held alone, though they are only shared here.
    lent: Cell<Slots>,
    /// When each was granted, by the clock of the medium.
    granted: Cell<[Duration; 8]>,
}

impl HeldSlots {
    /// Takes those of the slots that this context does not use yet, all or none.
    pub(super) fn take(
        &self,
        locks: &dyn Sharing,
        slots: Slots,
        alone: bool,
        patience: Duration,
    ) -> Result<Taken> {
        let wanted = slots.without(self.used.get());
        if !locks.may_wait() {
            return Ok(self.take_kept(wanted, alone));
        }
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
                self.use_leased(one, alone);
            } else if !mutants::on(Mutant::SharedLockAlwaysSucceeds) {
                self.release(locks, taken)?;
                return granted.map(|_| Taken::Not);
            }
        }
        Ok(outcome)
    }

    /// Takes leased slots, to share them.
    fn take_kept(&self, wanted: Slots, alone: bool) -> Taken {
        if alone || !wanted.without(self.leased.get()).is_empty() {
            return Taken::Not;
        }
        for number in wanted.numbers() {
            self.use_leased(Slots::one(number), alone);
        }
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

    fn use_leased(&self, one: Slots, alone: bool) {
        self.leased.set(self.leased.get().without(one));
        self.used.set(self.used.get().with(one));
        if !alone {
            self.lent
                .set(self.lent.get().with(one.and(self.alone.get())));
        }
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
        if leased.is_empty() {
            return Ok(());
        }
        let age = if locks.is_wanted()? { HOLD } else { LEASE };
        let mut kept = self.younger(locks, leased, age);
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
            let age = if locks.is_wanted()? { HOLD } else { LEASE };
            self.younger(locks, leasable, age)
        };
        self.used.set(self.used.get().without(kept));
        self.leased.set(self.leased.get().with(kept));
        self.lent.set(self.lent.get().without(kept));
        self.release(locks, unused.without(kept))
    }

    fn leasable(&self, unused: Slots) -> Slots {
        if mutants::on(Mutant::LeaseOverCheckpoint) {
            return unused;
        }
        if self.used.get().meets(CKPT) {
            return Slots::default();
        }
        let held = self.used.get().with(self.leased.get());
        let mut leasable = WRITE.with(READ.without(self.alone.get()));
        let marks = unused.and(MARKED);
        if held.meets(WRITE) && marks.numbers().count() == 1 {
            leasable = leasable.with(marks);
        }
        unused.and(leasable)
    }

    /// Gives all leases back, and lets others share what is only shared here: a transaction may be
    /// open for long, and who wants to read at the same mark tries for ten seconds and gives up.
    pub(super) fn rest(&self, locks: &dyn Sharing) -> Result<()> {
        if mutants::on(Mutant::LeaseOverCheckpoint) {
            return Ok(());
        }
        let lent = self.lent.take();
        self.alone.set(self.alone.get().without(lent));
        let weakened = lent.numbers().map(SharedLock::Slot);
        let weakened = weakened.map(|slot| locks.weaken(slot));
        let weakened = weakened.fold(Ok(()), Result::and);
        weakened.and(self.release(locks, self.leased.get()))
    }

    /// Gives everything back.
    pub(super) fn leave(&self, locks: &dyn Sharing) -> Result<()> {
        self.release(locks, self.used.get().with(self.leased.get()))
    }

    /// Gives these back to the medium. Without WRITE, marked slots that are only shared here are
    /// no longer held alone.
    fn release(&self, locks: &dyn Sharing, mut slots: Slots) -> Result<()> {
        let mut weakened = Slots::default();
        if slots.meets(WRITE) {
            slots = slots.with(self.leased.get().and(MARKED).and(self.alone.get()));
            weakened = self.lent.get().without(slots);
        }
        for place in [&self.used, &self.leased] {
            place.set(place.get().without(slots));
        }
        for place in [&self.alone, &self.lent] {
            place.set(place.get().without(slots).without(weakened));
        }
        let released = slots.numbers().map(SharedLock::Slot);
        let released = released.map(|slot| locks.give_back(slot));
        let released = released.fold(Ok(()), Result::and);
        let weakened = weakened.numbers().map(SharedLock::Slot);
        let weakened = weakened.map(|slot| locks.weaken(slot));
        weakened.fold(released, Result::and)
    }
}
