//! One replacement of an asynchronous file: the old content and what was written since become the
//! new content.
//!
//! Called by `async.rs` when a file is settled or synced. All of it suspends.
//!
//! ```text
//! no old content, or none any more    the file's own writable ─ write it ─ close
//! in place (Chromium)                 the file's own writable with the old content
//!                                       ─ truncate? ─ write each run of dirty extents ─ close
//! by a move (Firefox, WebKit)         a staged file's writable ─ write all ─ close ─ move
//! ```
//!
//! An error leaves the old content where it was. (After a move that failed, the staged file stays:
//! should the move have lost the old content, the next open finds the new one there.)

use std::ops::Range;

use js_sys::{Promise, Uint8Array};

use crate::error::{Operation, Result};
use crate::extents::{EXTENT_SIZE, Extents, Part};

use super::disk::Disk;
use super::error::to_js;
use super::place::Place;
use super::staging::Staging;
use super::web::{self, FileHandle, Writable};
use super::{await_as, patiently, wait};

/// The most that is written at once, in extents: 4 MiB, all of an ordinary WAL.
const WRITE_MAX: u64 = 64;

/// The new content of a file.
pub(super) struct Replacement<'file> {
    pub(super) disk: &'file Disk,
    pub(super) place: &'file Place,
    pub(super) path: &'file str,
    pub(super) extents: &'file Extents,
    pub(super) size: u64,
    pub(super) disk_size: u64,
    pub(super) disk_end: u64,
}

impl Replacement<'_> {
    /// Puts the new content in place; the handle to reach it by, if that is another one now.
    pub(super) fn make(&self) -> Result<Option<FileHandle>> {
        match &self.place.staging {
            Some(staging) if self.disk_size > 0 && self.size > 0 => self.stage(staging).map(Some),
            Some(staging) if self.size == 0 => {
                // Nothing may lie there that would be taken for the lost content of this file.
                staging.remove()?;
                self.write_to(&self.disk.handle, false).map(|()| None)
            }
            _ => self
                .write_to(&self.disk.handle, self.disk_end > 0)
                .map(|()| None),
        }
    }

    fn stage(&self, staging: &Staging) -> Result<FileHandle> {
        let staged = staging.create()?;
        if let Err(error) = self.write_to(&staged, false) {
            // What remains after this fails too is removed at the next open.
            drop(staging.remove());
            return Err(error);
        }
        self.place.replace(&staged)
    }

    /// Writes over the old content if it is `kept` there, else all of the new one.
    fn write_to(&self, target: &FileHandle, kept: bool) -> Result<()> {
        let options = web::writable_options(kept);
        let writable: Writable = patiently(|| {
            let opened = || target.create_writable(&options);
            await_as(opened, Operation::Sync, self.path)
        })?;
        let written = match kept {
            true => self.write_changes(&writable),
            false => self.write_all(&writable),
        };
        let closed = written.and_then(|()| self.finish(&writable.close()));
        if closed.is_err() {
            // Without a close nothing of it counts, whether or not this succeeds.
            drop(self.finish(&writable.abort()));
        }
        closed
    }

    /// What was cut off since the last replacement must not come back.
    fn write_changes(&self, writable: &Writable) -> Result<()> {
        if self.disk_end < self.disk_size {
            self.finish(&writable.truncate(self.to_js(self.disk_end)?))?;
        }
        let mut end = self.disk_end;
        for run in self.extents.dirty_runs(WRITE_MAX) {
            let range = run.start * EXTENT_SIZE..(run.end * EXTENT_SIZE).min(self.size);
            end = end.max(range.end);
            self.write(writable, &range)?;
        }
        self.set_size(writable, end)
    }

    fn write_all(&self, writable: &Writable) -> Result<()> {
        let end = self.disk_end.max(self.extents.dirty_end().min(self.size));
        let mut position = 0;
        while position < end {
            let next = (position + WRITE_MAX * EXTENT_SIZE).min(end);
            self.write(writable, &(position..next))?;
            position = next;
        }
        self.set_size(writable, end)
    }

    /// What is missing beyond the bytes written are zeros.
    fn set_size(&self, writable: &Writable, written: u64) -> Result<()> {
        if written == self.size {
            return Ok(());
        }
        self.finish(&writable.truncate(self.to_js(self.size)?))
    }

    fn write(&self, writable: &Writable, range: &Range<u64>) -> Result<()> {
        let bytes = self.gather(range)?;
        let params = web::write_params(self.to_js(range.start)?, &bytes);
        self.finish(&writable.write(&params))
    }

    /// The bytes of a range, outside Wasm's memory: there need not be room for them in it.
    fn gather(&self, range: &Range<u64>) -> Result<Uint8Array> {
        let bytes = Uint8Array::new_with_length(in_js(range.end - range.start));
        let mut position = range.start;
        while position < range.end {
            let at = in_js(position - range.start);
            let part = Part::of(position, range.end);
            position = match self.extents.get(part.index) {
                Some(extent) => {
                    let from = &extent[part.start..part.start + part.count];
                    let until = at + in_js(from.len() as u64);
                    bytes.subarray(at, until).copy_from(from);
                    position + from.len() as u64
                }
                None => {
                    let end = self.extents.next_from(part.index).min(range.end);
                    let stays = position..end.min(self.disk_end).max(position);
                    bytes.set(&self.disk.read(&stays)?.into(), at);
                    end
                }
            };
        }
        Ok(bytes)
    }

    fn finish(&self, promise: &Promise) -> Result<()> {
        wait(|| promise.clone(), Operation::Sync, self.path).map(drop)
    }

    fn to_js(&self, position: u64) -> Result<f64> {
        to_js(position, Operation::Sync, self.path)
    }
}

/// Lengths and positions within one write.
fn in_js(length: u64) -> u32 {
    u32::try_from(length).expect("at most WRITE_MAX extents")
}
