//! The seam: what SQLite needs of a medium, and nothing more.
//!
//! `database.rs` and `opened.rs` call it for SQLite, `files.rs` for import, list and delete.
//! An implementation must not know SQLite, and is ordinary synchronous code: where the medium
//! answers with a promise, the implementation suspends (`suspend.rs`) and the caller never notices.
//! There are no optional methods and no default bodies: a promise is kept or it is an error.
//!
//! Paths are relative, with `/` between directories (`path.rs`).
//! Offsets and sizes are bytes in `u64`.

use crate::error::Result;
use crate::sharing::Sharing;

/// What to do when the file to open is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// Fail with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
    Never,
    /// Make an empty file, and the directories above it.
    IfMissing,
}

/// What a medium promises of writes that were not synced when the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarantees {
    /// Bytes that may be damaged together: a multiple of 512.
    pub sector_size: u32,
    /// A write damages no byte outside its range, even if the power fails while it is under way.
    pub powersafe_overwrite: bool,
    /// A sync that fails may have lost what was written since the last one that did not, also for
    /// those who read it; otherwise it can be tried again.
    pub failed_sync_loses: bool,
}

/// A medium: a flat or nested set of named files.
pub trait Storage {
    /// What may be relied on; the reasons are in docs/durability.md.
    fn guarantees(&self) -> Guarantees;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` as [`Creation`] says; `Busy` where another handle excludes ours.
    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>>;

    /// Removes a file; no handle of ours may be open on it.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn delete(&self, path: &str) -> Result<()>;

    /// Whether a file is there.
    ///
    /// # Errors
    /// Only when the medium cannot tell.
    fn exists(&self, path: &str) -> Result<bool>;

    /// Gives a file another name, replacing a file that has it; neither may be open.
    ///
    /// # Errors
    /// `NotFound` if there is no file `from`.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// The paths of all files below a directory (`""` is the root), in no particular order; none
    /// if there is no such directory.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn list(&self, below: &str) -> Result<Vec<String>>;

    /// Becomes the one owner of a database, before any of its files is opened.
    ///
    /// # Errors
    /// `Busy` at once if there is another owner: waiting is the caller's business.
    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>>;

    /// Takes part in the use of a database by several contexts, before any of its files is opened.
    ///
    /// # Errors
    /// `Unavailable` where a file that is open here cannot be open elsewhere.
    fn share(&self, path: &str) -> Result<Box<dyn Sharing>>;
}

/// An open file. After an error the content between the last [`sync`](File::sync) and now is
/// undefined, as with any file system.
pub trait File {
    /// Fills `buffer` from `offset` on; returns how many bytes there were before the end of file.
    ///
    /// # Errors
    /// When the medium fails; a read past the end is no error.
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes all of `data` at `offset`, growing the file if need be; a gap reads as zeros.
    ///
    /// # Errors
    /// `Full` when not all of it could be written.
    fn write(&mut self, data: &[u8], offset: u64) -> Result<()>;

    /// Sets the size in bytes, cutting off or adding zeros.
    ///
    /// # Errors
    /// `Full` when it cannot grow.
    fn truncate(&mut self, size: u64) -> Result<()>;

    /// Returns once everything written before would survive the end of this context: a reload, a
    /// terminated worker, a killed browser. Nothing is promised about a loss of power.
    ///
    /// # Errors
    /// As for [`sync`](Self::sync).
    fn settle(&mut self) -> Result<()>;

    /// Returns once everything written before is as durable as the medium can make it.
    ///
    /// # Errors
    /// When the medium fails: then nothing since the last success may be taken as durable.
    fn sync(&mut self) -> Result<()>;

    /// The size in bytes, including what was not synced yet.
    ///
    /// # Errors
    /// When the medium fails.
    fn size(&mut self) -> Result<u64>;

    /// Gives the handle back. Nothing that was not synced becomes durable by closing.
    ///
    /// # Errors
    /// When the medium fails; the handle is gone all the same.
    fn close(self: Box<Self>) -> Result<()>;
}

/// The right to a database, from [`Storage::acquire`] on.
pub trait Ownership {
    /// Gives it up; returns once another context can have it.
    ///
    /// # Errors
    /// When the medium fails.
    fn release(self: Box<Self>) -> Result<()>;
}
