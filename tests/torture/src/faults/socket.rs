//! The storage below the VFS of the fault sweep: whichever disk is plugged in.
//!
//! Its VFS lets temporary files hold little memory, so that their way to the medium is swept too.

use std::cell::RefCell;
use std::rc::Rc;

use anchorite_vfs::sim::{Image, Medium, SimDisk};
use anchorite_vfs::{
    Creation, File, Guarantees, Options, Ownership, Result, Sharing, Storage, register,
};

/// The name of the VFS.
pub(crate) const VFS: &str = "faults";

/// Bytes that temporary files may hold in memory.
const TEMP_MEMORY: u64 = 64 * 1024;

/// A socket for disks of the default medium.
#[derive(Clone, Default)]
pub(crate) struct Socket {
    disk: Rc<RefCell<SimDisk>>,
}

impl Socket {
    /// Registers the VFS of this thread's tests under a name.
    pub(crate) fn register(name: &str) -> Result<Self> {
        let socket = Self::default();
        let options = Options {
            temp_memory: TEMP_MEMORY,
            ..Options::default()
        };
        register(name, Rc::new(socket.clone()), options)?;
        Ok(socket)
    }

    /// Plugs in a disk with these files, on which a failed sync may lose what it was for, or not.
    pub(crate) fn plug(&self, image: &Image, failed_sync_loses: bool) -> SimDisk {
        let mut medium = Medium::default();
        medium.guarantees.failed_sync_loses = failed_sync_loses;
        let disk = SimDisk::with_image(medium, image, true);
        self.disk.replace(disk.clone());
        disk
    }

    pub(crate) fn disk(&self) -> SimDisk {
        self.disk.borrow().clone()
    }
}

impl Storage for Socket {
    fn guarantees(&self) -> Guarantees {
        self.disk().guarantees()
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        self.disk().open(path, creation)
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.disk().delete(path)
    }

    fn exists(&self, path: &str) -> Result<bool> {
        self.disk().exists(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.disk().rename(from, to)
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        self.disk().list(below)
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        self.disk().acquire(path)
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        self.disk().share(path)
    }
}
