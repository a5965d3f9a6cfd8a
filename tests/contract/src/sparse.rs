//! Files beyond 4 GiB, for media that keep holes as holes.

use rusqlite::ffi::SQLITE_SYNC_NORMAL;

use crate::check::{Outcome, done, equal, ok, same_bytes};
use crate::open::{NEW, OLD};
use crate::raw::{Handle, Vfs};

/// Offsets are 64 bits wide: a file beyond 4 GiB, mostly a hole.
pub(crate) fn a_file_may_be_beyond_4_gib(vfs: &Vfs) -> Outcome {
    const FAR: i64 = (1 << 32) + 12_288;
    let path = vfs.path("a.db");
    let file = done("open", vfs.open(&path, NEW))?;
    ok("write", file.write(b"near", 12_288))?;
    ok("write far", file.write(b"far away", FAR))?;
    ok("sync", file.sync(SQLITE_SYNC_NORMAL))?;
    equal("size", file.size(), Ok(FAR + 8))?;
    reads(&file, FAR, b"far away")?;
    reads(&file, 12_288, b"near\0\0\0\0")?;
    reads(&file, (1 << 32) - 4, &[0; 8])?;
    ok("close", file.close())?;
    let file = done("again", vfs.open(&path, OLD))?;
    equal("size", file.size(), Ok(FAR + 8))?;
    reads(&file, FAR, b"far away")?;
    ok("truncate", file.truncate(FAR + 3))?;
    equal("size", file.size(), Ok(FAR + 3))?;
    reads(&file, FAR, b"far")?;
    ok("truncate", file.truncate(12_292))?;
    reads(&file, 12_288, b"near")
}

fn reads(file: &Handle, offset: i64, expected: &[u8]) -> Outcome {
    let mut read = vec![0xff; expected.len()];
    ok("read", file.read(&mut read, offset))?;
    same_bytes(&format!("at {offset}"), &read, expected)
}
