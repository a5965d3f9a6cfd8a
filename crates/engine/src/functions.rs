//! SQL functions that the host carries out; used by `crates/wasm`. It must not know how.

use std::panic::AssertUnwindSafe;

use rusqlite::functions::{self, Context, FunctionFlags, WindowAggregate};
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
    /// Whether it may be called by the SQL of a call only, and by no view, trigger, index or
    /// default of a schema, which somebody else may have written.
    pub direct_only: bool,
}

impl Declared {
    fn flags(&self) -> FunctionFlags {
        // Schemas are not trusted, so what they may call has to be said to do no harm.
        let reach = match self.direct_only {
            true => FunctionFlags::SQLITE_DIRECTONLY,
            false => FunctionFlags::SQLITE_INNOCUOUS,
        };
        let pure = match self.deterministic {
            true => FunctionFlags::SQLITE_DETERMINISTIC,
            false => FunctionFlags::empty(),
        };
        FunctionFlags::SQLITE_UTF8 | reach | pure
    }

    fn arity(&self) -> i32 {
        self.arity.map_or(-1, i32::from)
    }
}

/// Why a function has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The statement fails with these words.
    Failed(String),
    /// The statement is stopped, as by its [`Pace`](crate::Pace).
    Stopped,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Failed(words) => Self::UserFunctionError(words.into()),
            // With words of its own SQLite would give it another code.
            Failure::Stopped => Self::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None),
        }
    }
}

/// A function of many rows that the host carries out.
pub trait Aggregate: Send + 'static {
    /// What is known of the rows so far.
    type State: Send;

    /// Of no rows.
    ///
    /// # Errors
    /// As the host's.
    fn start(&self) -> Result<Self::State, Failure>;

    /// One row more.
    ///
    /// # Errors
    /// As the host's.
    fn step(&self, state: &mut Self::State, arguments: &[Value]) -> Result<(), Failure>;

    /// One row less, the first of those that are there; asked only of one that is
    /// [made](Session::create_aggregate) for windows.
    ///
    /// # Errors
    /// As the host's.
    fn inverse(&self, state: &mut Self::State, arguments: &[Value]) -> Result<(), Failure>;

    /// The answer.
    ///
    /// # Errors
    /// As the host's.
    fn result(&self, state: &Self::State) -> Result<Value, Failure>;
}

/// As rusqlite wants it.
struct Hosted<A>(A);

impl<A: Aggregate> Hosted<A> {
    fn answer(&self, state: Option<&A::State>) -> rusqlite::Result<Value> {
        Ok(match state {
            Some(state) => self.0.result(state)?,
            None => self.0.result(&self.0.start()?)?,
        })
    }
}

impl<A: Aggregate> functions::Aggregate<AssertUnwindSafe<A::State>, Value> for Hosted<A> {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<AssertUnwindSafe<A::State>> {
        Ok(AssertUnwindSafe(self.0.start()?))
    }

    fn step(
        &self,
        context: &mut Context<'_>,
        state: &mut AssertUnwindSafe<A::State>,
    ) -> rusqlite::Result<()> {
        Ok(self.0.step(state, &arguments(context)?)?)
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        state: Option<AssertUnwindSafe<A::State>>,
    ) -> rusqlite::Result<Value> {
        self.answer(state.as_deref())
    }
}

impl<A: Aggregate> WindowAggregate<AssertUnwindSafe<A::State>, Value> for Hosted<A> {
    fn value(&self, state: Option<&mut AssertUnwindSafe<A::State>>) -> rusqlite::Result<Value> {
        self.answer(state.map(|state| &**state))
    }

    fn inverse(
        &self,
        context: &mut Context<'_>,
        state: &mut AssertUnwindSafe<A::State>,
    ) -> rusqlite::Result<()> {
        Ok(self.0.inverse(state, &arguments(context)?)?)
    }
}

impl Session {
    /// Makes a function of this connection.
    ///
    /// # Errors
    /// `SQLITE_MISUSE` for a name that is too long; `SQLITE_BUSY` while statements are running.
    pub fn create_function(
        &self,
        declared: &Declared,
        call: impl Fn(Vec<Value>) -> Result<Value, Failure> + Send + 'static,
    ) -> Result<(), EngineError> {
        let answer = move |context: &Context<'_>| Ok(call(arguments(context)?)?);
        let (name, arity, flags) = (&*declared.name, declared.arity(), declared.flags());
        let connection = &self.connection;
        Ok(connection.create_scalar_function(name, arity, flags, answer)?)
    }

    /// Makes a function of many rows, and of the rows of a window that moves if it shall.
    ///
    /// # Errors
    /// As [`create_function`](Self::create_function).
    pub fn create_aggregate(
        &self,
        declared: &Declared,
        of_windows: bool,
        aggregate: impl Aggregate,
    ) -> Result<(), EngineError> {
        let (name, arity, flags) = (&*declared.name, declared.arity(), declared.flags());
        let (connection, hosted) = (&self.connection, Hosted(aggregate));
        Ok(match of_windows {
            true => connection.create_window_function(name, arity, flags, hosted),
            false => connection.create_aggregate_function(name, arity, flags, hosted),
        }?)
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
