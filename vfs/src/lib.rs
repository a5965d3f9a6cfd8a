//! The SQLite VFS of Anchorite: file calls of SQLite's C core become calls of one small trait.
//!
//! `crates/wasm` registers it over OPFS, native tests over memory.
//! It knows files, offsets and locks; it knows no SQL, no messages and no twin.
//!
//! The layers, top down: [`register`] (the C tables, `abi/`), `opened.rs`
//! and `database.rs` (who shares what), [`Storage`] (the seam), then one
//! implementation per medium: [`memory`] everywhere, `opfs` in a browser, `sim` (a feature) for
//! native tests that pull the plug.

mod abi;
mod ahead;
pub mod beforehand;
mod commits;
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    expect(dead_code, reason = "natively nothing is counted")
)]
mod counters;
mod database;
mod error;
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    expect(dead_code, reason = "natively only its tests use it")
)]
mod extents;
pub mod files;
mod fileset;
pub mod hooks;
mod joined;
mod journal;
mod lock;
pub mod memory;
#[doc(hidden)]
pub mod mutants;
mod opened;
pub mod path;
mod replaced;
mod shared;
mod sharing;
mod shm;
#[cfg(all(
    feature = "sim",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
pub mod sim;
mod sized;
mod stolen;
mod storage;
mod temp;
pub mod waiting;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[path = "host_native.rs"]
mod host;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[path = "opfs/host.rs"]
mod host;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod opfs;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod suspend;

pub use abi::{Kept, Options, Vfs, log_to, register};
pub use commits::{Commits, take_commits};
pub use counters::{Counters, counters};
pub use error::{ErrorKind, Operation, Result, VfsError, take_last_error};
pub use lock::LockLevel;
pub use shared::Wal;
pub use sharing::{PROTOCOL, SharedLock, Sharing, cannot_share, protocol, speak};
pub use storage::{Creation, File, Guarantees, Ownership, Storage};
