//! A file behind asynchronous handles: reads in extents through a bounded cache, writes gathered
//! until they are settled or synced.
//!
//! Made by `mod.rs` in every context that has no synchronous handles. Each read that misses the
//! cache and each replacement suspends.
//!
//! ```text
//! size        logical size, what SQLite sees
//! disk_size   size of the file on disk, as of the last replacement
//! disk_end    bytes below it may be read from disk; a truncation since then lowers it
//! extents     those in memory; dirty ones stay until the next replacement
//! ```
//!
//! To settle or sync is to make one replacement (`replacement.rs`), or nothing when the file is
//! clean. When it fails, the old content is on disk and the gathered writes stay in memory, so
//! that a later one can succeed. No more than `GATHERED_MAX` are gathered: then a replacement is
//! made at once, as an operating system writes back pages that nobody has synced.

use std::ops::Range;

use crate::counters;
use crate::error::{Operation, Result};
use crate::extents::{self, EXTENT_SIZE, Extents, Part, in_memory};
use crate::storage::File;

use super::disk::Disk;
use super::place::Place;
use super::replacement::Replacement;
use super::web::FileHandle;

/// The most that a sequential reader is read ahead, in extents: 1 MiB, from where on the time of a
/// read grows with its size.
const READ_AHEAD_MAX: u64 = 16;

/// Gathered bytes that make a replacement before it is asked for.
const GATHERED_MAX: u64 = 128 * 1024 * 1024;

/// An open file on asynchronous handles.
pub(super) struct AsyncFile {
    disk: Disk,
    place: Place,
    path: String,
    extents: Extents,
    size: u64,
    disk_size: u64,
    disk_end: u64,
    /// The extent after those read last, and how many were wanted.
    read_until: u64,
    read_ahead: u64,
}

impl AsyncFile {
    /// Looks at the file as it is now; suspends.
    pub(super) fn open(handle: FileHandle, place: Place, path: &str) -> Result<Self> {
        let (disk, size) = Disk::open(handle, path)?;
        Ok(Self {
            disk,
            place,
            path: path.to_owned(),
            extents: Extents::default(),
            size,
            disk_size: size,
            disk_end: size,
            read_until: 0,
            read_ahead: 1,
        })
    }

    /// Sees to it that an extent is in memory.
    fn fetch(&mut self, index: u64) -> Result<()> {
        if self.extents.contains(index) {
            return Ok(());
        }
        let run = self.run_to_read(index);
        let end = (run.end * EXTENT_SIZE).min(self.disk_end);
        let start = (index * EXTENT_SIZE).min(end);
        let read = self.disk.read(&(start..end))?;
        for index in run {
            let mut bytes = self.room(Operation::Read)?;
            let from = (index * EXTENT_SIZE).min(end) - start;
            let until = ((index + 1) * EXTENT_SIZE).min(end) - start;
            let part = read.subarray(in_js(from), in_js(until));
            part.copy_to(&mut bytes[..in_memory(until - from)]);
            self.extents.insert(index, bytes);
        }
        Ok(())
    }

    /// The extents to read for one that is missing: more of them each time that a reader goes on
    /// where the last read ended, and none that are in memory or beyond the end.
    fn run_to_read(&mut self, index: u64) -> Range<u64> {
        let goes_on = index == self.read_until;
        let more = (2 * self.read_ahead).min(READ_AHEAD_MAX);
        self.read_ahead = if goes_on { more } else { 1 };
        let on_disk = self.disk_end.div_ceil(EXTENT_SIZE);
        let next_known = self.extents.next_from(index + 1) / EXTENT_SIZE;
        let until = (index + self.read_ahead).min(on_disk).min(next_known);
        self.read_until = until.max(index + 1);
        index..self.read_until
    }

    /// Room for an extent; where there is none, clean extents and gathered writes give way.
    fn room(&mut self, operation: Operation) -> Result<Vec<u8>> {
        extents::zeroed(operation).or_else(|_| {
            self.settle()?;
            self.extents.evict(0);
            extents::zeroed(operation)
        })
    }

    /// As `fetch`, where nothing needs to be read because all of it is about to be written.
    fn fetch_to_write(&mut self, part: &Part) -> Result<()> {
        let start = part.index * EXTENT_SIZE;
        let stays = (start + EXTENT_SIZE).min(self.disk_end);
        let all = part.start == 0 && start + part.count as u64 >= stays;
        if self.extents.contains(part.index) || !all {
            return self.fetch(part.index);
        }
        let bytes = self.room(Operation::Write)?;
        self.extents.insert(part.index, bytes);
        Ok(())
    }

    fn is_clean(&self) -> bool {
        self.size == self.disk_size
            && self.disk_end == self.disk_size
            && self.extents.dirty_bytes() == 0
    }
}

impl File for AsyncFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        counters::read(buffer.len());
        let end = self.size.min(offset + buffer.len() as u64);
        let mut done = 0;
        for part in Part::all(offset, end) {
            self.fetch(part.index)?;
            self.extents
                .read(&part, &mut buffer[done..done + part.count]);
            done += part.count;
        }
        Ok(done)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        counters::written(data.len());
        if self.extents.dirty_bytes() >= GATHERED_MAX {
            self.settle()?;
        }
        let mut done = 0;
        for part in Part::all(offset, offset + data.len() as u64) {
            self.fetch_to_write(&part)?;
            self.extents.write(&part, &data[done..done + part.count]);
            done += part.count;
            self.size = self.size.max(offset + done as u64);
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        if size < self.size {
            if !size.is_multiple_of(EXTENT_SIZE) {
                self.fetch(size / EXTENT_SIZE)?;
            }
            self.extents.cut(size);
            self.disk_end = self.disk_end.min(size);
        }
        self.size = size;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        if self.is_clean() {
            return Ok(());
        }
        let replacement = Replacement {
            disk: &self.disk,
            place: &self.place,
            path: &self.path,
            extents: &self.extents,
            size: self.size,
            disk_size: self.disk_size,
            disk_end: self.disk_end,
        };
        let handle = replacement.make()?;
        counters::flushed();
        self.disk.replaced(handle);
        self.extents.settled();
        (self.disk_size, self.disk_end) = (self.size, self.size);
        Ok(())
    }

    /// No engine offers more for such a file.
    fn sync(&mut self) -> Result<()> {
        self.settle()
    }

    fn size(&mut self) -> Result<u64> {
        Ok(self.size)
    }

    /// What was written without a sync reaches the disk here, as it would with an ordinary file
    /// when its process ends.
    fn close(mut self: Box<Self>) -> Result<()> {
        self.settle()
    }
}

/// Lengths and positions within one read.
fn in_js(length: u64) -> u32 {
    u32::try_from(length).expect("at most READ_AHEAD_MAX extents")
}
