//! The calls that answer something else than all rows, one way from JavaScript and back; used by
//! `jobs.rs`. The engine's `calls.rs` says what they mean.

use anchorite_engine::{
    Answer, Begin, Column, Description, EngineError, Params, Patience, Pulled, ReadSet, Session,
    Together,
};
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::convert::{self, Integers, Refusal, object};
use crate::error::JobError;
use crate::few::Rows;
use crate::held::{self, Held};
use crate::jobs::{self, Job};
use crate::packed::{self, Packed};

/// A call, and how far it has come.
pub(crate) enum Call {
    /// One statement, for what it changes.
    Run { sql: String, params: Params },
    /// One statement for each of many rows.
    Rows {
        sql: String,
        rows: Packed,
        /// Rows that have taken effect.
        done: usize,
    },
    /// Several statements as one; what was answered is taken out.
    Together(Option<Together<Rows>>),
    /// What a statement is.
    Describe { sql: String },
    /// Something with what the connection keeps.
    Held(Held),
    /// A new cursor, and its first rows, so many at most.
    Iterate {
        cursor: u32,
        sql: String,
        params: Params,
        count: u32,
    },
    /// The next rows of a cursor.
    Pull { cursor: u32, count: u32 },
    /// A cursor of which no rows are wanted any more, or which nobody has pulled for too long.
    EndCursor { cursor: u32, expired: bool },
}

impl Call {
    /// Changes with each part that has taken effect.
    pub(crate) fn progress(&self) -> usize {
        match self {
            Call::Rows { done, .. } => *done,
            Call::Together(together) => together.as_ref().map_or(0, Together::progress),
            _ => 0,
        }
    }

    /// Whether it has a transaction open that would have to be taken back first.
    pub(crate) fn is_begun(&self) -> bool {
        matches!(self, Call::Together(Some(together)) if together.undo().is_some())
    }
}

/// Several statements, an array of `[sql, named, values]`; without a name of a transaction they are
/// a part of the one that is open.
pub(crate) fn together(statements: &JsValue, begin: Option<&str>) -> Result<Call, Refusal> {
    let statement = |it: JsValue| {
        let it = Array::from(&it);
        let params = convert::params(it.get(1).is_truthy(), &it.get(2))?;
        Ok((it.get(0).as_string().unwrap_or_default(), params))
    };
    let statements: Result<_, Refusal> = Array::from(statements).iter().map(statement).collect();
    let begin = begin.and_then(Begin::from_name).unwrap_or(Begin::Savepoint);
    Ok(Call::Together(Some(Together::new(statements?, begin))))
}

/// The job of a call, or of its refusal.
pub(crate) fn job(session: u32, inside: bool, call: Result<Call, Refusal>) -> Job {
    call.map_or_else(Job::Refused, |call| Job::Call {
        session,
        inside,
        call,
    })
}

/// Tries a call once.
pub(crate) fn attempt(
    at: (u32, bool),
    call: &mut Call,
    patience: Patience,
) -> Result<JsValue, JobError> {
    let integers = jobs::integers(at.0);
    if let (Patience::Wait, Call::Run { sql, .. } | Call::Rows { sql, .. }) = (patience, &*call) {
        jobs::reserve(at.0, sql)?;
    }
    match call {
        Call::Run { sql, params } => {
            let run = jobs::with_session_inside(at, sql, |it| it.run(sql, params, patience));
            run.map(|ran| convert::ran(ran, integers))
        }
        Call::Rows { sql, rows, done } => run_rows(at, sql, rows, done, patience),
        Call::Together(together) => run_together(at, together, integers, patience),
        Call::Describe { sql } => {
            let described = jobs::with_session_inside(at, sql, |it| it.describe(sql));
            described.map(|description| description_to_js(&description))
        }
        Call::Held(held) => held::attempt(at, held),
        Call::Iterate {
            cursor,
            sql,
            params,
            count,
        } => pull(at, sql, |session, rows| {
            session.open_cursor(*cursor, sql, params, at.1)?;
            session.pull(*cursor, *count, rows)
        }),
        Call::Pull { cursor, count } => {
            pull(at, "", |session, rows| session.pull(*cursor, *count, rows))
        }
        Call::EndCursor { cursor, expired } => jobs::with_session_inside(at, "", |session| {
            match expired {
                true => session.expire_cursor(*cursor),
                false => session.end_cursor(*cursor, None),
            }
            Ok(JsValue::UNDEFINED)
        }),
    }
}

/// Answers `[rows, done]`.
fn pull(
    at: (u32, bool),
    sql: &str,
    work: impl FnOnce(&Session, &mut Rows) -> Result<Pulled, EngineError>,
) -> Result<JsValue, JobError> {
    let mut rows = Rows::new(jobs::integers(at.0));
    let pulled = jobs::with_session_inside(at, sql, |session| work(session, &mut rows))?;
    let rows = rows.into_js(&convert::columns_to_js(&pulled.columns))?;
    Ok(Array::of2(&rows, &pulled.is_done.into()).into())
}

/// Answers the number of rows that were changed.
fn run_rows(
    at: (u32, bool),
    sql: &str,
    rows: &Packed,
    done: &mut usize,
    patience: Patience,
) -> Result<JsValue, JobError> {
    let cells = packed::cells(&rows.bytes)?;
    let run = jobs::with_session_inside(at, sql, |session| {
        let run = session.run_rows(sql, (&cells, rows.width), done, patience);
        run.map_err(|mut error| {
            let row = rows.first as usize + *done;
            error.message = format!("rows[{row}]: {}", error.message);
            error
        })
    });
    run.map(convert::count_to_js)
}

/// Answers an array of `[rows, {changes, lastInsertRowid}]`. One that is
/// neither done nor taken back goes on here, or is taken back by whatever its connection does next.
fn run_together(
    at: (u32, bool),
    call: &mut Option<Together<Rows>>,
    integers: Integers,
    patience: Patience,
) -> Result<JsValue, JobError> {
    let together = call.as_mut().expect("it is taken out at its end only");
    jobs::set_unfinished(at.0, None);
    let run = jobs::with_session_inside(at, &together.text(), |session| {
        session.run_together(together, patience, || Rows::new(integers))
    });
    jobs::set_unfinished(at.0, together.undo());
    run?;
    let answers = call.take().map_or(Vec::new(), Together::into_answers);
    let answer = |(columns, rows, ran): Answer<Rows>| {
        let rows = rows.into_js(&convert::columns_to_js(&columns))?;
        let ran = convert::ran(ran, integers);
        Ok(JsValue::from(Array::of2(&rows, &ran)))
    };
    let answers: Result<Array, JobError> = answers.into_iter().map(answer).collect();
    answers.map(JsValue::from)
}

/// `{columns, parameters, onlyReads}`
fn description_to_js(description: &Description) -> JsValue {
    let columns: Array = description.columns.iter().map(column_to_js).collect();
    let names = description.parameters.iter();
    let parameters: Array = names.map(|name| JsValue::from(name.as_deref())).collect();
    object(&[
        ("columns", columns.into()),
        ("parameters", parameters.into()),
        ("onlyReads", description.only_reads.into()),
        ("reads", reads_to_js(&description.reads)),
    ])
}

/// `{tables, files}`, both arrays of pairs.
fn reads_to_js(reads: &ReadSet) -> JsValue {
    let pair = |one: Option<&str>, two: &str| Array::of2(&one.into(), &two.into());
    let tables = reads.tables.as_ref().map(|tables| -> Array {
        let pairs = tables.iter().map(|(it, table)| pair(it.as_deref(), table));
        pairs.collect()
    });
    let files = reads
        .files
        .iter()
        .map(|(name, path)| pair(Some(name), path));
    object(&[
        ("tables", tables.into()),
        ("files", files.collect::<Array>().into()),
    ])
}

fn column_to_js(column: &Column) -> JsValue {
    let origin = |part: usize| JsValue::from(column.origin.as_ref().map(|it| &*it[part]));
    object(&[
        ("name", (&*column.name).into()),
        ("declaredType", column.declared_type.as_deref().into()),
        ("database", origin(0)),
        ("table", origin(1)),
        ("column", origin(2)),
    ])
}
