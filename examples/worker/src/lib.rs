//! A worker of an application's own: a database of words, and in SQL a function written in Rust
//! that finds the ones most like what somebody has typed.
//!
//! `worker.js` loads the module and passes on what the page asks. It must not know the page.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::cell::RefCell;
use std::collections::HashSet;

use anchorite::Error;
use anchorite::rusqlite::functions::FunctionFlags;
use anchorite::rusqlite::{self, Connection};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;

thread_local! {
    /// Open from the first question on.
    static WORDS: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Keeps words; resolves to how many there are now.
#[wasm_bindgen]
pub fn learn(words: Vec<String>) -> Promise {
    with_words(move |db| {
        let transaction = db.transaction()?;
        for word in words {
            transaction.execute("INSERT OR IGNORE INTO word VALUES (?1)", [word])?;
        }
        transaction.commit()?;
        let count: u32 = db.query_one("SELECT count(*) FROM word", (), |row| row.get(0))?;
        Ok(JsValue::from(count))
    })
}

/// Resolves to at most five words, the most like first.
#[wasm_bindgen]
pub fn suggest(text: String) -> Promise {
    with_words(move |db| {
        let mut question = db.prepare_cached(
            "SELECT text FROM word WHERE likeness(text, ?1) > 0.2
             ORDER BY likeness(text, ?1) DESC, text LIMIT 5",
        )?;
        let words = question.query_map([text], |row| row.get(0))?;
        Ok(words.collect::<rusqlite::Result<Vec<String>>>()?.into())
    })
}

/// What is done in `anchorite::run` may wait: for the file to be opened, and for its locks.
fn with_words(work: impl FnOnce(&mut Connection) -> Result<JsValue, Error> + 'static) -> Promise {
    let run = || {
        WORDS.with_borrow_mut(|words| match words {
            Some(db) => work(db),
            None => work(words.insert(open()?)),
        })
    };
    future_to_promise(async move {
        let answer = anchorite::run(run).await.and_then(|answer| answer);
        answer.map_err(|error| error.to_string().into())
    })
}

fn open() -> Result<Connection, Error> {
    let db = Connection::open("words.db")?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE IF NOT EXISTS word (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    )?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("likeness", 2, flags, |call| {
        let (one, other): (String, String) = (call.get(0)?, call.get(1)?);
        Ok(likeness(&one, &other))
    })?;
    Ok(db)
}

/// The share of pairs of letters that two words have in common, from 0 to 1.
fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (pairs(one), pairs(other));
    let common = one.intersection(&other).count();
    let all = one.len() + other.len();
    if all == 0 {
        0.0
    } else {
        2.0 * common as f64 / all as f64
    }
}

fn pairs(word: &str) -> HashSet<(char, char)> {
    let letters = format!(" {word} ").to_lowercase();
    letters.chars().zip(letters.chars().skip(1)).collect()
}
