//! Errors of SQLite as those of this crate: of rusqlite by `?`, and of the engine.
//!
//! Used wherever SQLite is in this very module, which is not so for a client in a browser.

use anchorite_engine::{EngineError, code_name};

use crate::error::Error;

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        Self {
            code: error.code.into(),
            extended_code: error.extended_code.into(),
            message: error.message,
            source: None,
        }
    }
}

/// With the words of the medium, where SQLite passes on only a number; so it is to be made right
/// after the call that failed.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let message = words(&error);
        let Some(extended) = extended_code(&error) else {
            let made = Self::new(code_of(&error), message);
            let source = Some(error.into());
            return Self { source, ..made };
        };
        medium::explain(Self {
            code: code_name(extended & 0xff).into(),
            extended_code: code_name(extended).into(),
            message,
            source: Some(error.into()),
        })
    }
}

/// SQLite's number, if it is an error of SQLite.
fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    use rusqlite::Error::{SqlInputError, SqliteFailure};
    match error {
        SqliteFailure(error, _) | SqlInputError { error, .. } => Some(error.extended_code),
        _ => None,
    }
}

/// Those of SQLite without its number, and without the statement.
fn words(error: &rusqlite::Error) -> String {
    use rusqlite::Error::{SqlInputError, SqliteFailure};
    match error {
        SqliteFailure(_, Some(words)) | SqlInputError { msg: words, .. } => words.clone(),
        other => other.to_string(),
    }
}

/// Of an error that rusqlite makes itself.
fn code_of(error: &rusqlite::Error) -> &'static str {
    use rusqlite::Error as E;
    match error {
        E::QueryReturnedNoRows => "NO_ROWS",
        E::QueryReturnedMoreThanOneRow => "MANY_ROWS",
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..)
        | E::InvalidColumnType(..) => "INVALID_TYPE",
        E::InvalidColumnIndex(_) | E::InvalidColumnName(_) => "INVALID_COLUMN",
        E::InvalidPath(_) => "INVALID_NAME",
        E::NulError(_) | E::ExecuteReturnedResults | E::InvalidQuery | E::MultipleStatement => {
            "INVALID_SQL"
        }
        _ => "INVALID_PARAMETER",
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod medium {
    /// Natively SQLite's own words are all there are.
    pub(super) fn explain(error: super::Error) -> super::Error {
        error
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod medium {
    use anchorite_vfs::{ErrorKind, VfsError, take_last_error};

    use crate::error::Error;

    /// What SQLite answers when the medium has failed.
    const OF_THE_MEDIUM: [&str; 4] = [
        "SQLITE_BUSY",
        "SQLITE_CANTOPEN",
        "SQLITE_FULL",
        "SQLITE_IOERR",
    ];

    pub(super) fn explain(error: Error) -> Error {
        let cause = take_last_error();
        let Some(cause) = cause.filter(|_| OF_THE_MEDIUM.contains(&error.code())) else {
            return error;
        };
        let told = Error::from(cause);
        match told.code.starts_with("SQLITE_") {
            // SQLite knows better which of its codes it is.
            true => Error {
                message: format!("{}: {}", error.message, told.message),
                ..error
            },
            false => Error {
                source: error.source,
                ..told
            },
        }
    }

    impl From<VfsError> for Error {
        fn from(error: VfsError) -> Self {
            let (code, advice) = match error.kind {
                ErrorKind::Busy | ErrorKind::BusyTimeout | ErrorKind::Occupied => {
                    ("SQLITE_BUSY", "")
                }
                ErrorKind::CannotSuspend => (
                    "CANNOT_WAIT",
                    "; do it inside of anchorite::run, or name the database in the files of \
                     anchorite::install",
                ),
                ErrorKind::Exists => ("EXISTS", ""),
                ErrorKind::Full => ("SQLITE_FULL", ""),
                ErrorKind::InvalidName => ("INVALID_NAME", ""),
                ErrorKind::NoMemory => ("SQLITE_NOMEM", ""),
                ErrorKind::NotADatabase => ("SQLITE_NOTADB", ""),
                ErrorKind::NotFound => ("SQLITE_CANTOPEN", ""),
                ErrorKind::Outdated => ("OUTDATED", "; reload the page"),
                ErrorKind::Unavailable => ("OPFS_UNAVAILABLE", ""),
                _ => ("SQLITE_IOERR", ""),
            };
            Self::new(code, format!("{}{advice}", error.message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn failing(sql: &str) -> Error {
        let db = Connection::open_in_memory().expect("opens");
        let answer = db.query_one(sql, (), |row| row.get::<_, u8>(0));
        answer.expect_err("fails").into()
    }

    #[test]
    fn errors_of_sqlite_have_its_codes_and_words() {
        let error = failing("SELECT nope");
        assert_eq!(error.to_string(), "SQLITE_ERROR: no such column: nope");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn errors_of_rusqlite_have_codes_of_ours() {
        assert_eq!(failing("SELECT 1 WHERE 0").code(), "NO_ROWS");
        assert_eq!(failing("SELECT 1 UNION SELECT 2").code(), "MANY_ROWS");
        assert_eq!(failing("SELECT 'a'").code(), "INVALID_TYPE");
        assert_eq!(failing("SELECT ?1").code(), "INVALID_PARAMETER");
        assert_eq!(failing("SELECT 1; SELECT 2").code(), "INVALID_SQL");
    }
}
