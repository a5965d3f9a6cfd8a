//! `cargo xtask torture large`: large databases with little Wasm memory, in the browsers.
//!
//! A person calls it; the stages are those of `tests/large.mjs`, which leaves its figures in
//! `target/large/large.json`. It must not know what a stage does.

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The engines with synchronous access handles.
const ENGINES: &str = "chromium,firefox";

/// The options of `cargo xtask torture large`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Parts of the names of the cells to run in, for instance `chromium-jspi`; all when left out.
    cells: Vec<String>,
    /// The size of the database in MiB; Wasm memory may take half of it.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(256..))]
    mib: u32,
}

/// Builds what runs, then runs it, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let missing = setup::missing_for_test(Some(ENGINES))?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    lane.step("torture large", |task| {
        let mut node = command("node");
        node.arg("tests/large.mjs").arg(options.mib.to_string());
        task.run(node.args(&options.cells))
    })
}
