//! The storage that the one registered VFS works on: whichever disk is plugged in.
//!
//! Also the place of the two mutants that lie about the medium.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anchorite_vfs::sim::{Image, Medium, SimDisk};
use anchorite_vfs::{
    Creation, File, Guarantees, Options, Ownership, Result, Sharing, Storage, register,
};

use crate::reseal::Resealed;

/// A lie about the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Whatever lies in a WAL reads as if its checksums were right.
    WalChecksumUnchecked,
    /// Powersafe overwrite is claimed and not kept.
    PowersafeClaimedWrongly,
}

/// A socket for disks.
#[derive(Clone, Default)]
pub(crate) struct Switch {
    disk: Rc<RefCell<SimDisk>>,
    lie: Rc<Cell<Option<Lie>>>,
    /// What the VFS was told when it was registered.
    claims_powersafe: bool,
}

/// The names under which SQLite knows the two VFSes: a VFS asks once what its medium guarantees.
const NAMES: [(&str, bool); 2] = [("torture", false), ("torture-psow", true)];

impl Switch {
    /// Registers the VFSes of this process.
    pub(crate) fn register() -> Result<Self> {
        let switch = Self::default();
        let options = Options {
            default: true,
            ..Options::default()
        };
        for (name, claims_powersafe) in NAMES {
            let socket = Self {
                claims_powersafe,
                ..switch.clone()
            };
            register(name, Rc::new(socket), options)?;
        }
        Ok(switch)
    }

    /// The VFS that makes the right claim for the disk that is plugged in, or lies.
    pub(crate) fn vfs(&self) -> &'static str {
        let powersafe = self.disk().guarantees().powersafe_overwrite;
        let lies = self.lie.get() == Some(Lie::PowersafeClaimedWrongly);
        let (name, _) = NAMES[usize::from(powersafe || lies)];
        name
    }

    /// From now on the VFS works on this disk.
    pub(crate) fn plug(&self, disk: &SimDisk) {
        self.disk.replace(disk.clone());
    }

    /// Plugs in a disk with these files.
    pub(crate) fn plug_image(&self, medium: Medium, image: &Image, logging: bool) -> SimDisk {
        let disk = SimDisk::with_image(medium, image, logging);
        self.plug(&disk);
        disk
    }

    pub(crate) fn lie(&self, lie: Option<Lie>) {
        self.lie.set(lie);
    }

    fn disk(&self) -> SimDisk {
        self.disk.borrow().clone()
    }
}

impl Storage for Switch {
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            powersafe_overwrite: self.claims_powersafe,
            ..self.disk().guarantees()
        }
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let file = self.disk().open(path, creation)?;
        if self.lie.get() == Some(Lie::WalChecksumUnchecked) && path.ends_with("-wal") {
            return Ok(Box::new(Resealed::new(file)));
        }
        Ok(file)
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
