//! The Rust client's cases as a wasm module for pages, which only tests load: no SQLite, no twin.
//!
//! Called by `build.rs` before the browser tests. It must not know what the cases do.

use anyhow::Result;

use crate::cache::{self, Inputs};
use crate::process::{cargo, root};
use crate::setup::WASM;
use crate::steps::Lane;

/// What cargo leaves.
const MODULE: &str = "target/wasm32-unknown-unknown/page/anchorite_client_tests.wasm";
/// Where the module, its glue and its snippet go.
const OUTPUT: &str = "tests/client-wasm";
/// What it is made of.
const SOURCES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "crates/anchorite",
    "crates/twin",
    "crates/xtask/src/page.rs",
    "tests/client/Cargo.toml",
    "tests/client/src",
];

/// Builds it.
pub(crate) fn module(lane: &Lane) -> Result<()> {
    let inputs = Inputs::default().paths(&SOURCES)?;
    cache::step(lane, "module of the client", inputs, &[OUTPUT], |task| {
        let mut build = cargo();
        build.args(["build", "--profile", "page", "--target", WASM]);
        task.run(build.args(["--package", "anchorite-client-tests"]))?;
        anchorite_twin::generate(&root().join(MODULE), "client", &root().join(OUTPUT))
    })
}
