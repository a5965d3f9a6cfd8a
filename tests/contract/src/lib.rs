//! The contract between SQLite and a VFS, as functions: each is one case on a registered VFS.
//!
//! Run natively by `tests/native.rs` over memory and over the simulated disk, and in browsers by
//! `tests/contract/wasm` over OPFS. A case must not know the medium, and must not print.

mod bytes;
mod check;
mod features;
mod host;
mod journals;
mod list;
mod locks;
mod machine;
mod model;
mod open;
mod random;
mod raw;
mod shm;
mod sparse;
mod sql;
mod suite;
mod wal;

pub use check::Outcome;
pub use machine::state_machine;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use machine::state_machine_in_memory;
pub use raw::Vfs;

/// One case of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// `module::function`, for instance `locks::readers_share`.
    pub name: &'static str,
    /// Runs it on files whose names nobody else uses.
    pub run: fn(&Vfs) -> Outcome,
}

macro_rules! table {
    ($($module:ident: [$($case:ident),*]),*) => {
        &[$($(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: $module::$case,
        },)*)*]
    };
}

/// All cases that every medium passes, in reading order.
pub const CASES: &[Case] = for_each_case!(table);

/// Those for media that keep holes as holes.
pub const SPARSE_CASES: &[Case] = for_each_sparse_case!(table);

/// Runs a case by its name.
///
/// # Errors
/// What was not as SQLite expects it; or that there is no such case.
pub fn run(name: &str, vfs: &Vfs) -> Outcome {
    let mut all = CASES.iter().chain(SPARSE_CASES);
    let case = all.find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("there is no case {name:?}"))?;
    (case.run)(vfs)
}
