//! Parameters of a statement, by position or by name; bound by `session.rs`.
//!
//! Loud on purpose: a missing, superfluous or unknown parameter is an error that names it,
//! because SQLite itself would take a missing one as NULL.

use rusqlite::Statement;

use crate::error::EngineError;
use crate::value::Value;

/// Values for the placeholders of one statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Params {
    /// For `?`, `?NNN`, in order of their numbers.
    Positional(Vec<Value>),
    /// For `:name`, `@name`, `$name`; each with its mark or without.
    Named(Vec<(String, Value)>),
}

impl Params {
    /// No parameters at all.
    pub const NONE: Self = Params::Positional(Vec::new());

    /// Binds all values, after checking that they fit the statement.
    pub(crate) fn bind(&self, statement: &mut Statement<'_>) -> Result<(), EngineError> {
        match self {
            Params::Positional(values) => bind_positional(values, statement),
            Params::Named(entries) => bind_named(entries, statement),
        }
    }
}

fn bind_positional(values: &[Value], statement: &mut Statement<'_>) -> Result<(), EngineError> {
    let expected = statement.parameter_count();
    if values.len() != expected {
        let given = values.len();
        let plural = if expected == 1 {
            "parameter"
        } else {
            "parameters"
        };
        let message = format!("the statement takes {expected} {plural}, {given} given");
        return Err(EngineError::parameter(message));
    }
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

fn bind_named(
    entries: &[(String, Value)],
    statement: &mut Statement<'_>,
) -> Result<(), EngineError> {
    let names = names(statement)?;
    let unknown = entries
        .iter()
        .find(|(key, _)| !names.iter().any(|name| is_name(key, name)));
    if let Some((key, _)) = unknown {
        let message = format!("the statement has no parameter {key:?}; it has {names:?}");
        return Err(EngineError::parameter(message));
    }
    for (index, name) in names.iter().enumerate() {
        let mut given = entries.iter().filter(|(key, _)| is_name(key, name));
        let Some((_, value)) = given.next() else {
            return Err(EngineError::parameter(format!(
                "no value given for parameter {name:?}"
            )));
        };
        if given.next().is_some() {
            return Err(EngineError::parameter(format!(
                "two values given for {name:?}"
            )));
        }
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

/// The names of all parameters, in order; a nameless one cannot be bound by name.
fn names(statement: &Statement<'_>) -> Result<Vec<String>, EngineError> {
    let name = |number| {
        statement
            .parameter_name(number)
            .map(str::to_owned)
            .ok_or_else(|| {
                let message = format!("parameter {number} has no name; pass an array of values");
                EngineError::parameter(message)
            })
    };
    (1..=statement.parameter_count()).map(name).collect()
}

/// `name` begins with its mark; `key` may, too.
fn is_name(key: &str, name: &str) -> bool {
    key == name || name.get(1..) == Some(key)
}
