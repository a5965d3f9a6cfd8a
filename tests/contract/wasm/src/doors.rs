//! The doors of the Rust crate as its users go through them; tests/rust says what must come out.

use std::cell::RefCell;

use anchorite::rusqlite::Connection;
use anchorite::{Error, Options};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;

/// An error as JavaScript gets it: `CODE: message`.
pub(crate) fn words(error: Error) -> JsValue {
    JsValue::from(error.to_string())
}

/// `anchorite::install`
#[wasm_bindgen]
pub fn install(files: Vec<String>, create: bool) -> Promise {
    future_to_promise(async move {
        let installed = anchorite::install(Options { files, create }).await;
        installed.map_err(words).map(|()| JsValue::UNDEFINED)
    })
}

/// Runs SQL outside of `anchorite::run`, and gives the first value of the last statement.
///
/// # Errors
/// Those of rusqlite, and what the crate makes of them.
#[wasm_bindgen]
pub fn query_here(file: &str, sql: &str, question: &str) -> Result<String, JsValue> {
    query(file, sql, question).map_err(words)
}

/// The same inside of it.
#[wasm_bindgen]
pub fn query_in_run(file: String, sql: String, question: String) -> Promise {
    in_run(move || query(&file, &sql, &question))
}

thread_local! {
    static HELD: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Keeps a connection, after it has run SQL, until another one takes its place.
///
/// # Errors
/// As [`query_here`].
#[wasm_bindgen]
pub fn hold(file: &str, sql: &str) -> Result<(), JsValue> {
    let open = || -> Result<Connection, Error> {
        let db = Connection::open(file)?;
        db.execute_batch(sql)?;
        Ok(db)
    };
    HELD.set(Some(open().map_err(words)?));
    Ok(())
}

/// Asks that connection.
///
/// # Errors
/// As [`query_here`].
#[wasm_bindgen]
pub fn query_held(question: &str) -> Result<String, JsValue> {
    HELD.with_borrow(|held| {
        let held = held.as_ref().ok_or("nothing is held")?;
        let answer = held.query_one(question, (), |row| row.get(0));
        answer.map_err(|error| words(error.into()))
    })
}

/// Ends the module.
///
/// # Panics
/// On purpose.
#[wasm_bindgen]
pub fn panic_in_run() -> Promise {
    in_run(|| -> Result<String, Error> { panic!("on purpose") })
}

/// `{name, reason}` of `anchorite::build`.
#[wasm_bindgen]
#[must_use]
pub fn build() -> Vec<String> {
    let build = anchorite::build();
    build.map_or_else(Vec::new, |build| vec![build.name, build.reason])
}

/// What the features of the crate do, on a database of this name, one in a line.
#[wasm_bindgen]
pub fn try_features(file: String) -> Promise {
    in_run(move || crate::features::all(&file))
}

fn in_run(work: impl FnOnce() -> Result<String, Error> + 'static) -> Promise {
    future_to_promise(async move {
        let answer = anchorite::run(work).await.and_then(|answer| answer);
        answer.map(JsValue::from).map_err(words)
    })
}

fn query(file: &str, sql: &str, question: &str) -> Result<String, Error> {
    let db = Connection::open(file)?;
    db.execute_batch(sql)?;
    Ok(db.query_one(question, (), |row| row.get(0))?)
}
