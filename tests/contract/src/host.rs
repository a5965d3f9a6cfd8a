//! What SQLite asks of the world through a VFS: randomness, time, sleep, words for an error; and
//! of a file about its medium: xFileControl, xSectorSize, xDeviceCharacteristics.

use rusqlite::ffi::{
    SQLITE_FCNTL_POWERSAFE_OVERWRITE, SQLITE_FCNTL_SIZE_HINT, SQLITE_IOCAP_POWERSAFE_OVERWRITE,
    SQLITE_IOCAP_SUBPAGE_READ, SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN, SQLITE_NOTFOUND, SQLITE_OK,
};

use crate::check::{Outcome, done, equal, fails, is_code, that};
use crate::open::{NEW, OLD, contains, database, holds};
use crate::raw::Vfs;

/// All bytes are filled, differently each time, and evenly enough not to be a counter or a clock.
pub(crate) fn randomness_is_random(vfs: &Vfs) -> Outcome {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let mut buffer = [0; 256];
        equal("bytes", vfs.randomness(&mut buffer), 256)?;
        that("new bytes", !seen.contains(&buffer))?;
        let ones: u32 = buffer.iter().map(|byte| byte.count_ones()).sum();
        // 1024 expected of 2048; the deviation is 23, so this is ten of them.
        that("half of the bits set", (794..1254).contains(&ones))?;
        seen.push(buffer);
    }
    Ok(())
}

/// More randomness than one call of `crypto.getRandomValues` gives (65,536 bytes).
pub(crate) fn randomness_has_no_limit(vfs: &Vfs) -> Outcome {
    let mut buffer = vec![0; 200_000];
    equal("bytes", vfs.randomness(&mut buffer), 200_000)?;
    for part in buffer.chunks(64) {
        that(
            "a part without zeros only",
            part.iter().any(|byte| *byte != 0),
        )?;
    }
    equal("no bytes", vfs.randomness(&mut []), 0)
}

const UNIX_EPOCH_MS: i64 = 210_866_760_000_000;
/// The first of January of 2025.
const PAST_MS: i64 = UNIX_EPOCH_MS + 1_735_689_600_000;
/// A hundred years later.
const FUTURE_MS: i64 = PAST_MS + 100 * 365 * 86_400_000;

/// Both clocks tell the same Julian time of today.
pub(crate) fn the_clock_tells_julian_time(vfs: &Vfs) -> Outcome {
    let now = done("xCurrentTimeInt64", vfs.now_ms())?;
    that("this century", (PAST_MS..FUTURE_MS).contains(&now))?;
    let days = done("xCurrentTime", vfs.now_days())?;
    let later = done("xCurrentTimeInt64", vfs.now_ms())?;
    let fits = |ms: i64| (days_of(ms) - days).abs() < 1.0 / 86_400.0;
    that("the same in days", fits(now) || fits(later))?;
    that("forwards", later >= now)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn days_of(ms: i64) -> f64 {
    ms as f64 / 86_400_000.0
}

/// A sleep takes its time, and says so.
pub(crate) fn sleeping_takes_time(vfs: &Vfs) -> Outcome {
    let before = done("clock", vfs.now_ms())?;
    let slept = vfs.sleep(50_000);
    let passed = done("clock", vfs.now_ms())? - before;
    that(
        &format!("slept {slept} of 50,000 microseconds"),
        slept >= 50_000,
    )?;
    // Browsers round their clocks, by up to 20 ms.
    that(
        &format!("{passed} ms have passed"),
        (25..5_000).contains(&passed),
    )
}

/// The words of the last error name the file, and never leave their buffer.
pub(crate) fn the_last_error_is_told_in_words(vfs: &Vfs) -> Outcome {
    let path = vfs.path("missing.db");
    fails("open", vfs.open(&path, OLD), rusqlite::ffi::SQLITE_CANTOPEN)?;
    for size in [1, 2, 10, 100, 1000] {
        let told = vfs.last_error(size);
        that(&format!("ends within {size} bytes"), told.is_some())?;
    }
    let told = vfs.last_error(1000).unwrap_or_default();
    that(
        &format!("{told:?} names the file"),
        told.contains("missing.db"),
    )
}

/// An operation that nobody knows is not found, which SQLite relies on.
pub(crate) fn unknown_file_controls_are_not_found(vfs: &Vfs) -> Outcome {
    let file = database(vfs, "a.db")?;
    for operation in [9_999, -1, 1_000_000] {
        let code = file.control(operation, &mut 0);
        is_code("an unknown operation", code, SQLITE_NOTFOUND)?;
    }
    Ok(())
}

/// A size hint may be followed or not; the content stays, and the file does not shrink.
pub(crate) fn a_size_hint_does_no_harm(vfs: &Vfs) -> Outcome {
    let file = database(vfs, "a.db")?;
    holds(&file, b"content")?;
    for mut hint in [100_000, 3] {
        let code = file.control(SQLITE_FCNTL_SIZE_HINT, &mut hint);
        that(
            "OK or not found",
            [SQLITE_OK, SQLITE_NOTFOUND].contains(&code),
        )?;
        that("no smaller", file.size().is_ok_and(|size| size >= 7))?;
        contains(&file, b"content")?;
    }
    Ok(())
}

/// A sector is a power of two that SQLite can work with.
pub(crate) fn the_sector_size_is_one(vfs: &Vfs) -> Outcome {
    let file = database(vfs, "a.db")?;
    let size = file.sector_size();
    let fits = (512..=65_536).contains(&size) && size & (size - 1) == 0;
    that(&format!("{size} is a sector size"), fits)
}

/// Nothing is claimed that OPFS does not promise: no atomic writes of any kind, no order.
pub(crate) fn only_what_holds_is_claimed(vfs: &Vfs) -> Outcome {
    let file = database(vfs, "a.db")?;
    let honest = SQLITE_IOCAP_POWERSAFE_OVERWRITE
        | SQLITE_IOCAP_SUBPAGE_READ
        | SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
    let claimed = file.characteristics();
    equal("claimed beyond that", claimed & !honest, 0)?;
    let mut asked = -1_i64;
    match file.control(SQLITE_FCNTL_POWERSAFE_OVERWRITE, &mut asked) {
        SQLITE_NOTFOUND => Ok(()),
        code => {
            is_code("POWERSAFE_OVERWRITE", code, SQLITE_OK)?;
            let claims = claimed & SQLITE_IOCAP_POWERSAFE_OVERWRITE != 0;
            // It fills an int, which is the low half of ours wherever this runs.
            equal("both ways to ask", asked & 0xff, i64::from(claims))
        }
    }
}

/// All files of a database say the same about their medium.
pub(crate) fn side_files_are_on_the_same_medium(vfs: &Vfs) -> Outcome {
    let (path, main) = (vfs.path("a.db"), database(vfs, "a.db")?);
    let wal = done("wal", vfs.open_wal(&path, NEW))?;
    let journal = done("journal", vfs.open_journal(&path, NEW))?;
    for side in [&wal, &journal] {
        equal("sector", side.sector_size(), main.sector_size())?;
        equal("claims", side.characteristics(), main.characteristics())?;
    }
    Ok(())
}
