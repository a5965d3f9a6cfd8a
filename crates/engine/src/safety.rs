//! What keeps a connection from harm by a hostile file or a runaway statement: the rules that each
//! is opened by, and the bounds on what SQL may ask for. Used by `session.rs`; `options.rs` says
//! what a caller may choose. It must not know files.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;

use crate::error::EngineError;
use crate::options::OpenOptions;

/// Set on each connection, before it reads anything.
const RULES: [(DbConfig, bool); 4] = [
    // No SQL damages the file: no `writable_schema`, no writes to shadow tables or pages.
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    // What a schema calls (in views, triggers, CHECK, indexes) does no harm outside of SQL.
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    // "Text" in double quotes is a name, and an error if there is none, never a string.
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
];

/// The longest text or BLOB, and row, in bytes, unless something else is asked for.
const LENGTH_MAX: u32 = 256 * 1024 * 1024;
const LENGTH: &str = "length";

/// What can be bounded. Source: <https://sqlite.org/c3ref/c_limit_attached.html>.
const LIMITS: [(&str, Limit); 14] = [
    (LENGTH, Limit::SQLITE_LIMIT_LENGTH),
    ("sqlLength", Limit::SQLITE_LIMIT_SQL_LENGTH),
    ("columns", Limit::SQLITE_LIMIT_COLUMN),
    ("exprDepth", Limit::SQLITE_LIMIT_EXPR_DEPTH),
    ("parserDepth", Limit::SQLITE_LIMIT_PARSER_DEPTH),
    ("compoundSelect", Limit::SQLITE_LIMIT_COMPOUND_SELECT),
    ("vdbeOp", Limit::SQLITE_LIMIT_VDBE_OP),
    ("functionArg", Limit::SQLITE_LIMIT_FUNCTION_ARG),
    ("attached", Limit::SQLITE_LIMIT_ATTACHED),
    ("likePatternLength", Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH),
    ("variableNumber", Limit::SQLITE_LIMIT_VARIABLE_NUMBER),
    ("triggerDepth", Limit::SQLITE_LIMIT_TRIGGER_DEPTH),
    ("triggerSteps", Limit::SQLITE_LIMIT_TRIGGER_STEPS),
    ("schema", Limit::SQLITE_LIMIT_SCHEMA),
];

/// Makes a fresh connection a safe one.
pub(crate) fn protect(connection: &Connection, options: &OpenOptions) -> Result<(), EngineError> {
    for (rule, on) in RULES {
        connection.set_db_config(rule, on)?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, options.foreign_keys)?;
    // A damaged page is found when it is read, not when something goes wrong because of it.
    connection.pragma_update(None, "cell_size_check", true)?;
    set_limit(connection, LENGTH, LENGTH_MAX)?;
    options
        .limits
        .iter()
        .try_for_each(|(name, value)| set_limit(connection, name, *value))
}

/// Does something that DEFENSIVE forbids to SQL, because the caller has asked for it otherwise.
pub(crate) fn undefended<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    let outcome = work();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    outcome
}

/// SQLite takes the nearest value that it can have, and says nothing.
fn set_limit(connection: &Connection, name: &str, value: u32) -> Result<(), EngineError> {
    let known = LIMITS.iter().find(|(known, _)| *known == name);
    let Some((_, limit)) = known else {
        let names = LIMITS.map(|(name, _)| name).join(", ");
        let message = format!("there is no option \"limits.{name}\"; limits are {names}");
        return Err(EngineError::option(message));
    };
    connection.set_limit(*limit, i32::try_from(value).unwrap_or(i32::MAX))?;
    let set = connection.limit(*limit)?;
    if i64::from(set) == i64::from(value) {
        return Ok(());
    }
    let message = format!("option \"limits.{name}\" cannot be {value}; the nearest is {set}");
    Err(EngineError::option(message))
}
