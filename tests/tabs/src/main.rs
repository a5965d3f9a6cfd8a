//! `anchorite-tabs`: several contexts on one database, natively, in the orders that seeds choose.
//!
//! `cargo xtask torture tabs` builds and runs it. It must not know how the VFS works: it puts a
//! simulated medium below and speaks SQL above.
//!
//! ```text
//! fiber.rs     a stack for each tab               world.rs   files, locks and time that they share
//! medium.rs    the seam of one tab's VFS          workload.rs, ledger.rs   what is done and judged
//! schedule.rs  who runs, call by call             campaign.rs   a process's schedules, or a mutant
//! parent.rs    the processes, and their sum
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: its last line is its result"
)]

mod campaign;
#[cfg(test)]
mod costs;
mod fiber;
mod ledger;
mod medium;
mod parent;
mod schedule;
mod workload;
mod world;

use std::process::ExitCode;

use clap::Parser;

/// Runs tabs against each other.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// A few thousand schedules instead of a million.
    #[arg(long)]
    pub(crate) sample: bool,
    /// How many schedules that count, with at least two tabs that commit and one lock contended or
    /// tab killed.
    #[arg(long)]
    pub(crate) schedules: Option<u64>,
    /// Processes; default: one per core.
    #[arg(long)]
    pub(crate) jobs: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only these mutants: a part of a name, or `none`.
    #[arg(long, default_value = "")]
    pub(crate) mutants: String,
    /// One schedule again, call by call.
    #[arg(long)]
    pub(crate) reproduce: Option<u64>,
    /// With `--reproduce`: of this mutant. Without: a process's part of the work.
    #[arg(long)]
    pub(crate) mutant: Option<String>,
    /// A process's part of the work, as `number/of`.
    #[arg(long, hide = true)]
    pub(crate) slice: Option<String>,
}

impl Options {
    /// How many schedules that count.
    pub(crate) fn wanted(&self) -> u64 {
        let default = if self.sample { 2000 } else { 1_000_000 };
        self.schedules.unwrap_or(default)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match (&options.reproduce, &options.slice, &options.mutant) {
        (Some(seed), _, _) => campaign::reproduce(*seed, options.mutant.as_deref()),
        (None, Some(part), _) => campaign::run(&options, part),
        (None, None, Some(name)) => campaign::hunt(&options, name),
        (None, None, None) => parent::run(&options),
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
