//! The oracle: what native SQLite of the same source answers to the data files in `tests/data`.
//!
//! `cargo xtask test` calls it before the browser tests, which compare with the file it writes.
//! It must not know how a browser runs the same data: the data files and the JSON it writes are
//! all that both sides share, and `tests/data/README.md` describes both.

mod check;
mod codes;
mod corpus;
mod damaged;
mod medium;
mod report;
mod twins;
mod wire;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: anchorite-oracle <data folder> <out.json>\n       \
                     anchorite-oracle check <folder of databases>";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr leaves nobody to tell; the exit code still says it.
            let _ = writeln!(io::stderr(), "anchorite-oracle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["check", folder] => check::check_folder(Path::new(folder), &mut io::stdout()),
        [data, out] => write_report(Path::new(data), Path::new(out)),
        _ => bail!("{USAGE}"),
    }
}

/// Runs everything in `data` and writes the answers to `out`.
fn write_report(data: &Path, out: &Path) -> Result<()> {
    let scratch = Scratch::new(out.with_extension("scratch"))?;
    let report = report::Report::gather(data, scratch.path())?;
    let json = serde_json::to_string(&report)?;
    fs::write(out, json + "\n").with_context(|| format!("write {}", out.display()))?;
    writeln!(io::stdout(), "{report}")?;
    Ok(())
}

/// A folder for copies of the databases, removed with all that is in it when it goes out of scope.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("remove the leftover {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        Ok(Self(folder))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover is harmless: the next run removes it before it starts.
        let _ = fs::remove_dir_all(&self.0);
    }
}
