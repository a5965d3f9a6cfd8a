//! `cargo xtask torture`: the VFS under simulated power loss, natively; or browsers that are killed
//! (`torture_browser.rs`), that have many tabs (`torture_tabs.rs`) or little memory
//! (`torture_large.rs`), or that are told nonsense (`torture_wire.rs`).
//!
//! A person calls it before a release; `test` calls a sample. The campaign itself is the program
//! `anchorite-torture`, which prints its result as the last line. This file must not know what is
//! tortured, or how.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{self, cargo};
use crate::{torture_browser, torture_large, torture_tabs, torture_wire};

/// The options of `cargo xtask torture`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    place: Option<Place>,
    #[command(flatten)]
    native: Native,
}

#[derive(Debug, clap::Subcommand)]
enum Place {
    /// On a simulated disk, natively; also when no place is named.
    Native(Native),
    /// In the browsers: every engine, both twins, both kinds of handle.
    Browser(torture_browser::Options),
    /// Several contexts on one database, in every order that a seed chooses, natively.
    Tabs(Native),
    /// Several tabs on one database, in Chromium and Firefox: reloaded, frozen, killed.
    TabsBrowser(torture_tabs::Options),
    /// Sort, index and vacuum 1 GiB in the browsers, with at most 512 MiB of Wasm memory.
    Large(torture_large::Options),
    /// Say what no page says to engines, and make a million calls, in the browsers.
    Wire(torture_wire::Options),
}

#[derive(Debug, clap::Args)]
struct Native {
    /// The sample that `cargo xtask test` takes.
    #[arg(long)]
    sample: bool,
    /// Passed on to the campaign; `-- --help` lists what it takes.
    #[arg(last = true)]
    passed_on: Vec<String>,
}

/// Tortures what is named.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.place {
        Some(Place::Browser(options)) => torture_browser::run(options),
        Some(Place::Large(options)) => torture_large::run(options),
        Some(Place::Tabs(tabs)) => run_tabs(tabs),
        Some(Place::TabsBrowser(options)) => torture_tabs::run(options),
        Some(Place::Wire(options)) => torture_wire::run(options),
        Some(Place::Native(native)) => natively(native),
        None => natively(&options.native),
    }
}

/// Builds the campaign and runs it. Nothing is printed after its last line.
fn natively(native: &Native) -> Result<()> {
    let _alone = process::alone()?;
    let mut campaign = campaign("torture");
    if native.sample {
        campaign.arg("--sample");
    } else {
        state_machine()?;
    }
    let (status, ()) = process::run(campaign.args(&native.passed_on), |_| Ok(()))?;
    ensure!(status.success(), "");
    Ok(())
}

/// Builds the schedules and runs them; without other wishes, first some where SQLite waits for
/// locks itself. Nothing is printed after the last line.
fn run_tabs(options: &Native) -> Result<()> {
    let _alone = process::alone()?;
    let mut tabs = program("torture", "anchorite-tabs");
    if options.sample {
        tabs.arg("--sample");
    } else if options.passed_on.is_empty() {
        run_to_the_end(blocking(&mut program("torture", "anchorite-tabs"))?)?;
    }
    run_to_the_end(tabs.args(&options.passed_on))
}

fn run_to_the_end(program: &mut Command) -> Result<()> {
    let (status, ()) = process::run(program, |_| Ok(()))?;
    ensure!(status.success(), "");
    Ok(())
}

/// With an SQLite that waits inside xShmLock: a build of its own, beside the other one.
fn blocking(program: &mut Command) -> Result<&mut Command> {
    let defines = std::env::var("LIBSQLITE3_FLAGS");
    let defines = defines.context("LIBSQLITE3_FLAGS is not set: run this by `cargo xtask`")?;
    let defines = format!("{defines} -DSQLITE_ENABLE_SETLK_TIMEOUT=1");
    Ok(program
        .env("LIBSQLITE3_FLAGS", defines)
        .env("CARGO_TARGET_DIR", process::root().join("target/blocking"))
        .args(["--schedules", "100000"]))
}

/// The sample of schedules for `cargo xtask test`.
pub(crate) fn sample_of_tabs() -> Command {
    let mut tabs = program("dev", "anchorite-tabs");
    tabs.arg("--sample");
    tabs
}

/// Steps of the state machine, as many as are promised.
const STEPS: &str = "1000000";

/// Random calls compared with a model; native tests and browsers take a sample each.
fn state_machine() -> Result<()> {
    let mut machine = cargo();
    machine.args(["run", "--quiet", "--profile", "torture"]);
    machine.args(["--bin", "anchorite-machine", "--", STEPS, "1"]);
    let (status, ()) = process::run(&mut machine, |_| Ok(()))?;
    ensure!(status.success(), "the state machine and its model differ");
    Ok(())
}

/// The sample for `cargo xtask test`, in the profile that the tests are built in.
pub(crate) fn sample() -> Command {
    let mut campaign = campaign("dev");
    campaign.arg("--sample");
    campaign
}

fn campaign(profile: &str) -> Command {
    program(profile, "anchorite-torture")
}

/// Named by its binary, so that cargo chooses features as for the whole workspace.
fn program(profile: &str, name: &str) -> Command {
    let mut program = cargo();
    program.args(["run", "--quiet", "--profile", profile]);
    program.args(["--bin", name, "--"]);
    program
}
