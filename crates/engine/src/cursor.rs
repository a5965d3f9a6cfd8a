//! Statements that stay open between two calls and hand out their rows a few at a time; called by
//! `crates/wasm`, on top of `session.rs`. It must not know who pulls.
//!
//! ```text
//! open ──pull──► open … ──no row is left──► gone
//!   │
//!   │ a rollback, the end of its transaction, nobody pulls it
//!   ▼
//! ended: its statement is finalized at once, the next pull says why, and then it is gone
//! ```
//!
//! What a cursor keeps is SQLite's: a read transaction, so one snapshot of the database.

use std::cell::RefCell;
use std::rc::Rc;

use anchorite_sorted::Map;
use rusqlite::{Connection, Statement};

use crate::error::EngineError;
use crate::params::Params;
use crate::session::Session;
use crate::single::single;
use crate::value::{Sink, take_row};

self_cell::self_cell! {
    /// A statement, and the connection that it borrows.
    struct Held {
        owner: Rc<Connection>,
        #[not_covariant]
        dependent: Statement,
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Held")
    }
}

/// What is left of a cursor.
#[derive(Debug)]
enum Cursor {
    Open {
        held: Held,
        /// Whether it ends with the transaction that is open.
        inside: bool,
    },
    Ended(EngineError),
}

/// The cursors of a connection, by numbers of the caller's.
#[derive(Debug, Default)]
pub(crate) struct Cursors(RefCell<Map<u32, Cursor>>);

/// What a pull has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Whether no row is left; then the cursor is gone.
    pub is_done: bool,
}

impl Cursors {
    /// A transaction is over; if it was rolled back, what any cursor has seen may never have been.
    pub(crate) fn transaction_ended(&self, is_rolled_back: bool) {
        if is_rolled_back {
            self.end_all(&rolled_back());
        }
        for cursor in self.0.borrow_mut().values_mut() {
            if matches!(cursor, Cursor::Open { inside: true, .. }) {
                *cursor = Cursor::Ended(committed());
            }
        }
    }

    /// A statement was stopped by an interrupt, which goes on until none of the connection is open.
    pub(crate) fn interrupted(&self) {
        let message = "another call of the connection was stopped, and the iteration with it";
        self.end_all(&EngineError::plain("SQLITE_INTERRUPT", message));
    }

    /// Ends those that are open.
    pub(crate) fn end_all(&self, why: &EngineError) {
        for cursor in self.0.borrow_mut().values_mut() {
            if matches!(cursor, Cursor::Open { .. }) {
                *cursor = Cursor::Ended(why.clone());
            }
        }
    }
}

impl Session {
    /// Compiles exactly one statement that only reads, and keeps it under a number that no other
    /// cursor of this connection has; its rows are [`pull`](Self::pull)ed. `inside`: it ends with
    /// the transaction that is open.
    ///
    /// # Errors
    /// As [`query`](Self::query); `INVALID_SQL` for a statement that writes or has no rows.
    pub fn open_cursor(
        &self,
        number: u32,
        sql: &str,
        params: &Params,
        inside: bool,
    ) -> Result<(), EngineError> {
        self.waits.clear();
        drop(self.changes.take_compiled());
        let mut held = Held::try_new(self.connection.clone(), |connection| {
            single(connection, sql)
        })?;
        held.with_dependent_mut(|_, statement| {
            if statement.column_count() == 0 || !statement.readonly() {
                let message = "only a statement that reads, and has rows, can be iterated";
                return Err(EngineError::sql(message, None));
            }
            params.bind(statement)
        })?;
        let cursor = Cursor::Open { held, inside };
        self.cursors.0.borrow_mut().insert(number, cursor);
        Ok(())
    }

    /// Hands the next rows of a cursor over, `count` at most, or until the sink is full. After an
    /// error it is gone; after one with `would_wait`, which only the first pull may end in, it may
    /// be opened again.
    ///
    /// # Errors
    /// SQLite's; why it has ended, if it has; `CONNECTION_LOST` for one that this connection has
    /// never had, as after its database was opened anew.
    pub fn pull(
        &self,
        number: u32,
        count: u32,
        sink: &mut impl Sink,
    ) -> Result<Pulled, EngineError> {
        let taken = self.cursors.0.borrow_mut().remove(&number);
        match taken {
            None => Err(EngineError::plain("CONNECTION_LOST", "the cursor is gone")),
            Some(Cursor::Ended(error)) => Err(error),
            Some(Cursor::Open { mut held, inside }) => {
                self.waits.clear();
                let pulled = self.pull_watched(&mut held, count, sink);
                let pulled = pulled.map_err(|error| self.waits.judge(error.into()))?;
                if !pulled.is_done {
                    let cursor = Cursor::Open { held, inside };
                    self.cursors.0.borrow_mut().insert(number, cursor);
                }
                Ok(pulled)
            }
        }
    }

    fn pull_watched(
        &self,
        held: &mut Held,
        count: u32,
        sink: &mut impl Sink,
    ) -> rusqlite::Result<Pulled> {
        held.with_dependent_mut(|_, statement| {
            self.watch.stepping(statement);
            let is_done = take_rows(statement, count, sink);
            self.watch.stepped();
            let columns = statement.column_names().map(str::to_owned).collect();
            is_done.map(|is_done| Pulled { columns, is_done })
        })
    }

    /// Finalizes a cursor; without `why` it is gone, and otherwise its next pull says so. One that
    /// is gone already needs nothing.
    pub fn end_cursor(&self, number: u32, why: Option<EngineError>) {
        let mut cursors = self.cursors.0.borrow_mut();
        match why {
            None => drop(cursors.remove(&number)),
            Some(error) => {
                if let Some(cursor @ Cursor::Open { .. }) = cursors.get_mut(&number) {
                    *cursor = Cursor::Ended(error);
                }
            }
        }
    }

    /// The same because nobody has pulled it for too long.
    pub fn expire_cursor(&self, number: u32) {
        let message = "nobody has asked for the next rows for too long, so the iteration was ended";
        self.end_cursor(number, Some(EngineError::plain("CURSOR_EXPIRED", message)));
    }

    /// Whether a cursor is open, and with it a read transaction.
    #[must_use]
    pub fn has_open_cursors(&self) -> bool {
        let cursors = self.cursors.0.borrow();
        cursors.values().any(|it| matches!(it, Cursor::Open { .. }))
    }
}

/// Steps through some rows; answers whether there are no more.
///
/// `Rows` resets its statement when it is dropped. Forgotten it leaves it where it is, and the next
/// one goes on from there; it owns nothing.
fn take_rows(
    statement: &mut Statement<'_>,
    count: u32,
    sink: &mut impl Sink,
) -> rusqlite::Result<bool> {
    let mut rows = statement.raw_query();
    for _ in 0..count {
        match rows.next()? {
            Some(row) => take_row(row, sink)?,
            None => return Ok(true),
        }
        if sink.is_full() {
            break;
        }
    }
    std::mem::forget(rows);
    Ok(false)
}

fn rolled_back() -> EngineError {
    EngineError {
        extended_code: "SQLITE_ABORT_ROLLBACK",
        ..EngineError::plain("SQLITE_ABORT", "a rollback has ended the iteration")
    }
}

fn committed() -> EngineError {
    EngineError::plain("CLOSED", "the transaction of the iteration is over")
}
