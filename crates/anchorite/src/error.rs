//! One error for all that can go wrong: a code to act on, and words.
//!
//! Made by every part of this crate, and, in `sqlite_error.rs`, of SQLite's. The codes are those of
//! the npm package (docs/errors.md).

use std::borrow::Cow;
use std::fmt;

type Code = Cow<'static, str>;

/// A failed call: what to react to by its code, what to show by its words.
///
/// ```
/// # #[cfg(feature = "engine")] {
/// use anchorite::rusqlite::Connection;
///
/// fn twice() -> Result<(), anchorite::Error> {
///     let db = Connection::open_in_memory()?;
///     db.execute_batch("CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1)")?;
///     db.execute("INSERT INTO a VALUES (1)", ())?;
///     Ok(())
/// }
///
/// let error = twice().unwrap_err();
/// assert_eq!(error.code(), "SQLITE_CONSTRAINT");
/// assert_eq!(error.extended_code(), "SQLITE_CONSTRAINT_UNIQUE");
/// assert_eq!(error.to_string(), "SQLITE_CONSTRAINT_UNIQUE: UNIQUE constraint failed: a.b");
/// # }
/// ```
#[derive(Debug)]
pub struct Error {
    pub(crate) code: Code,
    pub(crate) extended_code: Code,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(code: impl Into<Code>, message: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            code: code.clone(),
            extended_code: code,
            message: message.into(),
            source: None,
        }
    }

    /// SQLite's primary code by its name, for instance `SQLITE_BUSY`; or one of ours.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// SQLite's extended code by its name, for instance `SQLITE_CONSTRAINT_UNIQUE`; equal to
    /// [`code`](Self::code) where there is none.
    #[must_use]
    pub fn extended_code(&self) -> &str {
        &self.extended_code
    }

    /// What went wrong, and with a code of ours what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.extended_code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
