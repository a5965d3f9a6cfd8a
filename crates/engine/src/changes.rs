//! Which tables each committed transaction has changed; used by `session.rs`, for the host to tell
//! other connections.
//!
//! SQLite's update hook is silent for tables without rowid, for a DELETE of all rows and for rows
//! that REPLACE removes. The authorizer is not: while a statement is compiled it is asked about
//! every table that the statement, its triggers and the actions of its foreign keys may write to.
//! So what is told is complete; it may be more than what changed, never less.
//!
//! ```text
//! compiled     by the statement at hand        ── it has run ──►  written, unless it only reads
//! written      by the transaction at hand      ── rolled back ──► nothing
//!                                              ── committed ────► told
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::EngineError;
use crate::session::{MAIN, Session};

/// What has changed in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Any table may have, and the schema.
    All,
    /// These.
    Named(BTreeSet<String>),
}

/// What has changed, by the name that the connection knows the database by.
pub type Written = BTreeMap<String, Tables>;

/// The databases of a connection that nobody else sees, or that last for one statement.
const TEMPORARY: &str = "temp";
const VACUUM: &str = "vacuum_db";

/// The tables that hold the schema.
const SCHEMA_TABLES: [&str; 2] = ["sqlite_master", "sqlite_schema"];

/// What SQLite says of one connection. Its callbacks' types ask for locks.
#[derive(Debug, Default)]
struct Heard {
    compiled: Mutex<Written>,
    /// Of a transaction that has written; the commit may fail after all.
    commits: AtomicBool,
}

/// The notes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    heard: Arc<Heard>,
    written: RefCell<Written>,
    told: RefCell<Written>,
}

impl Changes {
    /// Listens to a connection.
    pub(crate) fn install(&self, connection: &mut Connection) -> Result<(), EngineError> {
        let heard = self.heard.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            heard.note(&context);
            Authorization::Allow
        }))?;
        // No rollback hook: SQLite frees it before the rollback at closing calls it.
        let heard = self.heard.clone();
        Ok(connection.commit_hook(Some(move || {
            heard.commits.store(true, Ordering::Relaxed);
            false
        }))?)
    }

    /// What was compiled since the last call.
    pub(crate) fn take_compiled(&self) -> Written {
        std::mem::take(&mut self.heard.compiled())
    }

    /// A statement has run, successfully or not, and may have written to `tables` and to what was
    /// compiled meanwhile, unless it only reads. `is_open`: it has left a transaction open.
    pub(crate) fn ran(&self, tables: &Written, only_reads: bool, is_open: bool) {
        let compiled = self.take_compiled();
        let commits = self.heard.commits.swap(false, Ordering::Relaxed);
        let mut written = self.written.borrow_mut();
        if !only_reads {
            add_all(&mut written, tables);
            add_all(&mut written, &compiled);
        }
        if !is_open {
            // Without a commit nothing was written: it was refused, or rolled back.
            let committed = std::mem::take(&mut *written);
            if commits {
                add_all(&mut self.told.borrow_mut(), &committed);
            }
        }
    }

    /// Anything may have changed: what was done is not one statement of the caller's.
    pub(crate) fn tell_all(&self) {
        self.ran(&Written::new(), true, false);
        add(&mut self.told.borrow_mut(), MAIN, &Tables::All);
    }

    /// What was committed since the last call.
    pub(crate) fn take_told(&self) -> Written {
        std::mem::take(&mut self.told.borrow_mut())
    }
}

impl Heard {
    fn note(&self, context: &AuthContext<'_>) {
        let table = match context.action {
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => table_name,
            _ => return,
        };
        let database = context.database_name.unwrap_or(MAIN);
        match database {
            TEMPORARY => {}
            // Rows of tables without a key of their own get new rowids.
            VACUUM => add(&mut self.compiled(), MAIN, &Tables::All),
            _ if SCHEMA_TABLES.contains(&table) => {
                add(&mut self.compiled(), database, &Tables::All);
            }
            _ => {
                let tables = Tables::Named(BTreeSet::from([table.to_owned()]));
                add(&mut self.compiled(), database, &tables);
            }
        }
    }

    fn compiled(&self) -> MutexGuard<'_, Written> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The tables that the transactions committed since the last call may have changed, by the name
    /// of the database: `main`, or as it was attached.
    pub fn take_changes(&self) -> Written {
        self.changes.take_told()
    }

    /// The same by path.
    ///
    /// # Errors
    /// When SQLite is out of memory.
    pub fn take_changed_files(&self) -> Result<BTreeMap<String, Tables>, EngineError> {
        let written = self.take_changes();
        if written.keys().all(|name| name == MAIN) {
            return Ok(written.into_values().map(|it| (self.path(), it)).collect());
        }
        let mut list = self.connection.prepare_cached("PRAGMA database_list")?;
        let mut rows = list.query([])?;
        let mut files = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (name, path): (String, Option<String>) = (row.get(1)?, row.get(2)?);
            if let (Some(path), Some(tables)) = (path, written.get(&name)) {
                files.insert(path, tables.clone());
            }
        }
        Ok(files)
    }
}

/// Adds all of `more`.
fn add_all(written: &mut Written, more: &Written) {
    for (database, tables) in more {
        add(written, database, tables);
    }
}

fn add(written: &mut Written, database: &str, more: &Tables) {
    match (written.get_mut(database), more) {
        (None, _) => {
            written.insert(database.to_owned(), more.clone());
        }
        (Some(Tables::Named(names)), Tables::Named(more)) => names.extend(more.iter().cloned()),
        (Some(tables), Tables::All) => *tables = Tables::All,
        (Some(Tables::All), Tables::Named(_)) => {}
    }
}
