//! One connection: opening rules, running SQL, export; called by `crates/wasm` and by tests.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, OpenFlags, Statement};

use crate::error::EngineError;
use crate::params::Params;
use crate::value::{RowBatch, Value};

/// A connection to one database.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
}

impl Session {
    /// Opens or creates a database through the named VFS (`None`: the default one).
    ///
    /// One owner per database: the connection keeps its locks until it is closed
    /// (`locking_mode=EXCLUSIVE`), so WAL works without shared memory.
    /// A database that has no page yet becomes WAL; any other keeps its journal mode.
    ///
    /// # Errors
    /// `SQLITE_NOTADB` for a foreign file, `SQLITE_BUSY` while another owner has it.
    pub fn open(path: &str, vfs: Option<&str>) -> Result<Self, EngineError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let session = Self::connect(path, flags, vfs)?;
        session
            .connection
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        let pages: i64 = session
            .connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))?;
        if pages == 0 {
            session
                .connection
                .execute_batch("PRAGMA journal_mode = WAL")?;
        }
        // Reads the schema, so that a damaged or foreign file fails here and not at first use.
        session
            .connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(session)
    }

    /// Checks that a file nobody else has open is a sound database, without changing a byte.
    ///
    /// # Errors
    /// `SQLITE_NOTADB` or `SQLITE_CORRUPT`, with the first finding of `quick_check`.
    pub fn check(path: &str, vfs: Option<&str>) -> Result<(), EngineError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let session = Self::connect(&format!("file:{path}?immutable=1"), flags, vfs)?;
        let finding = session.query("PRAGMA quick_check(1)", &Params::NONE)?;
        let finding = finding.values.into_iter().next();
        session.close()?;
        match finding {
            Some(Value::Text(text)) if text == "ok" => Ok(()),
            other => Err(EngineError {
                code: "SQLITE_CORRUPT",
                extended_code: "SQLITE_CORRUPT",
                message: format!("the database is damaged: {other:?}"),
                offset_bytes: None,
            }),
        }
    }

    fn connect(path: &str, flags: OpenFlags, vfs: Option<&str>) -> Result<Self, EngineError> {
        let connection = match vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
            None => Connection::open_with_flags(path, flags),
        };
        connection
            .map(|connection| Self { connection })
            .map_err(EngineError::from)
    }

    /// Runs any number of statements; rows they return are stepped through and dropped.
    ///
    /// # Errors
    /// The first failure; the statements before it have taken effect.
    pub fn exec(&self, sql: &str) -> Result<(), EngineError> {
        refuse_nul(sql)?;
        let mut batch = Batch::new(&self.connection, sql);
        while let Some(mut statement) = self.next(&mut batch, sql)? {
            if statement.parameter_count() > 0 {
                return Err(EngineError::parameter(
                    "exec takes no parameters; use query",
                ));
            }
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    /// Runs exactly one statement and returns its rows.
    ///
    /// # Errors
    /// `INVALID_SQL` for none or several statements, before anything is run;
    /// `INVALID_PARAMETER` when `params` do not fit; otherwise SQLite's.
    pub fn query(&self, sql: &str, params: &Params) -> Result<RowBatch, EngineError> {
        let mut statement = self.single(sql)?;
        params.bind(&mut statement)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut values = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            for index in 0..columns.len() {
                values.push(Value::from(row.get_ref(index)?));
            }
        }
        Ok(RowBatch { columns, values })
    }

    /// Prepares the one statement of `sql`.
    ///
    /// A second one is looked for without being run: it may even fail to compile, since it may
    /// depend on the first.
    fn single(&self, sql: &str) -> Result<Statement<'_>, EngineError> {
        refuse_nul(sql)?;
        let mut batch = Batch::new(&self.connection, sql);
        let Some(statement) = self.next(&mut batch, sql)? else {
            return Err(EngineError::sql("the text has no statement", None));
        };
        let several = "the text has more than one statement; use exec";
        match batch.next() {
            Ok(None) => Ok(statement),
            Ok(Some(_)) => Err(EngineError::sql(several, None)),
            Err(error) => {
                let offset_bytes = EngineError::in_text(error, sql).offset_bytes;
                Err(EngineError::sql(several, offset_bytes))
            }
        }
    }

    fn next<'session>(
        &'session self,
        batch: &mut Batch<'session, '_>,
        sql: &str,
    ) -> Result<Option<Statement<'session>>, EngineError> {
        batch
            .next()
            .map_err(|error| EngineError::in_text(error, sql))
    }

    /// The whole database as one consistent snapshot, byte for byte what its file would be.
    ///
    /// One statement reads all pages, so one read transaction covers them.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit memory.
    pub fn export(&self) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::new();
        let mut pages = self
            .connection
            .prepare("SELECT data FROM sqlite_dbpage ORDER BY pgno")?;
        let mut rows = pages.raw_query();
        while let Some(row) = rows.next()? {
            bytes.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
        }
        Ok(bytes)
    }

    /// Closes the connection: rolls back what is open, checkpoints a WAL, gives the file back.
    ///
    /// # Errors
    /// When SQLite reports one; the connection is gone all the same.
    pub fn close(self) -> Result<(), EngineError> {
        self.connection
            .close()
            .map_err(|(_connection, error)| error.into())
    }
}

/// SQLite ends the text at a NUL and would silently drop the rest.
fn refuse_nul(sql: &str) -> Result<(), EngineError> {
    match sql.find('\0') {
        Some(offset) => Err(EngineError::sql(
            "the text has a NUL character",
            Some(offset),
        )),
        None => Ok(()),
    }
}
