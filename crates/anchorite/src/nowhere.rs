//! The file system before there is one: every file is refused, so that nothing lands in the memory
//! that sqlite-wasm-rs would offer, and is lost.
//!
//! Registered by `install.rs` when the module is loaded; the VFS over OPFS takes its place.

use anchorite_vfs::{
    Creation, ErrorKind, File, Guarantees, Operation, Ownership, Sharing, Storage, VfsError,
};

type Result<T> = std::result::Result<T, VfsError>;

#[derive(Debug)]
pub(crate) struct Nowhere;

fn refused<T>(operation: Operation, path: &str) -> Result<T> {
    let message = format!("{path:?}: there are no files yet");
    Err(VfsError::new(ErrorKind::CannotSuspend, operation, message))
}

impl Storage for Nowhere {
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            sector_size: 4096,
            powersafe_overwrite: false,
            failed_sync_loses: true,
        }
    }

    fn open(&self, path: &str, _creation: Creation) -> Result<Box<dyn File>> {
        refused(Operation::Open, path)
    }

    fn delete(&self, path: &str) -> Result<()> {
        refused(Operation::Delete, path)
    }

    fn exists(&self, path: &str) -> Result<bool> {
        refused(Operation::Exists, path)
    }

    fn rename(&self, from: &str, _to: &str) -> Result<()> {
        refused(Operation::Rename, from)
    }

    /// What is looked for before a database is opened.
    fn list(&self, _below: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        refused(Operation::Open, path)
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        refused(Operation::Open, path)
    }
}
