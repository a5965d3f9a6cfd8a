//! SQL values as the data files and the report write them; the table is in `tests/data/README.md`.
//!
//! Used by `corpus` for parameters and rows.
//! It must not know JavaScript's types: each value keeps SQLite's type and every bit, and the
//! browser side decides what that is in JavaScript.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use rusqlite::types::{Value, ValueRef};
use serde::{Deserialize, Serialize};

/// One SQL value; `Option::None` around it is NULL.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Wire {
    #[serde(rename = "i")]
    Integer(String),
    #[serde(rename = "r")]
    Real(String),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "b")]
    Blob(String),
}

/// A value of a result row, for the report.
pub(crate) fn from_sql(value: ValueRef<'_>) -> Result<Option<Wire>> {
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(Wire::Integer(integer.to_string())),
        ValueRef::Real(real) => Some(Wire::Real(format!("{:016x}", real.to_bits()))),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).context("a TEXT value is not UTF-8")?;
            Some(Wire::Text(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Some(Wire::Blob(to_hex(bytes))),
    })
}

/// A parameter of a data file, for binding.
pub(crate) fn to_sql(wire: Option<&Wire>) -> Result<Value> {
    Ok(match wire {
        None => Value::Null,
        Some(Wire::Integer(decimal)) => Value::Integer(
            decimal
                .parse()
                .with_context(|| format!("{{\"i\"}} holds {decimal:?}"))?,
        ),
        Some(Wire::Real(hex)) => Value::Real(real_from_hex(hex)?),
        Some(Wire::Text(text)) => Value::Text(text.clone()),
        Some(Wire::Blob(hex)) => Value::Blob(from_hex(hex)?),
    })
}

/// Bytes as lower-case hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
    }
    hex
}

fn real_from_hex(hex: &str) -> Result<f64> {
    ensure!(hex.len() == 16, "{{\"r\"}} needs 16 hex digits: {hex:?}");
    let bits = u64::from_str_radix(hex, 16).with_context(|| format!("{{\"r\"}} holds {hex:?}"))?;
    Ok(f64::from_bits(bits))
}

fn from_hex(hex: &str) -> Result<Vec<u8>> {
    ensure!(
        hex.is_ascii() && hex.len().is_multiple_of(2),
        "{{\"b\"}} needs pairs of hex digits: {hex:?}"
    );
    (0..hex.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&hex[index..index + 2], 16))
        .collect::<Result<_, _>>()
        .with_context(|| format!("{{\"b\"}} holds {hex:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &Value, json: &str) {
        let wire = from_sql(value.into()).unwrap();
        assert_eq!(serde_json::to_string(&wire).unwrap(), json);
        let read: Option<Wire> = serde_json::from_str(json).unwrap();
        assert_eq!(&to_sql(read.as_ref()).unwrap(), value);
    }

    #[test]
    fn every_value_makes_the_round_trip() {
        check(&Value::Null, "null");
        check(&Value::Integer(i64::MIN), r#"{"i":"-9223372036854775808"}"#);
        check(&Value::Real(1.0), r#"{"r":"3ff0000000000000"}"#);
        check(&Value::Real(-0.0), r#"{"r":"8000000000000000"}"#);
        check(&Value::Real(f64::INFINITY), r#"{"r":"7ff0000000000000"}"#);
        check(&Value::Text("é\u{0}😀".into()), "{\"t\":\"é\\u0000😀\"}");
        check(&Value::Blob(vec![0, 255]), r#"{"b":"00ff"}"#);
    }

    #[test]
    fn damaged_values_are_refused() {
        for json in [
            r#"{"i":"1.5"}"#,
            r#"{"r":"3ff"}"#,
            r#"{"b":"0"}"#,
            r#"{"b":"zz"}"#,
        ] {
            let wire: Option<Wire> = serde_json::from_str(json).unwrap();
            assert!(to_sql(wire.as_ref()).is_err(), "{json}");
        }
    }
}
