//! `cargo xtask torture wire`: what no page says, and a million calls, in the browsers.
//!
//! A person calls it; `tests/torture-wire.mjs` prints its result as the last line, and leaves its
//! figures in `target/torture/wire.json`. It must not know what is said.

use anyhow::{Result, ensure};

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The options of `cargo xtask torture wire`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The engines to run in.
    #[arg(long, default_value = "chromium,firefox")]
    engines: String,
    /// Passed on to the campaign: `--messages`, `--calls`, `--seed`, `--only fuzz,soak`.
    #[arg(last = true)]
    passed_on: Vec<String>,
}

/// Builds what runs, then runs it, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let missing = setup::missing_for_test(Some(&options.engines))?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    let mut node = command("node");
    node.args(["tests/torture-wire.mjs", "--engines", &options.engines]);
    let (status, ()) = process::run(node.args(&options.passed_on), |_| Ok(()))?;
    ensure!(status.success(), "");
    Ok(())
}
