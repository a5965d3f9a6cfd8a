//! The five storage classes of SQLite, and rows of them; made by `session.rs`.

use std::collections::TryReserveError;

use rusqlite::Row;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::calls::Cell;

/// A value as SQLite stores it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit float; SQLite turns NaN into NULL.
    Real(f64),
    /// Text. Bytes that are not UTF-8 arrive as U+FFFD.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// The same where it lies.
    #[must_use]
    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

/// Takes rows value by value, in order, from where SQLite has them. One that has no room for a
/// value drops what it has taken, so that there is room for the error on its way out.
pub trait Sink {
    /// Takes the next value of the row at hand.
    ///
    /// # Errors
    /// When there is no room for it.
    fn take(&mut self, value: Cell<'_>) -> Result<(), TryReserveError>;

    /// The row at hand is complete.
    ///
    /// # Errors
    /// When there is no room for it.
    fn end_row(&mut self) -> Result<(), TryReserveError>;

    /// Whether a cursor shall hand out no more rows at once.
    fn is_full(&self) -> bool {
        false
    }
}

impl Sink for Vec<Value> {
    fn take(&mut self, value: Cell<'_>) -> Result<(), TryReserveError> {
        let taken = copy(value).and_then(|value| {
            self.try_reserve(1)?;
            self.push(value);
            Ok(())
        });
        taken.inspect_err(|_| *self = Vec::new())
    }

    fn end_row(&mut self) -> Result<(), TryReserveError> {
        Ok(())
    }
}

/// Hands the values of a row over.
pub(crate) fn take_row(row: &Row<'_>, sink: &mut impl Sink) -> rusqlite::Result<()> {
    for index in 0..row.as_ref().column_count() {
        sink.take(row.get_ref(index)?).map_err(|_| no_memory())?;
    }
    sink.end_row().map_err(|_| no_memory())
}

/// A copy of a value that SQLite has in its own memory.
pub(crate) fn owned(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    copy(value).map_err(|_| no_memory())
}

/// No bytes yet, with room for so many.
pub(crate) fn with_room(size: usize) -> rusqlite::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = bytes.try_reserve_exact(size);
    reserved.map(|()| bytes).map_err(|_| no_memory())
}

/// Adds a copy of these bytes, as [`push`].
pub(crate) fn append(bytes: &mut Vec<u8>, more: &[u8]) -> rusqlite::Result<()> {
    if bytes.try_reserve(more.len()).is_err() {
        *bytes = Vec::new();
        return Err(no_memory());
    }
    bytes.extend_from_slice(more);
    Ok(())
}

/// What SQLite says when its own allocations fail.
pub(crate) fn no_memory() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOMEM);
    rusqlite::Error::SqliteFailure(code, Some("no memory for the result".to_owned()))
}

fn copy(value: ValueRef<'_>) -> Result<Value, TryReserveError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(bytes) => Value::Text(text(bytes)?),
        ValueRef::Blob(bytes) => {
            let mut copy = Vec::new();
            copy.try_reserve_exact(bytes.len())?;
            copy.extend_from_slice(bytes);
            Value::Blob(copy)
        }
    })
}

fn text(bytes: &[u8]) -> Result<String, TryReserveError> {
    let mut text = String::new();
    text.try_reserve_exact(bytes.len())?;
    for chunk in bytes.utf8_chunks() {
        let invalid = !chunk.invalid().is_empty();
        let replacement = if invalid { "\u{FFFD}" } else { "" };
        text.try_reserve(chunk.valid().len() + replacement.len())?;
        text.push_str(chunk.valid());
        text.push_str(replacement);
    }
    Ok(text)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.as_cell()))
    }
}

/// The rows of one statement, row after row in one list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowBatch {
    /// The names of the columns; empty for a statement that returns no rows.
    pub columns: Vec<String>,
    /// `columns.len()` values a row.
    pub values: Vec<Value>,
}

impl RowBatch {
    /// The rows, each as a slice of `columns.len()` values.
    pub fn rows(&self) -> impl Iterator<Item = &[Value]> {
        self.values.chunks(self.columns.len().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf_8_is_mended_as_everywhere_in_rust() {
        let all: [&[u8]; 7] = [
            b"",
            b"plain",
            "\u{e9}\u{6f22}\u{1f600}".as_bytes(),
            b"\xff",
            b"a\xf0\x9f\x98b\xc3\xa9\xe6",
            b"\xed\xa0\x80",
            &[0x80; 100],
        ];
        for bytes in all {
            assert_eq!(text(bytes).expect("fits"), String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_does_not_fit_memory_is_dropped_and_says_so_as_sqlite_does() {
        let mut collected = vec![Value::Integer(1)];
        collected.take(ValueRef::Text(b"fits")).expect("fits");
        assert_eq!(collected.len(), 2);
        let error = crate::EngineError::from(no_memory());
        assert_eq!(error.code, "SQLITE_NOMEM");
    }
}
