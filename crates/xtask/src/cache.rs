//! Steps that are skipped while the content of their inputs and outputs is what it was.
//!
//! A stamp under `target/xtask` holds two hashes: of everything the step reads, and of what it
//! left behind. Times of files are never looked at. Used by `build`, `setup` and `sizes`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use crate::process::{root, state_dir};
use crate::steps::{Lane, Task};

/// Folders that hold results, never sources.
const RESULTS: [&str; 4] = ["node_modules", "dist", "target", ".git"];
/// What tsc notes for itself while it runs.
const COMPILER_NOTES: &str = ".tsbuildinfo";

/// The content a step depends on, gathered into one hash.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    hash: Sha256,
}

impl Inputs {
    /// Adds files and folders, given relative to the root; one that is missing counts as such.
    pub(crate) fn paths(mut self, paths: &[&str]) -> Result<Self> {
        for path in paths {
            self.add(&root().join(path))?;
        }
        Ok(self)
    }

    /// Adds a value that is not a file.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.part(text.as_bytes());
        self
    }

    /// The hash of all that was added, in hexadecimal.
    pub(crate) fn hex(self) -> String {
        hex(&self.hash.finalize())
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        self.part(
            path.strip_prefix(root())
                .unwrap_or(path)
                .as_os_str()
                .as_encoded_bytes(),
        );
        if !path.exists() {
            return Ok(());
        }
        for entry in files_below(path) {
            let entry = entry.with_context(|| format!("list {}", path.display()))?;
            if entry.file_type().is_file() {
                self.file(entry.path())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let content = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        self.part(
            path.strip_prefix(root())
                .unwrap_or(path)
                .as_os_str()
                .as_encoded_bytes(),
        );
        self.part(&content);
        Ok(())
    }

    /// Length first, so that no two lists of parts give the same bytes.
    fn part(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }
}

/// Runs a step unless its stamp says that inputs and outputs are unchanged.
pub(crate) fn step(
    lane: &Lane,
    name: &str,
    inputs: Inputs,
    outputs: &[&str],
    work: impl FnOnce(&Task) -> Result<()>,
) -> Result<()> {
    let inputs = inputs.hex();
    let stamp = stamp_path(name);
    if fs::read_to_string(&stamp).is_ok_and(|old| fresh(&old, &inputs, outputs)) {
        lane.unchanged(name);
        return Ok(());
    }
    lane.step(name, |task| {
        work(task)?;
        write(&stamp, &format!("{inputs}\n{}\n", hash_of(outputs)?))
    })
}

/// A value computed once for one content: read back while the inputs are the same.
pub(crate) fn value(
    name: &str,
    inputs: Inputs,
    compute: impl FnOnce() -> Result<String>,
) -> Result<String> {
    let inputs = inputs.hex();
    let stamp = stamp_path(name);
    let old = fs::read_to_string(&stamp).unwrap_or_default();
    if let Some((hash, value)) = old.split_once('\n')
        && hash == inputs
    {
        return Ok(value.to_owned());
    }
    let value = compute()?;
    write(&stamp, &format!("{inputs}\n{value}"))?;
    Ok(value)
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn fresh(stamp: &str, inputs: &str, outputs: &[&str]) -> bool {
    let mut lines = stamp.lines();
    lines.next() == Some(inputs)
        && hash_of(outputs).is_ok_and(|hash| lines.next() == Some(hash.as_str()))
}

fn hash_of(outputs: &[&str]) -> Result<String> {
    Ok(Inputs::default().paths(outputs)?.hex())
}

/// A folder that is named outright is walked whatever its name: `js/dist` is an output.
pub(crate) fn files_below(path: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let walk = WalkDir::new(path).sort_by_file_name().into_iter();
    walk.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        let result = RESULTS.contains(&name.as_ref()) || name.ends_with(COMPILER_NOTES);
        entry.depth() == 0 || !result
    })
}

fn stamp_path(name: &str) -> PathBuf {
    let file = format!("{}.stamp", name.replace([' ', '/'], "-"));
    state_dir().join(file)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a stamp lies in a folder")?)?;
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_where_one_part_ends() {
        let one = Inputs::default().text("ab").text("c").hex();
        let other = Inputs::default().text("a").text("bc").hex();
        assert_ne!(one, other);
    }

    #[test]
    fn a_missing_output_makes_a_stamp_stale() {
        let missing = ["target/no-such-file"];
        let stamp = format!("in\n{}\n", hash_of(&["Cargo.toml"]).unwrap());
        assert!(fresh(&stamp, "in", &["Cargo.toml"]));
        assert!(!fresh(&stamp, "in", &missing));
        assert!(!fresh(&stamp, "other", &["Cargo.toml"]));
    }

    #[test]
    fn a_value_is_computed_once_for_one_input() {
        let inputs = || Inputs::default().text("value test");
        let first = value("value test", inputs(), || Ok("a\nb".into())).unwrap();
        let second = value("value test", inputs(), || Ok("other".into())).unwrap();
        assert_eq!((first.as_str(), second.as_str()), ("a\nb", "a\nb"));
        fs::remove_file(stamp_path("value test")).unwrap();
    }

    #[test]
    fn sha256_is_the_standard_one() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), known);
    }
}
