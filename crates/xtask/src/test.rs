//! `cargo xtask test`: every check and every test, with the time of each step.
//!
//! CI and people call it. Three lanes run at once: the native one compiles and runs Rust, the web
//! one sets up, builds the package and the pages, and one beside it builds the modules that only
//! the tests load; wasm-opt and npm leave a core idle otherwise. The browsers come last. It must
//! not know what a test tests.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::process::{self, cargo, command, npm};
use crate::setup::{self, WASM};
use crate::steps::{Done, Lane, State, Task, now};
use crate::{bench, build, tidy, torture, torture_browser, torture_tabs};

const REPORT: &str = "target/test-report";
const EXPECTED: &str = "target/oracle.json";
/// The other workspace, of examples.
const FRONTENDS: &str = "examples/frontends/Cargo.toml";
/// The workspace without the crates that exist for wasm32 only.
const NATIVE: [&str; 7] = [
    "--workspace",
    "--exclude",
    "anchorite-example-worker",
    "--exclude",
    "anchorite-wasm",
    "--exclude",
    "anchorite-contract-wasm",
];
/// The crates that are compiled for wasm32.
const PORTABLE: [&str; 9] = [
    "anchorite",
    "anchorite-client-tests",
    "anchorite-example-worker",
    "anchorite-vfs",
    "anchorite-engine",
    "anchorite-sorted",
    "anchorite-wasm",
    "anchorite-contract",
    "anchorite-contract-wasm",
];

/// The crates that are for others.
const PUBLIC: [&str; 5] = [
    "anchorite",
    "anchorite-engine",
    "anchorite-sorted",
    "anchorite-twin",
    "anchorite-vfs",
];

/// The options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run these browser engines only, for instance `chromium,firefox`.
    #[arg(long, value_name = "LIST")]
    engines: Option<String>,
    /// Run only those browser tests whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// What the native lane leaves for the browsers.
#[derive(Debug, Default)]
struct Native {
    counts: Counts,
    expectations: bool,
}

/// Runs everything, also what comes after a failure, as far as it can run.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = now();
    let missing = setup::missing_for_test(options.engines.as_deref())?;
    let _alone = process::alone()?;
    let (native_lane, web_lane, last_lane) = (Lane::shown(), Lane::quiet(), Lane::shown());
    let (modules_lane, packed_lane) = (Lane::quiet(), Lane::quiet());
    let (native, web) = thread::scope(|scope| {
        let web = scope.spawn(|| web_steps(&web_lane, &modules_lane, &missing));
        let native = native_steps(&native_lane);
        (native, web.join().expect("the web lane returns its errors"))
    });
    let mut counts = native.counts;
    if web.is_ok() && native.expectations {
        counts.add(browser_steps(&last_lane, &packed_lane, options));
    } else {
        println!("\nThe browsers were not run: {}", why_not(&web));
    }
    let lanes = [native_lane, web_lane, modules_lane, last_lane, packed_lane];
    let done: Vec<_> = lanes.iter().flat_map(Lane::done).collect();
    summary(&done, start.elapsed(), web.is_err(), counts)
}

/// Each step is independent of the one before: a failure stops none of them.
fn native_steps(lane: &Lane) -> Native {
    let _recorded = lane.step("tidy", |_| tidy::run());
    let _recorded = lane.step("cargo fmt", |task| {
        task.run(cargo().args(["fmt", "--all", "--check"]))?;
        task.run(cargo().args(["fmt", "--all", "--check", "--manifest-path", FRONTENDS]))
    });
    let _recorded = lane.step("clippy, native", clippy_native);
    let _recorded = lane.step("crates, as published", packages);
    let mut native = Native::default();
    let _recorded = lane.step("cargo test", |task| {
        native.counts = cargo_test(task)?;
        ensure!(
            native.counts.failed == 0,
            "{} tests failed",
            native.counts.failed
        );
        Ok(())
    });
    let _recorded = lane.step("power loss, a sample", |task| {
        task.run(&mut torture::sample())
    });
    let _recorded = lane.step("tabs, a sample", |task| {
        task.run(&mut torture::sample_of_tabs())
    });
    native.expectations = lane.step("native expectations", expectations).is_ok();
    native
}

/// A build that fails ends the lane, and the browsers have nothing to run; a lint ends neither.
fn web_steps(lane: &Lane, modules_lane: &Lane, missing: &[&str]) -> Result<()> {
    setup::for_test(lane, missing)?;
    // Both need the optimiser.
    setup::packages(lane, "js")?;
    thread::scope(|scope| {
        let modules = scope.spawn(|| build::test_modules(modules_lane));
        let package = build::package(lane).and_then(|()| build::demo(lane));
        let checked = package.and_then(|()| check_package(lane));
        checked.and(modules.join().expect("it returns its errors"))
    })?;
    build::tests(lane)?;
    let _recorded = lane.step("texts of the console", |task| {
        task.run(command("node").args(["--test", "tests/dist/console-text.test.mjs"]))
    });
    Ok(())
}

/// What needs the package and none of the modules that only tests load.
fn check_package(lane: &Lane) -> Result<()> {
    build::packaging(lane)?;
    let _recorded = build::reference(lane);
    let _recorded = lane.step("lint in js", |task| {
        task.run(npm("js").args(["run", "--silent", "lint"]))
    });
    let _recorded = lane.step("clippy, wasm32", clippy_wasm);
    Ok(())
}

fn browser_steps(lane: &Lane, beside: &Lane, options: &Options) -> Counts {
    let mut counts = Counts::default();
    let _recorded = lane.step("browsers", |task| {
        counted(task, &mut browser_command(options), &mut counts)?;
        ensure!(counts.passed > 0, "no browser test ran");
        Ok(())
    });
    // Neither is timed.
    counts.add(thread::scope(|scope| {
        let packed = scope.spawn(|| packed_package(beside, options));
        kills(lane, options);
        packed.join().expect("the lane records its failures")
    }));
    tabs(lane, options);
    if wants_chromium(options) {
        let _recorded = lane.step("bench, a sample", bench::sample);
    }
    let _recorded = lane.step("exports, checked natively", |task| {
        task.run(oracle().arg("check").arg(format!("{REPORT}/exports")))
    });
    counts
}

fn packed_package(lane: &Lane, options: &Options) -> Counts {
    let mut counts = Counts::default();
    if wants_chromium(options) {
        let _recorded = lane.step("package, as installed", |task| {
            counted(
                task,
                command("node").arg("tests/packaging/run.mjs"),
                &mut counts,
            )
        });
    }
    counts
}

fn kills(lane: &Lane, options: &Options) {
    if options.filter.is_none() {
        let _recorded = lane.step("kills, a sample", |task| {
            task.run(&mut torture_browser::sample(options.engines.as_deref()))
        });
    }
}

fn tabs(lane: &Lane, options: &Options) {
    if options.filter.is_some() {
        return;
    }
    if let Some(mut sample) = torture_tabs::sample(options.engines.as_deref()) {
        let _recorded = lane.step("tabs in browsers, a sample", |task| task.run(&mut sample));
    }
}

/// Takes the counts from the last line, whether all tests passed or not.
fn counted(task: &Task, command: &mut Command, counts: &mut Counts) -> Result<()> {
    let (success, printed) = task.tee(command)?;
    *counts = last_count(&printed);
    ensure!(success, "not every test ran and passed");
    Ok(())
}

/// The browser that the sample is taken in.
fn wants_chromium(options: &Options) -> bool {
    let named = options.engines.as_deref();
    options.filter.is_none() && named.is_none_or(|list| list.contains("chromium"))
}

fn browser_command(options: &Options) -> Command {
    let mut node = command("node");
    node.args(["tests/run.mjs", "--out", REPORT]);
    if let Some(engines) = &options.engines {
        node.args(["--engines", engines]);
    }
    if let Some(filter) = &options.filter {
        node.args(["--filter", filter]);
    }
    node
}

fn clippy_native(task: &Task) -> Result<()> {
    let mut clippy = cargo();
    clippy.arg("clippy").args(NATIVE).arg("--all-targets");
    task.run(clippy.args(["--", "-Dwarnings"]))
}

/// Packs the public crates, each with the others in place of their published versions.
fn packages(task: &Task) -> Result<()> {
    let mut package = cargo();
    package.args(["package", "--quiet", "--no-verify", "--allow-dirty"]);
    for name in PUBLIC {
        package.args(["--package", name]);
    }
    task.run(&mut package)
}

/// In the profile which the wasm module is built in: SQLite is then compiled once.
fn clippy_wasm(task: &Task) -> Result<()> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--profile", "small", "--target", WASM, "--lib"]);
    for name in PORTABLE {
        clippy.args(["--package", name]);
    }
    clippy.args(["--", "-Dwarnings"]);
    task.run(build::with_wasm_toolchain(&mut clippy)?)
}

fn cargo_test(task: &Task) -> Result<Counts> {
    let mut test = cargo();
    test.arg("test").args(NATIVE).arg("--no-fail-fast");
    let (success, printed) = task.tee(&mut test)?;
    let counts = cargo_counts(&printed);
    if !success && counts.failed == 0 {
        bail!("the tests could not be run");
    }
    Ok(counts)
}

/// What native SQLite answers, for the browsers to be compared with.
fn expectations(task: &Task) -> Result<()> {
    task.run(oracle().args(["tests/data", EXPECTED]))
}

/// Named by its binary, not by its package: cargo then chooses the features of its dependencies as
/// it does for the whole workspace, and compiles none of them twice.
fn oracle() -> Command {
    let mut oracle = cargo();
    oracle.args(["run", "--quiet", "--bin", "anchorite-oracle", "--"]);
    oracle
}

fn why_not(web: &Result<()>) -> String {
    match web {
        Err(error) => error.to_string(),
        Ok(()) => "there are no native expectations".to_owned(),
    }
}

/// Prints every step and, as the very last line, the count of tests; of steps where only a step
/// that is not a test has failed.
fn summary(done: &[Done], total: Duration, web_failed: bool, mut counts: Counts) -> Result<()> {
    println!("\nSteps");
    for step in done {
        println!("  {step}");
    }
    println!("  {:<28} {:7.1} s\n", "together", total.as_secs_f64());
    let failed = done.iter().filter(|step| step.state == State::Failed);
    let failed = (failed.count() as u64).max(web_failed.into());
    if counts.failed == 0 {
        counts.failed = failed;
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    ensure!(failed == 0, "");
    Ok(())
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The sum over all `test result: ok. 3 passed; 0 failed; …` lines. A test that is ignored counts
/// as failed: this repository skips none.
fn cargo_counts(printed: &str) -> Counts {
    let mut counts = Counts::default();
    for line in printed
        .lines()
        .filter(|line| line.starts_with("test result:"))
    {
        counts.passed += number_before(line, " passed");
        counts.failed += number_before(line, " failed") + number_before(line, " ignored");
    }
    counts
}

/// The last `N passed, M failed` line.
fn last_count(printed: &str) -> Counts {
    let mut lines = printed.lines().rev();
    let line = lines
        .find(|line| line.contains(" passed, "))
        .unwrap_or_default();
    Counts {
        passed: number_before(line, " passed"),
        failed: number_before(line, " failed"),
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line
        .split(word)
        .next()
        .filter(|before| before.len() < line.len());
    let number = before.and_then(|before| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_results_are_summed_and_ignored_tests_count_as_failed() {
        let printed = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
             noise 9 passed\n\
             test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(
            cargo_counts(printed),
            Counts {
                passed: 13,
                failed: 3
            }
        );
    }

    #[test]
    fn the_last_count_is_taken() {
        let printed = "1 passed, 1 failed\nmatrix\n120 passed, 4 failed\n";
        assert_eq!(
            last_count(printed),
            Counts {
                passed: 120,
                failed: 4
            }
        );
        assert_eq!(last_count("crashed"), Counts::default());
    }

    #[test]
    fn a_failed_step_fails_the_run_even_without_a_failed_test() {
        let step = Done {
            name: "x".into(),
            took: Duration::ZERO,
            state: State::Failed,
        };
        let passed = Counts {
            passed: 5,
            failed: 0,
        };
        assert!(summary(&[step], Duration::ZERO, false, passed).is_err());
        assert!(summary(&[], Duration::ZERO, false, passed).is_ok());
    }
}
