//! The wal-index of one database in memory, shared by the connections of an instance, and its
//! eight lock slots; used by `database.rs`.
//!
//! SQLite calls it shared memory (`xShm…`) and keeps in it where each page lies in the WAL.
//! It is derived from the WAL: when its last user leaves it is dropped, and the next one makes it
//! anew. Source: <https://sqlite.org/walformat.html#walidxfmt>.
//!
//! ```text
//! slot 0      WRITE       one writer
//! slot 1      CKPT        one checkpointer
//! slot 2      RECOVER     one that makes the index anew
//! slots 3–7   READ(0…4)   readers, each at one of five marks
//! ```

use std::ffi::c_void;

use anchorite_sorted::Map;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::lock::ConnectionId;
use crate::mutants::{self, Mutant};

/// Slots of the wal-index (`SQLITE_SHM_NLOCK`).
pub(crate) const SLOT_COUNT: u32 = 8;

/// What SQLite asks for at a time: 32 KiB.
pub(crate) const REGION_WORDS: usize = 8192;

/// The parts of a wal-index. SQLite keeps words of 32 bits in them, and halves of such words.
pub(crate) type Regions = Vec<Box<[u32]>>;

/// The slot of the one writer.
pub(crate) const WRITE: Slots = Slots(0b1);

/// The slots whose release ends a write transaction or a checkpoint.
pub(crate) const WRITING_SLOTS: Slots = Slots(0b11);

/// A set of slots, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots(u8);

impl Slots {
    /// `count` slots from `first` on; `None` if there are no such slots.
    pub(crate) fn range(first: u32, count: u32) -> Option<Self> {
        let end = first.checked_add(count)?;
        let inside = count > 0 && end <= SLOT_COUNT;
        let bits = (1_u16 << end.min(SLOT_COUNT)) - (1_u16 << first.min(SLOT_COUNT));
        inside.then(|| Self(bits.to_le_bytes()[0]))
    }

    /// The numbers of the slots, in ascending order.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u8> {
        (0..8).filter(move |number| self.0 & (1 << number) != 0)
    }

    /// The set of one slot.
    pub(crate) fn one(number: u8) -> Self {
        Self(1 << number)
    }

    /// The slots of both sets.
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The slots that the other set has not.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set of these bits.
    pub(crate) const fn of(bits: u8) -> Self {
        Self(bits)
    }

    /// The slots that both sets have.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the sets have a slot in common.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What one connection holds.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    shared: u8,
    exclusive: u8,
}

/// The regions and the slots.
#[derive(Debug, Default)]
pub(crate) struct WalIndex {
    /// Each region stays where it is for as long as anybody is attached.
    regions: Regions,
    attached: Map<ConnectionId, Held>,
}

impl WalIndex {
    /// The address of a region of `size` bytes; null if it is not there and shall not be made.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn region(
        &mut self,
        id: ConnectionId,
        index: usize,
        size: usize,
        extend: bool,
    ) -> Result<*mut c_void> {
        self.attached.get_or_default(id);
        while extend && self.regions.len() <= index {
            self.regions.push(zeros(size.div_ceil(size_of::<u32>()))?);
        }
        let region = self.regions.get_mut(index);
        Ok(region.map_or(std::ptr::null_mut(), |region| region.as_mut_ptr().cast()))
    }

    /// Takes slots for reading; `false` if another connection has one for itself.
    pub(crate) fn share(&mut self, id: ConnectionId, slots: Slots) -> bool {
        let free = self.others(id).all(|held| held.exclusive & slots.0 == 0);
        if free || mutants::on(Mutant::ShmLockAlwaysSucceeds) {
            self.attached.get_or_default(id).shared |= slots.0;
        }
        free || mutants::on(Mutant::ShmLockAlwaysSucceeds)
    }

    /// Takes all of these slots alone, or none of them. What the connection itself shares is in its
    /// way like any other: a checkpoint may come while its own statement still reads, if that
    /// statement has just opened the WAL.
    pub(crate) fn exclude(&mut self, id: ConnectionId, slots: Slots) -> bool {
        let is_free = |held: &Held| (held.exclusive | held.shared) & slots.0 == 0;
        let own = self.attached.get(&id).copied().unwrap_or_default();
        let free = own.shared & slots.0 == 0 && self.others(id).all(is_free);
        if free || mutants::on(Mutant::ShmLockAlwaysSucceeds) {
            self.attached.get_or_default(id).exclusive |= slots.0;
        }
        free || mutants::on(Mutant::ShmLockAlwaysSucceeds)
    }

    /// Gives slots back.
    pub(crate) fn release(&mut self, id: ConnectionId, slots: Slots) {
        if let Some(held) = self.attached.get_mut(&id) {
            held.shared &= !slots.0;
            held.exclusive &= !slots.0;
        }
    }

    /// A connection leaves; the last one takes the index with it.
    pub(crate) fn detach(&mut self, id: ConnectionId) {
        self.attached.remove(&id);
        if self.attached.is_empty() {
            self.regions.clear();
        }
    }

    /// The slots that any connection holds.
    pub(crate) fn held(&self) -> Slots {
        let held = self.attached.values();
        Slots(held.fold(0, |bits, held| bits | held.shared | held.exclusive))
    }

    /// Those of them that a connection has for itself.
    pub(crate) fn held_alone(&self) -> Slots {
        let held = self.attached.values();
        Slots(held.fold(0, |bits, held| bits | held.exclusive))
    }

    /// Whether any connection uses the index.
    pub(crate) fn is_used(&self) -> bool {
        !self.attached.is_empty()
    }

    /// The regions, for whoever fills them beside SQLite.
    pub(crate) fn regions(&mut self) -> &mut Regions {
        &mut self.regions
    }

    fn others(&self, id: ConnectionId) -> impl Iterator<Item = &Held> {
        let others = self.attached.iter().filter(move |(other, _)| **other != id);
        others.map(|(_, held)| held)
    }
}

/// A region of as many words.
pub(crate) fn zeros(words: usize) -> Result<Box<[u32]>> {
    let mut region = Vec::new();
    region.try_reserve_exact(words).map_err(|error| {
        let message = format!("no memory for the wal-index: {error}");
        VfsError::new(ErrorKind::NoMemory, Operation::Lock, message)
    })?;
    region.resize(words, 0);
    Ok(region.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::{Slots, WalIndex};

    fn slots(first: u32, count: u32) -> Slots {
        Slots::range(first, count).expect("slots that exist")
    }

    #[test]
    fn slots_are_shared_or_taken_alone() {
        let mut index = WalIndex::default();
        assert!(index.share(1, slots(3, 1)) && index.share(2, slots(3, 1)));
        assert!(!index.exclude(1, slots(3, 1)), "another reads there");
        index.release(2, slots(3, 1));
        assert!(!index.exclude(1, slots(3, 1)), "it reads there itself");
        index.release(1, slots(3, 1));
        assert!(index.exclude(1, slots(3, 1)));
        assert!(!index.share(2, slots(3, 1)));
        assert!(!index.exclude(2, slots(0, 8)), "all or nothing");
        assert!(index.exclude(2, slots(0, 3)));
    }

    #[test]
    fn regions_stay_while_anybody_is_attached() {
        let mut index = WalIndex::default();
        assert!(index.region(1, 0, 32768, false).expect("asks").is_null());
        let address = index.region(1, 1, 32768, true).expect("memory");
        assert_eq!(index.region(2, 1, 32768, false).expect("asks"), address);
        index.detach(1);
        assert_eq!(index.region(2, 1, 32768, false).expect("asks"), address);
        index.detach(2);
        assert!(index.region(3, 1, 32768, false).expect("asks").is_null());
    }

    #[test]
    fn slots_beyond_the_eighth_do_not_exist() {
        assert!(Slots::range(7, 1).is_some() && Slots::range(0, 8).is_some());
        assert!(Slots::range(8, 1).is_none() && Slots::range(5, 4).is_none());
        assert!(Slots::range(3, 0).is_none());
        assert!(slots(1, 2).meets(slots(2, 1)) && !slots(0, 2).meets(slots(2, 1)));
    }
}
