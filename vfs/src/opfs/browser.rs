//! Which browser this is, as far as OPFS behaves differently; found out once, from features.
//!
//! Used by `mod.rs` and `place.rs`. Nothing else may ask which browser it is.

use super::web::{DirectoryHandle, FileHandle};

/// The browsers by their engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Browser {
    Chromium,
    Firefox,
    WebKit,
}

/// The number of parameters that WebKit's `move` declares; elsewhere it is 1. No other trace of
/// how a writable is closed is to be had without writing, and WebKit alone has it.
const WEBKIT_MOVE_LENGTH: u32 = 2;

impl Browser {
    /// Looks at any directory and file. An unknown browser is taken for Firefox, where most care
    /// is needed.
    pub(super) fn detect(directory: &DirectoryHandle, file: &FileHandle) -> Self {
        if directory.remove_method().is_some() {
            return Self::Chromium;
        }
        match file.move_method().map(|method| method.length()) {
            Some(WEBKIT_MOVE_LENGTH) => Self::WebKit,
            _ => Self::Firefox,
        }
    }
}
