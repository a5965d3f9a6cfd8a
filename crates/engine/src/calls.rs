//! Calls that answer something else than all rows: what a statement has changed, what it is, many
//! rows in at once, several statements as one; and calls that belong to a transaction. Called by
//! `crates/wasm`, on top of `session.rs`. It must not know who has begun a transaction.

use std::ops::ControlFlow;

use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::changes::Written;
use crate::error::EngineError;
use crate::params::Params;
use crate::reads::ReadSet;
use crate::session::{Patience, Reach, Session};
use crate::single::single;
use crate::value::Sink;

/// A value that is bound from where it lies.
pub type Cell<'bytes> = ValueRef<'bytes>;

/// What a statement has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Rows that it has inserted, updated or deleted itself, without triggers and foreign keys.
    pub changes: u64,
    /// The rowid of the last row that the connection has inserted.
    pub last_insert_rowid: i64,
}

/// A column of a statement's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As the rows have it.
    pub name: String,
    /// The type that the table's definition gives it.
    pub declared_type: Option<String>,
    /// Where it comes from, unless it is computed: database, table, and its name there.
    pub origin: Option<[String; 3]>,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Of its rows; none if it returns none.
    pub columns: Vec<Column>,
    /// The names of its parameters, with their marks, in order.
    pub parameters: Vec<Option<String>>,
    /// Whether it changes nothing.
    pub only_reads: bool,
    /// What it reads.
    pub reads: ReadSet,
}

/// How a batch begins, which decides how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// A transaction of its own that takes its locks as it needs them.
    Deferred,
    /// One that may write from the beginning.
    Immediate,
    /// One that nobody writes beside, nor reads except in WAL.
    Exclusive,
    /// A part of a transaction that is open.
    Savepoint,
}

impl Begin {
    /// The transaction of this name; `None` for one that there is not.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "deferred" => Some(Self::Deferred),
            "immediate" => Some(Self::Immediate),
            "exclusive" => Some(Self::Exclusive),
            _ => None,
        }
    }

    fn begin(self) -> &'static str {
        match self {
            Self::Deferred => "BEGIN DEFERRED",
            Self::Immediate => "BEGIN IMMEDIATE",
            Self::Exclusive => "BEGIN EXCLUSIVE",
            Self::Savepoint => "SAVEPOINT anchorite_batch",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Savepoint => "RELEASE anchorite_batch",
            _ => "COMMIT",
        }
    }

    fn undo(self) -> &'static str {
        match self {
            Self::Savepoint => "ROLLBACK TO anchorite_batch; RELEASE anchorite_batch",
            _ => "ROLLBACK",
        }
    }
}

/// What a statement has answered: the names of its columns, its rows, and what it has done.
pub type Answer<Rows> = (Vec<String>, Rows, Ran);

/// Several statements that take effect together, and how far they have come.
#[derive(Debug)]
pub struct Together<Rows> {
    statements: Vec<(String, Params)>,
    begin: Begin,
    begun: bool,
    answers: Vec<Answer<Rows>>,
}

/// Stands between the statements in [`Together::text`].
const SEPARATOR: &str = ";\n";

impl<Rows> Together<Rows> {
    /// Nothing of it has run.
    #[must_use]
    pub fn new(statements: Vec<(String, Params)>, begin: Begin) -> Self {
        Self {
            statements,
            begin,
            begun: false,
            answers: Vec::new(),
        }
    }

    /// Changes with each statement that has taken effect.
    #[must_use]
    pub fn progress(&self) -> usize {
        usize::from(self.begun) + self.answers.len()
    }

    /// The SQL that takes back what it has done so far; none if it has begun nothing, or is done.
    #[must_use]
    pub fn undo(&self) -> Option<&'static str> {
        self.begun.then(|| self.begin.undo())
    }

    /// All statements as one text: what the place of an error counts from.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.statements.iter().map(|(sql, _)| &**sql).collect();
        texts.join(SEPARATOR)
    }

    /// What each statement has answered.
    #[must_use]
    pub fn into_answers(self) -> Vec<Answer<Rows>> {
        self.answers
    }

    /// An error of the statement that is next, in the text of all.
    fn placed(&self, error: EngineError) -> EngineError {
        let number = self.answers.len();
        let before = self.statements.iter().take(number);
        let start: usize = before.map(|(sql, _)| sql.len() + SEPARATOR.len()).sum();
        EngineError {
            offset_bytes: error.offset_bytes.map(|offset| start + offset),
            message: format!("statements[{number}]: {}", error.message),
            ..error
        }
    }
}

impl Session {
    /// Refuses what belongs to a transaction that is over.
    ///
    /// # Errors
    /// `TRANSACTION_ABORTED` where none is open.
    pub fn require_transaction(&self) -> Result<(), EngineError> {
        if self.in_transaction() {
            return Ok(());
        }
        let message = "the transaction is over: SQLite has rolled it back, or a statement ended it";
        Err(EngineError::plain("TRANSACTION_ABORTED", message))
    }

    /// As [`exec_from`](Self::exec_from), as long as a transaction is open.
    ///
    /// # Errors
    /// As `exec_from`; `TRANSACTION_ABORTED` before the first statement that is outside of one.
    pub fn exec_inside(
        &self,
        sql: &str,
        from: &mut usize,
        patience: Patience,
    ) -> Result<(), EngineError> {
        self.exec_while(sql, from, patience, Self::require_transaction)
    }

    /// Runs exactly one statement, whose rows are dropped.
    ///
    /// # Errors
    /// As [`query_with`](Self::query_with).
    pub fn run(&self, sql: &str, params: &Params, patience: Patience) -> Result<Ran, EngineError> {
        self.once(sql, |statement, tables| {
            params.bind(statement)?;
            self.ran(statement, tables, patience)
        })
    }

    /// Runs one statement once for each row of values, of `width` each; `done` counts the rows that
    /// have taken effect, and those are left out. After an error with `would_wait` it may be called
    /// again.
    ///
    /// # Errors
    /// As [`query_with`](Self::query_with); the rows before the one that failed have taken effect.
    pub fn run_rows(
        &self,
        sql: &str,
        (cells, width): (&[Cell<'_>], usize),
        done: &mut usize,
        patience: Patience,
    ) -> Result<u64, EngineError> {
        self.once(sql, |statement, tables| {
            let expected = statement.parameter_count();
            if width == 0 || expected != width {
                let message =
                    format!("the statement takes {expected} parameters, a row has {width}");
                return Err(EngineError::parameter(message));
            }
            let mut changes = 0;
            for row in cells.chunks(width).skip(*done) {
                self.watch.check()?;
                for (index, cell) in row.iter().enumerate() {
                    statement.raw_bind_parameter(index + 1, ToSqlOutput::Borrowed(*cell))?;
                }
                changes += self.ran(statement, tables, patience)?.changes;
                *done += 1;
            }
            Ok(changes)
        })
    }

    /// Runs several statements in one transaction; `rows` makes what takes those of one. After an
    /// error with `would_wait`, if there was patience to wait, it may be called again; after any
    /// other nothing has taken effect.
    ///
    /// # Errors
    /// As [`query_with`](Self::query_with); `TRANSACTION_ABORTED` if a statement has ended the
    /// transaction.
    pub fn run_together<Rows: Sink>(
        &self,
        together: &mut Together<Rows>,
        patience: Patience,
        rows: impl Fn() -> Rows,
    ) -> Result<(), EngineError> {
        let outcome = self.go_on_together(together, patience, rows);
        let waits = |error: &EngineError| error.would_wait && patience == Patience::Wait;
        if outcome.as_ref().is_err_and(|error| !waits(error)) {
            self.take_back(together);
        }
        outcome
    }

    fn go_on_together<Rows: Sink>(
        &self,
        together: &mut Together<Rows>,
        patience: Patience,
        rows: impl Fn() -> Rows,
    ) -> Result<(), EngineError> {
        if !together.begun {
            self.exec_from(together.begin.begin(), &mut 0, patience)?;
            together.begun = true;
        }
        while let Some((sql, params)) = together.statements.get(together.answers.len()) {
            self.require_transaction()?;
            self.watch.check()?;
            let before = self.connection.total_changes();
            let mut rows = rows();
            let columns = self.rows_into(sql, params, (patience, Reach::All), &mut rows);
            let columns = columns.map_err(|error| together.placed(error))?;
            let ran = self.ran_since(before);
            together.answers.push((columns, rows, ran));
        }
        self.exec_inside(together.begin.end(), &mut 0, patience)?;
        together.begun = false;
        Ok(())
    }

    /// A transaction that SQLite has rolled back by itself needs nothing. One that cannot be taken
    /// back now is still said to be begun.
    fn take_back<Rows>(&self, together: &mut Together<Rows>) {
        let undo = together.undo().filter(|_| self.in_transaction());
        together.begun = undo.is_some_and(|undo| self.undo(undo).is_err());
        together.answers.clear();
    }

    /// Says what a statement is, without running it.
    ///
    /// # Errors
    /// As [`query`](Self::query), but for parameters.
    pub fn describe(&self, sql: &str) -> Result<Description, EngineError> {
        self.waits.clear();
        self.describe_now(sql)
            .map_err(|error| self.waits.judge(error))
    }

    /// Compiled anew, since only that says what it reads.
    fn describe_now(&self, sql: &str) -> Result<Description, EngineError> {
        let (statement, reads) = self.changes.reads_of(|| single(&self.connection, sql));
        let statement = statement?;
        let reads = self.read_set(reads)?;
        Ok(description(&statement, reads))
    }

    fn ran(
        &self,
        statement: &mut Statement<'_>,
        tables: &Written,
        patience: Patience,
    ) -> Result<Ran, EngineError> {
        let before = self.connection.total_changes();
        self.step(statement, tables, patience, |_| {
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(self.ran_since(before))
    }

    /// SQLite's own count is that of the last statement that has changed rows.
    fn ran_since(&self, total_before: u64) -> Ran {
        let changed = self.connection.total_changes() != total_before;
        Ran {
            changes: if changed {
                self.connection.changes()
            } else {
                0
            },
            last_insert_rowid: self.connection.last_insert_rowid(),
        }
    }
}

fn description(statement: &Statement<'_>, reads: ReadSet) -> Description {
    let declared = statement.columns();
    let known = statement.columns_with_metadata();
    let columns = declared.zip(known).map(|(declared, known)| {
        let place = [
            known.database_name(),
            known.table_name(),
            known.origin_name(),
        ];
        let [database, table, column] = place.map(|part| part.map(str::to_owned));
        Column {
            name: declared.name().to_owned(),
            declared_type: declared.decl_type().map(str::to_owned),
            origin: database.zip(table).zip(column).map(|((d, t), c)| [d, t, c]),
        }
    });
    let parameter = |number| statement.parameter_name(number).map(str::to_owned);
    Description {
        columns: columns.collect(),
        parameters: (1..=statement.parameter_count()).map(parameter).collect(),
        only_reads: statement.readonly(),
        reads,
    }
}
