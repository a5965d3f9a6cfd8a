//! `cargo xtask torture tabs-browser`: tabs of one browser that share a database, while they are
//! reloaded, frozen and killed.
//!
//! A person calls it before a release; `test` calls a sample. The campaign itself is
//! `tests/torture-tabs.mjs`, which leaves what it found in `target/torture/tabs-browser.json`. This
//! file must not know what is done to a tab.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, command};
use crate::steps::Lane;
use crate::{build, setup};

/// The engines in which a database is shared by tabs with processes of their own.
const ENGINES: &str = "chromium,firefox";

/// The options of `cargo xtask torture tabs-browser`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Torture these engines only: `chromium` or `firefox`.
    #[arg(long, value_name = "LIST")]
    engines: Option<String>,
    /// Only these ways of sharing, for instance `shared,owner`.
    #[arg(long, value_name = "LIST")]
    sharing: Option<String>,
    /// Only these scenarios, for instance `count,reload`.
    #[arg(long, value_name = "LIST")]
    only: Option<String>,
    /// Repeat the choices of an earlier run: it prints its seed first.
    #[arg(long)]
    seed: Option<String>,
    /// Only so much of everything, for instance `0.1`: a run that takes less time.
    #[arg(long, value_name = "PART")]
    part: Option<String>,
    /// The little that `cargo xtask test` does.
    #[arg(long)]
    sample: bool,
}

/// Builds what is tortured, then tortures it, alone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let engines = options.engines.as_deref().unwrap_or(ENGINES);
    let missing = setup::missing_for_test(Some(engines))?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::stock(&lane)?;
    build::tests(&lane)?;
    lane.step("torture tabs-browser", |task| {
        task.run(&mut campaign(options))
    })
}

/// The sample for `cargo xtask test`, if it runs one of the engines; everything has been built.
pub(crate) fn sample(engines: Option<&str>) -> Option<Command> {
    let named = engines.unwrap_or(ENGINES).split(',');
    let ours: Vec<_> = named.filter(|name| ENGINES.contains(name)).collect();
    let options = Options {
        engines: Some(ours.join(",")),
        sample: true,
        ..Options::default()
    };
    (!ours.is_empty()).then(|| campaign(&options))
}

fn campaign(options: &Options) -> Command {
    let mut node = command("node");
    node.arg("tests/torture-tabs.mjs");
    if options.sample {
        node.arg("--sample");
    }
    let texts = [
        ("--engines", &options.engines),
        ("--sharing", &options.sharing),
        ("--only", &options.only),
        ("--seed", &options.seed),
        ("--part", &options.part),
    ];
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
    fn a_sample_is_taken_where_tabs_have_processes_of_their_own() {
        let sampled = sample(Some("webkit,firefox")).expect("one of them has");
        let shown = "node tests/torture-tabs.mjs --sample --engines=firefox";
        assert_eq!(show(&sampled), shown);
        assert!(sample(Some("webkit")).is_none());
    }
}
