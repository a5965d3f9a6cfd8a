//! Files in memory: temporary files everywhere, and a whole medium for native tests.
//!
//! Used by `database.rs` in place of side files that a reader does not make, and by tests as a
//! [`Storage`].

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::path;
use crate::sharing::{Sharing, cannot_share};
use crate::storage::{Creation, File, Guarantees, Ownership, Storage};

type Content = Rc<RefCell<Vec<u8>>>;

/// A medium in memory; clones share their files.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    files: Rc<RefCell<BTreeMap<String, Content>>>,
    owned: Rc<RefCell<BTreeSet<String>>>,
}

impl MemoryStorage {
    /// A copy of a file's bytes, if it is there.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.files
            .borrow()
            .get(path)
            .map(|content| content.borrow().clone())
    }
}

impl Storage for MemoryStorage {
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            sector_size: 4096,
            powersafe_overwrite: true,
            failed_sync_loses: false,
        }
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let mut files = self.files.borrow_mut();
        let content = match (files.get(path), creation) {
            (Some(content), _) => content.clone(),
            (None, Creation::IfMissing) => files.entry(path.to_owned()).or_default().clone(),
            (None, Creation::Never) => return Err(not_found(Operation::Open, path)),
        };
        Ok(Box::new(MemoryFile { content }))
    }

    fn delete(&self, path: &str) -> Result<()> {
        let removed = self.files.borrow_mut().remove(path);
        removed
            .map(drop)
            .ok_or_else(|| not_found(Operation::Delete, path))
    }

    fn exists(&self, path: &str) -> Result<bool> {
        Ok(self.files.borrow().contains_key(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut files = self.files.borrow_mut();
        let content = files
            .remove(from)
            .ok_or_else(|| not_found(Operation::Rename, from))?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        let files = self.files.borrow();
        Ok(files
            .keys()
            .filter(|path| path::is_below(path, below))
            .cloned()
            .collect())
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        if !self.owned.borrow_mut().insert(path.to_owned()) {
            let message = format!("{path:?} has another owner");
            return Err(VfsError::new(ErrorKind::Busy, Operation::Lock, message));
        }
        Ok(Box::new(MemoryOwnership {
            owned: self.owned.clone(),
            path: path.to_owned(),
        }))
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        Err(cannot_share(path))
    }
}

fn not_found(operation: Operation, path: &str) -> VfsError {
    VfsError::new(
        ErrorKind::NotFound,
        operation,
        format!("there is no file {path:?}"),
    )
}

#[derive(Debug)]
struct MemoryOwnership {
    owned: Rc<RefCell<BTreeSet<String>>>,
    path: String,
}

impl Ownership for MemoryOwnership {
    fn release(self: Box<Self>) -> Result<()> {
        self.owned.borrow_mut().remove(&self.path);
        Ok(())
    }
}

/// One open file in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryFile {
    content: Content,
}

/// Offsets of files in memory fit `usize`, or there would not be the memory to hold them.
fn index(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| {
        let message = format!("offset {offset} is beyond the address space");
        VfsError::new(ErrorKind::Full, Operation::Write, message)
    })
}

impl MemoryFile {
    fn resize(&mut self, size: u64, operation: Operation) -> Result<()> {
        let mut content = self.content.borrow_mut();
        let size = index(size)?;
        let more = size.saturating_sub(content.len());
        content.try_reserve(more).map_err(|error| {
            let message = format!("no memory for a file of {size} B: {error}");
            VfsError::new(ErrorKind::NoMemory, operation, message)
        })?;
        content.resize(size, 0);
        Ok(())
    }
}

impl File for MemoryFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let content = self.content.borrow();
        let start = index(offset)?.min(content.len());
        let count = buffer.len().min(content.len() - start);
        buffer[..count].copy_from_slice(&content[start..start + count]);
        Ok(count)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset + data.len() as u64;
        if self.size()? < end {
            self.resize(end, Operation::Write)?;
        }
        let start = index(offset)?;
        self.content.borrow_mut()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.resize(size, Operation::Truncate)
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn size(&mut self) -> Result<u64> {
        Ok(self.content.borrow().len() as u64)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
