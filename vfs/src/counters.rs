//! How much this instance has asked of its medium; counted by `opfs/` and `suspend.rs`, read by
//! `crates/wasm`. To count is to add to a number, so nothing asks whether anybody wants to know.

use std::cell::Cell;

/// Since the instance was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads of files.
    pub reads: u64,
    /// Bytes that they asked for.
    pub read_bytes: u64,
    /// Writes to files.
    pub writes: u64,
    /// Their bytes.
    pub written_bytes: u64,
    /// Times that a file was made durable.
    pub flushes: u64,
    /// Times that the stack was suspended.
    pub suspensions: u64,
}

struct Counted {
    reads: Cell<u64>,
    read_bytes: Cell<u64>,
    writes: Cell<u64>,
    written_bytes: Cell<u64>,
    flushes: Cell<u64>,
    suspensions: Cell<u64>,
}

thread_local! {
    static COUNTED: Counted = const {
        Counted {
            reads: Cell::new(0),
            read_bytes: Cell::new(0),
            writes: Cell::new(0),
            written_bytes: Cell::new(0),
            flushes: Cell::new(0),
            suspensions: Cell::new(0),
        }
    };
}

fn add(counter: &Cell<u64>, count: usize) {
    counter.set(counter.get().wrapping_add(count as u64));
}

/// A file was read.
pub(crate) fn read(size: usize) {
    COUNTED.with(|it| {
        add(&it.reads, 1);
        add(&it.read_bytes, size);
    });
}

/// A file was written to.
pub(crate) fn written(size: usize) {
    COUNTED.with(|it| {
        add(&it.writes, 1);
        add(&it.written_bytes, size);
    });
}

/// A file was made durable.
pub(crate) fn flushed() {
    COUNTED.with(|it| add(&it.flushes, 1));
}

/// The stack was suspended.
pub(crate) fn suspended() {
    COUNTED.with(|it| add(&it.suspensions, 1));
}

/// What was counted so far.
#[must_use]
pub fn counters() -> Counters {
    COUNTED.with(|it| Counters {
        reads: it.reads.get(),
        read_bytes: it.read_bytes.get(),
        writes: it.writes.get(),
        written_bytes: it.written_bytes.get(),
        flushes: it.flushes.get(),
        suspensions: it.suspensions.get(),
    })
}
