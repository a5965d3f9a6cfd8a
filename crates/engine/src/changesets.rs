//! Changesets, and how one is applied; called by `crates/wasm` and by tests.
//!
//! SQLite asks at once what becomes of a change that does not fit. Whoever decides may be far away,
//! so a changeset is applied as often as it takes, each time within one savepoint:
//!
//! ```text
//! apply ─── no question is open ───────────────► applied
//!   ▲   └── some are: they are left out for now, so that all are found; taken back ──► asked
//!   └──────────────────────── answers, in the order of the questions ◄─────────────────┘
//! ```
//!
//! An answer counts only if the same question comes again, word for word, after the same answers
//! before it. From the first question that differs on, what is found is asked anew. So each
//! decision was made of what is really in the way, and each round settles one question at least.

use std::ffi::c_int;

use anchorite_sorted::Map;
use rusqlite::hooks::Action as Operation;

use crate::changes::Written;
use crate::error::EngineError;
use crate::handles::changeset::{self, Judge, RawChange, Side};
pub use crate::handles::changeset::{Action, ConflictKind};
use crate::held::Thing;
use crate::session::Session;
use crate::value::{self, Value};

/// Questions that are asked at once.
const QUESTIONS_MAX: usize = 256;

const BEGIN: &str = "SAVEPOINT anchorite_apply";
const END: &str = "RELEASE anchorite_apply";
const UNDO: &str = "ROLLBACK TO anchorite_apply; RELEASE anchorite_apply";

/// A row, as far as it is known.
pub type Known = Vec<Option<Value>>;

/// A change that does not fit the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// What is wrong.
    pub kind: ConflictKind,
    /// What does not fit; none for foreign keys.
    pub change: Option<Change>,
    /// How many foreign keys have nothing to point to.
    pub violations: u32,
}

/// A change to a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The table, as the changeset names it.
    pub table: String,
    /// `insert`, `update` or `delete`.
    pub operation: &'static str,
    /// The columns of the table.
    pub columns: Vec<String>,
    /// For each of them whether it is in the primary key.
    pub key: Vec<bool>,
    /// The row before the change.
    pub old: Known,
    /// The row after it.
    pub new: Known,
    /// The row in the database that is in the way.
    pub current: Known,
}

/// What becomes of conflicts, by their kind; where none is given it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// The row has other values.
    pub data: Option<Action>,
    /// The row is not there.
    pub not_found: Option<Action>,
    /// The key is taken.
    pub conflict: Option<Action>,
    /// A constraint is in the way.
    pub constraint: Option<Action>,
    /// Foreign keys have nothing to point to.
    pub foreign_key: Option<Action>,
}

impl Policy {
    fn of(&self, kind: ConflictKind) -> Option<Action> {
        match kind {
            ConflictKind::Data => self.data,
            ConflictKind::NotFound => self.not_found,
            ConflictKind::Conflict => self.conflict,
            ConflictKind::Constraint => self.constraint,
            ConflictKind::ForeignKey => self.foreign_key,
        }
    }
}

/// A changeset that is to be applied, and what was asked about it.
#[derive(Debug)]
pub struct Applying {
    bytes: Vec<u8>,
    tables: Option<Vec<String>>,
    policy: Policy,
    asked: Vec<Conflict>,
}

impl Applying {
    /// To these tables, or to all that it has changes of.
    #[must_use]
    pub fn new(bytes: Vec<u8>, tables: Option<Vec<String>>, policy: Policy) -> Self {
        Self {
            bytes,
            tables,
            policy,
            asked: Vec::new(),
        }
    }

    fn wants(&self, table: &str) -> bool {
        let tables = self.tables.as_ref();
        tables.is_none_or(|tables| tables.iter().any(|it| it.eq_ignore_ascii_case(table)))
    }
}

/// What came of applying a changeset.
#[derive(Debug, PartialEq)]
pub enum Applied {
    /// All of it, but for what was left out.
    Done {
        /// Changes that were left out.
        omitted: u32,
        /// Changes that were made although a row was in the way.
        replaced: u32,
    },
    /// Nothing yet.
    Asks {
        /// How many of the answers count.
        kept: usize,
        /// What is to be answered next.
        questions: Vec<Conflict>,
    },
}

impl Session {
    /// Keeps a changeset under a key, to be applied within the transaction that is open.
    pub fn begin_apply(&mut self, key: &str, applying: Applying) {
        self.held.keep(key, true, Thing::Applying(applying));
    }

    /// Applies it, with the answers to the questions so far. After an error nothing is changed, and
    /// after one with `would_wait` this may be called again.
    ///
    /// # Errors
    /// `SQLITE_ABORT` where a decision is to abort; `SQLITE_SCHEMA` where the database has no such
    /// table; `SQLITE_CORRUPT` for bytes that are no changeset; `INVALID_PARAMETER` for a decision
    /// that cannot be; `CLOSED`.
    pub fn apply(&mut self, key: &str, answers: &[Action]) -> Result<Applied, EngineError> {
        let Thing::Applying(applying) = self.held.get(key)? else {
            return Err(EngineError::plain(
                "CLOSED",
                "there is no changeset of this key",
            ));
        };
        let empty = Applying::new(Vec::new(), None, Policy::default());
        let mut applying = std::mem::replace(applying, empty);
        let outcome = self.apply_once(&mut applying, answers);
        if let Ok(Thing::Applying(place)) = self.held.get(key) {
            *place = applying;
        }
        outcome
    }

    fn apply_once(
        &self,
        applying: &mut Applying,
        answers: &[Action],
    ) -> Result<Applied, EngineError> {
        let columns = self.columns_of(applying)?;
        let known: &Applying = applying;
        let mut judging = Judging {
            applying: known,
            answers,
            columns: &columns,
            kept: 0,
            questions: Vec::new(),
            omitted: 0,
            replaced: 0,
            refusal: None,
        };
        self.exec(BEGIN)?;
        self.waits.clear();
        let applied = changeset::apply(&self.connection, &known.bytes, &mut judging);
        self.changes.ran(&Written::new(), false, true);
        let Judging {
            kept,
            questions,
            omitted,
            replaced,
            refusal,
            ..
        } = judging;
        if let Some(refusal) = refusal {
            return self.take_back_apply().and(Err(refusal));
        }
        if !questions.is_empty() {
            self.take_back_apply()?;
            applying.asked.truncate(kept);
            applying.asked.extend(questions.iter().cloned());
            return Ok(Applied::Asks { kept, questions });
        }
        if let Err(error) = applied {
            let error = self.waits.judge(error.into());
            return self.take_back_apply().and(Err(error));
        }
        self.exec(END)?;
        Ok(Applied::Done { omitted, replaced })
    }

    /// A transaction that SQLite has rolled back by itself needs nothing.
    fn take_back_apply(&self) -> Result<(), EngineError> {
        match self.in_transaction() {
            true => self.undo(UNDO),
            false => Ok(()),
        }
    }

    /// The columns of each table that there are changes of. SQLite would pass over a table that it
    /// does not find, and say so to nobody.
    fn columns_of(&self, applying: &Applying) -> Result<Map<String, Vec<String>>, EngineError> {
        let mut keys = Map::new();
        let read = changeset::for_each(&applying.bytes, |change| {
            let table = change.operation().0;
            if !keys.contains_key(&table) {
                keys.insert(table, change.key());
            }
        });
        read.map_err(no_changeset)?;
        keys.retain(|table, _| applying.wants(table));
        let columns = keys.into_iter().map(|(table, key)| {
            let columns = self.columns_with_key(&table, &key)?;
            Ok((table, columns))
        });
        columns.collect()
    }

    fn columns_with_key(&self, table: &str, key: &[u8]) -> Result<Vec<String>, EngineError> {
        let sql = "SELECT name, pk FROM pragma_table_info(?) WHERE schema = 'main'";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (mut names, mut places): (Vec<String>, Vec<u8>) = rows
            .collect::<rusqlite::Result<Vec<(String, u8)>>>()?
            .into_iter()
            .unzip();
        if !names.is_empty() && places.iter().all(|place| *place == 0) {
            names.insert(0, "_rowid_".to_owned());
            places.insert(0, 1);
        }
        let wrong = match () {
            () if names.is_empty() => "is not in the database",
            () if names.len() < key.len() => "has less columns here",
            () if places[..key.len()] != *key || places[key.len()..].iter().any(|it| *it > 0) => {
                "has another primary key here"
            }
            () => return Ok(names),
        };
        let message = format!("the changeset has changes of \"{table}\", which {wrong}");
        Err(EngineError::plain("SQLITE_SCHEMA", message))
    }
}

/// The changes that take back those of a changeset.
///
/// # Errors
/// `INVALID_PARAMETER` for a patchset, which does not have the values before; `SQLITE_CORRUPT` for
/// bytes that are no changeset.
pub fn invert(bytes: &[u8]) -> Result<Vec<u8>, EngineError> {
    // Source: the comment on formats in sqlite3session.c.
    if bytes.first() == Some(&b'P') {
        let message = "a patchset cannot be inverted: it does not have the values before";
        return Err(EngineError::parameter(message));
    }
    changeset::invert(bytes).map_err(no_changeset)
}

/// The changes of one changeset and then those of another, as one: what they do to one row becomes
/// one change.
///
/// # Errors
/// `INVALID_PARAMETER` for a patchset and a changeset, `SQLITE_SCHEMA` where they are of tables of
/// other shapes, `SQLITE_CORRUPT` for other bytes.
pub fn concat(first: &[u8], second: &[u8]) -> Result<Vec<u8>, EngineError> {
    let kinds = [first, second].map(|bytes| bytes.first() == Some(&b'P'));
    if !first.is_empty() && !second.is_empty() && kinds[0] != kinds[1] {
        let message = "a changeset and a patchset cannot become one";
        return Err(EngineError::parameter(message));
    }
    changeset::concat(first, second).map_err(no_changeset)
}

fn no_changeset(error: rusqlite::Error) -> EngineError {
    let error = EngineError::from(error);
    match error.code {
        "SQLITE_CORRUPT" => EngineError {
            message: "these bytes are no changeset".to_owned(),
            ..error
        },
        _ => error,
    }
}

/// What is known while a changeset is applied.
struct Judging<'a> {
    applying: &'a Applying,
    answers: &'a [Action],
    columns: &'a Map<String, Vec<String>>,
    /// How many questions were the same as before.
    kept: usize,
    questions: Vec<Conflict>,
    omitted: u32,
    replaced: u32,
    refusal: Option<EngineError>,
}

impl Judge for Judging<'_> {
    fn wants(&mut self, table: &str) -> bool {
        self.applying.wants(table)
    }

    fn decide(&mut self, kind: ConflictKind, change: Result<&RawChange<'_>, c_int>) -> Action {
        let conflict = match self.conflict(kind, change) {
            Ok(conflict) => conflict,
            Err(error) => return self.refuse(error.into()),
        };
        if let Some(action) = self.applying.policy.of(kind) {
            return self.act(action, &conflict);
        }
        let is_same = self.applying.asked.get(self.kept) == Some(&conflict);
        let answer = self.answers.get(self.kept).copied();
        match answer.filter(|_| is_same && self.questions.is_empty()) {
            Some(action) => {
                self.kept += 1;
                self.act(action, &conflict)
            }
            None => self.ask(conflict),
        }
    }
}

impl Judging<'_> {
    fn ask(&mut self, conflict: Conflict) -> Action {
        self.questions.push(conflict);
        match self.questions.len() {
            QUESTIONS_MAX.. => Action::Abort,
            _ => Action::Omit,
        }
    }

    fn act(&mut self, action: Action, conflict: &Conflict) -> Action {
        let in_the_way = matches!(conflict.kind, ConflictKind::Data | ConflictKind::Conflict);
        match action {
            Action::Replace if !in_the_way => {
                let message = format!("{conflict}: there is no row that could be replaced");
                self.refuse(EngineError::parameter(message))
            }
            Action::Abort => {
                let message = format!("the changeset was not applied: {conflict}");
                self.refuse(EngineError::plain("SQLITE_ABORT", message))
            }
            Action::Replace => {
                self.replaced += 1;
                action
            }
            Action::Omit => {
                self.omitted += u32::from(conflict.change.is_some());
                action
            }
        }
    }

    fn refuse(&mut self, error: EngineError) -> Action {
        self.refusal = Some(error);
        Action::Abort
    }

    fn conflict(
        &self,
        kind: ConflictKind,
        change: Result<&RawChange<'_>, c_int>,
    ) -> rusqlite::Result<Conflict> {
        let change = match change {
            Ok(change) => change,
            Err(violations) => {
                return Ok(Conflict {
                    kind,
                    change: None,
                    violations: u32::try_from(violations).unwrap_or(0),
                });
            }
        };
        let (table, operation) = change.operation();
        let key: Vec<bool> = change.key().iter().map(|place| *place > 0).collect();
        let mut columns = self.columns.get(&table).cloned().unwrap_or_default();
        columns.truncate(key.len());
        let row = |side| known(change, side, key.len());
        let change = Change {
            operation: match Operation::from(operation) {
                Operation::SQLITE_INSERT => "insert",
                Operation::SQLITE_DELETE => "delete",
                _ => "update",
            },
            old: row(Side::Old)?,
            new: row(Side::New)?,
            current: match kind {
                ConflictKind::Data | ConflictKind::Conflict => row(Side::Current)?,
                _ => vec![None; key.len()],
            },
            table,
            columns,
            key,
        };
        Ok(Conflict {
            kind,
            change: Some(change),
            violations: 0,
        })
    }
}

fn known(change: &RawChange<'_>, side: Side, columns: usize) -> rusqlite::Result<Known> {
    let value = |column| change.value(side, column).map(value::owned).transpose();
    (0..columns).map(value).collect()
}

impl std::fmt::Display for Conflict {
    /// For instance `a row of "note" is not there (update, id = 5)`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(change) = &self.change else {
            let violations = self.violations;
            return write!(
                formatter,
                "{violations} foreign keys have nothing to point to"
            );
        };
        let table = &change.table;
        match self.kind {
            ConflictKind::Data => write!(formatter, "a row of \"{table}\" has other values"),
            ConflictKind::NotFound => write!(formatter, "a row of \"{table}\" is not there"),
            ConflictKind::Conflict => write!(formatter, "a key of \"{table}\" is taken"),
            _ => write!(formatter, "a constraint of \"{table}\" is in the way"),
        }?;
        let known = change
            .old
            .iter()
            .zip(&change.new)
            .map(|(old, new)| old.as_ref().or(new.as_ref()));
        let keys = change.columns.iter().zip(&change.key).zip(known);
        let keys = keys
            .filter(|((_, is_key), _)| **is_key)
            .map(|((name, _), value)| match value {
                Some(Value::Integer(integer)) => format!("{name} = {integer}"),
                Some(Value::Text(text)) => format!("{name} = '{text}'"),
                _ => format!("{name} = …"),
            });
        let keys = keys.collect::<Vec<_>>().join(", ");
        write!(formatter, " ({}, {keys})", change.operation)
    }
}
