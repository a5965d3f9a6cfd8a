//! A medium in memory that also remembers what each file held when it was last synced.
//!
//! Used by `twins`: synchronous handles show every write at once, asynchronous ones show a file as
//! of its last sync or close; the browser tests compare with the one or the other.

use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Creation, File, Guarantees, Ownership, Result, Sharing, Storage};

/// Two images of the same files; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Medium {
    /// With every write.
    pub(crate) written: MemoryStorage,
    /// As of the last sync or close of each file.
    pub(crate) synced: MemoryStorage,
}

impl Medium {
    fn copy(&self, path: &str) -> Result<()> {
        let bytes = self.written.bytes(path).unwrap_or_default();
        let mut image = self.synced.open(path, Creation::IfMissing)?;
        image.truncate(bytes.len() as u64)?;
        image.write(&bytes, 0)
    }
}

impl Storage for Medium {
    fn guarantees(&self) -> Guarantees {
        self.written.guarantees()
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let file = self.written.open(path, creation)?;
        self.synced.open(path, Creation::IfMissing)?;
        let (medium, path) = (self.clone(), path.to_owned());
        Ok(Box::new(MediumFile { file, medium, path }))
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.written.delete(path)?;
        self.synced.delete(path)
    }

    fn exists(&self, path: &str) -> Result<bool> {
        self.written.exists(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.written.rename(from, to)?;
        self.synced.rename(from, to)
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        self.written.list(below)
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        self.written.acquire(path)
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        self.written.share(path)
    }
}

struct MediumFile {
    file: Box<dyn File>,
    medium: Medium,
    path: String,
}

impl File for MediumFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read(buffer, offset)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.file.write(data, offset)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.file.truncate(size)
    }

    /// An asynchronous handle hands over what is written and what is synced alike.
    fn settle(&mut self) -> Result<()> {
        self.medium.copy(&self.path)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()?;
        self.medium.copy(&self.path)
    }

    fn size(&mut self) -> Result<u64> {
        self.file.size()
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.medium.copy(&self.path)?;
        self.file.close()
    }
}
