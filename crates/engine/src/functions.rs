//! SQL functions that the host carries out; used by `crates/wasm`. It must not know how.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Error, ffi};

use crate::error::EngineError;
use crate::session::Session;
use crate::value::{Sink, Value, no_memory};

/// What a function is called, and what SQLite may take for granted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Any that SQLite takes; one of SQLite's own is replaced.
    pub name: String,
    /// How many arguments it takes; `None`: any number.
    pub arity: Option<u8>,
    /// Whether it always answers the same to the same arguments.
    pub deterministic: bool,
}

/// Why a function has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The statement fails with these words.
    Failed(String),
    /// The statement is stopped, as by its [`Pace`](crate::Pace).
    Stopped,
}

impl Session {
    /// Makes a function of this connection. It may be called by the SQL of a call only, and by no
    /// view, trigger, index or default of a schema, which somebody else may have written.
    ///
    /// # Errors
    /// `SQLITE_MISUSE` for a name that is too long; `SQLITE_BUSY` while statements are running.
    pub fn create_function(
        &self,
        declared: &Declared,
        call: impl Fn(Vec<Value>) -> Result<Value, Failure> + Send + 'static,
    ) -> Result<(), EngineError> {
        let mut flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        if declared.deterministic {
            flags |= FunctionFlags::SQLITE_DETERMINISTIC;
        }
        let arity = declared.arity.map_or(-1, i32::from);
        let answer = move |context: &Context<'_>| {
            let arguments = arguments(context)?;
            call(arguments).map_err(|failure| match failure {
                Failure::Failed(words) => Error::UserFunctionError(words.into()),
                // With words of its own SQLite would give it another code.
                Failure::Stopped => {
                    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
                }
            })
        };
        let name = declared.name.as_str();
        Ok(self
            .connection
            .create_scalar_function(name, arity, flags, answer)?)
    }
}

fn arguments(context: &Context<'_>) -> rusqlite::Result<Vec<Value>> {
    let mut arguments = Vec::new();
    for index in 0..context.len() {
        let taken = arguments.take(context.get_raw(index));
        taken.map_err(|_| no_memory())?;
    }
    Ok(arguments)
}
