//! `cargo xtask torture browser`: workers terminated at every call of the VFS, browsers killed
//! while they write, and every database looked at afterwards.
//!
//! A person calls it before a release; `test` calls a sample. The campaign itself is
//! `tests/torture.mjs`, which leaves what it found in `target/torture/browser.json`. This file must
//! not know what is killed.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The options of `cargo xtask torture browser`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Torture these engines only, for instance `chromium,firefox`.
    #[arg(long, value_name = "LIST")]
    engines: Option<String>,
    /// Repeat the kills of an earlier run: it prints its seed first.
    #[arg(long)]
    seed: Option<String>,
    /// So many worker kills per twin, instead of each engine's share.
    #[arg(long, value_name = "COUNT")]
    workers: Option<u32>,
    /// So many browser kills, instead of each engine's share.
    #[arg(long, value_name = "COUNT")]
    browsers: Option<u32>,
    /// The few kills that `cargo xtask test` makes.
    #[arg(long)]
    sample: bool,
}

/// Builds what is tortured, then tortures it, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let missing = setup::missing_for_test(options.engines.as_deref())?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    lane.step("torture browser", |task| task.run(&mut campaign(options)))
}

/// The sample for `cargo xtask test`; everything has been built.
pub(crate) fn sample(engines: Option<&str>) -> Command {
    campaign(&Options {
        engines: engines.map(str::to_owned),
        seed: None,
        workers: None,
        browsers: None,
        sample: true,
    })
}

fn campaign(options: &Options) -> Command {
    let mut node = command("node");
    node.arg("tests/torture.mjs");
    if options.sample {
        node.arg("--sample");
    }
    let counts = [
        ("--workers", options.workers),
        ("--browsers", options.browsers),
    ];
    for (name, count) in counts {
        node.args(count.map(|count| format!("{name}={count}")));
    }
    let texts = [("--engines", &options.engines), ("--seed", &options.seed)];
    for (name, text) in texts {
        node.args(text.as_ref().map(|text| format!("{name}={text}")));
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::show;

    #[test]
    fn only_what_was_asked_for_is_passed_on() {
        let sampled = show(&sample(Some("firefox")));
        assert_eq!(sampled, "node tests/torture.mjs --sample --engines=firefox");
    }
}
