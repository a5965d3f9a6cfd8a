//! What a simulated disk remembers: the medium it plays, and each change in order.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::rc::Rc;

use foldhash::quality::FixedState;

use super::content::Content;
use crate::storage::Guarantees;

/// A file, whatever name it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// When the power fails, which changes of names may be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameLoss {
    /// A name is durable with the first sync of its file. Removals and renames are durable with
    /// the next sync of any file; until then each may be lost by itself.
    ///
    /// That is a journaling file system whose names are the files' own: a sync commits the
    /// journal, which holds every earlier change of names. Losing them one by one, out of order,
    /// is harsher than any journal.
    UntilFlush,
    /// Names live in a store of their own that is written in order and synced late: a sync of a
    /// file says nothing about its name. The youngest changes of at most `window_ms` may be lost,
    /// the last one first. Named exception: super-journals, whose names behave as above.
    ///
    /// That is an engine that keeps the names of OPFS in an append-only database without syncing
    /// it. An append-only log loses a suffix, never something from the middle.
    Late {
        /// How long a change of names may be lost, in ms.
        window_ms: u64,
    },
}

/// The disk that is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Medium {
    /// What it tells the VFS, and what it keeps.
    pub guarantees: Guarantees,
    /// What becomes of names.
    pub names: NameLoss,
    /// How far its clock goes on with each change, in ms.
    pub operation_ms: u64,
}

impl Default for Medium {
    fn default() -> Self {
        Self {
            guarantees: Guarantees {
                sector_size: 4096,
                powersafe_overwrite: true,
                failed_sync_loses: true,
            },
            names: NameLoss::UntilFlush,
            operation_ms: 1,
        }
    }
}

/// Files by name: what is on a disk that nobody uses.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The files.
    pub files: BTreeMap<String, Content>,
}

impl Image {
    /// A number that differs, as good as always, when names or bytes differ.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let files = self.files.iter().map(|(name, file)| (name, file.hash()));
        FixedState::with_seed(3).hash_one(files.collect::<Vec<_>>())
    }
}

/// A change of the disk.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new, empty file.
    Create {
        /// Its name.
        name: String,
        /// Its identity.
        node: NodeId,
    },
    /// A name goes; so does its file, which nobody has open.
    Remove {
        /// The name.
        name: String,
    },
    /// A file gets another name, and whoever had it goes.
    Rename {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Bytes are written.
    Write {
        /// To which file.
        node: NodeId,
        /// From where on.
        offset: u64,
        /// What.
        data: Rc<[u8]>,
    },
    /// A file gets another size.
    Truncate {
        /// Which file.
        node: NodeId,
        /// In bytes.
        size: u64,
    },
    /// A file is synced.
    Sync {
        /// Which file.
        node: NodeId,
    },
    /// A sync failed, and the file is again what it was at the last one.
    Revert {
        /// Which file.
        node: NodeId,
    },
}

/// A change and its time.
#[derive(Clone, Debug)]
pub struct Logged {
    /// What was done.
    pub change: Change,
    /// When, on the clock of the disk.
    pub at_ms: u64,
}

/// All that happened on a disk.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What kind of disk.
    pub medium: Medium,
    /// What was there before, durable; its files have the first numbers, in the order of names.
    pub base: Image,
    /// The changes in order.
    pub log: Vec<Logged>,
}
