//! The bytes of a simulated file: sparse, and copied only where two copies differ.
//!
//! Used by the disk and by the crash images. A hole reads as zeros, so that a file beyond 4 GiB
//! costs what was written to it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::rc::Rc;

use foldhash::quality::FixedState;

const BLOCK_SIZE: usize = 4096;
const BLOCK: u64 = BLOCK_SIZE as u64;

/// Bytes of a file.
#[derive(Clone, Debug, Default)]
pub struct Content {
    size: u64,
    blocks: Rc<BTreeMap<u64, Rc<Block>>>,
}

#[derive(Clone, Debug)]
struct Block {
    bytes: [u8; BLOCK_SIZE],
    /// Computed once; `Some(0)` for a block of zeros, which counts like a hole.
    hash: Cell<Option<u64>>,
}

/// A part of a range that lies within one block.
struct Part {
    block: u64,
    /// Within the block.
    start: usize,
    /// Within the caller's buffer.
    from: usize,
    size: usize,
}

fn within_block(at: u64) -> usize {
    usize::try_from(at % BLOCK).expect("below the size of a block")
}

/// Cuts `size` bytes at `offset` at the borders of blocks.
fn parts(offset: u64, size: usize) -> impl Iterator<Item = Part> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from == size {
            return None;
        }
        let at = offset + from as u64;
        let start = within_block(at);
        let part = Part {
            block: at / BLOCK,
            start,
            from,
            size: (size - from).min(BLOCK_SIZE - start),
        };
        from += part.size;
        Some(part)
    })
}

impl Block {
    fn zeros() -> Self {
        Self {
            bytes: [0; BLOCK_SIZE],
            hash: Cell::new(None),
        }
    }

    fn hash(&self) -> u64 {
        if let Some(hash) = self.hash.get() {
            return hash;
        }
        let hash = match self.bytes.iter().all(|byte| *byte == 0) {
            true => 0,
            false => FixedState::with_seed(1).hash_one(self.bytes),
        };
        self.hash.set(Some(hash));
        hash
    }
}

impl Content {
    /// A file with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut content = Self::default();
        content.write(bytes, 0);
        content
    }

    /// In bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All bytes; for small files.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let mut bytes = vec![0; size];
        self.read(&mut bytes, 0);
        bytes
    }

    /// Copies what there is from `offset` on; returns how many bytes that were.
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let left = self.size.saturating_sub(offset);
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        for part in parts(offset, count) {
            let target = &mut buffer[part.from..part.from + part.size];
            match self.blocks.get(&part.block) {
                Some(block) => target.copy_from_slice(&block.bytes[part.start..][..part.size]),
                None => target.fill(0),
            }
        }
        count
    }

    /// Puts `data` at `offset`; a gap before it reads as zeros.
    pub fn write(&mut self, data: &[u8], offset: u64) {
        self.change(offset, data.len(), |target, from| {
            target.copy_from_slice(&data[from..from + target.len()]);
        });
        self.size = self.size.max(offset + data.len() as u64);
    }

    /// Lets `edit` change a range in place; bytes beyond the size stay zeros.
    pub(super) fn damage(&mut self, start: u64, end: u64, mut edit: impl FnMut(&mut [u8])) {
        let end = end.min(self.size);
        let size = usize::try_from(end.saturating_sub(start)).expect("the range of one write");
        self.change(start, size, |target, _| edit(target));
    }

    fn change(&mut self, offset: u64, size: usize, mut edit: impl FnMut(&mut [u8], usize)) {
        let blocks = Rc::make_mut(&mut self.blocks);
        for part in parts(offset, size) {
            let block = blocks
                .entry(part.block)
                .or_insert_with(|| Rc::new(Block::zeros()));
            let block = Rc::make_mut(block);
            block.hash.set(None);
            edit(&mut block.bytes[part.start..][..part.size], part.from);
        }
    }

    /// Cuts off, or grows with zeros.
    pub fn truncate(&mut self, size: u64) {
        if size < self.size {
            let blocks = Rc::make_mut(&mut self.blocks);
            drop(blocks.split_off(&size.div_ceil(BLOCK)));
            let tail = within_block(size);
            if tail > 0
                && let Some(block) = blocks.get_mut(&(size / BLOCK))
            {
                let block = Rc::make_mut(block);
                block.hash.set(None);
                block.bytes[tail..].fill(0);
            }
        }
        self.size = size;
    }

    /// A number that differs, as good as always, when the bytes differ.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let blocks = self
            .blocks
            .iter()
            .map(|(index, block)| (*index, block.hash()));
        let filled: Vec<_> = blocks.filter(|(_, hash)| *hash != 0).collect();
        FixedState::with_seed(2).hash_one((self.size, filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_four_gib_are_kept_and_holes_are_zeros() {
        let mut content = Content::default();
        let far = (1 << 33) + 4090;
        content.write(b"twelve bytes", far);
        assert_eq!(content.size(), far + 12);
        let mut bytes = [9; 20];
        assert_eq!(content.read(&mut bytes, far - 4), 16);
        assert_eq!(&bytes[..16], b"\0\0\0\0twelve bytes");
        assert_eq!(content.blocks.len(), 2);
    }

    #[test]
    fn what_was_cut_off_is_zeros_when_the_file_grows_again() {
        let mut content = Content::from_bytes(&[7; 10_000]);
        content.truncate(5000);
        content.truncate(6000);
        assert_eq!(content.to_vec(), [vec![7; 5000], vec![0; 1000]].concat());
    }

    #[test]
    fn copies_do_not_see_each_other_and_equal_bytes_have_equal_hashes() {
        let first = Content::from_bytes(&[1; 5000]);
        let mut second = first.clone();
        second.write(&[2], 4999);
        assert_ne!(first.hash(), second.hash());
        second.write(&[1], 4999);
        assert_eq!(first.hash(), second.hash());
        let mut grown = Content::default();
        grown.truncate(9000);
        assert_eq!(grown.hash(), Content::from_bytes(&[0; 9000]).hash());
    }
}
