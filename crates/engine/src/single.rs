//! The statements of a text; used by `session.rs` and `cursor.rs`. It must not know what they do.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, Statement};

use crate::error::EngineError;

/// Prepares the one statement of `sql`.
///
/// A second one is looked for without being run: it may even fail to compile, since it may
/// depend on the first.
pub(crate) fn single<'connection>(
    connection: &'connection Connection,
    sql: &str,
) -> Result<Statement<'connection>, EngineError> {
    refuse_nul(sql)?;
    let mut batch = Batch::new(connection, sql);
    let Some(statement) = next(&mut batch, sql)? else {
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

/// The next statement of a text, if there is one.
pub(crate) fn next<'connection>(
    batch: &mut Batch<'connection, '_>,
    sql: &str,
) -> Result<Option<Statement<'connection>>, EngineError> {
    batch
        .next()
        .map_err(|error| EngineError::in_text(error, sql).compiling())
}

/// SQLite ends the text at a NUL and would silently drop the rest.
pub(crate) fn refuse_nul(sql: &str) -> Result<(), EngineError> {
    match sql.find('\0') {
        Some(offset) => Err(EngineError::sql(
            "the text has a NUL character",
            Some(offset),
        )),
        None => Ok(()),
    }
}
