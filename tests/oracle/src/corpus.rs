//! The query files of `tests/data/queries`, run on plain rusqlite over SQLite's own unix VFS.
//!
//! Called by `report`.
//! It must not know anchorite's engine or VFS: it is the independent side of the comparison.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use rusqlite::{Connection, OpenFlags, Statement};
use serde::{Deserialize, Serialize};

use crate::codes;
use crate::wire::{self, Wire};

/// One query file: queries that run on one connection, in file order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    name: String,
    /// Path from the data folder; gzip when it ends in `.gz`.
    database: String,
    queries: Vec<Query>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    id: String,
    #[serde(rename = "about")]
    _about: String,
    /// Lines of one batch that runs before the query.
    #[serde(default)]
    setup: Vec<String>,
    /// Lines of one statement.
    sql: Vec<String>,
    #[serde(default)]
    params: Params,
    /// The statement must be refused; the answer is then the error.
    #[serde(default)]
    fails: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Params {
    Positional(Vec<Option<Wire>>),
    Named(BTreeMap<String, Option<Wire>>),
}

impl Default for Params {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

/// What SQLite said to one query.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Rows {
        columns: Vec<String>,
        rows: Vec<Vec<Option<Wire>>>,
    },
    Refused {
        error: Refusal,
    },
}

/// What the database API reports about a refused statement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    code: &'static str,
    extended_code: &'static str,
    message: String,
    /// Index into the statement's text in UTF-16 units.
    offset: Option<usize>,
}

/// Runs the query file at `path`; the keys of the answers are `<corpus>/<query>`.
pub(crate) fn run(path: &Path, data: &Path, scratch: &Path) -> Result<BTreeMap<String, Answer>> {
    let text = fs::read_to_string(path)?;
    let corpus: Corpus = serde_json::from_str(&text)?;
    let copy = scratch.join(&corpus.name);
    unpack(&data.join(&corpus.database), &copy)
        .with_context(|| format!("copy the database {}", corpus.database))?;
    let connection = open(&copy)?;
    let mut answers = BTreeMap::new();
    for query in &corpus.queries {
        let key = format!("{}/{}", corpus.name, query.id);
        let answer = ask(&connection, query).with_context(|| key.clone())?;
        if answers.insert(key.clone(), answer).is_some() {
            bail!("two queries are called {key}");
        }
    }
    Ok(answers)
}

/// Opens an existing file over SQLite's own VFS, whichever VFS is the default in this process.
fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags_and_vfs(path, flags, c"unix")
        .with_context(|| format!("open {}", path.display()))
}

fn unpack(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::create(to)?;
    if from.extension().is_some_and(|end| end == "gz") {
        io::copy(&mut GzDecoder::new(source), &mut target)?;
    } else {
        io::copy(&mut source, &mut target)?;
    }
    Ok(())
}

fn ask(connection: &Connection, query: &Query) -> Result<Answer> {
    connection
        .execute_batch(&query.setup.join("\n"))
        .context("setup")?;
    let sql = query.sql.join("\n");
    match (rows_of(connection, &sql, &query.params)?, query.fails) {
        (Ok(answer), false) => Ok(answer),
        (Err(error), true) => Ok(Answer::Refused {
            error: refusal(error, &sql)?,
        }),
        (Ok(_), true) => bail!("it was to be refused, but SQLite took it"),
        (Err(error), false) => Err(error.into()),
    }
}

/// The outer error is a fault of the data file, the inner one is what SQLite said.
fn rows_of(
    connection: &Connection,
    sql: &str,
    params: &Params,
) -> Result<Result<Answer, rusqlite::Error>> {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(error) => return Ok(Err(error)),
    };
    bind(&mut statement, params)?;
    let columns = distinct_columns(&statement)?;
    let mut rows = Vec::new();
    let mut cursor = statement.raw_query();
    loop {
        match cursor.next() {
            Ok(Some(row)) => rows.push(
                (0..columns.len())
                    .map(|index| wire::from_sql(row.get_ref(index)?))
                    .collect::<Result<_>>()?,
            ),
            Ok(None) => return Ok(Ok(Answer::Rows { columns, rows })),
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn bind(statement: &mut Statement<'_>, params: &Params) -> Result<()> {
    match params {
        Params::Positional(values) => {
            for (index, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, wire::to_sql(value.as_ref())?)?;
            }
        }
        Params::Named(values) => {
            for (name, value) in values {
                let index = parameter_index(statement, name)?;
                statement.raw_bind_parameter(index, wire::to_sql(value.as_ref())?)?;
            }
        }
    }
    Ok(())
}

/// Data files name parameters without the prefix, as callers may.
fn parameter_index(statement: &Statement<'_>, name: &str) -> Result<usize> {
    for prefix in [":", "@", "$"] {
        if let Some(index) = statement.parameter_index(&format!("{prefix}{name}"))? {
            return Ok(index);
        }
    }
    bail!("the statement has no parameter {name}")
}

/// Rows are objects in JavaScript, so that a name given twice would hide a column.
fn distinct_columns(statement: &Statement<'_>) -> Result<Vec<String>> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut sorted = columns.clone();
    sorted.sort();
    sorted.dedup();
    if sorted.len() < columns.len() {
        bail!("two columns have one name: {columns:?}");
    }
    Ok(columns)
}

fn refusal(error: rusqlite::Error, sql: &str) -> Result<Refusal> {
    let (code, message, offset) = match error {
        rusqlite::Error::SqliteFailure(error, Some(message)) => (error, message, None),
        rusqlite::Error::SqlInputError {
            error, msg, offset, ..
        } => (error, msg, usize::try_from(offset).ok()),
        other => return Err(other).context("an error that SQLite did not word"),
    };
    Ok(Refusal {
        code: codes::name(code.extended_code)?,
        extended_code: codes::extended_name(code.extended_code)?,
        message,
        offset: offset.map(|bytes| sql[..bytes].encode_utf16().count()),
    })
}
