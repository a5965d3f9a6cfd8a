//! A file behind asynchronous handles: reads in extents through a bounded cache, writes gathered
//! until the next sync.
//!
//! Made by `mod.rs` in every context that has no synchronous handles. Each read that misses the
//! cache and each sync suspends.
//!
//! ```text
//! size       logical size, what SQLite sees
//! disk_size  size of the file on disk, as of the last sync
//! disk_end   bytes below it may be read from disk; a truncation since the last sync lowers it
//! extents    EXTENT_SIZE bytes each, by index; dirty ones stay until the next sync
//! sync       a new content takes the place of the old one, at once even if the browser is killed:
//!   Swap     createWritable(keepExistingData) ─ truncate? ─ write each dirty extent ─ close
//!            Chromium swaps at close: all of it or nothing
//!   Move     a private file ─ copy of the old content ─ write each dirty extent ─ close ─ move
//!            WebKit empties the file before it copies the staged content into it at close, so a
//!            kill there would lose what was synced before; a move replaces the name at once
//!   Guard    a second copy ─ as Swap ─ the copy removed
//!            Firefox may lose the file when it is killed during close; see guard.rs
//! ```

use std::collections::BTreeMap;

use js_sys::Uint8Array;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::storage::File;

use super::error::{sized, to_js};
use super::place::{self, Place, Replacement};
use super::web::{self, FileHandle, Snapshot, Writable};
use super::{await_as, wait};

/// One read of the browser costs about a millisecond, whatever its size up to here.
const EXTENT_SIZE: u64 = 64 * 1024;

/// Clean extents kept: 16 MiB.
const CLEAN_EXTENTS_MAX: usize = (16 * 1024 * 1024 / EXTENT_SIZE) as usize;

/// What a writable holds before the dirty extents are written to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// The file's own content.
    Keep,
    /// Nothing: the old content is copied to it.
    Copy,
}

/// Bytes of one extent, always `EXTENT_SIZE` of them; those beyond the file's size are zeros.
struct Extent {
    bytes: Vec<u8>,
    dirty: bool,
    used_at: u64,
}

/// An open file on asynchronous handles.
pub(super) struct AsyncFile {
    handle: FileHandle,
    place: Place,
    path: String,
    /// The content on disk; taken anew after each sync, since a write makes it stale.
    snapshot: Snapshot,
    extents: BTreeMap<u64, Extent>,
    size: u64,
    disk_size: u64,
    disk_end: u64,
    clock: u64,
}

impl AsyncFile {
    /// Looks at the file as it is now; suspends.
    pub(super) fn open(handle: FileHandle, place: Place, path: &str) -> Result<Self> {
        let snapshot: Snapshot = await_as(&handle.get_file(), Operation::Open, path)?;
        let size = sized(snapshot.size());
        let path = path.to_owned();
        let extents = BTreeMap::new();
        Ok(Self {
            handle,
            place,
            path,
            snapshot,
            extents,
            size,
            disk_size: size,
            disk_end: size,
            clock: 0,
        })
    }

    /// The extent, read from disk unless it is cached.
    fn extent(&mut self, index: u64) -> Result<&mut Extent> {
        if !self.extents.contains_key(&index) {
            let bytes = self.load(index)?;
            self.evict();
            self.extents.insert(
                index,
                Extent {
                    bytes,
                    dirty: false,
                    used_at: 0,
                },
            );
        }
        self.clock += 1;
        let extent = self.extents.get_mut(&index).expect("cached above");
        extent.used_at = self.clock;
        Ok(extent)
    }

    /// Reads an extent from disk, in the heap's time: nothing of Wasm's memory is lent meanwhile.
    fn load(&self, index: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; offset_in_memory(EXTENT_SIZE)];
        let start = index * EXTENT_SIZE;
        let end = (start + EXTENT_SIZE).min(self.disk_end);
        if start < end {
            let (from, to) = (self.to_js(start)?, self.to_js(end)?);
            let promise = self.snapshot.slice(from, to).array_buffer();
            let read = Uint8Array::new(&wait(&promise, Operation::Read, &self.path)?);
            let expected = offset_in_memory(end - start);
            if read.length() as usize != expected {
                let message = format!(
                    "read {} of {expected} B at {start} of {:?}",
                    read.length(),
                    self.path
                );
                return Err(VfsError::new(ErrorKind::Io, Operation::Read, message));
            }
            read.copy_to(&mut bytes[..expected]);
        }
        Ok(bytes)
    }

    /// Makes room for one more clean extent by dropping the one used longest ago.
    fn evict(&mut self) {
        let clean = || self.extents.iter().filter(|(_, extent)| !extent.dirty);
        if clean().count() < CLEAN_EXTENTS_MAX {
            return;
        }
        let oldest = clean()
            .min_by_key(|(_, extent)| extent.used_at)
            .map(|(index, _)| *index);
        oldest.and_then(|index| self.extents.remove(&index));
    }

    fn is_clean(&self) -> bool {
        self.size == self.disk_size
            && self.disk_end == self.disk_size
            && self.extents.values().all(|extent| !extent.dirty)
    }

    /// Everything since the last sync takes the place of what is on disk.
    fn write_out(&mut self) -> Result<()> {
        match &self.place.replacement {
            Replacement::Swap => self.stage(&self.handle, Begin::Keep, &[]),
            Replacement::Move(directory) => {
                let staged = place::stage_in(directory)?;
                self.stage(&staged, Begin::Copy, &[])?;
                self.handle = self.place.replace(&staged)?;
                Ok(())
            }
            Replacement::Guard(guard) => {
                self.stage(&guard.create()?, Begin::Copy, &guard.tail(self.size))?;
                self.stage(&self.handle, Begin::Keep, &[])?;
                guard.remove()
            }
        }
    }

    /// Writes the new content to `target`, and `tail` after it; after an error both files are as
    /// they were.
    fn stage(&self, target: &FileHandle, begin: Begin, tail: &[u8]) -> Result<()> {
        let options = web::writable_options(begin == Begin::Keep);
        let promise = target.create_writable(&options);
        let writable: Writable = await_as(&promise, Operation::Sync, &self.path)?;
        let begun = match begin {
            Begin::Keep => self.keep(&writable),
            Begin::Copy => self.copy(&writable),
        };
        if let Err(error) = begun.and_then(|()| self.fill(&writable, tail)) {
            return wait(&writable.abort(), Operation::Sync, &self.path).and(Err(error));
        }
        wait(&writable.close(), Operation::Sync, &self.path).map(drop)
    }

    /// The old content is there already; what was cut off since must not come back.
    fn keep(&self, writable: &Writable) -> Result<()> {
        if self.disk_end < self.disk_size {
            return self.set_size(writable, self.disk_end);
        }
        Ok(())
    }

    /// The old content, as far as it still counts, from file to file.
    fn copy(&self, writable: &Writable) -> Result<()> {
        if self.disk_end == 0 {
            return Ok(());
        }
        let old = self.snapshot.slice(0.0, self.to_js(self.disk_end)?);
        let promise = writable.write(&web::copy_params(&old));
        wait(&promise, Operation::Sync, &self.path).map(drop)
    }

    fn fill(&self, writable: &Writable, tail: &[u8]) -> Result<()> {
        for (index, extent) in self.extents.iter().filter(|(_, extent)| extent.dirty) {
            let start = index * EXTENT_SIZE;
            let count = offset_in_memory((self.size - start).min(EXTENT_SIZE));
            let params = web::write_params(self.to_js(start)?, &extent.bytes[..count]);
            wait(&writable.write(&params), Operation::Sync, &self.path)?;
        }
        self.set_size(writable, self.size)?;
        if tail.is_empty() {
            return Ok(());
        }
        let params = web::write_params(self.to_js(self.size)?, tail);
        wait(&writable.write(&params), Operation::Sync, &self.path).map(drop)
    }

    fn set_size(&self, writable: &Writable, size: u64) -> Result<()> {
        wait(
            &writable.truncate(self.to_js(size)?),
            Operation::Sync,
            &self.path,
        )
        .map(drop)
    }

    fn to_js(&self, position: u64) -> Result<f64> {
        to_js(position, Operation::Read, &self.path)
    }
}

impl File for AsyncFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let end = self.size.min(offset + buffer.len() as u64);
        let mut position = offset;
        while position < end {
            let part = part_of_extent(position, end);
            let done = offset_in_memory(position - offset);
            let extent = self.extent(part.index)?;
            buffer[done..done + part.count]
                .copy_from_slice(&extent.bytes[part.start..part.start + part.count]);
            position += part.count as u64;
        }
        Ok(offset_in_memory(end.saturating_sub(offset)))
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset + data.len() as u64;
        let mut position = offset;
        while position < end {
            let part = part_of_extent(position, end);
            let done = offset_in_memory(position - offset);
            let extent = self.extent(part.index)?;
            extent.bytes[part.start..part.start + part.count]
                .copy_from_slice(&data[done..done + part.count]);
            extent.dirty = true;
            position += part.count as u64;
            self.size = self.size.max(position);
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        if size < self.size {
            let part = part_of_extent(size, size + 1);
            if part.start > 0 {
                let kept = self.extent(part.index)?;
                kept.bytes[part.start..].fill(0);
                kept.dirty = true;
            }
            let first_beyond = size.div_ceil(EXTENT_SIZE);
            self.extents.split_off(&first_beyond);
            self.disk_end = self.disk_end.min(size);
        }
        self.size = size;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.sync()
    }

    fn sync(&mut self) -> Result<()> {
        if self.is_clean() {
            return Ok(());
        }
        self.write_out()?;
        self.snapshot = await_as(&self.handle.get_file(), Operation::Sync, &self.path)?;
        self.extents
            .values_mut()
            .for_each(|extent| extent.dirty = false);
        (self.disk_size, self.disk_end) = (self.size, self.size);
        Ok(())
    }

    fn size(&mut self) -> Result<u64> {
        Ok(self.size)
    }

    /// What was written without a sync reaches the disk here, as it would with an ordinary file
    /// when its process ends.
    fn close(mut self: Box<Self>) -> Result<()> {
        self.sync()
    }
}

/// The part of `[position, end)` that lies in one extent.
struct Part {
    index: u64,
    start: usize,
    count: usize,
}

fn part_of_extent(position: u64, end: u64) -> Part {
    let start = position % EXTENT_SIZE;
    let count = (end - position).min(EXTENT_SIZE - start);
    Part {
        index: position / EXTENT_SIZE,
        start: offset_in_memory(start),
        count: offset_in_memory(count),
    }
}

/// Lengths of parts of a buffer or an extent fit `usize`.
fn offset_in_memory(length: u64) -> usize {
    usize::try_from(length).expect("a part of a buffer in memory")
}
