//! SQL over the VFS under test, with answers as text; used by the cases that speak SQL.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Row, ffi};

use crate::check::{Outcome, done, equal, ok};
use crate::open::{NEW, OLD};
use crate::raw::{Handle, Vfs};

/// The six journal modes.
pub(crate) const MODES: [&str; 6] = ["delete", "truncate", "persist", "memory", "off", "wal"];

/// Those whose journal is a file that a crash leaves behind.
pub(crate) const ROLLBACK_MODES: [&str; 3] = ["delete", "truncate", "persist"];

/// A connection that never waits.
#[derive(Debug)]
pub(crate) struct Db {
    pub(crate) connection: Connection,
}

impl Db {
    /// Opens or creates a database of this path.
    pub(crate) fn open(vfs: &Vfs, path: &str) -> Result<Self, String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        told("open", Self::open_as(vfs, path, flags))
    }

    /// Opens what is there, to read it only.
    pub(crate) fn open_read_only(vfs: &Vfs, path: &str) -> Result<Self, String> {
        let opened = Self::open_as(vfs, path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        told("open read-only", opened)
    }

    /// Opens as the flags say.
    pub(crate) fn open_as(vfs: &Vfs, path: &str, flags: OpenFlags) -> Result<Self, Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags_and_vfs(path, flags, vfs.name())?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        Ok(Self { connection })
    }

    /// Opens or creates a database and sets its journal mode.
    pub(crate) fn in_mode(vfs: &Vfs, path: &str, mode: &str) -> Result<Self, String> {
        let db = Self::open(vfs, path)?;
        db.says(&format!("PRAGMA journal_mode = {mode}"), mode)?;
        Ok(db)
    }

    /// Runs statements; rows are dropped.
    pub(crate) fn exec(&self, sql: &str) -> Outcome {
        told(sql, self.connection.execute_batch(sql))
    }

    /// All rows of a query: columns joined by `|`, rows by a line feed.
    pub(crate) fn ask(&self, sql: &str) -> Result<String, String> {
        told(sql, self.rows(sql))
    }

    fn rows(&self, sql: &str) -> Result<String, Error> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], line)?;
        let lines: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(lines.join("\n"))
    }

    /// A query must answer this.
    pub(crate) fn says(&self, sql: &str, expected: &str) -> Outcome {
        equal(sql, self.ask(sql)?.as_str(), expected)
    }

    /// Statements must be refused because another connection is in the way.
    pub(crate) fn is_busy(&self, sql: &str) -> Outcome {
        self.fails(sql, ErrorCode::DatabaseBusy)
    }

    /// Statements must fail with this code.
    pub(crate) fn fails(&self, sql: &str, expected: ErrorCode) -> Outcome {
        match self.connection.execute_batch(sql) {
            Ok(()) => Err(format!("{sql}: succeeded, should be {expected:?}")),
            Err(error) => equal(sql, error.sqlite_error_code(), Some(expected)),
        }
    }

    /// The database must be sound.
    pub(crate) fn is_sound(&self) -> Outcome {
        self.says("PRAGMA integrity_check", "ok")
    }

    /// Closes the connection; any error is told.
    pub(crate) fn close(self) -> Outcome {
        let closed = self.connection.close();
        closed.map_err(|(_, error)| format!("close: {error}"))
    }
}

fn line(row: &Row<'_>) -> Result<String, Error> {
    let count = row.as_ref().column_count();
    let columns = (0..count).map(|index| row.get_ref(index).map(text));
    Ok(columns.collect::<Result<Vec<_>, _>>()?.join("|"))
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// The value of a call of rusqlite that must have succeeded.
pub(crate) fn told<T>(what: &str, result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| {
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        format!("{what}: {error} (code {code})")
    })
}

/// The files of a database as a crash would leave them now, put down under another name.
pub(crate) fn copy_as_it_is(vfs: &Vfs, from: &str, to: &str) -> Outcome {
    put_main(vfs, to, &main_bytes(vfs, from)?)?;
    for side in [Side::Journal, Side::Wal] {
        let bytes = side_bytes(vfs, from, side)?;
        put_side(vfs, to, side, &bytes)?;
    }
    Ok(())
}

/// A file beside a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Journal,
    Wal,
}

impl Side {
    fn open(self, vfs: &Vfs, database: &str) -> Result<Handle, String> {
        done(
            "open side file",
            match self {
                Self::Journal => vfs.open_journal(database, NEW),
                Self::Wal => vfs.open_wal(database, NEW),
            },
        )
    }

    fn name(self, database: &str) -> String {
        let end = if self == Self::Wal {
            "-wal"
        } else {
            "-journal"
        };
        format!("{database}{end}")
    }
}

/// The bytes of a main file, read beside its connections.
pub(crate) fn main_bytes(vfs: &Vfs, database: &str) -> Result<Vec<u8>, String> {
    bytes(&done("open main file", vfs.open(database, OLD))?)
}

/// The bytes of a side file; none if it is not there.
pub(crate) fn side_bytes(vfs: &Vfs, database: &str, side: Side) -> Result<Vec<u8>, String> {
    let name = side.name(database);
    if !done("access", vfs.access(&name, ffi::SQLITE_ACCESS_EXISTS))? {
        return Ok(Vec::new());
    }
    bytes(&side.open(vfs, database)?)
}

/// Whether a side file has any bytes.
pub(crate) fn has_side(vfs: &Vfs, database: &str, side: Side) -> Result<bool, String> {
    side_bytes(vfs, database, side).map(|bytes| !bytes.is_empty())
}

/// Makes a main file of these bytes.
pub(crate) fn put_main(vfs: &Vfs, database: &str, content: &[u8]) -> Outcome {
    let file = done("open main file", vfs.open(database, NEW))?;
    put(&file, content)?;
    ok("close", file.close())
}

/// Makes a side file of these bytes.
pub(crate) fn put_side(vfs: &Vfs, database: &str, side: Side, content: &[u8]) -> Outcome {
    if content.is_empty() {
        return Ok(());
    }
    // As SQLite does it: the database is open while its side files are.
    let _main = done("open main file", vfs.open(database, NEW))?;
    let file = side.open(vfs, database)?;
    put(&file, content)?;
    ok("close", file.close())
}

/// SQLite reads and writes less than 128 KiB at once.
const PART: usize = 65_536;
const AT_ONCE: i64 = 65_536;

fn bytes(file: &Handle) -> Result<Vec<u8>, String> {
    let size = done("size", file.size())?;
    let mut bytes = vec![0; usize::try_from(size).map_err(|error| error.to_string())?];
    let mut offset = 0;
    for part in bytes.chunks_mut(PART) {
        ok("read", file.read(part, offset))?;
        offset += AT_ONCE;
    }
    Ok(bytes)
}

fn put(file: &Handle, content: &[u8]) -> Outcome {
    ok("truncate", file.truncate(0))?;
    let mut offset = 0;
    for part in content.chunks(PART) {
        ok("write", file.write(part, offset))?;
        offset += AT_ONCE;
    }
    ok("sync", file.sync(ffi::SQLITE_SYNC_NORMAL))
}
