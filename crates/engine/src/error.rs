//! Errors of the engine: a code by name, SQLite's words, and where in the SQL text.

use std::fmt;

use crate::names::name;

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// The primary code: `SQLITE_CONSTRAINT`, or one of ours (`INVALID_SQL`, `INVALID_PARAMETER`).
    pub code: &'static str,
    /// The extended code: `SQLITE_CONSTRAINT_UNIQUE`; equal to `code` where there is none.
    pub extended_code: &'static str,
    /// What went wrong, in SQLite's words where they are SQLite's.
    pub message: String,
    /// Where in the text that was passed in: bytes of UTF-8 from its start.
    pub offset_bytes: Option<usize>,
    /// Refused where SQLite would have waited for another connection: nothing was changed, and the
    /// same call may be made again (`waits.rs`).
    pub would_wait: bool,
    /// The compiler refused the statement: it has not run.
    pub compiling: bool,
}

impl EngineError {
    /// The SQL text cannot be run as asked.
    pub(crate) fn sql(message: impl Into<String>, offset_bytes: Option<usize>) -> Self {
        let code = "INVALID_SQL";
        Self {
            code,
            extended_code: code,
            message: message.into(),
            offset_bytes,
            would_wait: false,
            compiling: false,
        }
    }

    /// The parameters do not fit the statement.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::plain("INVALID_PARAMETER", message)
    }

    /// An option that this database cannot have.
    pub(crate) fn option(message: impl Into<String>) -> Self {
        Self::plain("INVALID_OPTION", message)
    }

    /// An error without a place in a text.
    pub(crate) fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            extended_code: code,
            message: message.into(),
            offset_bytes: None,
            would_wait: false,
            compiling: false,
        }
    }

    #[cold]
    fn sqlite(extended_code: i32, message: String, offset_bytes: Option<usize>) -> Self {
        let code = name(extended_code & 0xff);
        Self {
            code,
            extended_code: name(extended_code),
            message,
            offset_bytes,
            would_wait: false,
            compiling: false,
        }
    }

    /// Whether it was stopped by the host.
    pub(crate) fn is_interrupt(&self) -> bool {
        self.code == "SQLITE_INTERRUPT"
    }

    /// It was the compiler that refused.
    pub(crate) fn compiling(self) -> Self {
        Self {
            compiling: true,
            ..self
        }
    }

    /// As `From`, for an error in `sql`: rusqlite counts from the statement, we from the start.
    #[cold]
    pub(crate) fn in_text(error: rusqlite::Error, sql: &str) -> Self {
        let rusqlite::Error::SqlInputError {
            error,
            msg,
            sql: statement,
            offset,
        } = error
        else {
            return error.into();
        };
        let start = sql.len() - statement.len();
        let offset = usize::try_from(offset).ok().map(|offset| start + offset);
        Self::sqlite(error.extended_code, msg, offset)
    }
}

impl From<rusqlite::Error> for EngineError {
    #[cold]
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(error, message) => {
                let message = message.unwrap_or_else(|| error.to_string());
                Self::sqlite(error.extended_code, message, None)
            }
            other => Self::parameter(other.to_string()),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.extended_code, self.message)
    }
}

impl std::error::Error for EngineError {}
