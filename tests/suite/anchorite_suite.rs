//! rusqlite's own tests over our VFS: `crates/xtask/src/suite.rs` puts this file into a copy of
//! that crate, where `open_in_memory` asks it for a name.
//!
//! Called by `tests/page/suite/worker.ts`. It must not know any test.

use std::cell::Cell;

use js_sys::{Array, Object, Promise};
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::__rt::Context;

/// What rusqlite's tests take from a newer standard library.
macro_rules! assert_matches {
    ($value:expr, $($pattern:tt)+) => {
        assert!(matches!($value, $($pattern)+))
    };
}
pub(crate) use assert_matches;

thread_local! {
    /// The number of the next file, once there are files.
    static NEXT: Cell<Option<u32>> = const { Cell::new(None) };
}

fn file(number: u32) -> String {
    format!("suite/{number}.db")
}

/// What a test opens that asks for a database in memory: a file that nobody had before.
pub(crate) fn fresh() -> String {
    let Some(number) = NEXT.get() else {
        return ":memory:".to_owned();
    };
    NEXT.set(Some(number + 1));
    file(number)
}

/// From now on tests get files, of which there are `count`.
#[wasm_bindgen]
pub fn suite_on_files(count: u32) -> Promise {
    future_to_promise(async move {
        let files = (0..count).map(file).collect();
        let options = anchorite::Options { files, create: true };
        let installed = anchorite::install(options).await;
        installed.map_err(|error| JsValue::from(error.to_string()))?;
        NEXT.set(Some(0));
        Ok(JsValue::UNDEFINED)
    })
}

/// Runs all tests. Each tells its name and what came of it by `__wbg_test_output_writeln`.
#[wasm_bindgen]
pub fn suite_run() -> Promise {
    let exports = Object::from(wasm_bindgen::exports());
    let entries = Object::entries(&exports);
    let tests = entries.iter().filter_map(|entry| {
        let entry = Array::from(&entry);
        let name = entry.get(0).as_string()?;
        name.starts_with("__wbgt_").then(|| entry.get(1))
    });
    let context = Context::new(false);
    context.run(tests.collect())
}
