//! The journal of a connection: which one a database gets, how it is changed, how small a WAL
//! stays. Called by `session.rs` when it opens, and by `whole.rs`.

use crate::error::EngineError;
use crate::options::{Durability, JournalMode, OpenOptions, check_page_size, wal_pages};
use crate::safety::undefended;
use crate::session::{MAIN, Session};

impl Session {
    /// A database that has no page yet becomes WAL; any other keeps its journal mode until asked.
    pub(crate) fn set_journal(&self, options: &OpenOptions) -> Result<(), EngineError> {
        let is_new = self.pragma::<i64>("page_count")? == 0;
        if let Some(page_size) = options.page_size {
            let page_size = check_page_size(page_size)?;
            if is_new {
                self.connection
                    .pragma_update(Some(MAIN), "page_size", page_size)?;
            }
        }
        match options.journal_mode {
            Some(mode) => self.change_journal_mode(mode)?,
            None if is_new => {
                // In memory there is no WAL, and the answer says so.
                self.connection
                    .execute_batch("PRAGMA main.journal_mode = wal")?;
            }
            None => {}
        }
        let relaxed = options.durability == Durability::Relaxed
            && self.journal_mode()? == JournalMode::Wal.name();
        let synchronous = if relaxed { "NORMAL" } else { "FULL" };
        self.connection
            .pragma_update(Some(MAIN), "synchronous", synchronous)?;
        Ok(())
    }

    /// Also what is left of a large transaction is cut off, since each commit would copy it.
    pub(crate) fn keep_wal_small(&self) -> Result<(), EngineError> {
        let pages = wal_pages(self.pragma("page_count")?);
        let size = u64::from(pages) * u64::from(self.pragma::<u32>("page_size")?);
        let pragmas =
            format!("PRAGMA wal_autocheckpoint = {pages}; PRAGMA main.journal_size_limit = {size}");
        Ok(self.connection.execute_batch(&pragmas)?)
    }

    /// Changes the journal mode, which is kept in the file for WAL only.
    pub(crate) fn change_journal_mode(&self, mode: JournalMode) -> Result<(), EngineError> {
        let wanted = mode.name();
        let sql = format!("PRAGMA main.journal_mode = {wanted}");
        let change = || Ok(self.connection.query_row(&sql, [], |row| row.get(0))?);
        let actual: String = match mode {
            // Without a journal a crash may do harm: SQL may not ask for that.
            JournalMode::Off => undefended(&self.connection, change)?,
            _ => change()?,
        };
        if actual == wanted {
            return Ok(());
        }
        let message = format!("this database cannot have journal mode {wanted}; it has {actual}");
        Err(EngineError::option(message))
    }

    pub(crate) fn journal_mode(&self) -> Result<String, EngineError> {
        self.pragma("journal_mode")
    }
}
