//! SQL functions that JavaScript carries out: a value goes back at once, or the stack waits for the
//! promise of one. Used by `jobs.rs` and `declared.rs`; js/src/worker/functions.ts is the other
//! end.
//!
//! ```text
//! SQLite ── Rust ── call(number, arguments) ──► JavaScript    returns: no frame of it is left
//!                   wait(promise)                             below the engine's progress
//! SQLite ◄── value, or the words of an error
//! ```

use std::cell::RefCell;

use anchorite_engine::{Declared, EngineError, Failure, Session, Value};
use anchorite_vfs::suspend;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::{self, Integers};
use crate::turns;

/// Why a function fails that answers a promise where nothing can wait for it.
pub(crate) const CANNOT_WAIT: &str = "it has answered a promise, which the engine \"sync\" \
                                      cannot wait for: let it answer at once, or use another \
                                      engine";

thread_local! {
    /// Carries out the function of a number.
    static CALL: RefCell<Option<Function>> = const { RefCell::new(None) };
    /// The words of the last error.
    static THROWN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// How functions are called: with a number and an array of values. What it throws are words.
pub(crate) fn set_call(function: Function) {
    CALL.set(Some(function));
}

/// What a function has thrown since the last call of this.
pub(crate) fn take_thrown() -> Option<String> {
    THROWN.take()
}

/// Makes a function of a connection.
pub(crate) fn create(
    session: &Session,
    number: u32,
    declared: &Declared,
    integers: Integers,
) -> Result<(), EngineError> {
    let called = format!("function \"{}\"", declared.name);
    let call = move |values: Vec<Value>| call(number, &called, &values, integers);
    session.create_function(declared, call)
}

/// Where nothing can wait, the statement is stopped before the call.
fn call(number: u32, called: &str, values: &[Value], integers: Integers) -> Result<Value, Failure> {
    if !suspend::is_in_job() {
        return Err(Failure::Stopped);
    }
    let answer = answer(number, values, integers);
    if turns::pace().is_stopped() {
        return Err(Failure::Stopped);
    }
    let answer = answer.and_then(|answer| value(&answer));
    answer.map_err(|thrown| failed(called, &thrown))
}

fn answer(number: u32, values: &[Value], integers: Integers) -> Result<JsValue, JsValue> {
    let values = arguments(values, integers);
    let call = CALL.with_borrow(Clone::clone).ok_or(JsValue::UNDEFINED)?;
    let answer = call.call2(&JsValue::UNDEFINED, &number.into(), &values)?;
    match answer.dyn_into::<Promise>() {
        Ok(promise) if suspend::suspends() => suspend::wait(|| promise),
        Ok(_) => Err(CANNOT_WAIT.into()),
        Err(answer) => Ok(answer),
    }
}

/// What a function is called with.
pub(crate) fn arguments(values: &[Value], integers: Integers) -> Array {
    let to_js = |value| convert::value_to_js(value, integers);
    values.iter().map(to_js).collect()
}

/// What it has answered, or words.
pub(crate) fn value(answer: &JsValue) -> Result<Value, JsValue> {
    let words = "its answer is not a value SQLite can store, or there is no room";
    convert::value_from_js(answer).map_err(|_| words.into())
}

/// Why a statement fails: what was thrown by what it has called. The first of several is the cause.
pub(crate) fn failed(called: &str, thrown: &JsValue) -> Failure {
    let words = thrown.as_string().unwrap_or_default();
    let message = format!("{called} failed: {words}");
    THROWN.with_borrow_mut(|known| known.get_or_insert(words).clone());
    Failure::Failed(message)
}
