//! Where an asynchronous file lies, and how a new content takes the place of the old one.
//!
//! Made by `mod.rs` when it opens the file, used by `async.rs` at each sync.

use crate::error::{Operation, Result};
use crate::files;
use crate::path::{self, PRIVATE_DIRECTORY};

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
    /// Where new content is staged, in engines whose writable does not swap it in at once.
    staging: Option<DirectoryHandle>,
}

impl Place {
    /// The place of `file`, which is called `name` in `directory`; may suspend.
    pub(super) fn new(
        root: &DirectoryHandle,
        directory: DirectoryHandle,
        name: &str,
        file: &FileHandle,
    ) -> Result<Self> {
        let moves = file.move_method().map_or(0, |method| method.length());
        let staging = match moves {
            WEBKIT_MOVE_LENGTH => Some(private_directory(root)?),
            _ => None,
        };
        let name = name.to_owned();
        Ok(Self {
            directory,
            name,
            staging,
        })
    }

    /// A new, empty, private file to stage content in, or `None` where a writable swaps it in.
    pub(super) fn beside(&self) -> Result<Option<FileHandle>> {
        let Some(staging) = &self.staging else {
            return Ok(None);
        };
        let path = files::temporary_path()?;
        let (_, name) = path::split(&path);
        let promise = staging.get_file_handle(name, &web::create_options(true));
        await_as(&promise, Operation::Sync, &path).map(Some)
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

fn private_directory(root: &DirectoryHandle) -> Result<DirectoryHandle> {
    let promise = root.get_directory_handle(PRIVATE_DIRECTORY, &web::create_options(true));
    await_as(&promise, Operation::Open, PRIVATE_DIRECTORY)
}
