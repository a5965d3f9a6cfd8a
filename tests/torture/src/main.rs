//! `anchorite-torture`: the shipped VFS over a simulated disk whose power fails at every change.
//!
//! `cargo xtask torture` builds and runs it. It must not know how the VFS works: it plugs disks in
//! below and speaks SQL above.
//!
//! ```text
//! workloads.rs, script.rs   what is done            configuration.rs   how
//! record.rs                 run it once: changes of the disk, state after each step
//! campaign.rs               crash at every change, recover (recover.rs), judge (oracle.rs)
//! faults/, malloc.rs        let each operation and each allocation fail, and judge
//! parent.rs                 one process per core, and the sum
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: its last line is its result"
)]

mod campaign;
mod configuration;
mod digest;
mod faults;
#[cfg(test)]
mod large;
mod malloc;
mod mutants;
mod oracle;
mod parent;
mod record;
mod recover;
mod reseal;
mod script;
mod slice;
mod switch;
mod workloads;

use std::process::ExitCode;

use clap::Parser;

/// Crashes a simulated disk under the shipped VFS, and recovers.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// At least 20,000 images in less than a minute, instead of a million.
    #[arg(long)]
    pub(crate) sample: bool,
    /// Processes; default: one per core.
    #[arg(long)]
    pub(crate) jobs: Option<usize>,
    /// Only workloads and configurations whose `name/configuration` contains this text.
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
    /// One process's part of the work, as `number/of`.
    #[arg(long, hide = true)]
    pub(crate) slice: Option<String>,
    /// Only these mutants: a part of a name, `all` or `none`.
    #[arg(long, default_value = "all")]
    pub(crate) mutants: String,
    /// The fault sweep alone.
    #[arg(long)]
    pub(crate) faults: bool,
    /// Prints which result codes have come of which fault, as a table in Markdown.
    #[arg(long)]
    pub(crate) codes: bool,
    /// One image again, in detail: the text that a failure prints.
    #[arg(long)]
    pub(crate) reproduce: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match (&options.reproduce, &options.slice) {
        (Some(place), _) => slice::reproduce(&options, place),
        (None, Some(part)) => slice::run(&options, part),
        (None, None) => parent::run(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
