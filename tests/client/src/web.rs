//! The module for pages: a case by its name, and a front end that others work beside.

use anchorite::{Database, Error, OpenOptions};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;

use crate::check::Failure;

/// Runs a case on databases whose names begin with `prefix`; rejects with why it has failed.
#[wasm_bindgen]
pub fn run_case(name: String, prefix: String) -> Promise {
    future_to_promise(async move {
        let place = |label: &str| OpenOptions::new(format!("{prefix}{label}.sqlite"));
        let outcome = crate::run(&name, place).await;
        outcome.map_err(|Failure(message)| message)?;
        Ok(JsValue::UNDEFINED)
    })
}

/// Adds a number to a counter, so often, in transactions of its own; resolves to what it is then.
#[wasm_bindgen]
pub fn count_up(file: String, times: u32) -> Promise {
    future_to_promise(async move {
        let count = count(file, times).await;
        Ok(count.map_err(|error| error.to_string())?.into())
    })
}

async fn count(file: String, times: u32) -> Result<u32, Error> {
    let db = Database::open(file).await?;
    for _ in 0..times {
        db.transaction(async |tx| {
            let now: u32 = tx.query_one("SELECT n FROM counter", ()).await?;
            tx.execute("UPDATE counter SET n = ?1", [now + 1]).await
        })
        .await?;
    }
    let count = db.query_one("SELECT n FROM counter", ()).await?;
    db.close().await?;
    Ok(count)
}

/// Opens a database by a folder that has no package; rejects with `CODE: message`.
#[wasm_bindgen]
pub fn open_from(folder: String) -> Promise {
    future_to_promise(async move {
        let options = OpenOptions::new(":memory:").package(folder);
        let opened = Database::open(options).await;
        opened.map_err(|error| error.to_string())?;
        Ok(JsValue::UNDEFINED)
    })
}
