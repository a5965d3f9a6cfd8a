//! `cargo xtask`: every job of this repository behind one command.
//!
//! A person or CI calls it; each subcommand is a module of its own.
//! It knows how to build, serve and test, and nothing about SQL, OPFS or the wire protocol.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool: telling what it does is its job"
)]

mod bench;
mod build;
mod cache;
mod examples;
mod page;
mod probe;
mod process;
mod serve;
mod setup;
mod sizes;
mod sqlite;
mod steps;
mod stock;
mod suite;
mod test;
mod tidy;
mod torture;
mod torture_browser;
mod torture_large;
mod torture_tabs;
mod torture_wire;

use std::process::ExitCode;

use anchorite_twin::Effort;
use clap::{Parser, Subcommand};

/// Builds, serves and tests Anchorite. Set-up happens inside each command, and only when needed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Job,
}

#[derive(Debug, Subcommand)]
enum Job {
    /// Measure ours against the official package and the bare browser, with verdicts.
    Bench(bench::Options),
    /// Build the npm package into js/dist and print the size of each file.
    Build(build::Options),
    /// Build the console and serve it on 127.0.0.1 under the production CSP until interrupted.
    Demo(serve::Options),
    /// Build the examples and serve them on 127.0.0.1 until interrupted.
    Examples(serve::Options),
    /// Trace the system calls of each engine and fill the table in docs/durability.md.
    ProbeMedium(probe::Options),
    /// Run rusqlite's own tests over our VFS, in Chromium.
    Suite,
    /// Run every check and every test, native and in the browsers.
    Test(test::Options),
    /// Check style and structure only.
    Tidy,
    /// Cut the power under the VFS a million times, or kill browsers, and look at what is left.
    Torture(torture::Options),
    /// Make the pair of wasm files from cargo's module: a step of `build`, in its own process.
    #[command(hide = true)]
    Twins {
        /// Of a module that only tests load.
        #[arg(long)]
        stock: Option<stock::Stock>,
        /// With little effort for speed and size.
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = process::end_children_on_signal().and_then(|()| run(cli.command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(job: Job) -> anyhow::Result<()> {
    match job {
        Job::Bench(options) => bench::run(&options),
        Job::Build(options) => build::run(&options),
        Job::Demo(options) => serve::run(&options),
        Job::Examples(options) => examples::run(&options),
        Job::ProbeMedium(options) => probe::run(&options),
        Job::Suite => suite::run(),
        Job::Test(options) => test::run(&options),
        Job::Tidy => tidy::run(),
        Job::Torture(options) => torture::run(&options),
        Job::Twins {
            stock: Some(stock), ..
        } => stock::run_twins(stock),
        Job::Twins { quick, .. } => build::run_twins(effort(quick)),
    }
}

fn effort(quick: bool) -> Effort {
    if quick { Effort::Little } else { Effort::Full }
}

/// `test` has printed its failures and its count already: an empty message adds no line after it.
fn report(error: &anyhow::Error) {
    let message = format!("{error:#}");
    if !message.is_empty() {
        println!("\nerror: {message}");
    }
}
