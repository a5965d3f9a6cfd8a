//! A file behind a `FileSystemSyncAccessHandle`: the fast path, no suspension after opening.
//!
//! Made by `mod.rs` in dedicated workers. One plain import per call of SQLite.

use crate::counters;
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::storage::File;

use super::error::{from_js, sized, to_js};
use super::web::{self, AccessHandle, FileHandle, Position};

/// An open access handle.
#[derive(Debug)]
pub(super) struct SyncFile {
    handle: AccessHandle,
    /// One `{at}` object for all reads and writes.
    position: Position,
    path: String,
    /// Set where it must not be closed when its name is gone.
    name: Option<FileHandle>,
}

impl SyncFile {
    /// Opens the handle, which excludes all others, or shares the file with those that share it,
    /// too; suspends.
    pub(super) fn open(file: &FileHandle, path: &str, shares: bool) -> Result<Self> {
        let options = web::access_options(shares);
        let opened = || file.create_sync_access_handle(&options);
        let handle = super::await_as(opened, Operation::Open, path)?;
        Ok(Self {
            handle,
            position: web::position(),
            path: path.to_owned(),
            name: None,
        })
    }

    /// The same for a browser in which closing it never returns, and stops the whole context, when
    /// the storage was cleared meanwhile (Chromium 156). Then it is closed when the context ends.
    pub(super) fn look_before_closing(self, file: FileHandle) -> Self {
        let name = Some(file);
        Self { name, ..self }
    }

    fn has_lost_its_name(&self) -> bool {
        let Some(file) = &self.name else {
            return false;
        };
        let found = super::wait(|| file.get_file(), Operation::Close, &self.path);
        matches!(found, Err(error) if error.kind == ErrorKind::NotFound)
    }

    /// Whether others may have the file open as well.
    pub(super) fn is_shared(&self) -> bool {
        self.handle.mode().as_deref() == Some(web::SHARING)
    }

    fn seek(&self, offset: u64, operation: Operation) -> Result<()> {
        self.position.set_at(to_js(offset, operation, &self.path)?);
        Ok(())
    }
}

impl File for SyncFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        counters::read(buffer.len());
        self.seek(offset, Operation::Read)?;
        let count = self
            .handle
            .read_at(buffer, &self.position)
            .map_err(|error| from_js(&error, Operation::Read, &self.path))?;
        usize::try_from(sized(count))
            .ok()
            .filter(|count| *count <= buffer.len())
            .ok_or_else(|| {
                let message = format!("read of {:?} returned {count} bytes", self.path);
                VfsError::new(ErrorKind::Io, Operation::Read, message)
            })
    }

    /// At quota, engines throw, return a short count, or a count beyond the data: all mean full.
    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        counters::written(data.len());
        self.seek(offset, Operation::Write)?;
        let count = self
            .handle
            .write_at(data, &self.position)
            .map_err(|error| from_js(&error, Operation::Write, &self.path))?;
        if sized(count) == data.len() as u64 {
            return Ok(());
        }
        let message = format!(
            "wrote {count} of {} B at {offset} of {:?}",
            data.len(),
            self.path
        );
        Err(VfsError::new(ErrorKind::Full, Operation::Write, message))
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        let js_size = to_js(size, Operation::Truncate, &self.path)?;
        self.handle
            .set_size(js_size)
            .map_err(|error| from_js(&error, Operation::Truncate, &self.path))
    }

    /// A write has reached the operating system when it returns.
    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        counters::flushed();
        self.handle
            .flush()
            .map_err(|error| from_js(&error, Operation::Sync, &self.path))
    }

    fn size(&mut self) -> Result<u64> {
        let size = self.handle.get_size();
        let size = size.map_err(|error| from_js(&error, Operation::Size, &self.path))?;
        Ok(sized(size))
    }

    /// In some browsers it suspends.
    fn close(self: Box<Self>) -> Result<()> {
        if self.has_lost_its_name() {
            let message = format!(
                "{:?} was removed while it was open, as when the storage is cleared",
                self.path
            );
            Box::leak(self);
            return Err(VfsError::new(ErrorKind::Io, Operation::Close, message));
        }
        self.handle
            .close_handle()
            .map_err(|error| from_js(&error, Operation::Close, &self.path))
    }
}
