//! Rows in few pieces of bytes, as js/src/rows.ts reads them: JavaScript is called once for each
//! piece, and not for each value. Used by `few.rs`; what an INTEGER becomes is decided in
//! `convert.rs`.
//!
//! ```text
//! a batch   head | cells | kinds | texts | blobs         whole rows; all little-endian
//!   head    u32 rows, u32 bytes of texts
//!   cells   8 bytes for each value, row after row
//!   kinds   a byte for each value, in the same order: what its cell is
//!     0       NULL: nothing
//!     1       number: a float
//!     2       number: a signed integer of 32 bits, and 4 bytes of nothing
//!     3       bigint: a signed integer of 64 bits
//!     4       string: u32 where it begins in the texts, u32 its length; in UTF-16 units
//!     5       Uint8Array: u32 where it begins in the blobs, u32 its size
//!     6       string: u32 the number of the piece that it is, in UTF-8, and 4 bytes of nothing
//!     7       Uint8Array: the same, for its bytes
//!   texts   UTF-8 of all strings of kind 4
//!   blobs   bytes of all of kind 5
//! ```
//!
//! A batch is complete once it takes `BATCH_SIZE` bytes: a string that the page keeps may keep the
//! texts of its whole batch in memory. What is larger than `APART_SIZE` is a piece of its own.

use std::collections::TryReserveError;

use anchorite_engine::{Cell, Sink};

use crate::convert::{Integers, Number};
use crate::error::JobError;

/// After how many bytes a batch is complete.
const BATCH_SIZE: usize = 64 * 1024;

/// Bytes of the longest text or blob that is a part of a batch.
const APART_SIZE: usize = 16 * 1024;

/// After how many bytes in all a cursor hands out no more rows at once.
const FULL_SIZE: usize = 4 * 1024 * 1024;

/// Bytes of a batch before its cells.
const HEAD_SIZE: usize = 8;

/// Bytes of a cell with its kind.
const CELL_SIZE: usize = 8 + 1;

mod kind {
    pub(super) const NULL: u8 = 0;
    pub(super) const FLOAT: u8 = 1;
    pub(super) const INT32: u8 = 2;
    pub(super) const BIGINT: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const BLOB: u8 = 5;
    pub(super) const TEXT_APART: u8 = 6;
    pub(super) const BLOB_APART: u8 = 7;
}

/// What crosses as one buffer.
pub(crate) type Piece = Vec<u8>;

/// Takes rows and packs them.
pub(crate) struct PackedRows {
    integers: Integers,
    /// Batches that are complete.
    batches: Vec<Piece>,
    /// What is a piece of its own.
    apart: Vec<Piece>,
    /// Bytes of all of those.
    packed: usize,
    /// The batch at hand.
    rows: u32,
    cells: Vec<u8>,
    kinds: Vec<u8>,
    texts: Vec<u8>,
    text_units: u32,
    blobs: Vec<u8>,
    /// An INTEGER that is refused.
    refused: Option<i64>,
}

impl PackedRows {
    /// None yet.
    pub(crate) fn new(integers: Integers) -> Self {
        Self {
            integers,
            batches: Vec::new(),
            apart: Vec::new(),
            packed: 0,
            rows: 0,
            cells: Vec::new(),
            kinds: Vec::new(),
            texts: Vec::new(),
            text_units: 0,
            blobs: Vec::new(),
            refused: None,
        }
    }

    /// All batches, and what is apart from them.
    pub(crate) fn finish(mut self) -> Result<(Vec<Piece>, Vec<Piece>), JobError> {
        if let Some(integer) = self.refused {
            return Err(JobError::unsafe_integer(integer));
        }
        if self.rows > 0 {
            self.end_batch().map_err(|_| JobError::no_memory())?;
        }
        Ok((self.batches, self.apart))
    }

    /// Bytes of the batch at hand.
    fn size(&self) -> usize {
        HEAD_SIZE + self.kinds.len() * CELL_SIZE + self.texts.len() + self.blobs.len()
    }

    /// What was reserved for a batch serves the next one.
    fn end_batch(&mut self) -> Result<(), TryReserveError> {
        let mut batch = Vec::new();
        batch.try_reserve_exact(self.size())?;
        batch.extend_from_slice(&self.rows.to_le_bytes());
        batch.extend_from_slice(&to_u32(self.texts.len()).to_le_bytes());
        for part in [
            &mut self.cells,
            &mut self.kinds,
            &mut self.texts,
            &mut self.blobs,
        ] {
            batch.extend_from_slice(part);
            part.clear();
        }
        self.rows = 0;
        self.text_units = 0;
        self.packed += batch.len();
        self.batches.try_reserve(1)?;
        self.batches.push(batch);
        Ok(())
    }

    fn add(&mut self, kind: u8, cell: [u8; 8]) -> Result<(), TryReserveError> {
        self.kinds.try_reserve(1)?;
        self.cells.try_reserve(8)?;
        self.kinds.push(kind);
        self.cells.extend_from_slice(&cell);
        Ok(())
    }

    fn integer(&mut self, integer: i64) -> Result<(), TryReserveError> {
        match self.integers.number(integer) {
            Number::Int32(number) => self.add(kind::INT32, pair(number.cast_unsigned(), 0)),
            Number::Float(number) => self.add(kind::FLOAT, number.to_le_bytes()),
            Number::Big => self.add(kind::BIGINT, integer.to_le_bytes()),
            Number::Refused => {
                self.refused.get_or_insert(integer);
                self.add(kind::BIGINT, integer.to_le_bytes())
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        let (start, before) = (self.text_units, self.texts.len());
        push_text(&mut self.texts, bytes)?;
        let units = utf16_length(&self.texts[before..]);
        self.text_units += units;
        self.add(kind::TEXT, pair(start, units))
    }

    fn text_apart(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        let mut text = Vec::new();
        text.try_reserve_exact(bytes.len())?;
        push_text(&mut text, bytes)?;
        self.piece(kind::TEXT_APART, text)
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        if bytes.len() > APART_SIZE {
            let mut copy = Vec::new();
            copy.try_reserve_exact(bytes.len())?;
            push(&mut copy, bytes)?;
            return self.piece(kind::BLOB_APART, copy);
        }
        let cell = pair(to_u32(self.blobs.len()), to_u32(bytes.len()));
        push(&mut self.blobs, bytes)?;
        self.add(kind::BLOB, cell)
    }

    fn piece(&mut self, kind: u8, bytes: Vec<u8>) -> Result<(), TryReserveError> {
        self.apart.try_reserve(1)?;
        let number = to_u32(self.apart.len());
        self.packed += bytes.len();
        self.apart.push(bytes);
        self.add(kind, pair(number, 0))
    }

    fn dropping(&mut self, taken: Result<(), TryReserveError>) -> Result<(), TryReserveError> {
        taken.inspect_err(|_| *self = Self::new(self.integers))
    }
}

impl Sink for PackedRows {
    fn take(&mut self, value: Cell<'_>) -> Result<(), TryReserveError> {
        let taken = match value {
            Cell::Null => self.add(kind::NULL, [0; 8]),
            Cell::Integer(integer) => self.integer(integer),
            Cell::Real(real) => self.add(kind::FLOAT, real.to_le_bytes()),
            Cell::Text(bytes) if bytes.len() > APART_SIZE => self.text_apart(bytes),
            Cell::Text(bytes) => self.text(bytes),
            Cell::Blob(bytes) => self.blob(bytes),
        };
        self.dropping(taken)
    }

    fn end_row(&mut self) -> Result<(), TryReserveError> {
        self.rows += 1;
        if self.size() < BATCH_SIZE {
            return Ok(());
        }
        let ended = self.end_batch();
        self.dropping(ended)
    }

    fn is_full(&self) -> bool {
        self.packed >= FULL_SIZE
    }
}

/// Bytes that are not UTF-8 become U+FFFD.
fn push_text(text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TryReserveError> {
    for chunk in bytes.utf8_chunks() {
        push(text, chunk.valid().as_bytes())?;
        if !chunk.invalid().is_empty() {
            push(text, "\u{FFFD}".as_bytes())?;
        }
    }
    Ok(())
}

fn push(bytes: &mut Vec<u8>, more: &[u8]) -> Result<(), TryReserveError> {
    bytes.try_reserve(more.len())?;
    bytes.extend_from_slice(more);
    Ok(())
}

/// How many UTF-16 units a text has: one for each character, two beyond U+FFFF.
fn utf16_length(text: &[u8]) -> u32 {
    if text.is_ascii() {
        return to_u32(text.len());
    }
    let starts = text.iter().filter(|byte| *byte & 0xC0 != 0x80).count();
    let pairs = text.iter().filter(|byte| **byte >= 0xF0).count();
    to_u32(starts + pairs)
}

fn pair(first: u32, second: u32) -> [u8; 8] {
    (u64::from(second) << 32 | u64::from(first)).to_le_bytes()
}

/// A size within a batch.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a batch has less than 2000 times APART_SIZE bytes beyond BATCH_SIZE"
)]
fn to_u32(size: usize) -> u32 {
    size as u32
}
