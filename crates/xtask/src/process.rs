//! Child processes: how they are started, and that none outlives this one.
//!
//! Called by every step. Each child leads a process group of its own, so that ending a child ends
//! what it started too (npm starts a shell, which starts node). It must not know what a child does.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The process groups that run now.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// Whether an interrupt is the expected end (a running server) or breaks something off.
static INTERRUPT_IS_SUCCESS: AtomicBool = AtomicBool::new(false);
/// What a shell reports for a program ended by an interrupt.
const INTERRUPTED: i32 = 130;

/// The top folder of the repository.
pub(crate) fn root() -> &'static Path {
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    up.expect("xtask lies two folders below the root")
}

/// Where xtask keeps its stamps and logs.
pub(crate) fn state_dir() -> PathBuf {
    root().join("target/xtask")
}

/// Waits until no other xtask builds in this checkout; the lock lasts as long as the file given.
pub(crate) fn alone() -> Result<File> {
    fs::create_dir_all(state_dir()).context("create the state folder")?;
    let file = File::create(state_dir().join("lock")).context("create the lock file")?;
    if file.try_lock().is_err() {
        println!("Another `cargo xtask` is building here; waiting for it …");
        file.lock().context("wait for another `cargo xtask`")?;
    }
    Ok(file)
}

/// A command run from the top folder, without standard input.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this program, building where the other steps look for the results.
pub(crate) fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env("CARGO_TARGET_DIR", root().join("target"));
    cargo
}

/// npm in one of our package folders.
pub(crate) fn npm(folder: &str) -> Command {
    let mut npm = command("npm");
    npm.current_dir(root().join(folder));
    npm
}

/// Runs to the end, `output` reading from the child while it runs.
pub(crate) fn run<T>(
    command: &mut Command,
    output: impl FnOnce(&mut Child) -> Result<T>,
) -> Result<(ExitStatus, T)> {
    let mut child = spawn(command)?;
    let group = child.id();
    let read = output(&mut child);
    let status = child.wait();
    groups().remove(&group);
    Ok((status.context("wait for a child")?, read?))
}

/// Runs to the end and returns what it printed; an exit code other than 0 is an error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .output()
        .with_context(|| format!("start `{shown}`"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{shown}`: {}", complaint.trim());
    Ok(printed)
}

/// Whether a program starts and ends with exit code 0; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// From here on an interrupt is how this program is meant to end.
pub(crate) fn interrupt_is_success() {
    INTERRUPT_IS_SUCCESS.store(true, Ordering::SeqCst);
}

/// On SIGINT, SIGTERM and SIGHUP ends every child, then this process.
pub(crate) fn end_children_on_signal() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listen for signals")?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _kept = end_children();
            let success = INTERRUPT_IS_SUCCESS.load(Ordering::SeqCst);
            exit(if success { 0 } else { INTERRUPTED });
        }
    });
    Ok(())
}

/// Registered while the lock is held, so that a signal never finds a child it does not know.
fn spawn(command: &mut Command) -> Result<Child> {
    let shown = show(command);
    let mut groups = groups();
    let child = command.process_group(0).spawn();
    let child = child.with_context(|| format!("start `{shown}`"))?;
    groups.insert(child.id());
    Ok(child)
}

/// Asks every group to end, waits up to two seconds, then ends what is left by force.
/// Whoever keeps the lock keeps children from starting, and steps from reporting that they failed.
fn end_children() -> MutexGuard<'static, BTreeSet<u32>> {
    let groups = groups();
    signal_all(&groups, "-TERM");
    for _ in 0..20 {
        if !groups.iter().any(|group| signal(*group, "-0")) {
            return groups;
        }
        thread::sleep(Duration::from_millis(100));
    }
    signal_all(&groups, "-KILL");
    groups
}

fn signal_all(groups: &BTreeSet<u32>, name: &str) {
    for group in groups {
        signal(*group, name);
    }
}

/// Sends a signal to a group; false when the group is gone.
fn signal(group: u32, name: &str) -> bool {
    succeeds(Command::new("kill").args([name, "--", &format!("-{group}")]))
}

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_returns_what_was_printed() {
        let printed = capture(command("printf").arg("hello")).unwrap();
        assert_eq!(printed, "hello");
    }

    #[test]
    fn capture_names_the_command_that_failed() {
        let error = capture(command("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("no"), "{error}");
    }

    #[test]
    fn a_child_is_forgotten_when_it_ends() {
        let (status, group) = run(&mut command("true"), |child| Ok(child.id())).unwrap();
        assert!(status.success());
        assert!(!groups().contains(&group));
    }
}
