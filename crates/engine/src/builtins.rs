//! Functions that every connection has beside those of SQLite: `regexp` and those of UUIDs. Used by
//! `session.rs`. They change nothing, so a schema may call them too.
//!
//! ```text
//! text REGEXP pattern      regexp(pattern, text): 1 where the pattern is found in it, else 0
//! uuid()                   a random UUID (version 4) as text
//! uuid7()                  one that begins with the time (version 7), so that keys grow
//! uuid_str(x)              the usual text of a UUID; NULL if x is none
//! uuid_blob(x)             its 16 bytes; NULL if x is none
//! ```
//!
//! Patterns are those of the crate `regex-lite`: linear time whatever the text, no look-around and
//! no back-references, classes like `\w` and `(?i)` for ASCII only.

use regex_lite::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use uuid::{Builder, Uuid};

use crate::error::EngineError;
use crate::raw;

/// Without side effects: views, triggers and CHECK may call it, whoever has written them.
const HARMLESS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_INNOCUOUS);

/// The same, and the same answer to the same question: indexes may use it.
const PURE: FunctionFlags = HARMLESS.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Makes them known to a connection.
pub(crate) fn install(connection: &Connection) -> Result<(), EngineError> {
    connection.create_scalar_function("regexp", 2, PURE, regexp)?;
    connection.create_scalar_function("uuid", 0, HARMLESS, |_| Ok(random().to_string()))?;
    connection.create_scalar_function("uuid7", 0, HARMLESS, |_| Ok(growing().to_string()))?;
    connection.create_scalar_function("uuid_str", 1, PURE, |context| {
        Ok(uuid(context).map(|uuid| uuid.to_string()))
    })?;
    connection.create_scalar_function("uuid_blob", 1, PURE, |context| {
        Ok(uuid(context).map(|uuid| uuid.into_bytes().to_vec()))
    })?;
    Ok(())
}

/// A pattern that does not change is compiled once for a statement.
fn regexp(context: &Context<'_>) -> rusqlite::Result<Option<bool>> {
    let (pattern, text) = (context.get_raw(0), context.get_raw(1));
    if pattern == ValueRef::Null || text == ValueRef::Null {
        return Ok(None);
    }
    let compiled = context.get_or_create_aux(0, compile)?;
    Ok(Some(match text {
        ValueRef::Integer(integer) => compiled.is_match(&integer.to_string()),
        text => compiled.is_match(
            text.as_str()
                .map_err(|_| refused("what is searched is no text"))?,
        ),
    }))
}

fn compile(pattern: ValueRef<'_>) -> Result<Regex, Error> {
    let pattern = pattern
        .as_str()
        .map_err(|_| refused("the pattern is no text"))?;
    Regex::new(pattern).map_err(|error| refused(&format!("{error} in the pattern {pattern:?}")))
}

fn refused(why: &str) -> Error {
    Error::UserFunctionError(format!("regexp: {why}").into())
}

fn random() -> Uuid {
    Builder::from_random_bytes(raw::random()).into_uuid()
}

fn growing() -> Uuid {
    Builder::from_unix_timestamp_millis(raw::now_ms(), &raw::random()).into_uuid()
}

/// A UUID as text, with or without hyphens and braces, or as 16 bytes.
fn uuid(context: &Context<'_>) -> Option<Uuid> {
    match context.get_raw(0) {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok(),
        text => Uuid::try_parse(text.as_str().ok()?).ok(),
    }
}
