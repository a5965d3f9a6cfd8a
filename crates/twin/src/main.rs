//! `anchorite-twin`: makes the pair of builds from the module of an application.
//!
//! For whoever uses `anchorite::run` in Rust for the browser; crates/twin/README.md says where it
//! stands in a build. Everything else is the library's.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: telling what it does is its job"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anchorite_twin::{Application, Effort, Optimiser, application};
use clap::Parser;

/// Makes the plain build and its Asyncify twin from one module, and the glue that loads whichever
/// the browser can run.
///
/// MODULE is either what cargo has compiled for wasm32-unknown-unknown, which this program hands to
/// the wasm-bindgen in it; or NAME_bg.wasm, what wasm-bindgen, wasm-pack or Trunk have made of that
/// for the target `web`, which is replaced where it lies.
#[derive(Debug, Parser)]
#[command(name = "anchorite-twin", version)]
struct Cli {
    /// The module.
    module: PathBuf,
    /// The folder for what is written, if MODULE is cargo's.
    #[arg(long, value_name = "FOLDER")]
    out_dir: Option<PathBuf>,
    /// The name of the files, if MODULE is cargo's; without it, that of MODULE.
    #[arg(long)]
    name: Option<String>,
    /// Binaryen's optimiser, version 119 or newer.
    #[arg(long, value_name = "PROGRAM", default_value = "wasm-opt")]
    wasm_opt: String,
    /// In seconds instead of minutes, and so larger and slower: while you work.
    #[arg(long)]
    quick: bool,
    /// Keeps what `wasm-opt` gave here, by its input, and takes it the next time.
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match application(&options(cli)) {
        Ok(pair) => {
            for path in [&pair.glue, &pair.plain, &pair.asyncify] {
                println!("{:>9}  {}", size(path), path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(cli: Cli) -> Application {
    let effort = match cli.quick {
        true => Effort::Little,
        false => Effort::Full,
    };
    Application {
        wasm: cli.module,
        out_dir: cli.out_dir,
        name: cli.name,
        optimiser: Optimiser {
            command: vec![cli.wasm_opt],
            cache_dir: cli.cache,
            effort,
        },
    }
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
