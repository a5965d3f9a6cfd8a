//! Plays a workload that may fail at any step, with the connections it has open.
//!
//! Unlike `record.rs` it expects errors, and looks at nothing while it plays: a look would read
//! pages into the cache that a fault shall meet.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anchorite_vfs::files::{Import, delete_database};
use anchorite_vfs::sim::Image;
use anchorite_vfs::{ErrorKind, VfsError};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::content::{Content, content, empty};
use super::socket::{Socket, VFS};
use crate::configuration::Journal;
use crate::malloc;
use crate::script::{Action, Expected, Script};

/// Why a step did not do what it should.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// An extended result code.
    Sqlite(i32, String),
    /// From the functions on whole files, which know no SQLite.
    Files(VfsError),
    /// A pragma has answered something else, or what should fail has not.
    Answer(String),
}

/// How a play ended.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Which step failed: the first one opens, the last one closes.
    pub(crate) step: usize,
    pub(crate) trouble: Trouble,
}

/// For each database of the workload; `None` where any content is allowed.
pub(crate) type State = Vec<Option<Content>>;

/// A connection and what is attached to it: `(file, schema)`.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) attached: Vec<(String, String)>,
}

/// A workload being played.
pub(crate) struct Session<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) script: &'a Script,
    pub(crate) journal: Journal,
    pub(crate) opened: Vec<Opened>,
    /// What `randomblob` begins with: the same in each play of a step.
    seed: Arc<AtomicU64>,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map(|error| error.extended_code);
        match code {
            Some(code) => Self::Sqlite(code, error.to_string()),
            None => Self::Answer(error.to_string()),
        }
    }
}

impl From<VfsError> for Trouble {
    fn from(error: VfsError) -> Self {
        Self::Files(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(code, message) => write!(formatter, "{code}, {message}"),
            Self::Files(error) => write!(formatter, "{error}"),
            Self::Answer(answer) => write!(formatter, "{answer}"),
        }
    }
}

/// What SQLite says by itself, as `SQLITE_ERROR`, where it drops the medium's error: VACUUM INTO
/// takes a file whose size it cannot learn for one that is there, and a schema that it could not
/// read again for one without the column.
const SQLITES_OWN: [&str; 2] = ["output file already exists", "no such column"];

impl Trouble {
    /// Whether these are SQLite's words and code, and not the medium's.
    pub(crate) fn is_sqlites_own(&self) -> bool {
        let Self::Sqlite(ffi::SQLITE_ERROR, message) = self else {
            return false;
        };
        SQLITES_OWN.iter().any(|words| message.contains(words))
    }

    /// The primary result code; errors on whole files have the one of the same meaning.
    pub(crate) fn primary(&self) -> Option<i32> {
        match self {
            Self::Sqlite(code, _) => Some(code & 0xff),
            Self::Files(error) => Some(match error.kind {
                ErrorKind::Busy => ffi::SQLITE_BUSY,
                ErrorKind::Full => ffi::SQLITE_FULL,
                ErrorKind::NotFound => ffi::SQLITE_CANTOPEN,
                ErrorKind::NoMemory => ffi::SQLITE_NOMEM,
                _ => ffi::SQLITE_IOERR,
            }),
            Self::Answer(_) => None,
        }
    }
}

type Step = Result<(), Trouble>;

impl<'a> Session<'a> {
    pub(crate) fn new(socket: &'a Socket, script: &'a Script, journal: Journal) -> Self {
        Self {
            socket,
            script,
            journal,
            opened: Vec::new(),
            seed: Arc::default(),
        }
    }

    /// Plays to the end or to the first step that fails; `after` sees the session behind each.
    pub(crate) fn play(&mut self, mut after: impl FnMut(&Self, usize)) -> Option<Stop> {
        for step in 0..self.script.actions.len() + 2 {
            self.seed.store((step as u64) << 32, Ordering::Relaxed);
            if let Err(trouble) = self.step(step) {
                return Some(Stop { step, trouble });
            }
            after(self, step);
        }
        None
    }

    fn step(&mut self, step: usize) -> Step {
        let script = self.script;
        match step.checked_sub(1).map(|index| script.actions.get(index)) {
            None => self.open(),
            Some(Some(action)) => self.act(action),
            Some(None) => self.close(),
        }
    }

    fn open(&mut self) -> Step {
        let file = &self.script.files[0];
        let connection = self.connect(file)?;
        if let Some(pages) = self.script.cache {
            connection.execute_batch(&format!("PRAGMA cache_size = {pages}"))?;
        }
        self.opened.push(Opened {
            connection,
            attached: vec![(file.clone(), "main".to_owned())],
        });
        let connection = &self.opened.last().expect("pushed above").connection;
        self.configure(connection, "main")
    }

    /// Opens, and creates, a database of the disk that is plugged in.
    pub(crate) fn connect(&self, file: &str) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags_and_vfs(file, flags, VFS)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        malloc::without_reserve(&connection);
        let seed = self.seed.clone();
        let flags = FunctionFlags::SQLITE_UTF8;
        connection.create_scalar_function("randomblob", 1, flags, move |context| {
            Ok(blob(
                seed.fetch_add(1, Ordering::Relaxed),
                context.get::<u32>(0)?,
            ))
        })?;
        Ok(connection)
    }

    /// Journal mode and synchronous level; SQLite may keep a mode without an error.
    fn configure(&self, connection: &Connection, schema: &str) -> Step {
        let page_size = self.script.page_size;
        connection.execute_batch(&format!("PRAGMA {schema}.page_size = {page_size}"))?;
        let sql = format!("PRAGMA {schema}.journal_mode = {}", self.journal.sql());
        let mode: String = connection.query_row(&sql, [], |row| row.get(0))?;
        if mode != self.journal.sql() {
            return Err(Trouble::Answer(format!("{sql} answered {mode}")));
        }
        connection.execute_batch(&format!("PRAGMA {schema}.synchronous = FULL"))?;
        Ok(())
    }

    /// Closes all connections, whatever fails; returns the first error.
    pub(crate) fn close(&mut self) -> Step {
        let mut outcome = Ok(());
        for opened in self.opened.drain(..).rev() {
            if let Err((connection, error)) = opened.connection.close() {
                outcome = outcome.and(Err(error.into()));
                drop(connection);
            }
        }
        outcome
    }

    fn act(&mut self, action: &Action) -> Step {
        match action {
            Action::Sql {
                connection,
                sql,
                expected,
            } => self.sql(*connection, sql, *expected),
            Action::Attach { file, schema } => self.attach(file, schema),
            Action::Detach { schema } => self.detach(schema),
            Action::Reopen => self.close().and_then(|()| self.open()),
            Action::Import { file, rows } => self.import(file, *rows),
            Action::Delete { file } => {
                self.close()?;
                delete_database(self.socket, file)?;
                self.open()
            }
            Action::Abandon => Err(Trouble::Answer("not for a fault sweep".to_owned())),
            Action::VacuumInto { file } => {
                let connection = &self.opened[0].connection;
                Ok(connection.execute_batch(&format!("VACUUM INTO '{file}'"))?)
            }
        }
    }

    fn sql(&mut self, connection: usize, sql: &str, expected: Expected) -> Step {
        while self.opened.len() <= connection {
            self.open()?;
        }
        let outcome = all_rows(&self.opened[connection].connection, sql).map_err(Trouble::from);
        let code = outcome.as_ref().err().and_then(Trouble::primary);
        match (outcome, expected, code) {
            (outcome, Expected::Success, _) => outcome,
            (Err(_), Expected::Busy, Some(ffi::SQLITE_BUSY)) => Ok(()),
            (Err(_), Expected::Failure, Some(ffi::SQLITE_CONSTRAINT | ffi::SQLITE_ERROR)) => Ok(()),
            (Err(trouble), ..) => Err(trouble),
            (Ok(()), ..) => Err(Trouble::Answer(format!("{sql} succeeded"))),
        }
    }

    fn attach(&mut self, file: &str, schema: &str) -> Step {
        let connection = &self.opened[0].connection;
        connection.execute_batch(&format!("ATTACH '{file}' AS {schema}"))?;
        self.configure(connection, schema)?;
        let attached = (file.to_owned(), schema.to_owned());
        self.opened[0].attached.push(attached);
        Ok(())
    }

    fn detach(&mut self, schema: &str) -> Step {
        let opened = &mut self.opened[0];
        opened
            .connection
            .execute_batch(&format!("DETACH {schema}"))?;
        opened.attached.retain(|(_, known)| known != schema);
        Ok(())
    }

    fn import(&mut self, file: &str, rows: u32) -> Step {
        self.close()?;
        let bytes = self.database(rows)?;
        let mut import = Import::begin(Rc::new(self.socket.clone()), file, true)?;
        let sealed = import.append(&bytes).and_then(|()| import.seal());
        if let Err(error) = sealed.and_then(|()| import.finish()) {
            // The error that counts is the first one.
            drop(import.abandon());
            return Err(error.into());
        }
        self.open()
    }

    /// A foreign database.
    fn database(&self, rows: u32) -> rusqlite::Result<Vec<u8>> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {};
             CREATE TABLE imported(a INTEGER PRIMARY KEY, b TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO imported SELECT i, printf('%0150d', i) FROM n",
            self.script.page_size
        ))?;
        Ok(connection.serialize("main")?.to_vec())
    }

    /// What the databases hold, by a connection that is in no transaction; what only those see
    /// that are in one is as it was.
    pub(crate) fn state(&self, last: &State) -> rusqlite::Result<State> {
        let mut state = last.clone();
        for (index, file) in self.script.files.iter().enumerate() {
            match self.content(file) {
                Ok(Some(content)) => state[index] = Some(content),
                Ok(None) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(state)
    }

    fn content(&self, file: &str) -> rusqlite::Result<Option<Content>> {
        let schema = |it: &'_ Opened| {
            let attached = it.attached.iter().find(|(known, _)| known == file);
            attached.map(|(_, schema)| schema.clone())
        };
        let mut users = self
            .opened
            .iter()
            .filter(|it| schema(it).is_some())
            .peekable();
        if users.peek().is_some() {
            let free = users.find(|it| it.connection.is_autocommit());
            let read = |it: &Opened| content(&it.connection, &schema(it).unwrap_or_default());
            return free.map(read).transpose();
        }
        if !is_there(&self.socket.disk().live_image(), file) {
            return empty().map(Some);
        }
        let connection = self.connect(file)?;
        let content = content(&connection, "main");
        connection.close().map_err(|(_, error)| error)?;
        content.map(Some)
    }
}

/// Whether opening finds this database: under its name, or moved aside by an import that failed.
pub(crate) fn is_there(image: &Image, file: &str) -> bool {
    let aside =
        |path: &&String| path.starts_with(".anchorite/") && path.ends_with(&format!("/{file}"));
    image.files.contains_key(file) || image.files.keys().any(|path| aside(&path))
}

/// Runs one statement to its end, whether it has rows or not.
fn all_rows(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Bytes that nothing compresses and that follow from `seed`.
fn blob(seed: u64, size: u32) -> Vec<u8> {
    let mut bytes = vec![0; size as usize];
    anchorite_vfs::sim::Random::new(seed).fill(&mut bytes);
    bytes
}
