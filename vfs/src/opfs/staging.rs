//! The private file that a content waits in before it is moved over the file it replaces, and what
//! becomes of it when the browser was killed meanwhile.
//!
//! Used by `async.rs` at a replacement, by `mod.rs` for a rename and before a database is opened.
//!
//! ```text
//! .anchorite/staged-<32 hex digits of the path>       the whole new content, nothing else
//!
//! replace  write and close the staged file ─ move it over the file
//! recover  file empty or missing, staged content there: it is moved now
//!          otherwise the file is whole, old or new, and the staged one is removed
//! ```
//!
//! A file is replaced in this way only while it has content. So when it is found empty or missing
//! beside a staged content, the move was under way, and the staged content was closed before it
//! began. A file that is emptied for good has no staged content beside it: see `AsyncFile`.

use crate::error::{ErrorKind, Operation, Result};
use crate::path::{self, SIDE_FILES};
use crate::storage::Creation;

use super::error::sized;
use super::web::{self, DirectoryHandle, FileHandle, Snapshot};
use super::{OpfsStorage, await_as, wait};

/// Where the next content of one file waits.
pub(super) struct Staging {
    directory: DirectoryHandle,
    name: String,
}

impl Staging {
    /// The place for what replaces the file `path`.
    pub(super) fn new(private: &DirectoryHandle, path: &str) -> Self {
        let (first, second) = (hash(path, 0), hash(path, 1));
        Self {
            directory: private.clone(),
            name: format!("staged-{first:016x}{second:016x}"),
        }
    }

    /// A file to write to; made if missing.
    pub(super) fn create(&self) -> Result<FileHandle> {
        let options = web::create_options(true);
        let made = || self.directory.get_file_handle(&self.name, &options);
        await_as(made, Operation::Sync, &self.name)
    }

    /// Moves a file here, over what was left behind.
    pub(super) fn take(&self, file: &FileHandle) -> Result<FileHandle> {
        let moved = || file.move_to(&self.directory, &self.name);
        wait(moved, Operation::Rename, &self.name)?;
        self.create()
    }

    /// Removes what was left behind, if anything was.
    pub(super) fn remove(&self) -> Result<()> {
        let removed = || self.directory.remove_entry(&self.name);
        match wait(removed, Operation::Sync, &self.name) {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn find(&self) -> Result<Option<FileHandle>> {
        let options = web::create_options(false);
        let there = || self.directory.get_file_handle(&self.name, &options);
        match await_as(there, Operation::Open, &self.name) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Before a database is opened by either kind of handle: gives back what a killed browser lost.
pub(super) fn recover(storage: &OpfsStorage, database: &str) -> Result<()> {
    let side_files = SIDE_FILES
        .iter()
        .map(|ending| format!("{database}{ending}"));
    for path in std::iter::once(database.to_owned()).chain(side_files) {
        recover_file(storage, &path)?;
    }
    Ok(())
}

fn recover_file(storage: &OpfsStorage, path: &str) -> Result<()> {
    let staging = Staging::new(&storage.private(), path);
    let Some(staged) = staging.find()? else {
        return Ok(());
    };
    let file = storage.create_file(path)?;
    if size(&file, path)? > 0 || size(&staged, path)? == 0 {
        return staging.remove();
    }
    let (segments, name) = path::split(path);
    let directory = storage.directory(&segments, Creation::IfMissing, Operation::Open)?;
    wait(|| staged.move_to(&directory, name), Operation::Open, path).map(drop)
}

/// A lost file may be gone with its name still there.
fn size(file: &FileHandle, path: &str) -> Result<u64> {
    match await_as::<Snapshot>(|| file.get_file(), Operation::Open, path) {
        Ok(content) => Ok(sized(content.size())),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// FNV-1a with two bases: names of different paths must differ, nothing more.
fn hash(path: &str, salt: u64) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    path.bytes().fold(BASIS ^ salt, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}
