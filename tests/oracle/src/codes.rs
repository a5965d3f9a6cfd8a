//! Names of the result codes that the data files provoke.
//!
//! Called by `corpus` for queries that must fail, and by `report` for damaged files.
//! It must not know the engine's own table of names: two tables, written apart, check each other.

use anyhow::{Result, bail};

/// The name of a primary result code.
pub(crate) fn name(code: i32) -> Result<&'static str> {
    Ok(match code & 0xff {
        1 => "SQLITE_ERROR",
        5 => "SQLITE_BUSY",
        8 => "SQLITE_READONLY",
        10 => "SQLITE_IOERR",
        11 => "SQLITE_CORRUPT",
        12 => "SQLITE_NOTFOUND",
        14 => "SQLITE_CANTOPEN",
        17 => "SQLITE_SCHEMA",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        25 => "SQLITE_RANGE",
        26 => "SQLITE_NOTADB",
        _ => bail!("result code {code} has no name here; add it"),
    })
}

/// The name of an extended result code; of the primary code where there is no extended one.
pub(crate) fn extended_name(code: i32) -> Result<&'static str> {
    Ok(match code {
        0..=0xff => name(code)?,
        275 => "SQLITE_CONSTRAINT_CHECK",
        787 => "SQLITE_CONSTRAINT_FOREIGNKEY",
        1299 => "SQLITE_CONSTRAINT_NOTNULL",
        1555 => "SQLITE_CONSTRAINT_PRIMARYKEY",
        1811 => "SQLITE_CONSTRAINT_TRIGGER",
        2067 => "SQLITE_CONSTRAINT_UNIQUE",
        2579 => "SQLITE_CONSTRAINT_ROWID",
        3091 => "SQLITE_CONSTRAINT_DATATYPE",
        _ => bail!("extended result code {code} has no name here; add it"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_codes() {
        assert_eq!(name(2067).unwrap(), "SQLITE_CONSTRAINT");
        assert_eq!(extended_name(2067).unwrap(), "SQLITE_CONSTRAINT_UNIQUE");
        assert_eq!(extended_name(1).unwrap(), "SQLITE_ERROR");
        assert!(extended_name(9999).is_err());
    }
}
