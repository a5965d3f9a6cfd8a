//! `cargo xtask probe-medium`: which system calls each engine makes for what OPFS is asked.
//!
//! A person calls it when an engine has a new version; `tests/probe.mjs` does the tracing, writes
//! `target/probe/medium.json` and fills the table in `docs/durability.md`. It must not know what is
//! traced.

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The options of `cargo xtask probe-medium`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Engines to probe: chromium, firefox, webkit; only a run of all fills the table in the docs.
    engines: Vec<String>,
}

/// Builds the page that is traced, then traces, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let named = (!options.engines.is_empty()).then(|| options.engines.join(","));
    let missing = setup::missing_for_probe(named.as_deref())?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    lane.step("probe", |task| {
        task.run(
            command("node")
                .arg("tests/probe.mjs")
                .args(&options.engines),
        )
    })
}
