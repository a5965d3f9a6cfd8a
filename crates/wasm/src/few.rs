//! Rows on their way to JavaScript: as values while they are few, since to make and to read a batch
//! of bytes takes longer; packed by `rows.rs` from there on. Used by `jobs.rs` and `calls.rs`.

use std::collections::TryReserveError;

use anchorite_engine::{Cell, Sink, Value};
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::convert::{self, Integers};
use crate::error::JobError;
use crate::rows::PackedRows;

/// Bytes of what crosses as values: each takes `VALUE_SIZE`, and texts and blobs their own.
const FEW_SIZE: usize = 1024;

/// What a value takes of those.
const VALUE_SIZE: usize = 16;

/// Takes rows.
pub(crate) struct Rows {
    integers: Integers,
    few: Vec<Value>,
    /// Bytes that are left for those.
    room: usize,
    /// How many of them are in complete rows, and in each of these.
    complete: usize,
    width: usize,
    /// All rows, once they are more.
    packed: Option<PackedRows>,
}

impl Rows {
    /// None yet.
    pub(crate) fn new(integers: Integers) -> Self {
        Self {
            integers,
            few: Vec::new(),
            room: FEW_SIZE,
            complete: 0,
            width: 0,
            packed: None,
        }
    }

    /// What few.ts reads: an array of the values, row after row, with `columns` at its end; or
    /// `{columns, batches, apart}`, as `rows.rs` draws them.
    pub(crate) fn into_js(self, columns: &JsValue) -> Result<JsValue, JobError> {
        if let Some(packed) = self.packed {
            return convert::batches(columns, packed);
        }
        let array = Array::new();
        for value in &self.few {
            array.push(&convert::answer_to_js(value, self.integers)?);
        }
        array.push(columns);
        Ok(array.into())
    }

    /// Whether there is room for another one among the few.
    fn takes(&mut self, value: Cell<'_>) -> bool {
        let size = match value {
            Cell::Text(bytes) | Cell::Blob(bytes) => VALUE_SIZE.saturating_add(bytes.len()),
            _ => VALUE_SIZE,
        };
        let left = self.room.checked_sub(size);
        self.room = left.unwrap_or(0);
        left.is_some()
    }

    /// From now on all are packed.
    fn pack(&mut self) -> Result<&mut PackedRows, TryReserveError> {
        let few = std::mem::take(&mut self.few);
        let (complete, begun) = few.split_at(self.complete);
        let mut packed = PackedRows::new(self.integers);
        for row in complete.chunks(self.width.max(1)) {
            for value in row {
                packed.take(value.as_cell())?;
            }
            packed.end_row()?;
        }
        for value in begun {
            packed.take(value.as_cell())?;
        }
        Ok(self.packed.insert(packed))
    }
}

impl Sink for Rows {
    fn take(&mut self, value: Cell<'_>) -> Result<(), TryReserveError> {
        if let Some(packed) = &mut self.packed {
            return packed.take(value);
        }
        match self.takes(value) {
            true => self.few.take(value),
            false => self.pack()?.take(value),
        }
    }

    fn end_row(&mut self) -> Result<(), TryReserveError> {
        if let Some(packed) = &mut self.packed {
            return packed.end_row();
        }
        self.width = self.few.len() - self.complete;
        self.complete = self.few.len();
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.packed.as_ref().is_some_and(Sink::is_full)
    }
}
