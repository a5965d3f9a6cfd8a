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
use rusqlite::Connection;
use serde::Serialize;

use crate::corpus::{self, Answer};
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
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statements: usize = self.twins.values().map(Trace::len).sum();
        write!(
            formatter,
            "SQLite {}: {} queries, {} twin scripts with {statements} statements",
            self.sqlite_version,
            self.queries.len(),
            self.twins.len(),
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
