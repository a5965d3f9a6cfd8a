//! `cargo xtask suite`: rusqlite's own tests, over our VFS, in Chromium.
//!
//! A person calls it. rusqlite's source is taken from the registry, at the version that is locked;
//! in a copy of it databases in memory become files in OPFS. It must not know any test.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use anchorite_twin::{Application, Effort};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cache::files_below;
use crate::process::{self, capture, command, root};
use crate::sqlite::locked;
use crate::steps::Lane;
use crate::{build, setup, stock};

/// The copy of the crate, and what is built of it.
const FOLDER: &str = "target/suite";
/// What is written instead of what in its sources: databases in memory are files, and the macro of
/// a newer standard library is ours.
const EDITS: [(&str, &str); 3] = [
    (
        "Self::open_with_flags(\":memory:\", flags)",
        "Self::open_with_flags(crate::anchorite_suite::fresh(), flags)",
    ),
    (
        "std::assert_matches;",
        "crate::anchorite_suite::assert_matches;",
    ),
    (
        "std::assert_matches!",
        "crate::anchorite_suite::assert_matches!",
    ),
];
/// All but what cannot be on this target: extensions to load, threads that notify, and linking.
const FEATURES: &str = "array,backup,blob,chrono,collation,column_decltype,column_metadata,csvtab,\
    extra_check,functions,hooks,i128_blob,jiff,limits,modern_sqlite,serde_json,serialize,series,\
    session,time,trace,url,uuid,vtab,wal,window";

/// Builds the tests, then runs them.
pub(crate) fn run() -> Result<()> {
    let missing = setup::missing_for_test(Some("chromium"))?;
    let _alone = process::alone()?;
    let lane = Lane::shown();
    setup::for_test(&lane, &missing)?;
    build::package(&lane)?;
    build::tests(&lane)?;
    let module = lane.step("rusqlite's tests as a module", |_| {
        copy()?;
        compile()
    })?;
    lane.step("their twins", |_| twins(module))?;
    lane.step("rusqlite's tests", |task| {
        task.run(command("node").arg("tests/suite.mjs"))
    })
}

/// The crate as it is locked, edited, with our file beside its own.
fn copy() -> Result<()> {
    let (from, to) = (locked("rusqlite")?, crate_folder());
    let mut found = [false; EDITS.len()];
    for entry in files_below(&from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(&from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            let text = fs::read_to_string(entry.path())?;
            fs::write(&target, edited(text, &mut found))?;
        }
    }
    let missing = EDITS.iter().zip(found).find(|(_, found)| !found);
    ensure!(missing.is_none(), "rusqlite has changed: {missing:?}");
    let ours = root().join("tests/suite");
    let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
    let more = fs::read_to_string(ours.join("manifest.toml"))?;
    fs::write(to.join("Cargo.toml"), manifest + &more)?;
    fs::copy(ours.join("Cargo.lock"), to.join("Cargo.lock"))?;
    fs::copy(
        ours.join("anchorite_suite.rs"),
        to.join("src/anchorite_suite.rs"),
    )?;
    let mut library = File::options().append(true).open(to.join("src/lib.rs"))?;
    Ok(writeln!(library, "\n#[cfg(test)]\nmod anchorite_suite;")?)
}

/// Notes which edits there were something for.
fn edited(mut text: String, found: &mut [bool; EDITS.len()]) -> String {
    for ((from, to), found) in EDITS.iter().zip(found) {
        *found |= text.contains(from);
        text = text.replace(from, to);
    }
    text
}

fn crate_folder() -> PathBuf {
    root().join(FOLDER).join("rusqlite")
}

/// The module that cargo leaves, by what it says of it.
fn compile() -> Result<PathBuf> {
    let mut build = stock::cargo("test")?;
    build.current_dir(crate_folder());
    build.args(["--no-run", "--lib", "--locked", "--features", FEATURES]);
    build.arg("--message-format=json-render-diagnostics");
    let said = capture(&mut build)?;
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let module = messages.filter_map(|message| Some(message["executable"].as_str()?.into()));
    module
        .reduce(|_, last| last)
        .context("cargo names no module")
}

fn twins(wasm: PathBuf) -> Result<()> {
    anchorite_twin::application(&Application {
        wasm,
        out_dir: Some(root().join(FOLDER).join("pkg")),
        name: Some("rusqlite".to_owned()),
        optimiser: build::optimiser("target/xtask/suite-wasm-opt", Effort::Little),
    })
    .map(drop)
}
