//! From Rust and TypeScript sources to `js/dist` and `demo/dist`.
//!
//! Called by `cargo xtask build`, `demo` and `test`. Every step is skipped while its inputs are
//! unchanged. It must not know what the code it compiles does.

use std::process::Command;

use anchorite_twin::{Effort, Optimiser};
use anyhow::{Context, Result};

use crate::cache::{self, Inputs};
use crate::process::{self, cargo, command, npm, root};
use crate::setup::{self, WASM};
use crate::sizes;
use crate::sqlite;
use crate::steps::Lane;
use crate::stock::{self, Stock};
use crate::{examples, page};

/// What cargo leaves for the twin builder.
const MODULE: &str = "target/wasm32-unknown-unknown/small/anchorite_wasm.wasm";
/// Where the twin builder leaves the pair of modules and their glue.
const PAIR: &str = "js/src/wasm";
/// The sources of the wasm module, and what decides how they are compiled.
const WASM_SOURCES: [&str; 10] = [
    "crates/xtask/src/build.rs",
    "crates/xtask/src/sqlite.rs",
    "vfs",
    "crates/engine",
    "crates/sorted",
    "crates/wasm",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    "rust-toolchain.toml",
];

/// What SQLite's code may use beside the oldest WebAssembly: `memcpy` and conversions of numbers
/// as instructions, as the Rust code has them.
const C_FEATURES: &str = "-mbulk-memory -mnontrapping-fptoint";

/// The options of `cargo xtask build`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// In seconds instead of minutes, and so larger and slower: while you work, not to measure.
    #[arg(long)]
    quick: bool,
}

/// `cargo xtask build`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_build(&lane)?;
    package_with(&lane, options.quick)?;
    sizes::print("js/dist")
}

/// Builds the npm package into `js/dist`.
pub(crate) fn package(lane: &Lane) -> Result<()> {
    package_with(lane, false)
}

fn package_with(lane: &Lane, quick: bool) -> Result<()> {
    setup::packages(lane, "js")?;
    wasm(lane)?;
    twins(lane, quick)?;
    npm_build(lane, "js", &["js"])
}

/// Builds the console into `demo/dist`; the package must have been built.
pub(crate) fn demo(lane: &Lane) -> Result<()> {
    setup::packages(lane, "demo")?;
    npm_build(lane, "demo", &["demo", "js/dist"])
}

/// Builds the modules that only the browser tests load.
pub(crate) fn test_modules(lane: &Lane) -> Result<()> {
    stock::pair(lane, Stock::Contract)?;
    examples::modules(lane)?;
    page::module(lane)
}

/// Builds the browser tests and the modules that only they load; the package must have been built.
pub(crate) fn tests(lane: &Lane) -> Result<()> {
    test_modules(lane)?;
    setup::packages(lane, "tests")?;
    // Some test what the console does with text.
    setup::packages(lane, "demo")?;
    let inputs = ["tests", "js/dist", "js/src/worker", "demo/src"];
    npm_build(lane, "tests", &inputs)
}

/// What the tests of the packed package need; they make the rest by themselves.
pub(crate) fn packaging(lane: &Lane) -> Result<()> {
    setup::packages(lane, "tests/packaging")
}

/// Makes the reference from the sources of the package; a public name without documentation fails.
pub(crate) fn reference(lane: &Lane) -> Result<()> {
    setup::packages(lane, "js/reference")?;
    let inputs = Inputs::default().paths(&["js/src", "js/reference", "js/README.md"])?;
    cache::step(lane, "reference", inputs, &["target/reference"], |task| {
        task.run(npm("js").args(["run", "--silent", "docs:only"]))
    })
}

/// Builds the module of the package once more, with SQLite as the users of the Rust crate have it,
/// before the browser tests that load it.
pub(crate) fn stock(lane: &Lane) -> Result<()> {
    stock::pair(lane, Stock::Package)
}

/// Points the build script of SQLite at clang, and at the amalgamation and the defines of the
/// native build, so that both sides run one SQLite. Messages of panics name places in crates, which
/// are none of this machine.
pub(crate) fn with_wasm_toolchain(command: &mut Command) -> Result<&mut Command> {
    let compiler = setup::compiler().context("no clang for wasm32 was found")?;
    let defines = std::env::var("LIBSQLITE3_FLAGS");
    let defines = defines.context("LIBSQLITE3_FLAGS is not set: run this by `cargo xtask`")?;
    let locked = sqlite::amalgamation()?;
    let registry = sqlite::registry(&locked)?.display();
    let crates = format!("--remap-path-prefix={registry}=crates");
    command
        .env("CC_wasm32_unknown_unknown", compiler.cc)
        .env("AR_wasm32_unknown_unknown", compiler.ar)
        .env("CFLAGS_wasm32_unknown_unknown", C_FEATURES)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", crates)
        .env("SQLITE_WASM_RS_SOURCE_DIR", sqlite::source(&locked)?)
        .env("SQLITE_WASM_RS_FLAGS", defines);
    Ok(command)
}

fn wasm(lane: &Lane) -> Result<()> {
    let inputs = Inputs::default().paths(&WASM_SOURCES)?;
    cache::step(lane, "wasm module", inputs, &[MODULE], |task| {
        let mut build = cargo();
        build.args([
            "build",
            "--profile",
            "small",
            "--target",
            WASM,
            "--package",
            "anchorite-wasm",
        ]);
        task.run(with_wasm_toolchain(&mut build)?)
    })
}

/// In a process of its own, so that an interrupt ends its runs of wasm-opt too. The builder caches
/// those; the stamp here saves the rest.
fn twins(lane: &Lane, quick: bool) -> Result<()> {
    let arguments: &[&str] = if quick { &["--quick"] } else { &[] };
    let inputs = Inputs::default()
        .paths(&[MODULE, "crates/twin", "js/package-lock.json"])?
        .text(&arguments.concat());
    cache::step(lane, "twins", inputs, &[PAIR], |task| {
        let this = std::env::current_exe().context("find this program")?;
        task.run(command(this).arg("twins").args(arguments))
    })
}

/// `cargo xtask twins`: from cargo's module to the pair and its glue.
pub(crate) fn run_twins(effort: Effort) -> Result<()> {
    anchorite_twin::build(&anchorite_twin::Options {
        wasm: root().join(MODULE),
        out_dir: root().join(PAIR),
        staging: root().join("target/xtask/wasm-opt/bindgen"),
        optimiser: optimiser("target/xtask/wasm-opt", effort),
    })?;
    Ok(())
}

/// Binaryen's optimiser, as a package of npm.
pub(crate) fn optimiser(cache_dir: &str, effort: Effort) -> Optimiser {
    let script = root().join("js/node_modules/binaryen/bin/wasm-opt");
    Optimiser {
        command: vec!["node".to_owned(), script.display().to_string()],
        cache_dir: Some(root().join(cache_dir)),
        effort,
    }
}

fn npm_build(lane: &Lane, folder: &str, sources: &[&str]) -> Result<()> {
    let name = format!("npm run build in {folder}");
    let inputs = Inputs::default().paths(sources)?;
    let output = format!("{folder}/dist");
    cache::step(lane, &name, inputs, &[&output], |task| {
        task.run(npm(folder).args(["run", "--silent", "build"]))
    })
}
