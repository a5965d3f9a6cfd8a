//! Many values in one piece of bytes, as js/src/packed.ts writes them: one crossing for a batch of
//! rows. Used by `calls.rs`; the values are bound from where they lie. What comes out is in
//! `rows.rs`.
//!
//! ```text
//! a value   a byte for its kind, and then
//!   0       NULL: nothing
//!   1       number: 8 bytes, a float; what it becomes is decided in convert.rs
//!   2       bigint: 8 bytes, a signed integer
//!   3       string: 4 bytes, its size; UTF-8
//!   4       Uint8Array: 4 bytes, its size; the bytes
//! ```
//!
//! All little-endian.

use anchorite_engine::{Cell, Value};

use crate::convert::number_from_js;
use crate::error::JobError;

/// Rows of values.
pub(crate) struct Packed {
    /// Row after row.
    pub(crate) bytes: Vec<u8>,
    /// Values in a row.
    pub(crate) width: usize,
    /// The number of the first row, among those of other batches.
    pub(crate) first: u32,
}

/// All values.
pub(crate) fn cells(bytes: &[u8]) -> Result<Vec<Cell<'_>>, JobError> {
    let mut rest = bytes;
    let mut cells = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        rest = after;
        let cell = cell(*kind, &mut rest).ok_or_else(JobError::not_packed)?;
        cells.push(cell);
    }
    Ok(cells)
}

fn cell<'bytes>(kind: u8, rest: &mut &'bytes [u8]) -> Option<Cell<'bytes>> {
    Some(match kind {
        0 => Cell::Null,
        1 => match number_from_js(f64::from_le_bytes(take(rest)?)) {
            Value::Integer(integer) => Cell::Integer(integer),
            Value::Real(real) => Cell::Real(real),
            _ => return None,
        },
        2 => Cell::Integer(i64::from_le_bytes(take(rest)?)),
        3 => Cell::Text(sized(rest)?),
        4 => Cell::Blob(sized(rest)?),
        _ => return None,
    })
}

fn take<const SIZE: usize>(rest: &mut &[u8]) -> Option<[u8; SIZE]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn sized<'bytes>(rest: &mut &'bytes [u8]) -> Option<&'bytes [u8]> {
    let size = u32::from_le_bytes(take(rest)?) as usize;
    let (taken, after) = rest.split_at_checked(size)?;
    *rest = after;
    Some(taken)
}
