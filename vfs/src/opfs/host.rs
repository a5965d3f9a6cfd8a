//! Randomness, time and sleep of a browser; called by `hooks.rs` and `abi/`.
//! Its native counterpart is `host_native.rs`.

use js_sys::{Date, Promise, Uint8Array};

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::opfs::web;
use crate::suspend;
pub(crate) use crate::suspend::{forget_piece, forget_pieces, linger, piece};

/// The most bytes that `crypto.getRandomValues` gives at once.
const RANDOM_SIZE_MAX: usize = 65_536;

/// Fills `buffer` from `crypto.getRandomValues`.
pub(crate) fn randomness(buffer: &mut [u8]) -> Result<()> {
    for part in buffer.chunks_mut(RANDOM_SIZE_MAX) {
        let size = u32::try_from(part.len()).expect("a chunk has at most 65,536 bytes");
        let random = Uint8Array::new_with_length(size);
        web::get_random_values(&random).map_err(|error| {
            VfsError::new(
                ErrorKind::Unavailable,
                Operation::Open,
                format!("no randomness: {error:?}"),
            )
        })?;
        random.copy_to(part);
    }
    Ok(())
}

/// Milliseconds since 1970, UTC.
#[expect(
    clippy::cast_possible_truncation,
    reason = "Date.now() is an integer below 2^53"
)]
pub(crate) fn now_ms() -> i64 {
    Date::now() as i64
}

/// Suspends for the given number of microseconds; at once outside a job, where nothing can wait.
pub(crate) fn sleep(duration_us: u64) {
    let delay_ms = u32::try_from(duration_us.div_ceil(1000)).unwrap_or(u32::MAX);
    let timer = || {
        Promise::new(&mut |resolve, _reject| {
            web::set_timeout(&resolve, f64::from(delay_ms));
        })
    };
    // A timer cannot fail, and xSleep has no way to say that nothing can wait here.
    drop(suspend::wait(timer));
}

/// Whether the stack of a job is suspended.
pub(crate) fn is_suspended() -> bool {
    suspend::is_suspended()
}
