//! Runs a workload once and keeps what the crash images are made and judged by: every change of
//! the disk, which step made it, and the state of each database after each step.
//!
//! The states come from the connection that ran the step, never from a recovery.

use std::rc::Rc;

use anchorite_vfs::files::{Import, delete_database};
use anchorite_vfs::hooks;
use anchorite_vfs::sim::{Hook, Recording, SimDisk};
use anyhow::{Context, Result, bail, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::configuration::{Configuration, Journal};
use crate::digest::{Digest, EMPTY, digest};
use crate::script::{Action, Expected, Script};
use crate::switch::Switch;

/// For each database of a workload what it may be: nearly always one state. None listed: any.
pub(crate) type State = Vec<Vec<Digest>>;

/// What a workload left behind.
pub(crate) struct Run {
    pub(crate) recording: Recording,
    pub(crate) steps: Vec<Step>,
    /// One more than steps: the first is that of the empty disk.
    pub(crate) states: Vec<State>,
}

/// A step that has come to its end.
pub(crate) struct Step {
    pub(crate) text: String,
    /// The changes of the disk it made are those before this one, and not of an earlier step.
    pub(crate) end: usize,
}

/// An open connection and what is attached to it: `(file, schema)`.
struct Opened {
    connection: Connection,
    attached: Vec<(String, String)>,
}

struct Runner<'a> {
    switch: &'a Switch,
    disk: SimDisk,
    script: &'a Script,
    configuration: Configuration,
    opened: Vec<Opened>,
    steps: Vec<Step>,
    /// Steps that succeeded, whether or not their state could be read afterwards.
    acknowledged: usize,
    states: Vec<State>,
    /// What a step says of a database that no connection has open.
    told: Option<(usize, Vec<Digest>)>,
}

/// Midnight, 22 November 2026, UTC; names of temporary files contain the time.
const CLOCK_MS: i64 = 1_795_305_600_000;

/// Runs `script` from an empty disk to the last close.
pub(crate) fn run(
    switch: &Switch,
    script: &Script,
    configuration: Configuration,
    seed: u32,
) -> Result<Run> {
    let mut runner = Runner::new(switch, script, configuration, seed);
    runner.step("open", Runner::open)?;
    runner.run()?;
    let disk = runner.disk;
    let left = (disk.open_handles(), disk.owned());
    ensure!(left == (0, 0), "handles and ownerships left open: {left:?}");
    Ok(Run {
        recording: disk.recording(),
        steps: runner.steps,
        states: runner.states,
    })
}

/// Runs `script` until `hook`, which is asked once the database is open, makes a step fail. Closes
/// what is open; returns the disk and how many steps were acknowledged.
pub(crate) fn run_with_faults(
    switch: &Switch,
    script: &Script,
    configuration: Configuration,
    seed: u32,
    hook: Hook,
) -> (SimDisk, usize) {
    let mut runner = Runner::new(switch, script, configuration, seed);
    let opened = runner.step("open", Runner::open);
    runner.disk.set_hook(Some(hook));
    let ran = opened.and_then(|()| runner.run());
    // What closing answers after an error does not matter here: the disk is judged.
    drop(ran.and_then(|()| runner.close()));
    runner.opened.clear();
    runner.disk.set_hook(None);
    (runner.disk, runner.acknowledged)
}

impl<'a> Runner<'a> {
    fn new(
        switch: &'a Switch,
        script: &'a Script,
        configuration: Configuration,
        seed: u32,
    ) -> Self {
        hooks::seed(seed);
        hooks::fix_clock(CLOCK_MS);
        let disk = SimDisk::new(configuration.medium());
        switch.plug(&disk);
        Self {
            switch,
            disk,
            script,
            configuration,
            opened: Vec::new(),
            steps: Vec::new(),
            acknowledged: 0,
            states: vec![vec![vec![EMPTY]; script.files.len()]],
            told: None,
        }
    }

    fn run(&mut self) -> Result<()> {
        for action in &self.script.actions {
            self.step(&format!("{action:?}"), |runner| runner.act(action))?;
        }
        self.step("close", Self::close)
    }

    /// Does something, and notes where it ended and what the databases hold now.
    fn step(&mut self, text: &str, work: impl FnOnce(&mut Self) -> Result<usize>) -> Result<()> {
        self.told = None;
        let acting = work(self).with_context(|| format!("in the step {text}"))?;
        self.acknowledged += 1;
        let state = self
            .state(acting)
            .with_context(|| format!("after the step {text}"))?;
        self.states.push(state);
        self.steps.push(Step {
            text: text.to_owned(),
            end: self.disk.changes(),
        });
        Ok(())
    }

    /// What the connection that just acted sees. Inside a transaction, and of what it cannot see,
    /// the last known state holds.
    fn state(&self, acting: usize) -> Result<State> {
        let mut last = self.states.last().expect("begins with one").clone();
        if let Some((index, digests)) = &self.told {
            last[*index].clone_from(digests);
        }
        let mut state = last.clone();
        let Some(opened) = self.opened.get(acting) else {
            return Ok(state);
        };
        if !opened.connection.is_autocommit() {
            return Ok(state);
        }
        for (file, schema) in &opened.attached {
            match digest(&opened.connection, schema) {
                Ok(digest) => state[self.index(file)?] = vec![digest],
                Err(error) if is_busy(&error) => return Ok(last),
                Err(error) => return Err(error.into()),
            }
        }
        if state != last {
            check(opened)?;
        }
        Ok(state)
    }

    fn index(&self, file: &str) -> Result<usize> {
        let index = self.script.files.iter().position(|known| known == file);
        index.with_context(|| format!("{file:?} is missing in !files"))
    }

    fn open(&mut self) -> Result<usize> {
        let file = &self.script.files[0];
        let connection = connect(self.switch, file)?;
        if let Some(pages) = self.script.cache {
            connection.execute_batch(&format!("PRAGMA cache_size = {pages}"))?;
        }
        self.configure(&connection, "main")?;
        self.opened.push(Opened {
            connection,
            attached: vec![(file.clone(), "main".to_owned())],
        });
        Ok(self.opened.len() - 1)
    }

    /// Journal mode and synchronous level of this run; both are checked.
    fn configure(&self, connection: &Connection, schema: &str) -> Result<()> {
        let Configuration {
            journal,
            synchronous,
            ..
        } = self.configuration;
        let page_size = self.script.page_size;
        connection.execute_batch(&format!("PRAGMA {schema}.page_size = {page_size}"))?;
        let sql = format!("PRAGMA {schema}.journal_mode = {}", journal.sql());
        let mode: String = connection.query_row(&sql, [], |row| row.get(0))?;
        ensure!(mode == journal.sql(), "{sql} answered {mode}");
        let level = synchronous.sql();
        connection.execute_batch(&format!("PRAGMA {schema}.synchronous = {level}"))?;
        Ok(())
    }

    fn close(&mut self) -> Result<usize> {
        for opened in self.opened.drain(..).rev() {
            opened.connection.close().map_err(|(_, error)| error)?;
        }
        Ok(0)
    }

    /// Returns which connection has acted.
    fn act(&mut self, action: &Action) -> Result<usize> {
        match action {
            Action::Sql {
                connection,
                sql,
                expected,
            } => self.sql(*connection, sql, *expected),
            Action::Attach { file, schema } => self.attach(file, schema),
            Action::Detach { schema } => self.detach(schema),
            Action::Reopen => self.close().and_then(|_| self.open()),
            Action::Import { file, rows } => self.import(file, *rows),
            Action::Delete { file } => self.delete(file),
            Action::Abandon => self.abandon(),
            Action::VacuumInto { file } => self.vacuum_into(file),
        }
    }

    fn sql(&mut self, connection: usize, sql: &str, expected: Expected) -> Result<usize> {
        while self.opened.len() <= connection {
            self.open()?;
        }
        let outcome = all_rows(&self.opened[connection].connection, sql);
        match (outcome, expected) {
            (Ok(()), Expected::Success) => Ok(connection),
            (Err(error), Expected::Success) => Err(error.into()),
            (Err(error), Expected::Busy) if is_busy(&error) => Ok(connection),
            (Err(error), Expected::Failure) if !is_busy(&error) => Ok(connection),
            (outcome, expected) => bail!("{expected:?} was expected, not {outcome:?}"),
        }
    }

    fn attach(&mut self, file: &str, schema: &str) -> Result<usize> {
        let connection = &self.opened[0].connection;
        connection.execute_batch(&format!("ATTACH '{file}' AS {schema}"))?;
        self.configure(connection, schema)?;
        let attached = (file.to_owned(), schema.to_owned());
        self.opened[0].attached.push(attached);
        Ok(0)
    }

    fn detach(&mut self, schema: &str) -> Result<usize> {
        let opened = &mut self.opened[0];
        opened
            .connection
            .execute_batch(&format!("DETACH {schema}"))?;
        opened.attached.retain(|(_, known)| known != schema);
        Ok(0)
    }

    fn import(&mut self, file: &str, rows: u32) -> Result<usize> {
        self.close()?;
        let bytes = self.database(rows)?;
        let mut import = Import::begin(Rc::new(self.switch.clone()), file, true)?;
        let half = bytes.len() / 2;
        import.append(&bytes[..half])?;
        import.append(&bytes[half..])?;
        import.seal()?;
        import.finish()?;
        if *file != self.script.files[0] {
            self.told = Some((self.index(file)?, Vec::new()));
        }
        self.open()
    }

    /// A foreign database, in WAL mode if that is the mode of this run.
    fn database(&self, rows: u32) -> Result<Vec<u8>> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {};
             CREATE TABLE imported(a INTEGER PRIMARY KEY, b TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO imported SELECT i, printf('%0150d', i) FROM n",
            self.script.page_size
        ))?;
        let mut bytes = connection.serialize("main")?.to_vec();
        if self.configuration.journal == Journal::Wal {
            bytes[18..20].copy_from_slice(&[2, 2]);
        }
        Ok(bytes)
    }

    fn delete(&mut self, file: &str) -> Result<usize> {
        self.close()?;
        delete_database(self.switch, file)?;
        self.told = Some((self.index(file)?, vec![EMPTY]));
        Ok(0)
    }

    /// Closes without a checkpoint, as if nobody had closed: the WAL stays. If the database is
    /// replaced in this state, it may lose that WAL a moment before.
    fn abandon(&mut self) -> Result<usize> {
        let file = &self.script.files[0];
        for opened in &self.opened {
            let no_checkpoint = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            opened.connection.set_db_config(no_checkpoint, true)?;
        }
        let mut states = self.states.last().expect("begins with one")[0].clone();
        self.close()?;
        let mut image = self.disk.live_image();
        image.files.remove(&format!("{file}-wal"));
        self.switch
            .plug_image(self.configuration.medium(), &image, false);
        let connection = connect(self.switch, file)?;
        states.push(digest(&connection, "main")?);
        connection.close().map_err(|(_, error)| error)?;
        self.switch.plug(&self.disk);
        self.told = Some((0, states));
        Ok(0)
    }

    fn vacuum_into(&mut self, file: &str) -> Result<usize> {
        let connection = &self.opened[0].connection;
        connection.execute_batch(&format!("VACUUM INTO '{file}'"))?;
        self.told = Some((self.index(file)?, Vec::new()));
        Ok(0)
    }
}

/// Opens, and creates, a database of the disk that is plugged in.
pub(crate) fn connect(switch: &Switch, file: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(file, flags, switch.vfs())?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    Ok(connection)
}

/// Runs one statement to its end, whether it has rows or not.
fn all_rows(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn check(opened: &Opened) -> Result<()> {
    for (file, schema) in &opened.attached {
        let found = integrity(&opened.connection, schema)?;
        ensure!(found == "ok", "{file} is damaged: {found}");
    }
    Ok(())
}

/// `ok`, or the first thing that is wrong with a database.
pub(crate) fn integrity(connection: &Connection, schema: &str) -> rusqlite::Result<String> {
    let sql = format!("PRAGMA {schema}.integrity_check(1)");
    connection.query_row(&sql, [], |row| row.get(0))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}
