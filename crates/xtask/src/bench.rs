//! `cargo xtask bench`: ours against the official package and the browser's bare calls, in each
//! engine, and what the twin costs; and in several tabs against two VFSes of wa-sqlite.
//!
//! A person calls it; `test` takes a sample. The measuring is done by `tests/bench.mjs`, which
//! leaves its samples in `target/bench/results.json`. It must not know what is measured.

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::{Lane, Task};
use crate::{build, setup};

/// The options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Engines to measure in: chromium, firefox, webkit; all of them when none is named.
    engines: Vec<String>,
    /// Measure only the workloads whose name contains this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

/// Builds what is measured, then measures, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let named = (!options.engines.is_empty()).then(|| options.engines.join(","));
    let missing = setup::missing_for_test(named.as_deref())?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    lane.step("bench", |task| {
        let mut bench = command("node");
        bench.arg("tests/bench.mjs").args(&options.engines);
        task.run(bench.arg(format!("--only={}", options.only)))
    })
}

/// One short round of everything: the answers are checked, and that nothing is slower by far.
pub(crate) fn sample(task: &Task) -> Result<()> {
    let verdicts =
        ["bench-verdict", "bench-tabs"].map(|name| format!("tests/dist/{name}.test.mjs"));
    task.run(command("node").arg("--test").args(verdicts))?;
    task.run(command("node").args(["tests/bench.mjs", "chromium", "--sample"]))
}
