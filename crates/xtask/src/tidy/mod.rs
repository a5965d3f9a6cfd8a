//! `cargo xtask tidy`: the rules of style and structure that a compiler does not check.
//!
//! Each rule is a small function from sources to violations, with a test that breaks it. `test`
//! calls this too. It reads files and must not change any.

mod code;
mod docs;
mod functions;
mod links;
mod paths;
mod shape;
mod source;
mod words;

use std::fs;

use anyhow::{Result, bail};

use crate::process::{capture, command, root};
use source::{Source, Violation};

/// Checks the whole repository; violations are printed as `path:line: message`.
pub(crate) fn run() -> Result<()> {
    let sources = read_all()?;
    println!("{}", functions::report(&sources));
    let violations = check(&sources);
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        count => bail!("{count} violations of our style, listed above"),
    }
}

/// All rules over all files.
fn check(sources: &[Source]) -> Vec<Violation> {
    let mut violations: Vec<_> = sources.iter().flat_map(check_file).collect();
    violations.extend(links::check(sources));
    violations.extend(docs::check(sources));
    violations.sort();
    violations
}

/// The rules that need to see one file only.
fn check_file(source: &Source) -> Vec<Violation> {
    let rules = [words::check, shape::check, functions::check, paths::check];
    rules.iter().flat_map(|rule| rule(source)).collect()
}

/// Every text file that is committed, or would be.
fn read_all() -> Result<Vec<Source>> {
    let mut list = command("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = capture(&mut list)?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    Ok(paths.filter_map(read).collect())
}

/// Nothing for a file that is deleted but still listed, or that is not text.
fn read(path: &str) -> Option<Source> {
    let bytes = fs::read(root().join(path)).ok()?;
    Some(Source::new(path, &String::from_utf8(bytes).ok()?))
}
