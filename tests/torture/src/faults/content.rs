//! The content of a database as one number: what an application would read.
//!
//! Unlike a digest of its pages it does not depend on where SQLite has put something, so that it
//! can be compared across runs that took different ways.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

/// Of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content(u64);

/// What the check writes, and the content leaves out.
pub(crate) const PROBE: &str = "torture_after";

/// The content of an attached database.
pub(crate) fn content(connection: &Connection, schema: &str) -> Result<Content> {
    let mut hasher = FixedState::with_seed(7).build_hasher();
    let entries = format!(
        "SELECT type, name, sql FROM {schema}.sqlite_schema
         WHERE name <> '{PROBE}' ORDER BY type, name"
    );
    rows(connection, &entries, &mut hasher)?;
    for pragma in ["user_version", "application_id"] {
        rows(
            connection,
            &format!("PRAGMA {schema}.{pragma}"),
            &mut hasher,
        )?;
    }
    for table in tables(connection, schema)? {
        let name = table.replace('"', "\"\"");
        let sql = format!("SELECT * FROM {schema}.\"{name}\"");
        rows(connection, &sql, &mut hasher)?;
    }
    Ok(Content(hasher.finish()))
}

/// The content of a database without anything in it.
pub(crate) fn empty() -> Result<Content> {
    content(&Connection::open_in_memory()?, "main")
}

fn tables(connection: &Connection, schema: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!(
        "SELECT name FROM {schema}.sqlite_schema
         WHERE type = 'table' AND name <> '{PROBE}' ORDER BY name"
    ))?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

fn rows(connection: &Connection, sql: &str, hasher: &mut impl Hasher) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for index in 0..columns {
            value(row.get_ref(index)?, hasher);
        }
    }
    columns.hash(hasher);
    Ok(())
}

fn value(value: ValueRef<'_>, hasher: &mut impl Hasher) {
    match value {
        ValueRef::Null => 0_u8.hash(hasher),
        ValueRef::Integer(integer) => (1_u8, integer).hash(hasher),
        ValueRef::Real(real) => (2_u8, real.to_bits()).hash(hasher),
        ValueRef::Text(bytes) => (3_u8, bytes).hash(hasher),
        ValueRef::Blob(bytes) => (4_u8, bytes).hash(hasher),
    }
}
