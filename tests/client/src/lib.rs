//! What `anchorite::Database` must do: cases that run natively and, compiled to wasm, in pages.
//!
//! `tests/native.rs` runs them on files; `web.rs` is the module that `tests/rust` loads. A case
//! gets the options of a database that nobody else uses; it must not know where it runs.

#[macro_use]
mod list;
mod cancels;
mod check;
mod lives;
mod rows;
mod statements;
mod streams;
mod transactions;
mod values;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod web;

use anchorite::OpenOptions;
pub use check::{Failure, Outcome};

macro_rules! run_by_name {
    ($($module:ident: [$($case:ident),*]),*) => {
        /// Runs a case by its name, `module::function`; `place` makes options of a label.
        ///
        /// # Errors
        /// What was not as it should be; or that there is no such case.
        pub async fn run(name: &str, place: impl Fn(&str) -> OpenOptions) -> Outcome {
            match name {
                $($(concat!(stringify!($module), "::", stringify!($case)) => {
                    $module::$case(&place).await
                })*)*
                _ => Err(Failure::from(format!("there is no case {name:?}"))),
            }
        }
    };
}

for_each_case!(run_by_name);
