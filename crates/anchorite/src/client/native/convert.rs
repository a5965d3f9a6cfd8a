//! Values of the client as those of the engine, and back. Called by `mod.rs` and `streams.rs`.

use anchorite_engine as engine;

use crate::client::rows::{Columns, Row};
use crate::client::value::{Params, Value};
use crate::error::Error;

/// Up to here every integer is exact as a number of JavaScript.
const SAFE_NUMBER_MAX: f64 = 9_007_199_254_740_991.0;

pub(super) fn bound(params: Params) -> Result<engine::Params, Error> {
    Ok(match params {
        Params::Positional(values) => engine::Params::Positional(
            values
                .into_iter()
                .map(to_engine)
                .collect::<Result<_, _>>()?,
        ),
        Params::Named(values) => {
            let named = values
                .into_iter()
                .map(|(name, value)| Ok((name, to_engine(value)?)));
            engine::Params::Named(named.collect::<Result<_, Error>>()?)
        }
    })
}

fn to_engine(value: Value) -> Result<engine::Value, Error> {
    Ok(match value {
        Value::Null => engine::Value::Null,
        Value::Integer(integer) => engine::Value::Integer(integer),
        Value::Real(real) if real.is_nan() => {
            let message = "a parameter is NaN, which SQLite cannot store";
            return Err(Error::new("INVALID_PARAMETER", message));
        }
        Value::Real(real) => number(real),
        Value::Text(text) => engine::Value::Text(text),
        Value::Blob(bytes) => engine::Value::Blob(bytes),
    })
}

/// What a number of JavaScript becomes (`crates/wasm/src/convert.rs`), so that SQL answers the same
/// here as in a browser.
fn number(real: f64) -> engine::Value {
    let is_negative_zero = real == 0.0 && real.is_sign_negative();
    if real.trunc() == real && real.abs() <= SAFE_NUMBER_MAX && !is_negative_zero {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it has no fraction, and fits"
        )]
        return engine::Value::Integer(real as i64);
    }
    engine::Value::Real(real)
}

fn from_engine(value: engine::Value) -> Value {
    match value {
        engine::Value::Null => Value::Null,
        engine::Value::Integer(integer) => Value::Integer(integer),
        engine::Value::Real(real) => Value::Real(real),
        engine::Value::Text(text) => Value::Text(text),
        engine::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

pub(super) fn rows(names: &[String], values: Vec<engine::Value>) -> Vec<Row> {
    let columns: Columns = names.into();
    let mut values = values.into_iter().map(from_engine);
    let mut rows = Vec::with_capacity(values.len() / columns.len().max(1));
    while values.len() > 0 {
        let values = values.by_ref().take(columns.len()).collect();
        let columns = columns.clone();
        rows.push(Row { columns, values });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bound_as_those_of_javascript() {
        assert_eq!(number(5.0), engine::Value::Integer(5));
        assert_eq!(number(5.5), engine::Value::Real(5.5));
        assert_eq!(number(1e300), engine::Value::Real(1e300));
        let zero = number(-0.0);
        assert!(matches!(zero, engine::Value::Real(zero) if zero.is_sign_negative()));
    }
}
