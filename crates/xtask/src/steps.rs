//! A step: a named piece of work, its time, and where the output of its commands goes.
//!
//! Used by `build`, `demo` and `test`. A lane runs its steps one after the other; `test` runs two
//! lanes at once. A shown lane lets commands write to the terminal; a quiet one keeps their output
//! in a log and prints it only if the step fails. It must not know what any step does.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::process;

/// Steps that run one after the other.
#[derive(Debug)]
pub(crate) struct Lane {
    quiet: bool,
    done: Mutex<Vec<Done>>,
}

/// A step that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ran,
    Unchanged,
    Failed,
}

/// What a running step uses to start commands.
#[derive(Debug)]
pub(crate) struct Task {
    log: Option<PathBuf>,
}

/// The monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule is for code that runs on wasm32; xtask is native"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Lane {
    pub(crate) fn shown() -> Self {
        Self::new(false)
    }

    pub(crate) fn quiet() -> Self {
        Self::new(true)
    }

    fn new(quiet: bool) -> Self {
        let done = Mutex::default();
        Self { quiet, done }
    }

    /// Runs one step and tells its name and its time. A failure is printed here, with its log.
    pub(crate) fn step<T>(&self, name: &str, work: impl FnOnce(&Task) -> Result<T>) -> Result<T> {
        println!("{}{name} …", self.mark());
        let task = Task {
            log: self.log(name)?,
        };
        let start = now();
        let outcome = work(&task);
        let state = if outcome.is_ok() {
            State::Ran
        } else {
            State::Failed
        };
        self.end(name, start.elapsed(), state);
        if let Err(error) = &outcome {
            task.print_log();
            println!("{name}: {error:#}");
        }
        outcome.map_err(|_printed| anyhow!("step failed: {name}"))
    }

    /// Notes a step that has nothing to do.
    pub(crate) fn unchanged(&self, name: &str) {
        self.end(name, Duration::ZERO, State::Unchanged);
    }

    /// The steps that have ended, in that order.
    pub(crate) fn done(&self) -> Vec<Done> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.clone()
    }

    fn end(&self, name: &str, took: Duration, state: State) {
        let done = Done {
            name: name.to_owned(),
            took,
            state,
        };
        println!("{}{done}", self.mark());
        let mut list = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(done);
    }

    fn mark(&self) -> &'static str {
        if self.quiet { "   beside: " } else { "── " }
    }

    fn log(&self, name: &str) -> Result<Option<PathBuf>> {
        if !self.quiet {
            return Ok(None);
        }
        let folder = process::state_dir().join("log");
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let file = folder.join(format!("{}.log", name.replace([' ', '/'], "-")));
        File::create(&file).with_context(|| format!("create {}", file.display()))?;
        Ok(Some(file))
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, took, state } = self;
        match state {
            State::Unchanged => write!(f, "{name:<28} unchanged"),
            State::Ran => write!(f, "{name:<28} {:7.1} s", took.as_secs_f64()),
            State::Failed => write!(f, "{name:<28} {:7.1} s  FAILED", took.as_secs_f64()),
        }
    }
}

impl Task {
    /// Runs a command to its end; an exit code other than 0 is an error.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        command.stdout(self.sink()?).stderr(self.sink()?);
        let (status, ()) = process::run(command, |_| Ok(()))?;
        if !status.success() {
            bail!("`{}` ended with {status}", process::show(command));
        }
        Ok(())
    }

    /// Runs a command, shows its standard output and returns it, with whether it succeeded.
    pub(crate) fn tee(&self, command: &mut Command) -> Result<(bool, String)> {
        command.stdout(Stdio::piped()).stderr(self.sink()?);
        let (status, text) = process::run(command, |child| {
            let pipe = child.stdout.take().context("standard output is piped")?;
            print_lines(BufReader::new(pipe))
        })?;
        Ok((status.success(), text))
    }

    fn sink(&self) -> Result<Stdio> {
        let Some(log) = &self.log else {
            return Ok(Stdio::inherit());
        };
        let file = File::options().append(true).open(log);
        Ok(file
            .with_context(|| format!("open {}", log.display()))?
            .into())
    }

    fn print_log(&self) {
        let text = self
            .log
            .as_ref()
            .and_then(|log| fs::read_to_string(log).ok());
        print!("{}", text.unwrap_or_default());
    }
}

fn print_lines(mut lines: impl BufRead) -> Result<String> {
    let mut text = String::new();
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let shown = String::from_utf8_lossy(&line);
        print!("{shown}");
        text.push_str(&shown);
        line.clear();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::command;

    #[test]
    fn a_failed_step_is_recorded_and_names_itself() {
        let lane = Lane::shown();
        let error = lane.step("break", |task| task.run(&mut command("false")));
        assert!(error.unwrap_err().to_string().contains("break"));
        assert_eq!(lane.done()[0].state, State::Failed);
    }

    #[test]
    fn a_quiet_lane_keeps_output_in_a_log() {
        let lane = Lane::quiet();
        let kept = lane.step("quiet test", |task| {
            task.run(command("printf").arg("kept"))?;
            Ok(fs::read_to_string(
                task.log.as_ref().expect("quiet lanes log"),
            )?)
        });
        assert_eq!(kept.unwrap(), "kept");
    }

    #[test]
    fn tee_returns_the_output_of_a_command_that_failed() {
        let task = Task { log: None };
        let teed = task.tee(command("sh").args(["-c", "echo 1 passed; exit 1"]));
        assert_eq!(teed.unwrap(), (false, "1 passed\n".to_owned()));
    }
}
