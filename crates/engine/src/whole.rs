//! What a connection does with its database as a whole: check, export, snapshots, images, vacuum.
//!
//! Called by `crates/wasm` and by tests.

use std::io::Read;

use rusqlite::OpenFlags;
use rusqlite::serialize::Data;

use crate::error::EngineError;
use crate::held::unshared;
use crate::options::{JournalMode, OpenOptions, check_page_size};
use crate::params::Params;
use crate::session::{MAIN, Patience, Session};
use crate::value::{self, Value};

/// Where the header says which journal mode a database wants: 1 for a rollback journal, 2 for WAL,
/// once for those who write and once for those who read.
/// Source: <https://sqlite.org/fileformat2.html#file_format_version_numbers>.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;
const ROLLBACK: u8 = 1;
const WAL: u8 = 2;

/// How large a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many pages it has.
    pub pages: u32,
    /// In bytes.
    pub page_size: u32,
}

impl Extent {
    /// In bytes.
    #[must_use]
    pub fn size(self) -> u64 {
        u64::from(self.pages) * u64::from(self.page_size)
    }
}

/// Marks a database as one with a rollback journal, if these are its first bytes and it is in WAL.
/// Its content must be complete without one.
pub fn unmark_wal(bytes: &mut [u8]) {
    for version in bytes.get_mut(FORMAT_VERSIONS).unwrap_or_default() {
        if *version == WAL {
            *version = ROLLBACK;
        }
    }
}

impl Session {
    /// Checks that a file nobody else has open is a sound database, without changing a byte.
    /// `prepare` does what the host does with all its connections.
    ///
    /// # Errors
    /// `SQLITE_NOTADB` or `SQLITE_CORRUPT`, with the first finding of `quick_check`.
    pub fn check(
        path: &str,
        vfs: Option<&str>,
        prepare: impl FnOnce(&mut Self) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = format!("file:{path}?immutable=1");
        let mut session = Self::connect(&path, flags, vfs, &OpenOptions::default())?;
        prepare(&mut session)?;
        let finding = session.unbroken(|it| it.query("PRAGMA quick_check(1)", &Params::NONE))?;
        let finding = finding.values.into_iter().next();
        session.close()?;
        match finding {
            Some(Value::Text(text)) if text == "ok" => Ok(()),
            other => Err(EngineError::plain(
                "SQLITE_CORRUPT",
                format!("the database is damaged: {other:?}"),
            )),
        }
    }

    /// The whole database as one consistent snapshot, byte for byte what its file would be, but
    /// for the mark of WAL if it shall be portable.
    ///
    /// One statement reads all pages, so one read transaction covers them.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit memory.
    pub fn export(&self, portable: bool) -> Result<Vec<u8>, EngineError> {
        self.waits.clear();
        let mut bytes = self.read_pages().map_err(|error| self.waits.judge(error))?;
        if portable {
            unmark_wal(&mut bytes);
        }
        Ok(bytes)
    }

    /// Begins a transaction that sees what is committed now, whatever others commit from now on,
    /// and says how much that is. It ends when the connection is closed.
    ///
    /// # Errors
    /// As [`query_with`](Self::query_with).
    pub fn begin_snapshot(&self, patience: Patience) -> Result<Extent, EngineError> {
        self.exec("BEGIN")?;
        self.look(patience)?;
        self.extent()
    }

    /// How large the database is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn extent(&self) -> Result<Extent, EngineError> {
        let (pages, page_size) = (self.pragma("page_count")?, self.pragma("page_size")?);
        Ok(Extent { pages, page_size })
    }

    /// Adds the content of a page, by its number from 1 on. Without a transaction around it is that
    /// of now.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit memory.
    pub fn read_page(&self, number: u32, bytes: &mut Vec<u8>) -> Result<(), EngineError> {
        self.waits.clear();
        let mut page = self
            .connection
            .prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?")?;
        let read = page.query_row([number], |row| {
            let page = row.get_ref(0)?.as_blob();
            value::append(bytes, page.map_err(rusqlite::Error::from)?)
        });
        read.map_err(|error| self.waits.judge(error.into()))
    }

    fn read_pages(&self) -> Result<Vec<u8>, EngineError> {
        let size: i64 = self.connection.query_row(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            [],
            |row| row.get(0),
        )?;
        let mut bytes = value::with_room(usize::try_from(size).unwrap_or(usize::MAX))?;
        let mut pages = self
            .connection
            .prepare("SELECT data FROM sqlite_dbpage ORDER BY pgno")?;
        let mut rows = pages.raw_query();
        while let Some(row) = rows.next()? {
            let page = row.get_ref(0)?.as_blob();
            value::append(&mut bytes, page.map_err(rusqlite::Error::from)?)?;
        }
        Ok(bytes)
    }

    /// The image of the database, in whatever journal mode it is. One that is in memory is copied
    /// as it lies there; that of a file is what [`export`](Self::export) gives.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit memory.
    pub fn serialize(&mut self) -> Result<Vec<u8>, EngineError> {
        self.waits.clear();
        let connection = unshared(&mut self.connection)?;
        let image = connection.serialize("main").and_then(|data| {
            let data: &[u8] = match &data {
                Data::Shared(data) => data,
                Data::Owned(data) => data,
            };
            let mut copy = value::with_room(data.len())?;
            value::append(&mut copy, data)?;
            Ok(copy)
        });
        image.map_err(|error| self.waits.judge(error.into()))
    }

    /// Makes this connection one to a database in memory with the content of an image.
    ///
    /// There is no WAL in memory, so the copy of an image in that mode is marked as one with a
    /// rollback journal; its content is complete all the same.
    ///
    /// # Errors
    /// `SQLITE_NOTADB` for an image without a header; when it does not fit memory.
    pub fn deserialize(&mut self, image: &[u8], readonly: bool) -> Result<(), EngineError> {
        if image.len() < FORMAT_VERSIONS.end {
            let message = format!("an image of {} bytes is no database", image.len());
            return Err(EngineError::plain("SQLITE_NOTADB", message));
        }
        let mut header = [0; FORMAT_VERSIONS.end];
        header.copy_from_slice(&image[..FORMAT_VERSIONS.end]);
        unmark_wal(&mut header);
        let patched = header[..].chain(&image[FORMAT_VERSIONS.end..]);
        unshared(&mut self.connection)?.deserialize_read_exact(
            "main",
            patched,
            image.len(),
            readonly,
        )?;
        self.changes.tell_all();
        Ok(())
    }

    /// Rebuilds the file without gaps, with another page size if one is given.
    ///
    /// SQLite ignores a change of the page size in WAL, so the database leaves WAL for that time
    /// and returns; killed in between, it is whole, with a rollback journal.
    ///
    /// # Errors
    /// `SQLITE_BUSY` at once if the page size shall change in WAL while another connection has
    /// the database open; `SQLITE_ERROR` in a transaction; `INVALID_OPTION`.
    pub fn vacuum(&self, page_size: Option<u32>) -> Result<(), EngineError> {
        self.waits.clear();
        let outcome = match page_size {
            None => self.vacuum_now(),
            Some(page_size) => self.change_page_size(page_size),
        };
        self.changes.tell_all();
        outcome.map_err(|error| self.waits.judge(error))
    }

    fn vacuum_now(&self) -> Result<(), EngineError> {
        Ok(self.connection.execute_batch("VACUUM main")?)
    }

    fn change_page_size(&self, page_size: u32) -> Result<(), EngineError> {
        let page_size = check_page_size(page_size)?;
        if self.journal_mode()? != JournalMode::Wal.name() {
            return self.vacuum_to(page_size);
        }
        self.change_journal_mode(JournalMode::Delete)?;
        let outcome = self.vacuum_to(page_size);
        let returned = self
            .watch
            .shielded(|| self.change_journal_mode(JournalMode::Wal));
        outcome.and(returned)
    }

    fn vacuum_to(&self, page_size: u32) -> Result<(), EngineError> {
        self.connection
            .pragma_update(Some(MAIN), "page_size", page_size)?;
        self.vacuum_now()
    }
}
