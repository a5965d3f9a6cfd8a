//! From one wasm module with our suspending import to the pair that the loader chooses from.
//!
//! Called by `cargo xtask build` for the npm package, and by the program `anchorite-twin` for
//! modules of anybody who uses the Rust crate. Knows wasm-bindgen's output and Binaryen's command
//! line; knows nothing of SQLite.
//!
//! ```text
//! cargo's .wasm ─ wasm-bindgen ─┬─ wasm-opt ──────────────► anchorite.wasm            (JSPI)
//!                               ├─ wasm-opt --asyncify ───► anchorite.asyncify.wasm   (the twin)
//!                               └─ glue.rs ───────────────► anchorite.js, anchorite.d.ts (glue)
//! ```
//!
//! Of an application's module ([`application`]) the glue has the face that wasm-bindgen gives it:
//! a default export that loads it, here whichever build the browser can run.

mod application;
mod glue;
mod optimise;
mod shims;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

pub use application::{Application, application};
pub use glue::SUSPENDING_MODULE;
pub use optimise::{Effort, Optimiser};

/// What to build from, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The module as cargo leaves it, built for `wasm32-unknown-unknown`.
    pub wasm: PathBuf,
    /// The folder for the pair and its glue; made if missing.
    pub out_dir: PathBuf,
    /// Where wasm-bindgen's own output goes.
    pub staging: PathBuf,
    /// What makes the pair.
    pub optimiser: Optimiser,
}

/// The files written.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The plain build, run where the engine has JSPI.
    pub plain: PathBuf,
    /// Its Asyncify-built copy, run everywhere else.
    pub asyncify: PathBuf,
    /// The JavaScript that serves both and names neither.
    pub glue: PathBuf,
}

/// The one import that suspends, as `module.name`.
const SUSPENDING_IMPORT: &str = "anchorite.anchorite_wait";

/// Writes the pair and its glue.
///
/// # Errors
/// When the module was not built with the wasm-bindgen version of this crate, does not import
/// our suspending function, or `wasm-opt` fails.
pub fn build(options: &Options) -> Result<Pair> {
    let staging = &options.staging;
    generate(&options.wasm, "anchorite", staging)?;
    fs::create_dir_all(&options.out_dir)?;
    let plain = options.out_dir.join("anchorite.wasm");
    let asyncify = options.out_dir.join("anchorite.asyncify.wasm");
    let input = staging.join("anchorite_bg.wasm");
    options.optimiser.pair(&input, &plain, &asyncify)?;
    let glue = write_glue(staging, &options.out_dir)?;
    Ok(Pair {
        plain,
        asyncify,
        glue,
    })
}

/// Runs wasm-bindgen: glue for the `web` target, without names and debug sections. That is all a
/// module needs that suspends nowhere.
///
/// # Errors
/// When the module was not built with the wasm-bindgen version of this crate.
pub fn generate(wasm: &Path, name: &str, out_dir: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(name)
        .typescript(true)
        .omit_default_module_path(true)
        .keep_debug(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.web(true)?;
    bindgen
        .generate(out_dir)
        .with_context(|| format!("wasm-bindgen on {}", wasm.display()))
}

/// Rewrites the glue and its types.
fn write_glue(staging: &Path, out_dir: &Path) -> Result<PathBuf> {
    let path = out_dir.join("anchorite.js");
    fs::write(&path, glue::rewrite(&read(&staging.join("anchorite.js"))?)?)?;
    let types = glue::types(&read(&staging.join("anchorite.d.ts"))?)?;
    fs::write(out_dir.join("anchorite.d.ts"), types)?;
    Ok(path)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
