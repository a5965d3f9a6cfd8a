//! Where an asynchronous file lies, and how a new content takes the place of the old one.
//!
//! Made by `mod.rs` when it opens the file, used by `async.rs` at each sync.

use crate::error::{Operation, Result};
use crate::files;
use crate::path::{self, PRIVATE_DIRECTORY};

use super::guard::{self, Guard};
use super::web::{self, DirectoryHandle, FileHandle};
use super::{await_as, wait};

/// The number of parameters that WebKit's `move` declares; elsewhere it is 1. No other trace of
/// the difference below is to be had without writing, and WebKit alone has it.
const WEBKIT_MOVE_LENGTH: u32 = 2;

/// A name in a directory.
#[derive(Debug)]
pub(super) struct Place {
    directory: DirectoryHandle,
    name: String,
    /// How a new content takes the place of the old one.
    pub(super) replacement: Replacement,
}

/// What an engine needs so that the old or the new content is there after a kill.
#[derive(Debug)]
pub(super) enum Replacement {
    /// Nothing: its writable swaps the content in at once.
    Swap,
    /// A directory to stage the content in, from where it is moved.
    Move(DirectoryHandle),
    /// A second copy while the writable is closed.
    Guard(Guard),
}

impl Place {
    /// The place of `file`, which is `path`, and called `name` in `directory`; may suspend.
    pub(super) fn new(
        root: &DirectoryHandle,
        directory: DirectoryHandle,
        [path, name]: [&str; 2],
        file: &FileHandle,
    ) -> Result<Self> {
        let length = file.move_method().map_or(0, |method| method.length());
        let replacement = if length == WEBKIT_MOVE_LENGTH {
            Replacement::Move(private_directory(root)?)
        } else if guard::is_needed(root) {
            Replacement::Guard(Guard::new(root, path)?)
        } else {
            Replacement::Swap
        };
        let name = name.to_owned();
        Ok(Self {
            directory,
            name,
            replacement,
        })
    }

    /// Gives a staged file this name; the handle of what is there then.
    pub(super) fn replace(&self, staged: &FileHandle) -> Result<FileHandle> {
        let moved = staged.move_to(&self.directory, &self.name);
        wait(&moved, Operation::Sync, &self.name)?;
        let options = web::create_options(false);
        let promise = self.directory.get_file_handle(&self.name, &options);
        await_as(&promise, Operation::Sync, &self.name)
    }
}

/// A new, empty, private file to stage content in.
pub(super) fn stage_in(directory: &DirectoryHandle) -> Result<FileHandle> {
    let path = files::private_path(files::IMPORT_PREFIX)?;
    let (_, name) = path::split(&path);
    let promise = directory.get_file_handle(name, &web::create_options(true));
    await_as(&promise, Operation::Sync, &path)
}

fn private_directory(root: &DirectoryHandle) -> Result<DirectoryHandle> {
    let promise = root.get_directory_handle(PRIVATE_DIRECTORY, &web::create_options(true));
    await_as(&promise, Operation::Open, PRIVATE_DIRECTORY)
}
