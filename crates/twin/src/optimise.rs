//! Runs Binaryen's `wasm-opt`: once for the plain build, once more for the twin.
//!
//! Called by `lib.rs` and `application.rs`. It must not know wasm-bindgen's glue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::shims;

/// How to start `wasm-opt`, and what it shall do.
#[derive(Clone, Debug)]
pub struct Optimiser {
    /// A program and its first arguments.
    pub command: Vec<String>,
    /// Where outputs are kept by their inputs, since they take minutes; made if missing.
    pub cache_dir: Option<PathBuf>,
    /// How much it shall do for speed and size.
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

impl Optimiser {
    /// Makes the plain build and the twin of `input`, which may be one of the two files.
    pub(crate) fn pair(&self, input: &Path, plain: &Path, asyncify: &Path) -> Result<()> {
        let passes = asyncify_passes(input)?;
        let (new_plain, new_asyncify) = (partial(plain), partial(asyncify));
        thread::scope(|scope| {
            let other = scope.spawn(|| self.optimise(input, &passes, &new_asyncify));
            self.optimise(input, &[], &new_plain)?;
            other
                .join()
                .unwrap_or_else(|_| bail!("the thread that made the twin panicked"))
        })?;
        fs::rename(new_plain, plain)?;
        fs::rename(new_asyncify, asyncify)?;
        Ok(())
    }

    /// Runs `wasm-opt`, or takes what it gave for the same input before.
    fn optimise(&self, input: &Path, passes: &[String], output: &Path) -> Result<()> {
        let mut arguments: Vec<&str> = FEATURES.to_vec();
        arguments.extend(passes.iter().map(String::as_str));
        arguments.push(self.effort.flag(!passes.is_empty()));
        let Some(cache_dir) = &self.cache_dir else {
            return self.run(input, &arguments, output);
        };
        let cached = cache_dir.join(self.key(input, &arguments)?);
        if !cached.exists() {
            fs::create_dir_all(cache_dir)?;
            self.run(input, &arguments, &partial(&cached))?;
            fs::rename(partial(&cached), &cached)?;
        }
        fs::copy(&cached, output).with_context(|| format!("writing {}", output.display()))?;
        Ok(())
    }

    fn run(&self, input: &Path, arguments: &[&str], output: &Path) -> Result<()> {
        let mut command = self.wasm_opt(arguments)?;
        command.arg(input).arg("-o").arg(output);
        let status = command.status().with_context(|| {
            let program = command.get_program().display();
            format!("cannot start {program}: install Binaryen, or say where its wasm-opt is")
        })?;
        ensure!(
            status.success(),
            "wasm-opt {arguments:?} ended with {status}"
        );
        Ok(())
    }

    fn wasm_opt(&self, arguments: &[&str]) -> Result<Command> {
        let (program, first) = self
            .command
            .split_first()
            .context("no command for wasm-opt")?;
        let mut command = Command::new(program);
        command.args(first).args(arguments);
        Ok(command)
    }

    /// A name for the output of one run: it follows from the input, the arguments and the tool.
    fn key(&self, input: &Path, arguments: &[&str]) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(fs::read(input)?);
        hash.update(self.wasm_opt(&["--version"])?.output()?.stdout);
        for argument in arguments {
            hash.update(argument);
            hash.update([0]);
        }
        let digest = hash.finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(hex + ".wasm")
    }
}

/// Where a file lies until it is whole.
fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

/// What makes the twin: every function that may be on the stack while the import suspends is
/// rewritten to unwind and rewind; all but the shims, which never are.
fn asyncify_passes(input: &Path) -> Result<[String; 3]> {
    let wasm = fs::read(input).with_context(|| format!("reading {}", input.display()))?;
    Ok([
        "--asyncify".to_owned(),
        format!("--pass-arg=asyncify-imports@{}", crate::SUSPENDING_IMPORT),
        format!("--pass-arg=asyncify-removelist@{}", shims::list(&wasm)?),
    ])
}
