//! What a case says when something is not as SQLite expects it; used by all cases.

use std::fmt::Debug;

use rusqlite::ffi;

use crate::raw::Code;

/// Nothing, or what was expected and what was found.
pub type Outcome = Result<(), String>;

/// Two values must be the same.
pub(crate) fn equal<T: Debug + PartialEq>(what: &str, actual: T, expected: T) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: is {actual:?}, should be {expected:?}"))
}

/// Something must be so.
pub(crate) fn that(what: &str, holds: bool) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(format!("{what}: is not so"))
}

/// A call must have succeeded.
pub(crate) fn ok(what: &str, code: Code) -> Outcome {
    is_code(what, code, ffi::SQLITE_OK)
}

/// A lock must have been refused, at once and for now only.
pub(crate) fn busy(what: &str, code: Code) -> Outcome {
    is_code(what, code, ffi::SQLITE_BUSY)
}

/// A call must have answered this result code.
pub(crate) fn is_code(what: &str, code: Code, expected: Code) -> Outcome {
    if code == expected {
        return Ok(());
    }
    let (is, should) = (name(code), name(expected));
    Err(format!("{what}: answered {is}, should answer {should}"))
}

/// A call must have answered this result code or an extended one of it.
pub(crate) fn is_kind(what: &str, code: Code, expected: Code) -> Outcome {
    is_code(what, code & 0xff, expected)
}

/// A call must have failed, with this code or an extended one of it.
pub(crate) fn fails<T>(what: &str, result: Result<T, Code>, expected: Code) -> Outcome {
    match result {
        Ok(_) => Err(format!(
            "{what}: succeeded, should answer {}",
            name(expected)
        )),
        Err(code) => is_kind(what, code, expected),
    }
}

/// The value of a call that must have succeeded.
pub(crate) fn done<T>(what: &str, result: Result<T, Code>) -> Result<T, String> {
    result.map_err(|code| format!("{what}: answered {}", name(code)))
}

/// Two byte strings must be the same; only the first difference is told.
pub(crate) fn same_bytes(what: &str, actual: &[u8], expected: &[u8]) -> Outcome {
    equal(&format!("{what}, bytes"), actual.len(), expected.len())?;
    let mut pairs = actual.iter().zip(expected);
    match pairs.position(|(a, b)| a != b) {
        None => Ok(()),
        Some(at) => {
            let (a, b) = (actual[at], expected[at]);
            Err(format!("{what}, byte {at}: is {a}, should be {b}"))
        }
    }
}

fn name(code: Code) -> String {
    format!("{} ({code})", ffi::code_to_str(code))
}
