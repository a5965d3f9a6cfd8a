//! What a machine needs before anything can be built or tested, and how it gets there.
//!
//! Called by `build`, `serve` and `test`; each asks only for what it needs itself. As root on
//! Debian missing packages are installed; elsewhere the one line to run is the error.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cache::{self, Inputs};
use crate::process::{capture, command, npm, state_dir, succeeds};
use crate::steps::Lane;

/// The Rust target of the wasm build.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The oldest Node release line that our build tools accept.
const OLDEST_NODE: u32 = 20;

/// The C compiler and archiver for wasm32, as Debian and Homebrew name them; first match wins.
const COMPILERS: [(&str, &str); 10] = [
    ("clang-19", "llvm-ar-19"),
    ("clang", "llvm-ar"),
    ("clang-20", "llvm-ar-20"),
    ("clang-18", "llvm-ar-18"),
    ("clang-17", "llvm-ar-17"),
    ("clang-16", "llvm-ar-16"),
    ("clang-15", "llvm-ar-15"),
    ("clang-14", "llvm-ar-14"),
    (
        "/opt/homebrew/opt/llvm/bin/clang",
        "/opt/homebrew/opt/llvm/bin/llvm-ar",
    ),
    (
        "/usr/local/opt/llvm/bin/clang",
        "/usr/local/opt/llvm/bin/llvm-ar",
    ),
];
const COMPILER_PACKAGES: [&str; 2] = ["clang-19", "llvm-19"];

/// The Debian packages that bring each browser engine.
const BROWSERS: [(&str, &[&str]); 3] = [
    ("chromium", &["chromium"]),
    ("firefox", &["firefox-esr"]),
    ("webkit", &["libwebkit2gtk-4.1-0", "xvfb"]),
];

/// The Debian package that follows system calls.
const TRACER: &str = "strace";

/// A C compiler that can produce wasm32 objects, with its archiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compiler {
    pub(crate) cc: &'static str,
    pub(crate) ar: &'static str,
}

/// Everything a build needs, and no browser.
pub(crate) fn for_build(lane: &Lane) -> Result<()> {
    node()?;
    let missing = compiler_packages();
    can_install(&missing)?;
    install(lane, &missing)?;
    rust_target(lane)
}

/// The Debian packages that a test run still needs; an error where they cannot be installed.
pub(crate) fn missing_for_test(engines: Option<&str>) -> Result<Vec<&'static str>> {
    missing(browser_packages(engines))
}

/// The same for a probe of the medium.
pub(crate) fn missing_for_probe(engines: Option<&str>) -> Result<Vec<&'static str>> {
    missing(browser_packages(engines).chain([TRACER]))
}

fn missing(wanted: impl Iterator<Item = &'static str>) -> Result<Vec<&'static str>> {
    node()?;
    let mut missing = compiler_packages();
    if succeeds(command("dpkg-query").arg("--version")) {
        missing.extend(wanted.filter(|name| !is_installed(name)));
    }
    can_install(&missing)?;
    Ok(missing)
}

/// Everything a test run needs: `missing` as found by one of the two above.
pub(crate) fn for_test(lane: &Lane, missing: &[&str]) -> Result<()> {
    install(lane, missing)?;
    rust_target(lane)
}

/// The first compiler on this machine that works.
pub(crate) fn compiler() -> Option<Compiler> {
    let candidates = COMPILERS.map(|(cc, ar)| Compiler { cc, ar });
    candidates.into_iter().find(Compiler::works)
}

/// `npm ci` in one of our packages, unless `node_modules` is what its lock file asks for.
pub(crate) fn packages(lane: &Lane, folder: &str) -> Result<()> {
    let name = format!("npm ci in {folder}");
    let manifest = format!("{folder}/package.json");
    let lock = format!("{folder}/package-lock.json");
    let installed = format!("{folder}/node_modules/.package-lock.json");
    let inputs = Inputs::default().paths(&[&manifest, &lock])?;
    cache::step(lane, &name, inputs, &[&installed], |task| {
        task.run(npm(folder).args(["ci", "--no-audit", "--no-fund", "--prefer-offline"]))
    })
}

impl Compiler {
    fn works(&self) -> bool {
        succeeds(command(self.ar).arg("--version")) && self.compiles().unwrap_or(false)
    }

    fn compiles(&self) -> Result<bool> {
        let object = probe_path()?;
        let target = format!("--target={WASM}");
        let mut clang = command(self.cc);
        clang.args([&target, "-c", "-x", "c", "/dev/null", "-o"]);
        Ok(succeeds(clang.arg(object)))
    }
}

fn probe_path() -> Result<PathBuf> {
    fs::create_dir_all(state_dir()).context("create the state folder")?;
    Ok(state_dir().join("probe.o"))
}

fn node() -> Result<()> {
    let version = capture(command("node").arg("--version"));
    let version = version.context("Node is needed: https://nodejs.org")?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    let major: u32 = major.unwrap_or_default().parse().unwrap_or(0);
    ensure!(
        major >= OLDEST_NODE,
        "Node {OLDEST_NODE} or newer is needed, this is {}",
        version.trim()
    );
    Ok(())
}

fn rust_target(lane: &Lane) -> Result<()> {
    let query = ["--print", "target-libdir", "--target", WASM];
    let folder = capture(command("rustc").args(query))?;
    if PathBuf::from(folder.trim()).exists() {
        return Ok(());
    }
    lane.step("Rust target for wasm32", |task| {
        task.run(command("rustup").args(["target", "add", WASM]))
    })
}

fn compiler_packages() -> Vec<&'static str> {
    match compiler() {
        Some(_) => Vec::new(),
        None => COMPILER_PACKAGES.to_vec(),
    }
}

fn browser_packages(engines: Option<&str>) -> impl Iterator<Item = &'static str> {
    let named = move |engine: &str| engines.is_none_or(|list| list.split(',').any(|e| e == engine));
    let wanted = BROWSERS
        .into_iter()
        .filter(move |(engine, _)| named(engine));
    wanted.flat_map(|(_, packages)| packages.iter().copied())
}

fn is_installed(package: &str) -> bool {
    let mut query = command("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    capture(&mut query).is_ok_and(|status| status == "installed")
}

/// Root on Debian installs by itself; anyone else is told the one line to run.
fn can_install(missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    if !succeeds(command("apt-get").arg("--version")) {
        bail!("clang for wasm32 and llvm-ar are needed; on macOS: brew install llvm");
    }
    if capture(command("id").arg("-u"))?.trim() != "0" {
        bail!(
            "Debian packages are missing; run:\n\nsudo {}\n",
            install_line(missing)
        );
    }
    Ok(())
}

fn install(lane: &Lane, missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    lane.step("Debian packages", |task| {
        task.run(&mut apt("apt-get update"))?;
        task.run(&mut apt(&install_line(missing)))
    })
}

fn install_line(packages: &[&str]) -> String {
    format!(
        "apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

fn apt(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut apt = command(words.next().unwrap_or_default());
    apt.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naming_engines_narrows_the_packages() {
        let all: Vec<_> = browser_packages(None).collect();
        assert_eq!(
            all,
            ["chromium", "firefox-esr", "libwebkit2gtk-4.1-0", "xvfb"]
        );
        let one: Vec<_> = browser_packages(Some("firefox")).collect();
        assert_eq!(one, ["firefox-esr"]);
    }

    #[test]
    fn the_install_line_is_one_line() {
        let line = install_line(&["clang-19", "llvm-19"]);
        assert_eq!(
            line,
            "apt-get install -y --no-install-recommends clang-19 llvm-19"
        );
    }

    #[test]
    fn a_compiler_that_does_not_exist_does_not_work() {
        let absent = Compiler {
            cc: "no-such-clang",
            ar: "no-such-ar",
        };
        assert!(!absent.works());
    }
}
