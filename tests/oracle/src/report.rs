//! The report that the browser tests read: everything in `tests/data`, answered natively.
//!
//! Called by `main`.
//! It must not know SQL: it finds the data files and puts the parts together.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;

use crate::codes;
use crate::corpus::{self, Answer};
use crate::damaged;
use crate::twins::{self, Trace};

/// All answers, and which SQLite gave them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    source_id: String,
    sqlite_version: String,
    compile_options: Vec<String>,
    /// Keys are `<corpus>/<query>`.
    queries: BTreeMap<String, Answer>,
    /// Keys are the ids of the scripts.
    twins: BTreeMap<String, Trace>,
    /// A digest of the answers to each damaged copy of Chinook.
    damaged: Vec<u32>,
}

impl Report {
    /// Runs all query files and all twin scripts in the folder `data`.
    pub(crate) fn gather(data: &Path, scratch: &Path) -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        Ok(Self {
            source_id: connection.query_one("SELECT sqlite_source_id()", [], |row| row.get(0))?,
            sqlite_version: rusqlite::version().to_owned(),
            compile_options: compile_options(&connection)?,
            queries: all_queries(data, scratch)?,
            twins: all_twins(data)?,
            damaged: all_damaged(data, scratch)?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statements: usize = self.twins.values().map(Trace::len).sum();
        write!(
            formatter,
            "SQLite {}: {} queries, {} twin scripts with {statements} statements, \
             {} damaged copies",
            self.sqlite_version,
            self.queries.len(),
            self.twins.len(),
            self.damaged.len(),
        )
    }
}

fn compile_options(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA compile_options")?;
    let options = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(options)
}

fn all_queries(data: &Path, scratch: &Path) -> Result<BTreeMap<String, Answer>> {
    let mut answers = BTreeMap::new();
    for path in json_files(&data.join("queries"))? {
        let more =
            corpus::run(&path, data, scratch).with_context(|| format!("{}", path.display()))?;
        for (key, answer) in more {
            if answers.insert(key.clone(), answer).is_some() {
                bail!("two queries are called {key}");
            }
        }
    }
    Ok(answers)
}

fn all_twins(data: &Path) -> Result<BTreeMap<String, Trace>> {
    let mut traces = BTreeMap::new();
    for path in json_files(&data.join("twins"))? {
        let (id, trace) = twins::run(&path).with_context(|| format!("{}", path.display()))?;
        if traces.insert(id.clone(), trace).is_some() {
            bail!("two twin scripts are called {id}");
        }
    }
    Ok(traces)
}

/// Each copy differs from the sound file in a few bytes, which are put back afterwards.
fn all_damaged(data: &Path, scratch: &Path) -> Result<Vec<u32>> {
    let sound = fs::read(data.join("../../demo/public/chinook.sqlite"))?;
    let path = scratch.join("damaged.sqlite");
    let mut digests = Vec::new();
    for case in 0..damaged::CASES {
        let mut bytes = sound.clone();
        for (place, value) in damaged::changes(case, sound.len()) {
            bytes[place] = value;
        }
        fs::write(&path, &bytes)?;
        let answers = damaged_answers(&path);
        digests.push(digest(&answers.with_context(|| format!("case {case}"))?));
    }
    Ok(digests)
}

/// What native SQLite reads: a text for each query, or the names of errors.
fn damaged_answers(path: &Path) -> Result<Vec<String>> {
    // By name: the twin scripts have made a VFS of their own the default one.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags_and_vfs(path, flags, "unix")?;
    // As each connection of the engine has it.
    connection.pragma_update(None, "cell_size_check", true)?;
    let ask = |sql: &str| match connection.query_one(sql, [], text) {
        Ok(text) => Ok(text),
        Err(rusqlite::Error::SqliteFailure(error, _)) => name(error.extended_code),
        Err(rusqlite::Error::SqlInputError { error, .. }) => name(error.extended_code),
        Err(other) => Err(other.into()),
    };
    // As the engine does when it opens a database.
    let opened = ask("SELECT quote(count(*)) FROM sqlite_schema")?;
    if opened.starts_with("SQLITE_") {
        return Ok(vec![opened]);
    }
    damaged::QUERIES.iter().map(|sql| ask(sql)).collect()
}

/// All answers to one copy, a text or the name of an error each, as one number (FNV-1a over UTF-16
/// units, which is what both sides can do).
fn digest(answers: &[String]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for answer in answers {
        for unit in answer.encode_utf16().chain([0]) {
            hash = (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193);
        }
    }
    hash
}

/// Text as the engine hands it over: bytes that are not UTF-8 become U+FFFD.
fn text(row: &Row<'_>) -> rusqlite::Result<String> {
    Ok(match row.get_ref(0)? {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => "no text".to_owned(),
    })
}

fn name(code: i32) -> Result<String> {
    codes::name(code).map(str::to_owned)
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("json")) {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "no data file in {}", folder.display());
    files.sort();
    Ok(files)
}
