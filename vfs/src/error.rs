//! What can go wrong with a file, told in full: which operation, on what, and the medium's words.
//!
//! Made by the storages, turned into SQLite result codes by `abi/`.
//! The last error is kept, because SQLite passes on only a number: `xGetLastError` and the
//! boundary crate fetch the words from here.

use std::cell::RefCell;
use std::fmt;

/// A result of the file layer.
pub type Result<T> = std::result::Result<T, VfsError>;

/// What was being done when an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Opening or creating a file.
    Open,
    /// Reading bytes.
    Read,
    /// Writing bytes.
    Write,
    /// Changing the size.
    Truncate,
    /// Making written bytes durable.
    Sync,
    /// Making written bytes outlive this context.
    Settle,
    /// Asking for the size.
    Size,
    /// Closing a handle.
    Close,
    /// Removing a file.
    Delete,
    /// Asking whether a file exists.
    Exists,
    /// Renaming a file.
    Rename,
    /// Listing files.
    List,
    /// Taking or giving back the ownership of a database.
    Lock,
}

/// The kind of trouble, as far as a caller may want to react to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Somebody else has it open now; trying again later may help.
    Busy,
    /// Somebody else had it for as long as we were to wait.
    BusyTimeout,
    /// Another context has it for itself, for longer than SQLite's own tries may last: the busy
    /// handler decides how long to wait.
    Occupied,
    /// There is no such file.
    NotFound,
    /// A file of that name is already there.
    Exists,
    /// The quota or the disk is full.
    Full,
    /// There is no memory left.
    NoMemory,
    /// The name cannot name a database.
    InvalidName,
    /// The content is not an SQLite database.
    NotADatabase,
    /// A newer version of this library has it open, which shares it in another way.
    Outdated,
    /// The browser has no OPFS or Web Locks here, or refuses them.
    Unavailable,
    /// It is not at hand yet: the host waits for it, and the job is tried anew.
    Missed,
    /// It would have to be waited for, and the stack cannot be suspended here.
    CannotSuspend,
    /// Any other failure of the medium.
    Io,
}

/// A failed file operation: `read 4096 B at 8192 of "a.db": <the medium's own message>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VfsError {
    /// The kind of trouble.
    pub kind: ErrorKind,
    /// What was being done.
    pub operation: Operation,
    /// To what, and why it failed, in words.
    pub message: String,
}

impl VfsError {
    /// An error with the words that describe what was done to what, and why it failed.
    pub fn new(kind: ErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            operation,
            message,
        }
    }
}

impl fmt::Display for VfsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for VfsError {}

thread_local! {
    static LAST: RefCell<Option<VfsError>> = const { RefCell::new(None) };
}

/// Keeps `error` as the cause of the number that SQLite is about to pass on.
pub(crate) fn remember(error: &VfsError) {
    LAST.with(|last| *last.borrow_mut() = Some(error.clone()));
}

/// The message of the last error, for `xGetLastError`.
pub(crate) fn last_message() -> Option<String> {
    LAST.with(|last| last.borrow().as_ref().map(|error| error.message.clone()))
}

/// Takes the last error of the file layer, so that the next job does not see it.
#[must_use]
pub fn take_last_error() -> Option<VfsError> {
    LAST.with(|last| last.borrow_mut().take())
}
