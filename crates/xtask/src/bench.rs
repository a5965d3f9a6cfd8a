//! `cargo xtask bench`: what the twin costs, in each engine, both builds side by side.
//!
//! A person calls it; the measuring is done by `tests/bench.mjs`, which leaves its samples in
//! `target/bench/twins.json`. It must not know what is measured.

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Engines to measure in: chromium, firefox, webkit; all of them when none is named.
    engines: Vec<String>,
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
        task.run(
            command("node")
                .arg("tests/bench.mjs")
                .args(&options.engines),
        )
    })
}
