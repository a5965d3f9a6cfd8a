//! Randomness and time as SQLite sees them, and the hooks that tests use to fix both.
//!
//! Called by `abi/`. Unhooked, randomness is the platform's cryptographic source and the clock
//! is the system's. Hooked, both twins and a native run can be compared byte for byte.

use std::cell::Cell;

use crate::error::Result;
use crate::host;

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
    static CLOCK_MS: Cell<Option<i64>> = const { Cell::new(None) };
    static SLEEPER: Cell<Option<fn(u64)>> = const { Cell::new(None) };
}

/// For tests: from now on randomness is a fixed sequence that follows from `seed`.
pub fn seed(seed: u32) {
    SEED.set(Some(u64::from(seed)));
    crate::abi::reset_randomness();
}

/// For tests: from now on the clock stands still at `unix_ms` (UTC, milliseconds since 1970).
pub fn fix_clock(unix_ms: i64) {
    CLOCK_MS.set(Some(unix_ms));
}

/// For tests: from now on to sleep is to call this, with microseconds.
pub fn sleep_by(sleeper: fn(u64)) {
    SLEEPER.set(Some(sleeper));
}

/// Sleeps for so many microseconds.
pub(crate) fn sleep(duration_us: u64) {
    let sleeper = SLEEPER.get().unwrap_or(host::sleep);
    sleeper(duration_us);
}

/// Fills `buffer` with random bytes.
pub(crate) fn randomness(buffer: &mut [u8]) -> Result<()> {
    let Some(mut state) = SEED.get() else {
        return host::randomness(buffer);
    };
    for byte in buffer.iter_mut() {
        *byte = split_mix(&mut state).to_le_bytes()[0];
    }
    SEED.set(Some(state));
    Ok(())
}

/// Milliseconds since 1970, UTC.
pub(crate) fn now_ms() -> i64 {
    CLOCK_MS.get().unwrap_or_else(host::now_ms)
}

/// SplitMix64 (Steele, Lea, Flood 2014): good enough to make test runs differ by their seed.
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
