//! SQL functions that JavaScript carries out: a value goes back at once, or the stack waits for the
//! promise of one. Used by `jobs.rs`; js/src/worker/functions.ts is the other end.
//!
//! ```text
//! SQLite ── Rust ── call(number, arguments) ──► JavaScript    returns: no frame of it is left
//!                   wait(promise)                             below the engine's progress
//! SQLite ◄── value, or the words of an error
//! ```

use std::cell::RefCell;

use anchorite_engine::{Failure, Value};
use anchorite_vfs::suspend;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::{self, Integers};
use crate::turns;

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

/// Calls a function; where nothing can wait, the statement is stopped before it.
pub(crate) fn call(
    (number, name): (u32, &str),
    arguments: &[Value],
    integers: Integers,
) -> Result<Value, Failure> {
    if !suspend::may_wait() {
        return Err(Failure::Stopped);
    }
    let answer = answer(number, arguments, integers);
    if turns::pace().is_stopped() {
        return Err(Failure::Stopped);
    }
    let words = match answer.map(|value| convert::value_from_js(&value)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(_)) => "its answer is not a value SQLite can store, or there is no room".to_owned(),
        Err(thrown) => thrown.as_string().unwrap_or_default(),
    };
    THROWN.set(Some(words.clone()));
    Err(Failure::Failed(format!(
        "function \"{name}\" failed: {words}"
    )))
}

fn answer(number: u32, arguments: &[Value], integers: Integers) -> Result<JsValue, JsValue> {
    let arguments: Array = arguments
        .iter()
        .map(|value| convert::value_to_js(value, integers))
        .collect();
    let call = CALL.with_borrow(Clone::clone).ok_or(JsValue::UNDEFINED)?;
    let answer = call.call2(&JsValue::UNDEFINED, &number.into(), &arguments)?;
    match answer.dyn_ref::<Promise>() {
        Some(promise) => suspend::wait(promise),
        None => Ok(answer),
    }
}
