//! Randomness, time and sleep of the operating system, for native builds; called by `hooks.rs`
//! and `abi/`. Its browser counterpart is `opfs/host.rs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{ErrorKind, Operation, Result, VfsError};

/// Fills `buffer` from the operating system's cryptographic source.
pub(crate) fn randomness(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer)
        .map_err(|error| VfsError::new(ErrorKind::Io, Operation::Open, error.to_string()))
}

/// Milliseconds since 1970, UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the native clock; the browser's is in opfs/host.rs"
)]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).expect("the clock is before the year 292 million")
}

/// Natively nothing is done in pieces.
pub(crate) fn piece<T>(_key: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    work()
}

/// There are none.
pub(crate) fn forget_piece(_key: &str) {}

/// There are none.
pub(crate) fn forget_pieces() {}

/// Nothing is left to wait for.
pub(crate) fn linger() -> Result<()> {
    Ok(())
}

/// Sleeps for the given number of microseconds.
pub(crate) fn sleep(duration_us: u64) {
    std::thread::sleep(Duration::from_micros(duration_us));
}

/// Whether the stack of a job is suspended: natively none ever is.
pub(crate) fn is_suspended() -> bool {
    false
}
