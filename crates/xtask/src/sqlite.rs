//! SQLite's source as the wasm module is compiled from it: small, but for what runs per row.
//!
//! Called by `build`. The amalgamation is SQLite's files one after the other, each between two
//! marks; the functions of all files but the hot ones are marked to be compiled for size. Nothing
//! else of it is changed. It must not know which options SQLite has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process::{capture, cargo, state_dir};

/// What rows, cells and pages pass through, compiled for speed: chosen by what they do.
/// docs/performance.md has the size and speed of other choices.
const HOT: [&str; 11] = [
    "btree.c",
    "pager.c",
    "pcache.c",
    "pcache1.c",
    "util.c",
    "vdbe.c",
    "vdbeapi.c",
    "vdbeaux.c",
    "vdbemem.c",
    "vdbesort.c",
    "wal.c",
];

/// What the compiler reads beside the source.
const HEADERS: [&str; 2] = ["sqlite3.h", "sqlite3ext.h"];

const BEGIN: &str = "/************** Begin file ";
const END: &str = "/************** End of ";
const SMALL: &str = "#pragma clang attribute push(__attribute__((minsize)), apply_to = function)\n";
const AS_BEFORE: &str = "#pragma clang attribute pop\n";

/// A folder with `sqlite3.c` and its headers, made from those in `locked`.
pub(crate) fn source(locked: &Path) -> Result<PathBuf> {
    let folder = state_dir().join("sqlite");
    fs::create_dir_all(&folder).context("create the folder for SQLite's source")?;
    let text = read(&locked.join("sqlite3.c"))?;
    write(&folder.join("sqlite3.c"), &small_but(&HOT, &text)?)?;
    for header in HEADERS {
        write(&folder.join(header), &read(&locked.join(header))?)?;
    }
    Ok(folder)
}

/// The folder of the machine that all crates from the registry lie in, as `locked` does.
pub(crate) fn registry(locked: &Path) -> Result<&Path> {
    let folder = locked.ancestors().nth(2);
    folder.context("libsqlite3-sys lies in no registry")
}

/// The amalgamation with every function marked as small that is not in one of the `hot` files.
/// A file may be within another one.
fn small_but(hot: &[&str], amalgamation: &str) -> Result<String> {
    let mut parted = String::with_capacity(amalgamation.len() + 16_384);
    let (mut found, mut open) = (0, 0_i32);
    for line in amalgamation.split_inclusive('\n') {
        let cold = |mark| file_of(line, mark).is_some_and(|file| !hot.contains(&file));
        found += usize::from(file_of(line, BEGIN).is_some_and(|file| hot.contains(&file)));
        if cold(END) {
            parted.push_str(AS_BEFORE);
            open -= 1;
        }
        parted.push_str(line);
        if cold(BEGIN) {
            parted.push_str(SMALL);
            open += 1;
        }
        ensure!(open >= 0, "an end without its begin: {line}");
    }
    ensure!(open == 0, "the last file of the amalgamation has no end");
    ensure!(found == hot.len(), "only {found} of {hot:?} were found");
    Ok(parted)
}

/// The C file that such a mark is about. Headers are left out: a declaration there would mark the
/// definition in a hot file too.
fn file_of<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let name = line.strip_prefix(mark)?.split(' ').next()?;
    name.ends_with(".c").then_some(name)
}

/// The folder with `sqlite3.c` inside the locked libsqlite3-sys.
pub(crate) fn amalgamation() -> Result<PathBuf> {
    Ok(locked("libsqlite3-sys")?.join("sqlite3"))
}

/// The folder of a package that is locked.
pub(crate) fn locked(name: &str) -> Result<PathBuf> {
    let text = capture(cargo().args(["metadata", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages.find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.with_context(|| format!("{name} is not in Cargo.lock"))?;
    Ok(PathBuf::from(manifest).with_file_name(""))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// A file whose time changes is compiled again, so one that is right is left alone.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|is| is == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = "\
/************** Begin file a.c ****/
/************** Begin file a.h ****/
/************** End of a.h ****/
int a(void);
/************** End of a.c ****/
/************** Begin file b.c ****/
int b(void);
/************** End of b.c ****/
";

    #[test]
    fn what_is_not_hot_is_marked() {
        let parted = small_but(&["b.c"], FILES).unwrap();
        let a = parted.find("int a").unwrap();
        assert!(parted.find(SMALL).unwrap() < a && a < parted.find(AS_BEFORE).unwrap());
        assert_eq!(parted.matches(SMALL).count(), 1);
        assert_eq!(parted.replace(SMALL, "").replace(AS_BEFORE, ""), FILES);
    }

    #[test]
    fn a_hot_file_that_is_gone_is_an_error() {
        assert!(small_but(&["b.c", "c.c"], FILES).is_err());
    }

    #[test]
    fn a_mark_without_its_counterpart_is_an_error() {
        assert!(
            small_but(
                &[],
                FILES.trim_end_matches("/************** End of b.c ****/\n")
            )
            .is_err()
        );
        assert!(small_but(&[], &FILES.replacen("Begin file b", "End of b", 1)).is_err());
    }

    #[test]
    fn the_locked_amalgamation_has_all_marks() {
        let text = read(&amalgamation().unwrap().join("sqlite3.c")).unwrap();
        let parted = small_but(&HOT, &text).unwrap();
        assert_eq!(parted.replace(SMALL, "").replace(AS_BEFORE, ""), text);
    }
}
