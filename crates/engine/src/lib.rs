//! SQL in, rows out: a connection with its opening rules, its values and its errors.
//!
//! Called by `crates/wasm` and, natively, by tests. Runs wherever rusqlite runs.
//! It must not know JavaScript, OPFS or our VFS: files are SQLite's business, by a VFS name.

mod blobs;
mod builtins;
mod calls;
mod changes;
mod changesets;
mod collations;
mod counters;
mod cursor;
mod error;
mod functions;
mod handles;
mod held;
mod journal;
mod names;
mod options;
mod pace;
mod params;
mod raw;
mod reads;
mod recordings;
mod repeated;
mod safety;
mod session;
mod single;
mod value;
mod waits;
mod whole;

pub use blobs::BlobPlace;
pub use calls::{Answer, Begin, Cell, Column, Description, Ran, Together};
pub use changes::{Changed, Tables, Written};
pub use changesets::{
    Action, Applied, Applying, Change, Conflict, ConflictKind, Known, Policy, concat, invert,
};
pub use counters::Counters;
pub use cursor::Pulled;
pub use error::EngineError;
pub use functions::{Aggregate, Declared, Failure};
pub use names::name as code_name;
pub use options::{Durability, JournalMode, OpenOptions};
pub use pace::{Host, Pace};
pub use params::Params;
pub use reads::ReadSet;
pub use recordings::Take;
pub use session::{Patience, Reach, Session};
pub use value::{RowBatch, Sink, Value};
pub use whole::{Extent, unmark_wal};

/// The version of SQLite that is linked, for instance `3.54.1`.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
