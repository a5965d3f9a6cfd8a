//! xRead, xWrite, xTruncate, xSync, xFileSize: a file is a row of bytes, whatever lies below.
//!
//! <https://sqlite.org/c3ref/io_methods.html>. Each case runs on a main file, on both side files
//! and on a temporary file, because a VFS keeps these in different places.

use rusqlite::ffi::{
    SQLITE_IOERR_SHORT_READ, SQLITE_OPEN_TEMP_DB, SQLITE_SYNC_DATAONLY, SQLITE_SYNC_FULL,
    SQLITE_SYNC_NORMAL,
};

use crate::check::{Outcome, done, equal, is_code, ok, same_bytes};
use crate::open::{NEW, OLD, TEMPORARY, contains, database};
use crate::random::Random;
use crate::raw::{Handle, Vfs};

/// Runs a case on a file of each kind.
fn on_each_kind(vfs: &Vfs, case: impl Fn(&Handle) -> Outcome) -> Outcome {
    let path = vfs.path("a.db");
    let main = database(vfs, "a.db")?;
    let journal = done("journal", vfs.open_journal(&path, NEW))?;
    let wal = done("wal", vfs.open_wal(&path, NEW))?;
    let temporary = vfs.open_other(None, TEMPORARY | SQLITE_OPEN_TEMP_DB);
    let temporary = done("temporary", temporary)?;
    let kinds = ["main", "journal", "wal", "temporary"];
    for (kind, file) in kinds.into_iter().zip([main, journal, wal, temporary]) {
        case(&file).map_err(|error| format!("{kind}: {error}"))?;
        ok("close", file.close())?;
    }
    Ok(())
}

/// Bytes that tell their place.
fn pattern(size: usize) -> Vec<u8> {
    let mut random = Random::new(size as u64);
    (0..size).map(|_| random.byte()).collect()
}

/// What was written is read back, in whole and in parts.
pub(crate) fn what_is_written_is_read(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        let bytes = pattern(70_001);
        ok("write", file.write(&bytes, 0))?;
        equal("size", file.size(), Ok(70_001))?;
        contains(file, &bytes)?;
        for (start, end) in [
            (0, 1),
            (511, 513),
            (4095, 8193),
            (65_535, 65_537),
            (0, 70_001),
        ] {
            let mut part = vec![0; end - start];
            ok("read", file.read(&mut part, offset(start)))?;
            same_bytes("part", &part, &bytes[start..end])?;
        }
        Ok(())
    })
}

/// A read past the end says so, and the missing part is zeros.
pub(crate) fn a_short_read_is_filled_with_zeros(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        ok("write", file.write(&[7; 1000], 0))?;
        for (start, present) in [
            (0, 1000),
            (500, 500),
            (999, 1),
            (1000, 0),
            (5000, 0),
            (1 << 40, 0),
        ] {
            let mut buffer = vec![0xff; 1001];
            let code = file.read(&mut buffer, start);
            is_code("read", code, SQLITE_IOERR_SHORT_READ)?;
            let mut expected = vec![7; present];
            expected.resize(1001, 0);
            same_bytes("read", &buffer, &expected)?;
        }
        equal("size", file.size(), Ok(1000))
    })
}

/// An empty file has nothing to read.
pub(crate) fn an_empty_file_reads_as_zeros(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        equal("size", file.size(), Ok(0))?;
        let mut buffer = [0xff; 100];
        let code = file.read(&mut buffer, 0);
        is_code("read", code, SQLITE_IOERR_SHORT_READ)?;
        same_bytes("read", &buffer, &[0; 100])
    })
}

/// Writing beyond the end leaves a gap of zeros.
pub(crate) fn a_gap_is_zeros(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        ok("write", file.write(&[1; 10], 0))?;
        ok("write", file.write(&[2; 10], 200_000))?;
        let mut expected = vec![1; 10];
        expected.resize(200_000, 0);
        expected.resize(200_010, 2);
        equal("size", file.size(), Ok(200_010))?;
        contains(file, &expected)
    })
}

/// An overwrite changes its range only.
pub(crate) fn an_overwrite_changes_its_range_only(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        let mut expected = pattern(140_000);
        // SQLite writes less than 128 KiB at once.
        ok("write", file.write(&expected[..70_000], 0))?;
        ok("write", file.write(&expected[70_000..], 70_000))?;
        for (start, size) in [(0, 3), (4096, 4096), (65_530, 12), (131_000, 9000), (77, 1)] {
            let bytes = vec![0xee; size];
            ok("write", file.write(&bytes, offset(start)))?;
            expected[start..start + size].copy_from_slice(&bytes);
        }
        equal("size", file.size(), Ok(140_000))?;
        contains(file, &expected)
    })
}

/// Truncating cuts off, and what was cut off never comes back.
pub(crate) fn what_is_cut_off_never_comes_back(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        for synced in [false, true] {
            ok("write", file.write(&[9; 100_000], 0))?;
            if synced {
                ok("sync", file.sync(SQLITE_SYNC_NORMAL))?;
            }
            ok("truncate", file.truncate(1001))?;
            equal("size", file.size(), Ok(1001))?;
            ok("write", file.write(&[8], 99_999))?;
            let mut expected = vec![9; 1001];
            expected.resize(99_999, 0);
            expected.push(8);
            contains(file, &expected)?;
            ok("truncate", file.truncate(0))?;
            equal("size", file.size(), Ok(0))?;
        }
        Ok(())
    })
}

/// Truncating upwards adds zeros.
pub(crate) fn truncating_upwards_adds_zeros(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        ok("write", file.write(&[5; 100], 0))?;
        ok("truncate", file.truncate(100_000))?;
        equal("size", file.size(), Ok(100_000))?;
        let mut expected = vec![5; 100];
        expected.resize(100_000, 0);
        contains(file, &expected)
    })
}

/// Every kind of sync succeeds and changes nothing that is read.
pub(crate) fn a_sync_changes_nothing(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        let bytes = pattern(10_000);
        let kinds = [SQLITE_SYNC_NORMAL, SQLITE_SYNC_FULL];
        for flags in kinds
            .into_iter()
            .flat_map(|it| [it, it | SQLITE_SYNC_DATAONLY])
        {
            ok("sync", file.sync(flags))?;
            ok("write", file.write(&bytes, 5))?;
            ok("sync", file.sync(flags))?;
            ok("sync", file.sync(flags))?;
            let mut read = vec![0; bytes.len()];
            ok("read", file.read(&mut read, 5))?;
            same_bytes("content", &read, &bytes)?;
            equal("size", file.size(), Ok(10_005))?;
        }
        Ok(())
    })
}

/// Random writes and truncations across all borders a VFS may have inside.
pub(crate) fn random_writes_add_up(vfs: &Vfs) -> Outcome {
    on_each_kind(vfs, |file| {
        let mut random = Random::new(3);
        let mut model: Vec<u8> = Vec::new();
        for step in 0..150 {
            change(file, &mut model, &mut random)?;
            if step % 25 == 0 {
                ok("sync", file.sync(SQLITE_SYNC_NORMAL))?;
            }
            equal("size", file.size(), Ok(offset(model.len())))?;
        }
        contains(file, &model)
    })
}

fn change(file: &Handle, model: &mut Vec<u8>, random: &mut Random) -> Outcome {
    let start = random.below(300_000);
    if random.below(10) == 0 {
        model.resize(start, 0);
        return ok("truncate", file.truncate(offset(start)));
    }
    let bytes = vec![random.byte(); 1 + random.below(20_000)];
    if model.len() < start + bytes.len() {
        model.resize(start + bytes.len(), 0);
    }
    model[start..start + bytes.len()].copy_from_slice(&bytes);
    ok("write", file.write(&bytes, offset(start)))
}

/// Closing and opening again keeps every byte, synced or not.
pub(crate) fn closing_keeps_the_content(vfs: &Vfs) -> Outcome {
    let (path, bytes) = (vfs.path("a.db"), pattern(100_003));
    for flags in [NEW, OLD] {
        let file = done("open", vfs.open(&path, flags))?;
        ok("write", file.write(&bytes[..50_000], 0))?;
        ok("sync", file.sync(SQLITE_SYNC_NORMAL))?;
        ok("write", file.write(&bytes[50_000..], 50_000))?;
        ok("close", file.close())?;
        let file = done("again", vfs.open(&path, OLD))?;
        equal("size", file.size(), Ok(100_003))?;
        contains(&file, &bytes)?;
        ok("truncate", file.truncate(0))?;
    }
    Ok(())
}

fn offset(position: usize) -> i64 {
    i64::try_from(position).expect("files of the cases are small")
}
