//! The scripts of `tests/data/twins`, run over the VFS's memory medium with nothing left to chance.
//!
//! Called by `report`.
//! Each script starts on a new database from one seed, with the clock standing still; after every
//! statement the trace holds what the main file and its side files contain.
//! It must not know the twins themselves: the browser tests run the same scripts there and compare.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use anchorite_engine::{OpenOptions, Session};
use anchorite_vfs::hooks;
use anchorite_vfs::memory::MemoryStorage;
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::medium::Medium;
use crate::wire::to_hex;

const SEED: u32 = 42;

/// 2023-11-14 22:13:20 UTC.
const NOW_MS: i64 = 1_700_000_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    id: String,
    #[serde(rename = "about")]
    _about: String,
    statements: Vec<String>,
}

/// The files of one database from its opening to its closing.
#[derive(Debug, Serialize)]
pub(crate) struct Trace {
    database: String,
    seed: u32,
    now: i64,
    /// What was written: after opening, after each statement, after closing.
    written: Vec<State>,
    /// What was synced, at the same moments.
    synced: Vec<State>,
}

impl Trace {
    /// Count of statements.
    pub(crate) fn len(&self) -> usize {
        self.written.len() - 2
    }
}

/// What lies in storage at one moment.
#[derive(Debug, Serialize)]
struct State {
    main: Option<Content>,
    wal: Option<Content>,
    journal: Option<Content>,
}

/// A file that is not empty; absent and empty are one, because a medium may keep side files.
#[derive(Debug, Serialize)]
struct Content {
    size: usize,
    sha256: String,
}

/// Runs the script at `path`; gives its id and its trace.
pub(crate) fn run(path: &Path) -> Result<(String, Trace)> {
    let text = fs::read_to_string(path)?;
    let script: Script = serde_json::from_str(&text)?;
    let trace = trace(&script).with_context(|| format!("script {}", script.id))?;
    Ok((script.id, trace))
}

fn trace(script: &Script) -> Result<Trace> {
    let medium = Medium::default();
    let vfs = format!("twins-{}", script.id);
    // As the default VFS, because SQLite seeds its generator from the default one.
    let options = anchorite_vfs::Options {
        default: true,
        ..anchorite_vfs::Options::default()
    };
    anchorite_vfs::register(&vfs, Rc::new(medium.clone()), options)
        .map_err(|error| anyhow!("register the VFS: {error}"))?;
    hooks::seed(SEED);
    hooks::fix_clock(NOW_MS);
    let database = format!("twins/{}.db", script.id);
    let session = Session::open(&database, Some(&vfs), &OpenOptions::default())
        .map_err(|error| anyhow!("open {database}: {error}"))?;
    let mut images = Images::default();
    images.take(&medium, &database);
    for (index, sql) in script.statements.iter().enumerate() {
        let outcome = session.exec(sql);
        outcome.map_err(|error| anyhow!("statement {index}, {sql}: {error}"))?;
        images.take(&medium, &database);
    }
    let closed = session.close();
    closed.map_err(|error| anyhow!("close {database}: {error}"))?;
    images.take(&medium, &database);
    let Images { written, synced } = images;
    Ok(Trace {
        database,
        seed: SEED,
        now: NOW_MS,
        written,
        synced,
    })
}

/// The states so far.
#[derive(Debug, Default)]
struct Images {
    written: Vec<State>,
    synced: Vec<State>,
}

impl Images {
    fn take(&mut self, medium: &Medium, database: &str) {
        self.written.push(State::of(&medium.written, database));
        self.synced.push(State::of(&medium.synced, database));
    }
}

impl State {
    fn of(storage: &MemoryStorage, database: &str) -> Self {
        let content = |ending| Content::of(storage, &format!("{database}{ending}"));
        Self {
            main: content(""),
            wal: content("-wal"),
            journal: content("-journal"),
        }
    }
}

impl Content {
    fn of(storage: &MemoryStorage, path: &str) -> Option<Self> {
        let bytes = storage.bytes(path).filter(|bytes| !bytes.is_empty())?;
        Some(Self {
            size: bytes.len(),
            sha256: to_hex(&Sha256::digest(&bytes)),
        })
    }
}
