//! From one wasm module with our suspending import to the pair that the loader chooses from.
//!
//! Called by `cargo xtask build`. Knows wasm-bindgen's output and Binaryen's command line; knows
//! nothing of SQLite.
//!
//! ```text
//! cargo's .wasm ─ wasm-bindgen ─┬─ wasm-opt ──────────────► anchorite.wasm            (JSPI)
//!                               ├─ wasm-opt --asyncify ───► anchorite.asyncify.wasm   (the twin)
//!                               └─ glue.rs ───────────────► anchorite.js, anchorite.d.ts (glue)
//! ```
//!
//! `wasm-opt` takes minutes, so its output is kept by the content of its input and arguments.

mod glue;
mod shims;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

pub use glue::SUSPENDING_MODULE;

/// What to build from, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The module as cargo leaves it, built for `wasm32-unknown-unknown`.
    pub wasm: PathBuf,
    /// The folder for the pair and its glue; made if missing.
    pub out_dir: PathBuf,
    /// How to start `wasm-opt`: a program and its first arguments.
    pub wasm_opt: Vec<String>,
    /// Where outputs of `wasm-opt` are kept by their inputs; made if missing.
    pub cache_dir: PathBuf,
    /// How much `wasm-opt` shall do for speed and size.
    pub effort: Effort,
}

/// How long `wasm-opt` may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Minutes: for what is shipped.
    Full,
    /// Seconds: for what runs once.
    Little,
}

impl Effort {
    /// What Asyncify leaves must be tidied up in any case, or it is too slow to run.
    fn flag(self, is_rewritten: bool) -> &'static str {
        match (self, is_rewritten) {
            (Effort::Full, _) => "-O2",
            (Effort::Little, true) => "-O1",
            (Effort::Little, false) => "-O0",
        }
    }
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

/// The wasm features that both builds use, all older than JSPI in every engine.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The one import that suspends, as `module.name`.
const SUSPENDING_IMPORT: &str = "anchorite.anchorite_wait";

/// Writes the pair and its glue.
///
/// # Errors
/// When the module was not built with the wasm-bindgen version of this crate, does not import
/// our suspending function, or `wasm-opt` fails.
pub fn build(options: &Options) -> Result<Pair> {
    let staging = options.cache_dir.join("bindgen");
    generate(&options.wasm, &staging)?;
    fs::create_dir_all(&options.out_dir)?;
    let input = staging.join("anchorite_bg.wasm");
    let plain = options.out_dir.join("anchorite.wasm");
    let asyncify = options.out_dir.join("anchorite.asyncify.wasm");
    let passes = asyncify_passes(&input)?;
    thread::scope(|scope| {
        let other = scope.spawn(|| optimise(options, &input, &passes, &asyncify));
        optimise(options, &input, &[], &plain)?;
        other
            .join()
            .unwrap_or_else(|_| bail!("the thread that made the twin panicked"))
    })?;
    let glue = write_glue(&staging, &options.out_dir)?;
    Ok(Pair {
        plain,
        asyncify,
        glue,
    })
}

/// Runs wasm-bindgen: glue for the `web` target, without names and debug sections.
fn generate(wasm: &Path, out_dir: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("anchorite")
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

/// What makes the twin: every function that may be on the stack while the import suspends is
/// rewritten to unwind and rewind; all but the shims, which never are.
fn asyncify_passes(input: &Path) -> Result<[String; 3]> {
    Ok([
        "--asyncify".to_owned(),
        format!("--pass-arg=asyncify-imports@{SUSPENDING_IMPORT}"),
        format!(
            "--pass-arg=asyncify-removelist@{}",
            shims::list(&fs::read(input)?)?
        ),
    ])
}

/// Runs `wasm-opt`, or takes what it gave for the same input before.
fn optimise(options: &Options, input: &Path, passes: &[String], output: &Path) -> Result<()> {
    let mut arguments: Vec<&str> = FEATURES.to_vec();
    arguments.extend(passes.iter().map(String::as_str));
    arguments.push(options.effort.flag(!passes.is_empty()));
    let cached = options.cache_dir.join(key(options, input, &arguments)?);
    if !cached.exists() {
        let partial = cached.with_extension("partial");
        run_wasm_opt(options, input, &arguments, &partial)?;
        fs::rename(&partial, &cached)?;
    }
    fs::copy(&cached, output).with_context(|| format!("writing {}", output.display()))?;
    Ok(())
}

fn run_wasm_opt(options: &Options, input: &Path, arguments: &[&str], output: &Path) -> Result<()> {
    let mut command = wasm_opt(options, arguments)?;
    command.arg(input).arg("-o").arg(output);
    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    ensure!(
        status.success(),
        "wasm-opt {arguments:?} ended with {status}"
    );
    Ok(())
}

fn wasm_opt(options: &Options, arguments: &[&str]) -> Result<Command> {
    let (program, first) = options
        .wasm_opt
        .split_first()
        .context("no command for wasm-opt")?;
    let mut command = Command::new(program);
    command.args(first).args(arguments);
    Ok(command)
}

/// A name for the output of one run: it follows from the input, the arguments and the tool.
fn key(options: &Options, input: &Path, arguments: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(fs::read(input)?);
    hash.update(wasm_opt(options, &["--version"])?.output()?.stdout);
    for argument in arguments {
        hash.update(argument);
        hash.update([0]);
    }
    let digest = hash.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(hex + ".wasm")
}

/// Rewrites the glue and its types.
fn write_glue(staging: &Path, out_dir: &Path) -> Result<PathBuf> {
    let read = |name: &str| {
        let path = staging.join(name);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let path = out_dir.join("anchorite.js");
    fs::write(&path, glue::rewrite(&read("anchorite.js")?)?)?;
    fs::write(
        out_dir.join("anchorite.d.ts"),
        glue::types(&read("anchorite.d.ts")?)?,
    )?;
    Ok(path)
}
