//! From the contract's Rust sources to the pair of modules that the browser tests load.
//!
//! Called by `test`. SQLite is compiled once more here, with sqlite-wasm-rs's own source and flags,
//! as the users of the Rust crate have it; so it has a target folder of its own. It must not know
//! what a case is.

use anyhow::{Context, Result};

use crate::build;
use crate::cache::{self, Inputs};
use crate::process::{cargo, command, root};
use crate::setup::{self, WASM};
use crate::steps::Lane;

/// Where cargo works, apart from what is shipped.
const TARGET: &str = "target/contract";
/// What cargo leaves for the twin builder.
const MODULE: &str = "target/contract/wasm32-unknown-unknown/contract/anchorite_contract_wasm.wasm";
/// Where the pair of modules and their glue go.
pub(crate) const PAIR: &str = "tests/contract-wasm";
/// The sources of the module, and what decides how they are compiled.
const SOURCES: [&str; 7] = [
    "vfs",
    "tests/contract/Cargo.toml",
    "tests/contract/src",
    "tests/contract/wasm",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
];

/// Builds the pair.
pub(crate) fn pair(lane: &Lane) -> Result<()> {
    module(lane)?;
    let inputs = Inputs::default().paths(&[MODULE, "crates/twin", "js/package-lock.json"])?;
    cache::step(lane, "contract twins", inputs, &[PAIR], |task| {
        let this = std::env::current_exe().context("find this program")?;
        task.run(command(this).args(["twins", "--contract"]))
    })
}

fn module(lane: &Lane) -> Result<()> {
    let inputs = Inputs::default().paths(&SOURCES)?;
    cache::step(lane, "contract module", inputs, &[MODULE], |task| {
        let compiler = setup::compiler().context("no clang for wasm32 was found")?;
        let mut build = cargo();
        build.args(["build", "--profile", "contract", "--target", WASM]);
        build.args(["--target-dir", TARGET]);
        build.args(["--package", "anchorite-contract-wasm"]);
        build
            .env("CC_wasm32_unknown_unknown", compiler.cc)
            .env("AR_wasm32_unknown_unknown", compiler.ar)
            .env_remove("SQLITE_WASM_RS_FLAGS")
            .env_remove("SQLITE_WASM_RS_SOURCE_DIR");
        task.run(&mut build)
    })
}

/// `cargo xtask twins --contract`: quickly, since it runs once.
pub(crate) fn run_twins() -> Result<()> {
    anchorite_twin::build(&anchorite_twin::Options {
        wasm: root().join(MODULE),
        out_dir: root().join(PAIR),
        wasm_opt: build::wasm_opt(),
        cache_dir: root().join("target/xtask/contract-wasm-opt"),
        effort: anchorite_twin::Effort::Little,
    })?;
    Ok(())
}
