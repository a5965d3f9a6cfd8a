//! Which tables each committed transaction has changed; used by `session.rs`, for the host to tell
//! other connections.
//!
//! SQLite's update hook is silent for tables without rowid, for a DELETE of all rows and for rows
//! that REPLACE removes. The authorizer is not: while a statement is compiled it is asked about
//! every table that the statement, its triggers and the actions of its foreign keys may write to.
//! So what is told is complete; it may be more than what changed, never less. `reads.rs` asks it in
//! the same way what a statement reads.
//!
//! ```text
//! compiled     by the statement at hand        ── it has run ──►  written, unless it only reads
//! written      by the transaction at hand      ── committed ────► told
//!                                              ── rolled back ──► own, if it was open before:
//!                                                                 the connection has seen it
//! ```

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anchorite_sorted::{Map, Set};
use rusqlite::Connection;
use rusqlite::ffi::SQLITE_ATTACH;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};

use crate::collations::Broken;
use crate::error::EngineError;
use crate::session::{MAIN, Session};

/// What has changed in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Any table may have, and the schema.
    All,
    /// These.
    Named(Set<String>),
}

/// What has changed in one database of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The name that the connection knows the database by.
    pub database: String,
    /// Where it is; empty for what nobody else sees.
    pub path: String,
    /// What has changed.
    pub tables: Tables,
}

impl Changed {
    pub(crate) fn new((database, tables): (String, Tables), path: String) -> Self {
        Self {
            database,
            path,
            tables,
        }
    }
}

/// What has changed, by the name that the connection knows the database by.
pub type Written = Map<String, Tables>;

/// A table that was read, in lower case: its database, where the statement says which, its name.
pub(crate) type Read = (Option<String>, String);

/// The database of a connection's own tables, which nobody else sees.
const TEMPORARY: &str = "temp";

/// The database of a connection that lasts for one statement.
const VACUUM: &str = "vacuum_db";

/// What a pragma reads.
const SOMETHING: &str = "sqlite_something";

/// The tables that hold the schema.
const SCHEMA_TABLES: [&str; 4] = [
    "sqlite_master",
    "sqlite_schema",
    "sqlite_temp_master",
    "sqlite_temp_schema",
];

/// What SQLite says of one connection. Its callbacks' types ask for locks.
#[derive(Debug, Default)]
struct Heard {
    compiled: Mutex<Written>,
    /// What was compiled is a ROLLBACK.
    rolls_back: AtomicBool,
    /// Of a transaction that has written; the commit may fail after all.
    commits: AtomicBool,
    /// Another database may have come, or gone.
    attaches: AtomicBool,
    /// What is read, while somebody wants to know.
    reads: Mutex<Option<Set<Read>>>,
}

/// The notes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    heard: Arc<Heard>,
    written: RefCell<Written>,
    /// Whether a transaction is open that has run a statement before.
    was_open: Cell<bool>,
    told: RefCell<Written>,
    own: RefCell<Written>,
    recompiled: RefCell<Written>,
}

impl Changes {
    /// Listens to a connection.
    pub(crate) fn install(
        &self,
        connection: &mut Connection,
        broken: Broken,
    ) -> Result<(), EngineError> {
        let heard = self.heard.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            heard.note(&context);
            Authorization::Allow
        }))?;
        // No rollback hook: SQLite frees it before the rollback at closing calls it.
        let heard = self.heard.clone();
        Ok(connection.commit_hook(Some(move || {
            let refuses = broken.is_noted();
            heard.commits.store(!refuses, Ordering::Relaxed);
            refuses
        }))?)
    }

    /// What was compiled since the last call.
    pub(crate) fn take_compiled(&self) -> Written {
        self.heard.rolls_back.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.heard.compiled())
    }

    /// A statement has run, successfully or not, and may have written to `tables` and to what was
    /// compiled meanwhile, unless it only reads. `is_open`: it has left a transaction open. Answers
    /// whether it was compiled to roll back.
    pub(crate) fn ran(&self, tables: &Written, only_reads: bool, is_open: bool) -> bool {
        let rolls_back = self.heard.rolls_back.load(Ordering::Relaxed);
        let compiled = self.take_compiled();
        let commits = self.heard.commits.swap(false, Ordering::Relaxed);
        let mut written = self.written.borrow_mut();
        if !only_reads {
            add_all(&mut written, tables);
            add_all(&mut written, &compiled);
        }
        let was_open = self.was_open.replace(is_open);
        if !is_open {
            // Without a commit nothing was written: it was refused, or rolled back.
            let ended = std::mem::take(&mut *written);
            if commits {
                add_all(&mut self.told.borrow_mut(), &ended);
            } else if was_open {
                add_all(&mut self.own.borrow_mut(), &ended);
            }
        }
        if self.heard.attaches.swap(false, Ordering::Relaxed) {
            add(&mut self.own.borrow_mut(), TEMPORARY, &Tables::All);
        }
        add_all(&mut self.recompiled.borrow_mut(), &compiled);
        rolls_back
    }

    /// Anything may have changed: what was done is not one statement of the caller's.
    pub(crate) fn tell_all(&self) {
        self.ran(&Written::new(), true, false);
        add(&mut self.told.borrow_mut(), MAIN, &Tables::All);
    }

    /// What was committed since the last call.
    pub(crate) fn take_told(&self) -> Written {
        self.told.take()
    }

    /// What is another for this connection alone than it was at the last call: it has seen what was
    /// rolled back, or other databases.
    pub(crate) fn take_own(&self) -> Written {
        self.own.take()
    }

    /// What was compiled while statements ran, since the last call.
    pub(crate) fn take_recompiled(&self) -> Written {
        self.recompiled.take()
    }

    /// What is compiled meanwhile is asked what it reads.
    pub(crate) fn reads_of<T>(&self, compile: impl FnOnce() -> T) -> (T, Set<Read>) {
        *self.heard.reads() = Some(Set::new());
        let compiled = compile();
        (compiled, self.heard.reads().take().unwrap_or_default())
    }
}

impl Heard {
    fn note(&self, context: &AuthContext<'_>) {
        let table = match context.action {
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => table_name,
            AuthAction::Read { table_name, .. } => {
                return self.note_read(context.database_name, table_name);
            }
            AuthAction::Pragma { .. } => return self.note_read(None, SOMETHING),
            // One without a literal name is unknown to the bindings.
            AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::Unknown {
                code: SQLITE_ATTACH,
                ..
            } => {
                return self.attaches.store(true, Ordering::Relaxed);
            }
            AuthAction::Transaction {
                operation: TransactionOperation::Rollback,
            } => return self.rolls_back.store(true, Ordering::Relaxed),
            _ => return,
        };
        let database = context.database_name.unwrap_or(MAIN);
        match database {
            // Rows of tables without a key of their own get new rowids.
            VACUUM => add(&mut self.compiled(), MAIN, &Tables::All),
            _ if SCHEMA_TABLES.contains(&table) => {
                add(&mut self.compiled(), database, &Tables::All);
            }
            _ => {
                let tables = Tables::Named(Set::from([table.to_owned()]));
                add(&mut self.compiled(), database, &tables);
            }
        }
    }

    fn note_read(&self, database: Option<&str>, table: &str) {
        if let Some(reads) = &mut *self.reads() {
            let database = database.map(str::to_ascii_lowercase);
            reads.insert((database, table.to_ascii_lowercase()));
        }
    }

    fn compiled(&self) -> MutexGuard<'_, Written> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reads(&self) -> MutexGuard<'_, Option<Set<Read>>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The tables that the transactions committed since the last call may have changed, by the name
    /// of the database: `main`, or as it was attached.
    pub fn take_changes(&self) -> Written {
        self.changes.take_told()
    }

    /// The same with the paths of the databases, and what is another for this connection alone.
    ///
    /// # Errors
    /// When SQLite is out of memory.
    pub fn take_changed(&self) -> Result<Vec<Changed>, EngineError> {
        let (written, own) = (self.changes.take_told(), self.changes.take_own());
        let own = own.into_iter().map(|it| Changed::new(it, String::new()));
        if written.keys().all(|name| name == MAIN) {
            let main = written.into_iter().map(|it| Changed::new(it, self.path()));
            return Ok(main.chain(own).collect());
        }
        let mut paths: Map<_, _> = self.files()?.into_iter().collect();
        let committed = written.into_iter().map(|it| {
            let path = paths.remove(&it.0.to_ascii_lowercase());
            Changed::new(it, path.unwrap_or_default())
        });
        Ok(committed.chain(own).collect())
    }
}

/// Adds all of `more`.
pub(crate) fn add_all(written: &mut Written, more: &Written) {
    for (database, tables) in more.iter() {
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
