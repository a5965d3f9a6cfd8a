//! The SQLite VFS of Anchorite: file calls of SQLite's C core become calls of one small trait.
//!
//! `crates/wasm` registers it over OPFS, native tests over memory.
//! It knows files, offsets and locks; it knows no SQL, no messages and no twin.
//!
//! The layers, top down: [`register`] (the C tables, `abi.rs`), [`Storage`] (the seam), then one
//! implementation per medium: [`memory`] everywhere, `opfs` in a browser.

mod abi;
mod error;
pub mod files;
pub mod hooks;
mod lock;
pub mod memory;
pub mod path;
mod storage;
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

pub use abi::{Options, register};
pub use error::{ErrorKind, Operation, Result, VfsError, take_last_error};
pub use lock::LockLevel;
pub use storage::{Creation, File, Guarantees, Ownership, Storage};
