//! A second copy of what an asynchronous handle is about to replace, for engines that may lose the
//! file when they are killed meanwhile (Firefox 153: it was empty or gone after such kills).
//!
//! Used by `async.rs` at each sync and by `mod.rs` before a database is opened.
//!
//! ```text
//! .anchorite/guard-<32 hex digits of the path>
//!   content            what the file shall hold
//!   path               UTF-8
//!   content size       8 bytes, little-endian
//!   path size          8 bytes, little-endian
//!   "ANCHORGD"         8 bytes; there only if all before it is
//!
//! sync     write the guard ─ replace the file ─ remove the guard
//! recover  guard complete, file empty or missing: the file gets the guard's content
//!          otherwise the file is whole, old or new, and the guard is removed
//! ```
//!
//! A guard that is out of date cannot lie beside an empty file: it is removed before the sync
//! returns that wrote it, and so before anything could empty the file.

use js_sys::Uint8Array;

use crate::error::{ErrorKind, Operation, Result};
use crate::path::{PRIVATE_DIRECTORY, SIDE_FILES};

use super::error::sized;
use super::web::{self, DirectoryHandle, FileHandle, Snapshot, Writable};
use super::{OpfsStorage, await_as, wait};

const MARK: &[u8; 8] = b"ANCHORGD";

/// The fixed part at the end: two sizes and the mark.
const TAIL_SIZE: u64 = 8 + 8 + MARK.len() as u64;

/// Where the guard of one file lies.
#[derive(Debug)]
pub(super) struct Guard {
    directory: DirectoryHandle,
    name: String,
    path: String,
}

impl Guard {
    /// The guard's place for the file `path`; suspends.
    pub(super) fn new(root: &DirectoryHandle, path: &str) -> Result<Self> {
        let promise = root.get_directory_handle(PRIVATE_DIRECTORY, &web::create_options(true));
        let directory = await_as(&promise, Operation::Open, PRIVATE_DIRECTORY)?;
        let (first, second) = (hash(path, 0), hash(path, 1));
        let name = format!("guard-{first:016x}{second:016x}");
        let path = path.to_owned();
        Ok(Self {
            directory,
            name,
            path,
        })
    }

    /// An empty guard to write to.
    pub(super) fn create(&self) -> Result<FileHandle> {
        let promise = self
            .directory
            .get_file_handle(&self.name, &web::create_options(true));
        await_as(&promise, Operation::Sync, &self.name)
    }

    /// What follows a content of `size` bytes.
    pub(super) fn tail(&self, size: u64) -> Vec<u8> {
        let path_size = self.path.len() as u64;
        let mut tail = self.path.as_bytes().to_vec();
        tail.extend(size.to_le_bytes());
        tail.extend(path_size.to_le_bytes());
        tail.extend(MARK);
        tail
    }

    /// Takes the guard away, once the file is whole.
    pub(super) fn remove(&self) -> Result<()> {
        wait(
            &self.directory.remove_entry(&self.name),
            Operation::Sync,
            &self.name,
        )
        .map(drop)
    }

    /// The guard's file, if there is one.
    fn find(&self) -> Result<Option<Snapshot>> {
        let promise = self
            .directory
            .get_file_handle(&self.name, &web::create_options(false));
        match await_as::<FileHandle>(&promise, Operation::Open, &self.name) {
            Ok(file) => await_as(&file.get_file(), Operation::Open, &self.name).map(Some),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content that a guard holds, if it is complete and of this path.
    fn content(&self, guard: &Snapshot) -> Result<Option<Snapshot>> {
        let size = sized(guard.size());
        let Some(content_size) = size.checked_sub(TAIL_SIZE + self.path.len() as u64) else {
            return Ok(None);
        };
        let expected = self.tail(content_size);
        #[expect(
            clippy::cast_precision_loss,
            reason = "sizes the browser gave, below 2^53"
        )]
        let (start, end) = (content_size as f64, size as f64);
        let promise = guard.slice(start, end).array_buffer();
        let found = Uint8Array::new(&wait(&promise, Operation::Open, &self.name)?).to_vec();
        Ok((found == expected).then(|| guard.slice(0.0, start)))
    }
}

/// Whether an engine may need guards: all but Chromium, which alone has `remove`. (In WebKit files
/// are moved into place instead, see `place.rs`.)
pub(super) fn is_needed(root: &DirectoryHandle) -> bool {
    root.remove_method().is_none()
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
    let guard = Guard::new(&storage.root(), path)?;
    let Some(found) = guard.find()? else {
        return Ok(());
    };
    if let Some(content) = guard.content(&found)? {
        let file = storage.create_file(path)?;
        let current: Snapshot = await_as(&file.get_file(), Operation::Open, path)?;
        if current.size() == 0.0 && content.size() > 0.0 {
            write(&file, &content, path)?;
        }
    }
    guard.remove()
}

fn write(file: &FileHandle, content: &Snapshot, path: &str) -> Result<()> {
    let promise = file.create_writable(&web::writable_options(false));
    let writable: Writable = await_as(&promise, Operation::Open, path)?;
    wait(
        &writable.write(&web::copy_params(content)),
        Operation::Open,
        path,
    )?;
    wait(&writable.close(), Operation::Open, path).map(drop)
}

/// FNV-1a with two bases: names of different paths must differ, nothing more.
fn hash(path: &str, salt: u64) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    path.bytes().fold(BASIS ^ salt, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}
