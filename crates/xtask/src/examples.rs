//! The examples: built for their tests, and served by `cargo xtask examples`.
//!
//! Called by `build.rs` before the browser tests. Front ends are a workspace of their own, the
//! worker is one of the modules with stock SQLite. It must not know what an example does.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::build;
use crate::cache::{self, Inputs};
use crate::process::{self, root};
use crate::serve::{self, Site};
use crate::setup;
use crate::steps::Lane;
use crate::stock::{self, Stock};

/// Each in a folder of `examples/frontends`, and of the site.
const FRONTENDS: [&str; 3] = ["dioxus", "leptos", "yew"];
/// What the modules of front ends are made of.
const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "crates/anchorite",
    "crates/twin",
    "crates/xtask/src/examples.rs",
    "examples/frontends",
    "examples/notes",
    "rust-toolchain.toml",
];
/// What is served, beside the npm package.
const SITE: &str = "target/examples";
/// Leptos writes its templates by `innerHTML`, so that Trusted Types are not asked for.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'";

/// Builds the package and the examples, and serves them until it is interrupted.
pub(crate) fn run(options: &serve::Options) -> Result<()> {
    serve::until_interrupted(options, "The examples are", || {
        prepare()?;
        Site::new(&root().join(SITE), POLICY)
    })
}

fn prepare() -> Result<()> {
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_build(&lane)?;
    build::package(&lane)?;
    modules(&lane)?;
    copy("js/dist", "anchorite")
}

/// Builds their modules, and puts their pages beside those.
pub(crate) fn modules(lane: &Lane) -> Result<()> {
    stock::pair(lane, Stock::Words)?;
    copy("examples/worker", "worker")?;
    frontends(lane)?;
    copy("examples/frontends", "")
}

/// In the target folder of the modules with stock SQLite: what they need in common is there.
fn frontends(lane: &Lane) -> Result<()> {
    let inputs = Inputs::default().paths(&SOURCES)?;
    let outputs = FRONTENDS.map(|name| format!("{SITE}/{name}/pkg"));
    cache::step(
        lane,
        "examples of front ends",
        inputs,
        &outputs.each_ref().map(|path| &**path),
        |task| {
            let mut build = stock::cargo("build")?;
            build.current_dir(root().join("examples/frontends"));
            task.run(build.arg("--locked"))?;
            FRONTENDS
                .iter()
                .zip(&outputs)
                .try_for_each(|(name, output)| {
                    let module = stock::module_of(&format!("notes-{name}"));
                    anchorite_twin::generate(
                        &root().join(module),
                        &format!("notes_{name}"),
                        &root().join(output),
                    )
                })
        },
    )
}

/// Puts the files that a browser loads from a folder into one of the site; what somebody has built
/// there is left out.
fn copy(from: &str, to: &str) -> Result<()> {
    let (from, to) = (root().join(from), root().join(SITE).join(to));
    for entry in cache::files_below(&from) {
        let entry = entry?;
        let name = entry.path().strip_prefix(&from)?;
        if entry.file_type().is_file() && is_served(name) {
            let target = to.join(name);
            fs::create_dir_all(target.parent().unwrap_or(&to))?;
            fs::copy(entry.path(), &target)
                .with_context(|| format!("copy {}", target.display()))?;
        }
    }
    Ok(())
}

fn is_served(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("css" | "html" | "js" | "wasm"))
}
