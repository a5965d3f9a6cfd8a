//! One connection: opening rules, running SQL, export; called by `crates/wasm` and by tests.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Batch, Connection, OpenFlags, Row, Statement};

use crate::builtins;
use crate::changes::{Changes, Written};
use crate::collations::Broken;
use crate::cursor::Cursors;
use crate::error::EngineError;
use crate::held::Held;
use crate::options::OpenOptions;
use crate::pace::Watch;
use crate::params::Params;
use crate::repeated::Repeated;
use crate::safety::protect;
use crate::single::{next, refuse_nul, single};
use crate::value::{RowBatch, Sink, take_row};
use crate::waits::Waits;

/// The schema of the database that was opened, as opposed to attached ones.
pub(crate) const MAIN: &str = "main";

/// A connection to one database.
#[derive(Debug)]
pub struct Session {
    /// Shared with what is held, and with cursors.
    pub(crate) connection: Rc<Connection>,
    pub(crate) held: Held,
    pub(crate) waits: Waits,
    pub(crate) changes: Changes,
    pub(crate) watch: Watch,
    pub(crate) cursors: Cursors,
    pub(crate) broken: Broken,
    repeated: Repeated,
}

/// Statements that a connection keeps compiled.
const STATEMENTS_MAX: usize = 64;

/// What to do where SQLite would wait for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// End in an error with `would_wait`, so that the host may try again.
    Wait,
    /// Take what there is, as SQLite does when its time limit is over.
    Enough,
}

/// How many rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All there are.
    All,
    /// No more than one; the statement is not stepped any further.
    First,
}

impl Session {
    /// Opens or creates a database through the named VFS (`None`: the default one).
    ///
    /// # Errors
    /// `SQLITE_NOTADB` for a foreign file; `SQLITE_BUSY` while another owner has it, or, with
    /// `would_wait`, a connection of the same owner is in the way; `INVALID_OPTION`.
    pub fn open(path: &str, vfs: Option<&str>, options: &OpenOptions) -> Result<Self, EngineError> {
        let access = match (options.readonly, options.create) {
            (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let session = Self::connect(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX, vfs, options)?;
        session
            .prepare(options)
            .map_err(|error| session.waits.judge(error))?;
        Ok(session)
    }

    /// Brings a fresh connection to where its options want it.
    fn prepare(&self, options: &OpenOptions) -> Result<(), EngineError> {
        if let Some(size) = options.cache_size {
            self.set_cache_size(size)?;
        }
        if options.readonly {
            // A checkpoint at closing would write to the database on behalf of earlier writers.
            self.connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        } else {
            self.set_journal(options)?;
            if options.syncs_replace_files {
                self.keep_wal_small()?;
            }
        }
        // Reads the schema, so that a damaged or foreign file fails here and not at first use.
        self.connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(())
    }

    /// In bytes; a negative number is in KiB.
    fn set_cache_size(&self, size: u64) -> Result<(), EngineError> {
        let kib = i64::from(u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX));
        Ok(self
            .connection
            .pragma_update(Some(MAIN), "cache_size", -kib)?)
    }

    pub(crate) fn pragma<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<T, EngineError> {
        Ok(self
            .connection
            .pragma_query_value(Some(MAIN), name, |row| row.get(0))?)
    }

    pub(crate) fn connect(
        path: &str,
        flags: OpenFlags,
        vfs: Option<&str>,
        options: &OpenOptions,
    ) -> Result<Self, EngineError> {
        let mut connection = match vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
            None => Connection::open_with_flags(path, flags),
        }?;
        builtins::install(&connection)?;
        protect(&connection, options)?;
        // For the VFS, which answers this pragma in place of SQLite; SQLite itself would install
        // its sleeping busy handler, so ours comes after it.
        let pragma = format!("PRAGMA busy_timeout = {}", options.busy_timeout_ms);
        connection.query_row(&pragma, [], |_| Ok(()))?;
        let waits = Waits::default();
        waits.install(&mut connection)?;
        let changes = Changes::default();
        let broken = Broken::default();
        changes.install(&mut connection, broken.clone())?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self {
            connection: Rc::new(connection),
            held: Held::default(),
            waits,
            changes,
            watch: Watch::default(),
            cursors: Cursors::default(),
            broken,
            repeated: Repeated::default(),
        })
    }

    /// The path of the database that was opened; empty for one in memory.
    #[must_use]
    pub fn path(&self) -> String {
        self.connection.path().unwrap_or_default().to_owned()
    }

    /// Whether a database is the one that was opened, or attached; by path.
    #[must_use]
    pub fn uses(&self, path: &str) -> bool {
        let sql = "SELECT count(*) FROM pragma_database_list WHERE file = ?";
        let is_main = self.connection.path() == Some(path);
        let counted = || {
            self.connection
                .query_row(sql, [path], |row| row.get::<_, u32>(0))
        };
        is_main || counted().is_ok_and(|count| count > 0)
    }

    /// Learns what was committed elsewhere, as any read does.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn look(&self, patience: Patience) -> Result<(), EngineError> {
        let look = "SELECT 1 FROM sqlite_schema LIMIT 1";
        self.query_with(look, &Params::NONE, patience).map(drop)
    }

    /// Moves all of the WAL into the database and cuts it off, or as much of it as others let.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn cut_wal(&mut self) -> Result<(), EngineError> {
        let cut = "PRAGMA main.wal_checkpoint(TRUNCATE)";
        self.query(cut, &Params::NONE).map(drop)
    }

    /// What `PRAGMA busy_timeout` has set, in ms, where no VFS answers it, as with a database in
    /// memory; takes back that SQLite would sleep by itself.
    ///
    /// # Errors
    /// When SQLite is out of memory.
    pub fn take_busy_timeout(&mut self) -> Result<Option<u32>, EngineError> {
        let limit_ms: u32 = self.pragma("busy_timeout")?;
        if limit_ms == 0 {
            return Ok(None);
        }
        match Rc::get_mut(&mut self.connection) {
            Some(connection) => self.waits.install(connection)?,
            // Something is held, for which a busy handler cannot be changed, only removed: what is
            // attached answers at once.
            None => self.connection.busy_timeout(Duration::ZERO)?,
        }
        Ok(Some(limit_ms))
    }

    /// Whether a transaction is open that was begun by a statement of its own.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Whether a text is known to begin a transaction that writes to the database that was opened:
    /// it was run before, or says so.
    #[must_use]
    pub fn is_about_to_write(&self, sql: &str) -> bool {
        let writes = || {
            let tables = self.repeated.tables(sql);
            tables.map_or_else(|| begins_to_write(sql), |it| it.contains_key(MAIN))
        };
        self.connection.is_autocommit() && writes()
    }

    /// Runs any number of statements; rows they return are stepped through and dropped.
    ///
    /// # Errors
    /// The first failure; the statements before it have taken effect.
    pub fn exec(&self, sql: &str) -> Result<(), EngineError> {
        self.exec_from(sql, &mut 0, Patience::Enough)
    }

    /// As [`exec`](Self::exec), from a byte of `sql` on, which moves behind each statement that
    /// has taken effect. After an error with `would_wait` it may be called again.
    ///
    /// # Errors
    /// As `exec`.
    pub fn exec_from(
        &self,
        sql: &str,
        from: &mut usize,
        patience: Patience,
    ) -> Result<(), EngineError> {
        self.exec_while(sql, from, patience, |_| Ok(()))
    }

    /// As [`exec_from`](Self::exec_from), while nothing is found to be in the way of the next one.
    pub(crate) fn exec_while(
        &self,
        sql: &str,
        from: &mut usize,
        patience: Patience,
        check: impl Fn(&Self) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        refuse_nul(sql)?;
        loop {
            self.waits.clear();
            let ran = self.exec_next(sql, *from, patience, &check);
            match ran.map_err(|error| self.waits.judge(error))? {
                Some(size) => *from += size,
                None => return Ok(()),
            }
        }
    }

    /// Runs the next statement; answers how many bytes of the text it took, `None` at the end.
    fn exec_next(
        &self,
        sql: &str,
        from: usize,
        patience: Patience,
        check: impl Fn(&Self) -> Result<(), EngineError>,
    ) -> Result<Option<usize>, EngineError> {
        drop(self.changes.take_compiled());
        let mut batch = Batch::new(&self.connection, &sql[from..]);
        let Some(mut statement) = next(&mut batch, sql)? else {
            return Ok(None);
        };
        // Not after the last one: what has happened would be said to be given up.
        self.watch.check()?;
        check(self)?;
        if statement.parameter_count() > 0 {
            return Err(EngineError::parameter(
                "exec takes no parameters; use query",
            ));
        }
        // A statement without parameters expands to its own text, with what precedes it: SQLite
        // compiles nothing out of blanks, comments and lone semicolons only at the end.
        let text = statement.expanded_sql();
        let size = text.ok_or_else(out_of_memory)?.len();
        let next = |_: &Row<'_>| Ok(ControlFlow::Continue(()));
        self.step(&mut statement, &Written::new(), patience, next)?;
        Ok(Some(size))
    }

    /// Runs exactly one statement and returns its rows.
    ///
    /// # Errors
    /// `INVALID_SQL` for none or several statements, before anything is run;
    /// `INVALID_PARAMETER` when `params` do not fit; otherwise SQLite's.
    pub fn query(&self, sql: &str, params: &Params) -> Result<RowBatch, EngineError> {
        self.query_with(sql, params, Patience::Enough)
    }

    /// As [`query`](Self::query); after an error with `would_wait` it may be called again.
    ///
    /// # Errors
    /// As `query`.
    pub fn query_with(
        &self,
        sql: &str,
        params: &Params,
        patience: Patience,
    ) -> Result<RowBatch, EngineError> {
        self.rows_of(sql, params, patience, Reach::All)
    }

    /// As [`query_with`](Self::query_with), or no further than to the first row.
    ///
    /// # Errors
    /// As `query`.
    pub fn rows_of(
        &self,
        sql: &str,
        params: &Params,
        patience: Patience,
        reach: Reach,
    ) -> Result<RowBatch, EngineError> {
        let mut values = Vec::new();
        let columns = self.rows_into(sql, params, (patience, reach), &mut values)?;
        Ok(RowBatch { columns, values })
    }

    /// As [`rows_of`](Self::rows_of), for whoever takes the rows; answers the names of the columns.
    /// After an error what was taken is of no use.
    ///
    /// # Errors
    /// As `query`.
    pub fn rows_into(
        &self,
        sql: &str,
        params: &Params,
        how: (Patience, Reach),
        sink: &mut impl Sink,
    ) -> Result<Vec<String>, EngineError> {
        self.once(sql, |statement, tables| {
            self.rows(statement, tables, params, how, sink)?;
            Ok(statement.column_names().map(str::to_owned).collect())
        })
    }

    /// The rows of a question that was asked before, if answering it changes nothing whatever
    /// happens: outside a transaction, and compiled already. Answers what `named` makes of the
    /// names of the columns. `None` also for every failure: then [`rows_into`](Self::rows_into) is
    /// to be asked, which says what is wrong.
    pub fn rows_again<T>(
        &self,
        sql: &str,
        params: &Params,
        reach: Reach,
        sink: &mut impl Sink,
        named: impl FnOnce(&mut dyn Iterator<Item = &str>) -> T,
    ) -> Option<T> {
        if !self.connection.is_autocommit() || !self.repeated.is_quick(sql) {
            return None;
        }
        self.waits.clear();
        let mut statement = self.connection.prepare_cached(sql).ok()?;
        if !statement.readonly() {
            return None;
        }
        let (tables, how) = (Written::new(), (Patience::Enough, reach));
        let answered = self.rows(&mut statement, &tables, params, how, sink);
        if answered.as_ref().is_err_and(EngineError::is_interrupt) {
            self.repeated.note_slow(sql);
        }
        let is_broken = self.broken.take().is_some();
        answered.ok().filter(|()| !is_broken)?;
        Some(named(&mut statement.column_names()))
    }

    /// Does something with the one statement of a text.
    ///
    /// A text that comes again is not compiled again; one that no longer compiles goes the first
    /// way, whose errors point into it.
    pub(crate) fn once<T>(
        &self,
        sql: &str,
        work: impl FnOnce(&mut Statement<'_>, &Written) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.waits.clear();
        self.once_judged(sql, work)
            .map_err(|error| self.waits.judge(error))
    }

    fn once_judged<T>(
        &self,
        sql: &str,
        work: impl FnOnce(&mut Statement<'_>, &Written) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        drop((self.changes.take_compiled(), self.changes.take_recompiled()));
        if let Some(tables) = self.repeated.tables(sql)
            && let Ok(mut statement) = self.connection.prepare_cached(sql)
        {
            let outcome = work(&mut statement, &tables);
            // The schema has changed, and with it perhaps what the statement writes to.
            let more = self.changes.take_recompiled();
            self.repeated.add(sql, &more);
            return outcome.map_err(|error| self.why_not_compiled(sql, error));
        }
        let mut statement = single(&self.connection, sql)?;
        let tables = self.changes.take_compiled();
        let outcome = work(&mut statement, &tables)?;
        self.repeated.remember(sql, tables);
        Ok(outcome)
    }

    /// Columns are to be asked for after this: at the first step SQLite compiles a kept statement
    /// anew if the schema has changed, and `SELECT *` may then have others.
    fn rows(
        &self,
        statement: &mut Statement<'_>,
        tables: &Written,
        params: &Params,
        (patience, reach): (Patience, Reach),
        sink: &mut impl Sink,
    ) -> Result<(), EngineError> {
        params.bind(statement)?;
        self.step(statement, tables, patience, |row| {
            take_row(row, sink)?;
            Ok(match reach {
                Reach::All => ControlFlow::Continue(()),
                Reach::First => ControlFlow::Break(()),
            })
        })
    }

    /// What the compiler has against a kept statement that has failed, if that is why it did.
    fn why_not_compiled(&self, sql: &str, error: EngineError) -> EngineError {
        if error.code != "SQLITE_ERROR" {
            return error;
        }
        single(&self.connection, sql).err().unwrap_or(error)
    }

    /// Steps through the rows, and notes what has changed; `tables` are those that the statement
    /// may write to, as far as they were known before it was compiled for this run.
    pub(crate) fn step(
        &self,
        statement: &mut Statement<'_>,
        tables: &Written,
        patience: Patience,
        take: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), EngineError> {
        let was_open = self.in_transaction();
        self.watch.stepping(statement);
        let outcome = self.step_all(statement, patience, take);
        let interrupts = !self.watch.only_asks();
        self.watch.stepped();
        let is_open = self.in_transaction();
        let rolls_back = self.changes.ran(tables, statement.readonly(), is_open);
        if was_open && !is_open {
            let is_rolled_back = rolls_back || outcome.is_err();
            self.cursors.transaction_ended(is_rolled_back);
        }
        if interrupts && is_interrupted(&outcome) {
            self.cursors.interrupted();
        }
        outcome
    }

    /// A checkpoint that another connection is in the way of says so in a row, without an error.
    fn step_all(
        &self,
        statement: &mut Statement<'_>,
        patience: Patience,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), EngineError> {
        let waits = patience == Patience::Wait
            && statement.column_names().eq(["busy", "log", "checkpointed"]);
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if waits && self.waits.is_marked() && row.get_ref(0)?.as_i64() == Ok(1) {
                let message = "another connection is in the way of the checkpoint";
                return Err(EngineError::plain("SQLITE_BUSY", message));
            }
            if take(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Closes the connection: rolls back what is open, checkpoints a WAL, gives the file back.
    ///
    /// # Errors
    /// When SQLite reports one; the connection is gone all the same.
    ///
    /// # Panics
    /// Never: what has shared the connection is dropped before.
    pub fn close(self) -> Result<(), EngineError> {
        let Self {
            connection,
            held,
            cursors,
            ..
        } = self;
        drop((held, cursors));
        let connection = Rc::into_inner(connection).expect("only what was held has shared it");
        connection
            .close()
            .map_err(|(_connection, error)| error.into())
    }
}

pub(crate) fn out_of_memory() -> EngineError {
    EngineError::plain("SQLITE_NOMEM", "out of memory")
}

fn is_interrupted(outcome: &Result<(), EngineError>) -> bool {
    outcome
        .as_ref()
        .is_err_and(|error| error.code == "SQLITE_INTERRUPT")
}

/// `BEGIN IMMEDIATE` or `BEGIN EXCLUSIVE`, and whatever follows.
fn begins_to_write(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    let mut is_next = |wanted: &[&str]| {
        let word = words.next().unwrap_or_default().trim_end_matches(';');
        wanted.iter().any(|it| it.eq_ignore_ascii_case(word))
    };
    is_next(&["BEGIN"]) && is_next(&["IMMEDIATE", "EXCLUSIVE"])
}
