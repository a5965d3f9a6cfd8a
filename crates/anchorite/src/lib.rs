//! SQLite that stays put: plain `rusqlite` on durable databases in the browser's own file system.
//!
//! Used by Rust applications that are compiled to `wasm32-unknown-unknown`. It ties `rusqlite` to
//! our VFS (`vfs/`). All but `client` must not know the npm package, and none of it what an
//! application does.
//!
//! There are two doors to [`rusqlite::Connection`]:
//!
//! - [`install`](install()), in a dedicated worker, opens databases that are named beforehand; then
//!   rusqlite works on them anywhere, and never waits.
//! - [`run`], in every context, runs a closure on a stack that can wait: for the opening of any
//!   database, for asynchronous handles, in a busy handler.
//!
//! Either way one tab or worker at a time has a database: for others it is `SQLITE_BUSY`.
//!
//! ```no_run
//! # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
//! # async fn example() -> Result<(), anchorite::Error> {
//! use anchorite::rusqlite::Connection;
//!
//! let count = anchorite::run(|| -> Result<u32, anchorite::Error> {
//!     let db = Connection::open("notes.db")?;
//!     db.execute_batch("CREATE TABLE IF NOT EXISTS notes (text TEXT)")?;
//!     db.execute("INSERT INTO notes VALUES (?1)", ["It stays."])?;
//!     Ok(db.query_one("SELECT count(*) FROM notes", (), |row| row.get(0))?)
//! })
//! .await??;
//! # drop(count);
//! # Ok(())
//! # }
//! ```
//!
//! A front end that leaves SQLite to the workers of the npm package has `Database` instead, behind
//! the feature `client`; without the default feature `engine` there is no SQLite in its module.
//!
//! Natively there is nothing to install: [`rusqlite`] is the ordinary one there, over ordinary
//! files.

#[cfg(feature = "client")]
mod client;
mod error;

#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
mod install;
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
mod job;
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
mod nowhere;
#[cfg(any(
    feature = "engine",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
mod sqlite_error;

#[cfg(feature = "client")]
pub use client::{Changes, Database, OpenOptions, Params, Rows, Statements, Transaction, Value};
pub use error::Error;
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
pub use install::{Options, install};
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
pub use job::{Build, anchorite_attach, anchorite_run, build, run};

#[cfg(feature = "engine")]
pub use rusqlite;

/// One SQLite: if the next line does not compile, another crate has made `rusqlite` take another
/// FFI than `sqlite-wasm-rs`, for which our VFS is registered. Look for `libsqlite3-sys` in
/// `cargo tree --target wasm32-unknown-unknown`.
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
const ONE_SQLITE: fn(*mut rusqlite::ffi::sqlite3) -> *mut sqlite_wasm_rs::sqlite3 = |same| same;
#[cfg(all(feature = "engine", target_family = "wasm", target_os = "unknown"))]
const _: fn(*mut rusqlite::ffi::sqlite3) -> *mut sqlite_wasm_rs::sqlite3 = ONE_SQLITE;

/// The guide, whose examples are compiled with the tests.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../../docs/rust.md")]
struct Guide;
