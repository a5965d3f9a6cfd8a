//! The part of a file that is in memory: extents read from it, and those written since its last
//! replacement. Pure bookkeeping.
//!
//! Used by `opfs/async.rs`, one per open file. It must not know where the bytes come from, nor how
//! they get there.
//!
//! ```text
//! extent   EXTENT_SIZE bytes; those beyond the file's size are zeros
//! clean    as on disk; at most CLEAN_MAX of them, the one used longest ago goes first
//! dirty    written since; stays until `settled`
//! ```

use std::ops::Range;

use anchorite_sorted::Map;

use crate::error::{ErrorKind, Operation, Result, VfsError};

/// One read of a browser costs about a millisecond, whatever its size up to here.
pub(crate) const EXTENT_SIZE: u64 = 64 * 1024;

/// Clean extents kept: 8 MiB. SQLite's own page cache lies above.
const CLEAN_MAX: usize = (8 * 1024 * 1024 / EXTENT_SIZE) as usize;

/// Bytes of one extent, always `EXTENT_SIZE` of them.
struct Extent {
    bytes: Vec<u8>,
    dirty: bool,
    used_at: u64,
}

/// Extents by their index: the first byte of extent `i` is at `i * EXTENT_SIZE`.
#[derive(Default)]
pub(crate) struct Extents {
    by_index: Map<u64, Extent>,
    dirty: usize,
    clock: u64,
}

impl Extents {
    pub(crate) fn contains(&self, index: u64) -> bool {
        self.by_index.contains_key(&index)
    }

    /// The bytes of an extent, if it is here.
    pub(crate) fn get(&self, index: u64) -> Option<&[u8]> {
        self.by_index.get(&index).map(|extent| &*extent.bytes)
    }

    /// The first byte of the next extent that is here, from `index` on; beyond all if none is.
    pub(crate) fn next_from(&self, index: u64) -> u64 {
        let next = self.by_index.first_from(&index);
        next.map_or(u64::MAX, |(index, _)| index * EXTENT_SIZE)
    }

    /// The first byte after the last dirty extent.
    pub(crate) fn dirty_end(&self) -> u64 {
        let mut from_the_end = self.by_index.iter().rev();
        let last = from_the_end.find(|(_, extent)| extent.dirty);
        last.map_or(0, |(index, _)| (index + 1) * EXTENT_SIZE)
    }

    /// How many bytes wait for the next replacement.
    pub(crate) fn dirty_bytes(&self) -> u64 {
        self.dirty as u64 * EXTENT_SIZE
    }

    /// Adds an extent that is as on disk, in place of the one used longest ago.
    pub(crate) fn insert(&mut self, index: u64, bytes: Vec<u8>) {
        debug_assert_eq!(bytes.len() as u64, EXTENT_SIZE, "whole extents only");
        self.evict(CLEAN_MAX - 1);
        self.clock += 1;
        let (dirty, used_at) = (false, self.clock);
        let extent = Extent {
            bytes,
            dirty,
            used_at,
        };
        if let Some(old) = self.by_index.insert(index, extent) {
            self.dirty -= usize::from(old.dirty);
        }
    }

    /// Copies from an extent that is here.
    pub(crate) fn read(&mut self, part: &Part, buffer: &mut [u8]) {
        let extent = self.used(part.index);
        buffer.copy_from_slice(&extent.bytes[part.start..part.start + part.count]);
    }

    /// Copies into an extent that is here, which becomes dirty.
    pub(crate) fn write(&mut self, part: &Part, data: &[u8]) {
        let extent = self.used(part.index);
        extent.bytes[part.start..part.start + part.count].copy_from_slice(data);
        let was_clean = !std::mem::replace(&mut extent.dirty, true);
        self.dirty += usize::from(was_clean);
    }

    /// Forgets all from `size` on. The extent that `size` lies in must be here, unless `size` is
    /// its first byte.
    pub(crate) fn cut(&mut self, size: u64) {
        let part = Part::of(size, size + 1);
        if part.start > 0 {
            let zeros = vec![0; in_memory(EXTENT_SIZE) - part.start];
            let count = zeros.len();
            self.write(&Part { count, ..part }, &zeros);
        }
        let gone = self.by_index.split_off(&size.div_ceil(EXTENT_SIZE));
        self.dirty -= gone.values().filter(|extent| extent.dirty).count();
    }

    /// What was dirty is on disk now.
    pub(crate) fn settled(&mut self) {
        self.by_index
            .values_mut()
            .for_each(|extent| extent.dirty = false);
        self.dirty = 0;
        self.evict(CLEAN_MAX);
    }

    /// Drops clean extents until `kept` of them are left.
    pub(crate) fn evict(&mut self, kept: usize) {
        while self.by_index.len() - self.dirty > kept {
            let oldest = self
                .by_index
                .iter()
                .filter(|(_, extent)| !extent.dirty)
                .min_by_key(|(_, extent)| extent.used_at)
                .map(|(index, _)| *index);
            oldest.and_then(|index| self.by_index.remove(&index));
        }
    }

    /// Runs of adjacent dirty extents, each of at most `count_max`.
    pub(crate) fn dirty_runs(&self, count_max: u64) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        let dirty = self.by_index.iter().filter(|(_, extent)| extent.dirty);
        for (&index, _) in dirty {
            match runs.last_mut() {
                Some(run) if run.end == index && index - run.start < count_max => run.end += 1,
                _ => runs.push(index..index + 1),
            }
        }
        runs
    }

    fn used(&mut self, index: u64) -> &mut Extent {
        self.clock += 1;
        let extent = self.by_index.get_mut(&index);
        let extent = extent.expect("the caller has seen to it that the extent is here");
        extent.used_at = self.clock;
        extent
    }
}

/// Room for one extent, or an error that leaves the program running.
pub(crate) fn zeroed(operation: Operation) -> Result<Vec<u8>> {
    let size = in_memory(EXTENT_SIZE);
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(size).is_err() {
        let message = format!("there is no memory for {size} B of a file");
        return Err(VfsError::new(ErrorKind::NoMemory, operation, message));
    }
    bytes.resize(size, 0);
    Ok(bytes)
}

/// A range of a file that lies in one extent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) index: u64,
    pub(crate) start: usize,
    pub(crate) count: usize,
}

impl Part {
    /// As much of `[position, end)` as lies in the extent of `position`.
    pub(crate) fn of(position: u64, end: u64) -> Self {
        let start = position % EXTENT_SIZE;
        let count = (end - position).min(EXTENT_SIZE - start);
        Self {
            index: position / EXTENT_SIZE,
            start: in_memory(start),
            count: in_memory(count),
        }
    }

    /// `[offset, end)`, extent by extent.
    pub(crate) fn all(offset: u64, end: u64) -> impl Iterator<Item = Self> {
        let mut position = offset;
        std::iter::from_fn(move || {
            (position < end).then(|| {
                let part = Self::of(position, end);
                position += part.count as u64;
                part
            })
        })
    }
}

/// Lengths of parts of a buffer or an extent fit `usize`.
pub(crate) fn in_memory(length: u64) -> usize {
    usize::try_from(length).expect("a part of a buffer in memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(extents: &mut Extents, indexes: Range<u64>) {
        for index in indexes {
            extents.insert(index, zeroed(Operation::Read).expect("there is memory"));
        }
    }

    fn dirty(extents: &mut Extents, index: u64) {
        let position = index * EXTENT_SIZE;
        extents.write(&Part::of(position, position + 1), &[7]);
    }

    #[test]
    fn a_range_falls_into_parts_at_the_borders_of_extents() {
        let parts: Vec<Part> = Part::all(EXTENT_SIZE - 2, 2 * EXTENT_SIZE + 1).collect();
        let expected = [(0, 65534, 2), (1, 0, 65536), (2, 0, 1)];
        assert_eq!(
            parts,
            expected.map(|(index, start, count)| Part {
                index,
                start,
                count
            })
        );
        assert_eq!(Part::all(5, 5).count(), 0);
    }

    #[test]
    fn clean_extents_are_bounded_and_dirty_ones_stay() {
        let mut extents = Extents::default();
        filled(&mut extents, 0..1);
        dirty(&mut extents, 0);
        filled(&mut extents, 1..CLEAN_MAX as u64 + 10);
        assert!(extents.contains(0), "dirty");
        assert!(!extents.contains(1), "used longest ago");
        assert_eq!(extents.by_index.len(), CLEAN_MAX + 1);
        extents.settled();
        assert!(!extents.contains(0), "clean now, and used longest ago");
        assert_eq!(extents.dirty_bytes(), 0);
    }

    #[test]
    fn dirty_extents_are_written_in_runs() {
        let mut extents = Extents::default();
        filled(&mut extents, 0..9);
        [1, 2, 3, 4, 6, 8]
            .iter()
            .for_each(|index| dirty(&mut extents, *index));
        assert_eq!(extents.dirty_runs(3), [1..4, 4..5, 6..7, 8..9]);
        assert_eq!(extents.dirty_bytes(), 6 * EXTENT_SIZE);
    }

    #[test]
    fn cutting_zeroes_the_rest_of_an_extent_and_drops_those_beyond() {
        let mut extents = Extents::default();
        filled(&mut extents, 0..3);
        [0, 1, 2]
            .iter()
            .for_each(|index| dirty(&mut extents, *index));
        extents.write(&Part::of(EXTENT_SIZE + 9, EXTENT_SIZE + 11), &[1, 2]);
        extents.cut(EXTENT_SIZE + 10);
        assert_eq!(extents.dirty_runs(9).len(), 1);
        assert!(!extents.contains(2));
        let kept = extents.get(1).expect("kept");
        assert_eq!(kept[8..12], [0, 1, 0, 0]);
        extents.cut(EXTENT_SIZE);
        assert!(extents.contains(0) && !extents.contains(1));
    }
}
