//! What lies on disk under an asynchronous handle, read in ranges.
//!
//! Used by `async.rs` for reads and by `replacement.rs` for what stays. Each read suspends.

use std::cell::RefCell;
use std::ops::Range;

use js_sys::Uint8Array;

use crate::error::{ErrorKind, Operation, Result, VfsError};

use super::error::{sized, to_js};
use super::web::{FileHandle, Snapshot};
use super::{await_as, wait};

/// A file on disk.
pub(super) struct Disk {
    pub(super) handle: FileHandle,
    path: String,
    /// A look at the content; a replacement makes it stale, and then it is taken anew.
    snapshot: RefCell<Option<Snapshot>>,
}

impl Disk {
    /// The file as it is now, and its size; suspends.
    pub(super) fn open(handle: FileHandle, path: &str) -> Result<(Self, u64)> {
        let snapshot: Snapshot = await_as(|| handle.get_file(), Operation::Open, path)?;
        let size = sized(snapshot.size());
        let disk = Self {
            handle,
            path: path.to_owned(),
            snapshot: RefCell::new(Some(snapshot)),
        };
        Ok((disk, size))
    }

    /// Its content has been replaced, and can be reached by `handle` from now on.
    pub(super) fn replaced(&mut self, handle: Option<FileHandle>) {
        self.snapshot = RefCell::new(None);
        if let Some(handle) = handle {
            self.handle = handle;
        }
    }

    /// Reads a range that is there. A look that has become stale is taken anew, once.
    pub(super) fn read(&self, range: &Range<u64>) -> Result<Uint8Array> {
        if range.is_empty() {
            return Ok(Uint8Array::new_with_length(0));
        }
        let known = self.snapshot.borrow().clone();
        if let Some(snapshot) = known
            && let Ok(bytes) = self.slice(&snapshot, range)
        {
            return Ok(bytes);
        }
        let snapshot: Snapshot = await_as(|| self.handle.get_file(), Operation::Read, &self.path)?;
        *self.snapshot.borrow_mut() = Some(snapshot.clone());
        self.slice(&snapshot, range)
    }

    fn slice(&self, snapshot: &Snapshot, range: &Range<u64>) -> Result<Uint8Array> {
        let position = |at: u64| to_js(at, Operation::Read, &self.path);
        let slice = snapshot.slice(position(range.start)?, position(range.end)?);
        let bytes = wait(|| slice.array_buffer(), Operation::Read, &self.path)?;
        let bytes = Uint8Array::new(&bytes);
        let expected = range.end - range.start;
        if u64::from(bytes.length()) == expected {
            return Ok(bytes);
        }
        let (length, start) = (bytes.length(), range.start);
        let path = &self.path;
        let message = format!("read {length} of {expected} B at {start} of {path:?}");
        Err(VfsError::new(ErrorKind::Io, Operation::Read, message))
    }
}
