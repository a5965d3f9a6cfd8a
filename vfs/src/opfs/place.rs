//! Where an asynchronous file lies, and how a new content takes the place of the old one so that a
//! killed browser leaves the old or the new one behind.
//!
//! Made by `mod.rs` when it opens the file, used by `async.rs` at each replacement.
//!
//! ```text
//! Swap   the file's own writable, which is swapped in when it is closed: all of it or nothing.
//!        Chromium.
//! Move   a private file with the whole content, moved over the old one.
//!        WebKit, whose close empties the file before it copies the new content into it; and
//!        Firefox, which may lose the file when it is killed during a close or a move. There the
//!        private file is still to be found, and the next open takes it (`staging.rs`).
//! ```
//!
//! Where there is no old content to lose, the file's own writable does in every engine.

use crate::error::{Operation, Result};

use super::browser::Browser;
use super::staging::Staging;
use super::web::{self, DirectoryHandle, FileHandle};
use super::{await_as, patiently, wait};

/// A name in a directory.
pub(super) struct Place {
    directory: DirectoryHandle,
    name: String,
    /// Present where a file is replaced by a move.
    pub(super) staging: Option<Staging>,
}

impl Place {
    /// The place of the file `path`, which is called `name` in `directory`.
    pub(super) fn new(
        browser: Browser,
        private: &DirectoryHandle,
        directory: DirectoryHandle,
        [path, name]: [&str; 2],
    ) -> Self {
        let staging = match browser {
            Browser::Chromium => None,
            Browser::Firefox | Browser::WebKit => Some(Staging::new(private, path)),
        };
        let name = name.to_owned();
        Self {
            directory,
            name,
            staging,
        }
    }

    /// Gives a staged file this name; the handle of what is there then.
    pub(super) fn replace(&self, staged: &FileHandle) -> Result<FileHandle> {
        patiently(|| {
            let moved = || staged.move_to(&self.directory, &self.name);
            wait(moved, Operation::Sync, &self.name)
        })?;
        let options = web::create_options(false);
        let there = || self.directory.get_file_handle(&self.name, &options);
        await_as(there, Operation::Sync, &self.name)
    }
}
