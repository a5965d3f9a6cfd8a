//! JavaScript values ⇄ SQLite values; the rules on numbers live here only.
//!
//! ```text
//! JavaScript → SQLite                        SQLite → JavaScript
//! null                  NULL                 NULL     null
//! safe integer, not −0  INTEGER              INTEGER  number if safe, else bigint
//! any other number      REAL                 REAL     number
//! bigint                INTEGER              TEXT     string
//! string                TEXT                 BLOB     Uint8Array
//! Uint8Array            BLOB
//! ```

use std::cell::RefCell;

use anchorite_engine::{Durability, JournalMode, OpenOptions, Params, Ran, Value};
use anchorite_sorted::Map;
use anchorite_vfs::waiting::Refused;
use js_sys::{Array, BigInt, JsString, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::JobError;
use crate::media::{Sharing, Wanted};
use crate::rows::{PackedRows, Piece};

/// `Number.MAX_SAFE_INTEGER`: up to here every integer is exact as a number.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// `SAFE_INTEGER_MAX` as a float, exactly.
const SAFE_NUMBER_MAX: f64 = 9_007_199_254_740_991.0;

/// Why a parameter cannot be bound.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    /// It is none of the five storage classes.
    NoValue,
    /// There is no room for a copy of it.
    NoMemory,
}

/// What becomes of an INTEGER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integers {
    /// A number where that is exact, else a bigint.
    Auto,
    /// A bigint.
    Big,
    /// A number; one that would not be exact is an error.
    Throw,
}

impl Integers {
    /// As the page names it.
    fn from_name(name: &str) -> Self {
        match name {
            "bigint" => Self::Big,
            "throw" => Self::Throw,
            _ => Self::Auto,
        }
    }

    /// What a certain one becomes.
    #[expect(clippy::cast_precision_loss, reason = "at most 53 bits, checked")]
    pub(crate) fn number(self, integer: i64) -> Number {
        let is_safe = integer.unsigned_abs() <= SAFE_INTEGER_MAX;
        match (self, i32::try_from(integer)) {
            (Self::Big, _) => Number::Big,
            (_, Ok(small)) => Number::Int32(small),
            _ if is_safe => Number::Float(integer as f64),
            (Self::Throw, _) => Number::Refused,
            (Self::Auto, _) => Number::Big,
        }
    }
}

/// What an INTEGER is in JavaScript.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// A number, and a small one.
    Int32(i32),
    /// A number.
    Float(f64),
    /// A bigint.
    Big,
    /// It is not wanted.
    Refused,
}

/// From here on texts are asked about before they are copied: the glue ends the instance when it
/// gets no memory.
const LARGE_TEXT: u32 = 1 << 20;

/// Bytes that one unit of UTF-16 may become.
const UTF8_MAX: usize = 3;

/// Parameters as the page has checked and sent them.
pub(crate) fn params(named: bool, params: &JsValue) -> Result<Params, Refusal> {
    let list: &Array = params.unchecked_ref();
    if !named {
        return list
            .iter()
            .map(|value| value_from_js(&value))
            .collect::<Result<_, _>>()
            .map(Params::Positional);
    }
    let entry = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        Ok((name, value_from_js(&entry.get(1))?))
    };
    list.iter()
        .map(entry)
        .collect::<Result<_, Refusal>>()
        .map(Params::Named)
}

/// Options of `open` as the page has checked and sent them: the connection's, what its
/// answers are like, and the VFS's.
pub(crate) fn open_options(options: &JsValue) -> (OpenOptions, Integers, Wanted) {
    let get = |name: &str| Reflect::get(options, &name.into()).unwrap_or_default();
    let is = |name: &str| get(name).is_truthy();
    let integer = |name: &str| get(name).as_f64().map(integer_from_js);
    let mode = get("journalMode").as_string();
    let busy_timeout_ms = integer("busyTimeout").and_then(|limit| u32::try_from(limit).ok());
    let options = OpenOptions {
        journal_mode: mode.and_then(|name| JournalMode::from_name(&name)),
        durability: if is("relaxed") {
            Durability::Relaxed
        } else {
            Durability::Full
        },
        readonly: is("readonly"),
        create: is("create"),
        cache_size: integer("cacheSize"),
        page_size: integer("pageSize").and_then(|size| u32::try_from(size).ok()),
        busy_timeout_ms: busy_timeout_ms.unwrap_or(OpenOptions::BUSY_TIMEOUT_MS),
        foreign_keys: get("foreignKeys") != JsValue::FALSE,
        limits: limits(&get("limits")),
        ..OpenOptions::default()
    };
    let wanted = Wanted {
        temp_memory: integer("tempMemory"),
        sharing: Sharing::from_name(&get("sharing").as_string().unwrap_or_default()),
    };
    let integers = Integers::from_name(&get("int64").as_string().unwrap_or_default());
    (options, integers, wanted)
}

/// `{name: value}`, or nothing.
fn limits(limits: &JsValue) -> Vec<(String, u32)> {
    let Some(limits) = limits.dyn_ref::<Object>() else {
        return Vec::new();
    };
    let limit = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        let value = entry.get(1).as_f64().map(integer_from_js);
        let value = value.and_then(|value| u32::try_from(value).ok());
        Some((entry.get(0).as_string()?, value?))
    };
    Object::entries(limits).iter().filter_map(limit).collect()
}

/// An integer that the page has found to be one, not negative and safe.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked by the page"
)]
fn integer_from_js(number: f64) -> u64 {
    number as u64
}

/// What is none of the storage classes is refused.
pub(crate) fn value_from_js(value: &JsValue) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(number) = value.as_f64() {
        return Ok(number_from_js(number));
    }
    if let Some(text) = value.dyn_ref::<JsString>() {
        return text_from_js(text);
    }
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return blob_from_js(bytes);
    }
    let integer = value
        .clone()
        .dyn_into::<BigInt>()
        .ok()
        .and_then(|it| i64::try_from(it).ok());
    integer.map(Value::Integer).ok_or(Refusal::NoValue)
}

fn text_from_js(text: &JsString) -> Result<Value, Refusal> {
    if text.length() > LARGE_TEXT {
        drop(room_for(text.length() as usize * UTF8_MAX)?);
    }
    Ok(Value::Text(String::from(text)))
}

fn blob_from_js(bytes: &Uint8Array) -> Result<Value, Refusal> {
    bytes_from_js(bytes).map(Value::Blob)
}

/// A copy of all bytes; the glue would end the instance where there is no room for one.
pub(crate) fn bytes_from_js(bytes: &Uint8Array) -> Result<Vec<u8>, Refusal> {
    let size = bytes.length() as usize;
    let mut copy = room_for(size)?;
    copy.resize(size, 0);
    bytes.copy_to(&mut copy);
    Ok(copy)
}

fn room_for(size: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let reserved = bytes.try_reserve_exact(size);
    reserved.map(|()| bytes).map_err(|_| Refusal::NoMemory)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an integer of at most 53 bits"
)]
pub(crate) fn number_from_js(number: f64) -> Value {
    let integral = number.trunc() == number && number.abs() <= SAFE_NUMBER_MAX;
    let negative_zero = number == 0.0 && number.is_sign_negative();
    if integral && !negative_zero {
        return Value::Integer(number as i64);
    }
    Value::Real(number)
}

/// `{columns, batches, apart}`
pub(crate) fn batches(columns: &JsValue, rows: PackedRows) -> Result<JsValue, JobError> {
    let (batches, apart) = rows.finish()?;
    let bytes = |piece: Piece| Uint8Array::from(piece.as_slice());
    let list = |pieces: Vec<Piece>| pieces.into_iter().map(bytes).collect::<Array>();
    Ok(object(&[
        ("columns", columns.clone()),
        ("batches", list(batches).into()),
        ("apart", list(apart).into()),
    ]))
}

/// A value of a row, unless it is an INTEGER that is refused.
pub(crate) fn answer_to_js(value: &Value, integers: Integers) -> Result<JsValue, JobError> {
    match value {
        Value::Integer(integer) if integers.number(*integer) == Number::Refused => {
            Err(JobError::unsafe_integer(*integer))
        }
        _ => Ok(value_to_js(value, integers)),
    }
}

/// As rows have it.
pub(crate) fn value_to_js(value: &Value, integers: Integers) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Integer(integer) => integer_to_js(*integer, integers),
        Value::Real(real) => JsValue::from_f64(*real),
        Value::Text(text) => JsValue::from_str(text),
        Value::Blob(bytes) => Uint8Array::from(bytes.as_slice()).into(),
    }
}

fn integer_to_js(integer: i64, integers: Integers) -> JsValue {
    match integers.number(integer) {
        Number::Int32(number) => number.into(),
        Number::Float(number) => number.into(),
        Number::Big | Number::Refused => BigInt::from(integer).into(),
    }
}

/// `{changes, lastInsertRowid}`; what is not exact as a number is a bigint.
pub(crate) fn ran(ran: Ran, integers: Integers) -> JsValue {
    object(&[
        ("changes", count_to_js(ran.changes)),
        (
            "lastInsertRowid",
            integer_to_js(ran.last_insert_rowid, integers),
        ),
    ])
}

/// A number of rows.
#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 rows")]
pub(crate) fn count_to_js(count: u64) -> JsValue {
    JsValue::from_f64(count as f64)
}

/// `{name, alone, queues, database}`
pub(crate) fn lock(refused: Refused) -> JsValue {
    object(&[
        ("name", refused.name.into()),
        ("alone", refused.alone.into()),
        ("queues", refused.queues.into()),
        ("database", refused.database.into()),
    ])
}

/// A plain object of these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value).expect("a fresh object takes them");
    }
    object.into()
}

/// Lists of columns that are kept as JavaScript arrays; then it begins anew.
const COLUMNS_MAX: usize = 256;

thread_local! {
    static COLUMNS: RefCell<Map<Vec<String>, JsValue>> = RefCell::default();
}

/// The names of the columns, in one array for all answers that have them: to decode them takes
/// longer than to find them here. Nobody changes the array.
pub(crate) fn columns_to_js(columns: &[String]) -> JsValue {
    COLUMNS.with_borrow_mut(|known| {
        if let Some(array) = known.get(columns) {
            return array.clone();
        }
        if known.len() == COLUMNS_MAX {
            known.clear();
        }
        let made: Array = columns.iter().map(|name| JsValue::from_str(name)).collect();
        known.insert(columns.to_vec(), made.clone().into());
        made.into()
    })
}
