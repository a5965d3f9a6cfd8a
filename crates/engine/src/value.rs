//! The five storage classes of SQLite, and rows of them; made by `session.rs`.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

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

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => Value::Integer(integer),
            ValueRef::Real(real) => Value::Real(real),
            ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
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
