//! What is counted of a connection, of its database and of this instance, as JavaScript sees it;
//! used by `jobs.rs`. js/src/protocol.ts says what each number means.

use anchorite_engine::Counters;
use anchorite_vfs::{Wal, counters};
use wasm_bindgen::JsValue;

use crate::convert::{count_to_js, object};

/// `{path, cache, statements, schema, files, suspensions, wal}`
pub(crate) fn to_js(path: &str, counted: &Counters, wal: Option<Wal>) -> JsValue {
    let io = counters();
    let cache = numbers(&[
        ("hits", counted.cache_hits),
        ("misses", counted.cache_misses),
        ("writes", counted.cache_writes),
        ("spills", counted.cache_spills),
        ("bytes", counted.cache_bytes),
    ]);
    let files = numbers(&[
        ("reads", io.reads),
        ("readBytes", io.read_bytes),
        ("writes", io.writes),
        ("writtenBytes", io.written_bytes),
        ("flushes", io.flushes),
    ]);
    object(&[
        ("path", path.into()),
        ("cache", cache),
        ("statements", numbers(&[("bytes", counted.statement_bytes)])),
        ("schema", numbers(&[("bytes", counted.schema_bytes)])),
        ("files", files),
        ("suspensions", count_to_js(io.suspensions)),
        ("wal", wal.map_or(JsValue::UNDEFINED, wal_to_js)),
    ])
}

/// `{bytes, frames, checkpointed, oldestReader}`
fn wal_to_js(wal: Wal) -> JsValue {
    let oldest = wal.oldest_reader.map(f64::from);
    object(&[
        ("bytes", count_to_js(wal.bytes)),
        ("frames", wal.frames.into()),
        ("checkpointed", wal.checkpointed.into()),
        (
            "oldestReader",
            oldest.map_or(JsValue::UNDEFINED, JsValue::from),
        ),
    ])
}

fn numbers(entries: &[(&str, u64)]) -> JsValue {
    let numbers: Vec<_> = entries
        .iter()
        .map(|(name, count)| (*name, count_to_js(*count)))
        .collect();
    object(&numbers)
}
