//! One run of a workload with one fault, and what must hold of it.
//!
//! ```text
//! play until a step fails, or to the end
//!   once:          the fault is over; roll back, look, write, on the same connections
//!   until lifted:  look and write may fail; close; only then is it over
//! close            no handle and no ownership is left
//! open anew        integrity; the last acknowledged state, or that of the step that failed; write
//! pull the plug    at the failure and behind the write: what was acknowledged is there
//! ```

use anchorite_vfs::sim::{Choice, Image, Recording, Replay, SimDisk};
use rusqlite::Connection;

use super::content::PROBE;
use super::injection::{Injection, Lasting, Target};
use super::kind::NOMEM;
use super::session::{Session, State, Stop, Trouble, is_there};
use super::socket::Socket;
use crate::configuration::Journal;
use crate::record::integrity;
use crate::script::{Action, Script};

/// A workload and what it does when nothing goes wrong.
pub(crate) struct Case<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) name: &'a str,
    pub(crate) script: &'a Script,
    pub(crate) journal: Journal,
    /// Before the first step, and after each.
    pub(crate) states: Vec<State>,
}

/// What a run has shown.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Whether the fault was met at all.
    pub(crate) met: bool,
    /// The extended result code that surfaced; the primary one of an error on whole files.
    pub(crate) code: Option<i32>,
}

/// What is wrong, if anything.
pub(crate) type Verdict<T> = Result<T, String>;

/// Whether the row that the check writes must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    Acknowledged,
    Refused,
    Never,
}

/// One run.
struct Run<'a> {
    case: &'a Case<'a>,
    injection: Injection,
    disk: SimDisk,
    /// How far the play came.
    stop: Option<Stop>,
    probe: Probe,
    /// Changes of the disk when a step failed, and when the probe was acknowledged.
    failed_at: usize,
    probed_at: usize,
}

impl Case<'_> {
    /// Runs the workload with this fault.
    pub(crate) fn run(&self, injection: Injection) -> Verdict<Report> {
        let loses = matches!(injection.target, Target::Disk(kind) if kind.loses());
        let disk = self.socket.plug(&Image::default(), loses);
        let mut run = Run {
            case: self,
            injection,
            disk,
            stop: None,
            probe: Probe::Never,
            failed_at: 0,
            probed_at: 0,
        };
        run.all()
            .map_err(|problem| format!("{problem}\n  {}", run.describe()))
    }

    fn session(&self) -> Session<'_> {
        Session::new(self.socket, self.script, self.journal)
    }
}

impl Run<'_> {
    fn all(&mut self) -> Verdict<Report> {
        let mut session = self.case.session();
        let armed = self.injection.arm(&self.disk);
        self.stop = session.play(|_, _| {});
        self.failed_at = self.disk.changes();
        let report = Report {
            met: armed.met() > 0,
            code: self.code()?,
        };
        if armed.met() == 0 && self.stop.is_some() {
            return Err("a step failed though no fault was met".to_owned());
        }
        match self.injection.lasting {
            Lasting::Once => {
                armed.lift();
                self.works_on(&mut session)?;
            }
            Lasting::UntilLifted => self.under_the_fault(&mut session)?,
        }
        drop(session.close());
        armed.lift();
        if armed.hangs() {
            return Err("there was no end to it".to_owned());
        }
        self.nothing_is_left("after the last close")?;
        self.opens_anew()?;
        self.survives_the_power()?;
        Ok(report)
    }

    /// For a report: where it stopped, and the last changes of the disk.
    fn describe(&self) -> String {
        let Some(Stop { step, trouble }) = &self.stop else {
            return "every step succeeded".to_owned();
        };
        let action = step
            .checked_sub(1)
            .map(|at| self.case.script.actions.get(at));
        format!(
            "step {step}, {action:?}: {trouble}, after {} changes",
            self.failed_at
        )
    }

    /// The code that surfaced, after a look whether it is a right one.
    fn code(&self) -> Verdict<Option<i32>> {
        let Some(Stop { trouble, .. }) = &self.stop else {
            return Ok(None);
        };
        let Some(primary) = trouble.primary() else {
            return Ok(None);
        };
        if trouble.is_sqlites_own() {
            return Ok(None);
        }
        self.is_right(primary)?;
        Ok(match trouble {
            Trouble::Sqlite(code, _) => Some(*code),
            _ => Some(primary),
        })
    }

    fn is_right(&self, primary: i32) -> Verdict<()> {
        let right = match self.injection.target {
            Target::Disk(kind) => kind.codes,
            Target::Memory => NOMEM,
        };
        match right.contains(&primary) {
            true => Ok(()),
            false => Err("not the right code".to_owned()),
        }
    }

    /// The fault is over: what is open must be usable.
    fn works_on(&mut self, session: &mut Session<'_>) -> Verdict<()> {
        for opened in &session.opened {
            if !opened.connection.is_autocommit() {
                let rolled_back = opened.connection.execute_batch("ROLLBACK");
                if self.needs_to_open_anew() && rolled_back.is_err() {
                    return Ok(());
                }
                rolled_back.map_err(|error| format!("ROLLBACK: {error}"))?;
            }
        }
        let seen = session.state(&self.unknown());
        if self.needs_to_open_anew() && seen.is_err() {
            return Ok(());
        }
        let seen = seen.map_err(|error| format!("reading on: {error}"))?;
        self.fits(&seen, "read on the same connection")?;
        let Some(opened) = session.opened.first() else {
            return Ok(());
        };
        match self.write(&opened.connection) {
            Err(error) if !self.needs_to_open_anew() => Err(format!("writing on: {error}")),
            _ => Ok(()),
        }
    }

    /// What the medium holds is not what SQLite believes, so nothing may be done with it until all
    /// connections are closed; reading may succeed where no call of the VFS is needed.
    fn needs_to_open_anew(&self) -> bool {
        matches!(self.injection.target, Target::Disk(kind) if kind.loses())
    }

    /// The fault is still there: errors are fine, wrong answers are not.
    fn under_the_fault(&mut self, session: &mut Session<'_>) -> Verdict<()> {
        for opened in &session.opened {
            if !opened.connection.is_autocommit() {
                drop(opened.connection.execute_batch("ROLLBACK"));
            }
        }
        let idle = |session: &Session<'_>| {
            let mut opened = session.opened.iter();
            opened.all(|it| it.connection.is_autocommit())
        };
        if matches!(self.injection.target, Target::Memory) || !idle(session) {
            return Ok(());
        }
        if let Ok(seen) = session.state(&self.unknown()) {
            self.fits(&seen, "read under the fault")?;
        }
        if let Some(opened) = session.opened.first() {
            drop(self.write(&opened.connection));
        }
        Ok(())
    }

    /// Writes what the content leaves out, and notes whether that was acknowledged.
    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.probe = Probe::Refused;
        let sql = format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS main.{PROBE}(a);
             INSERT INTO main.{PROBE} VALUES (zeroblob(3000));
             COMMIT"
        );
        connection.execute_batch(&sql)?;
        self.probe = Probe::Acknowledged;
        if self.probed_at == 0 {
            self.probed_at = self.disk.changes();
        }
        Ok(())
    }

    fn nothing_is_left(&self, when: &str) -> Verdict<()> {
        match (self.disk.open_handles(), self.disk.owned()) {
            (0, 0) => Ok(()),
            left => Err(format!("{when}: handles and ownerships left: {left:?}")),
        }
    }

    fn opens_anew(&mut self) -> Verdict<()> {
        self.examine(&self.disk.live_image(), self.probe, "opened anew")?;
        let connection = self.case.session().connect(&self.case.script.files[0]);
        let connection = connection.map_err(|error| format!("opening anew: {error}"))?;
        let written = self.write(&connection);
        written.map_err(|error| format!("writing anew: {error}"))?;
        let closed = connection.close();
        closed.map_err(|(_, error)| format!("closing anew: {error}"))?;
        self.nothing_is_left("after the new close")
    }

    /// Opens each database of the disk that is plugged in, and looks.
    fn examine(&self, image: &Image, probe: Probe, when: &str) -> Verdict<()> {
        let session = self.case.session();
        let files = &self.case.script.files;
        for file in files.iter().filter(|file| is_there(image, file)) {
            if self.may_be_damaged(file) {
                continue;
            }
            let found = session.connect(file).and_then(|it| integrity(&it, "main"));
            let found = found.map_err(|error| format!("{when}, {file}: {error}"))?;
            if found != "ok" {
                return Err(format!("{when}, {file}: {found}"));
            }
        }
        let seen = session.state(&self.unknown());
        let seen = seen.map_err(|error| format!("{when}: {error}"))?;
        self.fits(&seen, when)?;
        if probe == Probe::Acknowledged && !self.has_probe(&session)? {
            return Err(format!("{when}: what was written after the fault is gone"));
        }
        Ok(())
    }

    fn has_probe(&self, session: &Session<'_>) -> Verdict<bool> {
        let words = |error: rusqlite::Error| format!("looking for the write: {error}");
        let connection = session.connect(&self.case.script.files[0]);
        let sql = format!("SELECT count(*) FROM sqlite_schema WHERE name = '{PROBE}'");
        let count = connection.map_err(words)?;
        let count = count.query_row(&sql, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(words)? == 1)
    }

    fn unknown(&self) -> State {
        vec![None; self.case.script.files.len()]
    }

    /// SQLite says that a failed VACUUM INTO may leave part of a file.
    fn may_be_damaged(&self, file: &str) -> bool {
        let step = self.stop.as_ref().and_then(|stop| stop.step.checked_sub(1));
        let action = step.and_then(|step| self.case.script.actions.get(step));
        matches!(action, Some(Action::VacuumInto { file: target }) if target == file)
    }

    /// What is seen is what was acknowledged last or, if a step has failed, what it would have
    /// done; one or the other for all files, except in WAL, where each file is by itself.
    fn fits(&self, seen: &State, when: &str) -> Verdict<()> {
        let states = &self.case.states;
        let allowed = match &self.stop {
            Some(stop) => &states[stop.step..=stop.step + 1],
            None => &states[states.len() - 1..],
        };
        let files = &self.case.script.files;
        let same = |state: &State, file: usize| {
            let (known, seen) = (state[file], seen[file]);
            known.is_none() || seen.is_none() || known == seen || self.may_be_damaged(&files[file])
        };
        let mut each = 0..files.len();
        let fits = match self.case.journal {
            Journal::Wal => each.all(|file| allowed.iter().any(|state| same(state, file))),
            _ => allowed
                .iter()
                .any(|state| each.clone().all(|file| same(state, file))),
        };
        match fits {
            true => Ok(()),
            false => Err(format!("{when}: {seen:?} is not one of {allowed:?}")),
        }
    }

    /// The power fails where the fault was met, and behind the next write that was acknowledged.
    fn survives_the_power(&self) -> Verdict<()> {
        let concerned = match self.injection.target {
            Target::Disk(kind) => kind.concerns_power(),
            Target::Memory => false,
        };
        let names = |it: &Action| matches!(it, Action::Import { .. } | Action::Delete { .. });
        if !concerned || self.case.script.actions.iter().any(names) {
            return Ok(());
        }
        let recording = self.disk.recording();
        let choices = [
            Choice::Nothing,
            Choice::Everything,
            Choice::Seeded(self.injection.number),
        ];
        for choice in choices {
            let image = crashed(&recording, self.failed_at, choice);
            self.case.socket.plug(&image, true);
            self.examine(&image, Probe::Never, "power lost at the failure")?;
        }
        if self.probe == Probe::Acknowledged && self.probed_at > 0 {
            let image = crashed(&recording, self.probed_at, Choice::Nothing);
            self.case.socket.plug(&image, true);
            self.examine(&image, self.probe, "power lost behind the next write")?;
        }
        Ok(())
    }
}

fn crashed(recording: &Recording, position: usize, choice: Choice) -> Image {
    let mut replay = Replay::new(recording);
    while replay.position() < position && replay.advance() {}
    replay.crash(choice).image
}
