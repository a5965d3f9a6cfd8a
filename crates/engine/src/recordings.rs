//! Recordings of what a connection changes in its database; called by `crates/wasm` and by tests.

use anchorite_sorted::Set;

use crate::error::EngineError;
use crate::handles::recording::RawRecording;
use crate::held::Thing;
use crate::session::Session;

/// Ordinary tables, and whether each has a primary key. What virtual tables keep is left out: it is
/// their own business, and comes anew where the virtual table is written to.
const TABLES: &str = "SELECT name, EXISTS (
    SELECT 1 FROM pragma_table_info(list.name) AS info WHERE info.schema = 'main' AND info.pk > 0)
  FROM pragma_table_list AS list
  WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'";

/// Tables of virtual tables.
const SHADOWS: &str =
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";

/// What a recording gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// With the values before the changes: conflicts are found, and it can be inverted.
    Changeset,
    /// Without them, and so smaller.
    Patchset,
}

impl Session {
    /// Begins to record what this connection changes in `tables`, or in all that there are and will
    /// be, to be known by `key`. `inside`: it ends with the transaction. Answers the tables that
    /// are left out because they have no primary key.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a table that there is not, or that cannot be recorded.
    pub fn record(
        &mut self,
        key: &str,
        tables: Option<&[String]>,
        inside: bool,
    ) -> Result<Vec<String>, EngineError> {
        self.waits.clear();
        let known = self.tables_with_keys();
        let known = known.map_err(|error| self.waits.judge(error.into()))?;
        if let Some(tables) = tables {
            check_tables(tables, &known)?;
        }
        let shadows = self
            .names(SHADOWS)
            .map_err(|error| self.waits.judge(error.into()))?;
        let tables = tables.map(lowercase);
        let shadows = lowercase(&shadows);
        let wanted = move |table: &str| {
            let table = table.to_ascii_lowercase();
            tables
                .as_ref()
                .map_or_else(|| !shadows.contains(&table), |it| it.contains(&table))
        };
        let recording = RawRecording::begin(&self.connection, Box::new(wanted))?;
        self.held.keep(key, inside, Thing::Recording(recording));
        let left_out = known.into_iter().filter(|(_, has_key)| !has_key);
        Ok(left_out.map(|(name, _)| name).collect())
    }

    /// What was changed since the recording began; it goes on.
    ///
    /// # Errors
    /// `CLOSED`; `SQLITE_SCHEMA` when a table has other columns than when it was changed first.
    pub fn recorded(&mut self, key: &str, take: Take) -> Result<Vec<u8>, EngineError> {
        self.waits.clear();
        let Thing::Recording(recording) = self.held.get(key)? else {
            let message = "there is no recording of this key";
            return Err(EngineError::plain("CLOSED", message));
        };
        let taken = recording.take(take == Take::Changeset);
        taken.map_err(|error| self.waits.judge(error.into()))
    }

    fn tables_with_keys(&self) -> rusqlite::Result<Vec<(String, bool)>> {
        let mut statement = self.connection.prepare(TABLES)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }

    fn names(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    }
}

fn lowercase(names: &[String]) -> Set<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn check_tables(tables: &[String], known: &[(String, bool)]) -> Result<(), EngineError> {
    for table in tables {
        let found = known
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(table));
        let why = match found {
            Some((_, true)) => continue,
            Some((_, false)) => "has no primary key, so its changes cannot be recorded",
            None => "is no ordinary table of the database",
        };
        return Err(EngineError::parameter(format!("\"{table}\" {why}")));
    }
    Ok(())
}
