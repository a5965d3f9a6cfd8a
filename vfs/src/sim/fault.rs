//! What may go wrong with one operation of a simulated disk; the driver of a fault sweep decides.

use std::rc::Rc;

use crate::error::{ErrorKind, Operation};

/// An operation that is about to be done.
#[derive(Clone, Copy, Debug)]
pub struct OperationInfo<'a> {
    /// Counts every operation of the disk, reads and questions included, from 0.
    pub number: u64,
    /// What is to be done.
    pub operation: Operation,
    /// The file; empty for [`Operation::List`]. For a rename, the old name.
    pub path: &'a str,
    /// Where in the file; the new size for [`Operation::Truncate`].
    pub offset: u64,
    /// How many bytes.
    pub size: usize,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done and the medium reports an error of this kind. A handle is closed, and an
    /// ownership given back, even if doing so fails.
    Fail(ErrorKind),
    /// Half of the bytes are written, and the medium reports that it is full.
    ShortWrite,
    /// Half of the bytes are read, and the medium reports so.
    ShortRead,
    /// A sync fails, and what the file had not synced before is lost at once.
    SyncLoses,
}

/// Sees every operation of a disk before it is done; `None` lets it happen.
pub type Hook = Rc<dyn Fn(&OperationInfo<'_>) -> Option<Fault>>;
