//! Wasm modules whose SQLite is compiled with sqlite-wasm-rs's own source and flags, as the users
//! of the Rust crate have it; only tests and examples load them.
//!
//! Called by `test`, `examples` and `torture tabs-browser`. That SQLite is compiled once for all of
//! them, in a target folder of its own, apart from what is shipped. It must not know what the
//! modules do.

use std::process::Command;

use anchorite_twin::Effort;
use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::build;
use crate::cache::{self, Inputs};
use crate::process::{self, command, root};
use crate::setup::{self, WASM};
use crate::steps::Lane;

/// Where cargo works.
const TARGET: &str = "target/contract";

/// A module, by what it is made of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Stock {
    /// The contract's cases.
    Contract,
    /// The module of the npm package.
    Package,
    /// The example of a worker of an application's own.
    Words,
}

impl Stock {
    fn package(self) -> &'static str {
        match self {
            Self::Contract => "anchorite-contract-wasm",
            Self::Package => "anchorite-wasm",
            Self::Words => "anchorite-example-worker",
        }
    }

    /// What its glue is called, if it is that of an application.
    fn application(self) -> Option<&'static str> {
        match self {
            Self::Contract => Some("contract"),
            Self::Package => None,
            Self::Words => Some("words"),
        }
    }

    /// Where the pair of modules and their glue go.
    pub(crate) fn pair(self) -> &'static str {
        match self {
            Self::Contract => "tests/contract-wasm",
            Self::Package => "tests/stock-wasm",
            Self::Words => "target/examples/worker/pkg",
        }
    }

    /// The sources of the module, beside those of all.
    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &[
                "crates/anchorite",
                "crates/engine",
                "tests/contract/Cargo.toml",
                "tests/contract/src",
                "tests/contract/wasm",
            ],
            Self::Package => &["crates/engine", "crates/wasm"],
            Self::Words => &[
                "crates/anchorite",
                "crates/engine",
                "examples/worker/Cargo.toml",
                "examples/worker/src",
            ],
        }
    }

    /// What cargo leaves for the twin builder.
    fn module(self) -> String {
        module_of(self.package())
    }
}

/// What cargo leaves of a package.
pub(crate) fn module_of(package: &str) -> String {
    format!(
        "{TARGET}/{WASM}/contract/{}.wasm",
        package.replace('-', "_")
    )
}

/// Builds a pair.
pub(crate) fn pair(lane: &Lane, stock: Stock) -> Result<()> {
    module(lane, stock)?;
    let module = stock.module();
    let inputs = [&*module, "crates/twin", "js/package-lock.json"];
    let inputs = Inputs::default().paths(&inputs)?;
    let name = format!("twins of {}", stock.package());
    cache::step(lane, &name, inputs, &[stock.pair()], |task| {
        let this = std::env::current_exe().context("find this program")?;
        let value = stock
            .to_possible_value()
            .context("every one has its value")?;
        task.run(command(this).args(["twins", "--stock", value.get_name()]))
    })
}

fn module(lane: &Lane, stock: Stock) -> Result<()> {
    let common = [
        "vfs",
        "crates/sorted",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
    ];
    let inputs = Inputs::default().paths(&common)?.paths(stock.sources())?;
    let name = format!("{} with stock SQLite", stock.package());
    cache::step(lane, &name, inputs, &[&stock.module()], |task| {
        task.run(cargo("build")?.args(["--package", stock.package()]))
    })
}

/// cargo, with that target folder and SQLite as sqlite-wasm-rs has it.
pub(crate) fn cargo(subcommand: &str) -> Result<Command> {
    let compiler = setup::compiler().context("no clang for wasm32 was found")?;
    let mut cargo = process::cargo();
    cargo.args([subcommand, "--profile", "contract", "--target", WASM]);
    cargo
        .env("CARGO_TARGET_DIR", root().join(TARGET))
        .env("CC_wasm32_unknown_unknown", compiler.cc)
        .env("AR_wasm32_unknown_unknown", compiler.ar)
        .env_remove("SQLITE_WASM_RS_FLAGS")
        .env_remove("SQLITE_WASM_RS_SOURCE_DIR");
    Ok(cargo)
}

/// `cargo xtask twins --stock …`: quickly, since it runs once. All but the package are modules of
/// applications, as the users of the Rust crate make theirs.
pub(crate) fn run_twins(stock: Stock) -> Result<()> {
    let wasm = root().join(stock.module());
    let out_dir = root().join(stock.pair());
    let optimiser = build::optimiser("target/xtask/contract-wasm-opt", Effort::Little);
    let Some(name) = stock.application() else {
        return anchorite_twin::build(&anchorite_twin::Options {
            wasm,
            out_dir,
            staging: root().join("target/xtask/contract-wasm-opt/bindgen"),
            optimiser,
        })
        .map(drop);
    };
    anchorite_twin::application(&anchorite_twin::Application {
        wasm,
        out_dir: Some(out_dir),
        name: Some(name.to_owned()),
        optimiser,
    })
    .map(drop)
}
