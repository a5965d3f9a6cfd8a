//! xLock, xUnlock, xCheckReservedLock: the five levels over several connections of one file.
//!
//! <https://sqlite.org/lockingv3.html>, section 3; the fine points are those of `unixLock` in
//! os_unix.c. A refusal comes at once and leaves what the connection had.

use rusqlite::ffi::{
    SQLITE_LOCK_EXCLUSIVE as EXCLUSIVE, SQLITE_LOCK_NONE as NONE, SQLITE_LOCK_RESERVED as RESERVED,
    SQLITE_LOCK_SHARED as SHARED, SQLITE_OPEN_READONLY,
};

use crate::check::{Outcome, busy, done, equal, ok};
use crate::open::database;
use crate::raw::{Handle, Vfs};

/// As many connections as asked for, to one new file.
fn connections<const COUNT: usize>(vfs: &Vfs) -> Result<[Handle; COUNT], String> {
    let files: Result<Vec<Handle>, String> = (0..COUNT).map(|_| database(vfs, "a.db")).collect();
    let files = <[Handle; COUNT]>::try_from(files?);
    files.map_err(|_| "as many as were asked for".to_owned())
}

fn takes(file: &Handle, levels: &[i32]) -> Outcome {
    levels
        .iter()
        .try_for_each(|level| ok(&format!("lock {level}"), file.lock(*level)))
}

fn all_see_reserved(files: &[&Handle], expected: bool) -> Outcome {
    for (number, file) in files.iter().enumerate() {
        let what = format!("reserved, as connection {number} sees it");
        equal(&what, file.is_reserved(), Ok(expected))?;
    }
    Ok(())
}

/// One connection alone climbs and descends as it likes.
pub(crate) fn one_connection_climbs_and_descends(vfs: &Vfs) -> Outcome {
    let [file] = connections(vfs)?;
    for _ in 0..3 {
        takes(&file, &[SHARED, RESERVED, EXCLUSIVE])?;
        ok("down to SHARED", file.unlock(SHARED))?;
        takes(&file, &[RESERVED])?;
        ok("down to SHARED", file.unlock(SHARED))?;
        takes(&file, &[EXCLUSIVE])?;
        ok("down to NONE", file.unlock(NONE))?;
    }
    Ok(())
}

/// What a connection has already, or more, it gets again; what it has given up already as well.
pub(crate) fn asking_for_less_changes_nothing(vfs: &Vfs) -> Outcome {
    let [file, other] = connections(vfs)?;
    takes(&file, &[SHARED, SHARED, RESERVED, RESERVED, SHARED])?;
    all_see_reserved(&[&file, &other], true)?;
    takes(&file, &[EXCLUSIVE, RESERVED, SHARED, EXCLUSIVE])?;
    busy("SHARED of another", other.lock(SHARED))?;
    ok("down to NONE", file.unlock(NONE))?;
    ok("again", file.unlock(NONE))?;
    ok("up to SHARED", file.unlock(SHARED))?;
    takes(&other, &[SHARED, RESERVED, EXCLUSIVE])
}

/// Many may read; nobody can write while they do.
pub(crate) fn readers_share(vfs: &Vfs) -> Outcome {
    let [a, b, c, d] = connections(vfs)?;
    for file in [&a, &b, &c, &d] {
        takes(file, &[SHARED])?;
    }
    all_see_reserved(&[&a, &b, &c, &d], false)?;
    takes(&a, &[RESERVED])?;
    for reader in [&b, &c, &d] {
        busy("EXCLUSIVE beside a reader", a.lock(EXCLUSIVE))?;
        ok("leaves", reader.unlock(NONE))?;
    }
    takes(&a, &[EXCLUSIVE])
}

/// One connection may intend to write, and others go on reading and may come to read.
pub(crate) fn one_writer_reserves_beside_readers(vfs: &Vfs) -> Outcome {
    let [a, b, c] = connections(vfs)?;
    takes(&a, &[SHARED, RESERVED])?;
    takes(&b, &[SHARED])?;
    busy("a second RESERVED", b.lock(RESERVED))?;
    busy("EXCLUSIVE beside RESERVED", b.lock(EXCLUSIVE))?;
    takes(&c, &[SHARED])?;
    all_see_reserved(&[&a, &b, &c], true)?;
    ok("writer gives up", a.unlock(SHARED))?;
    all_see_reserved(&[&a, &b, &c], false)?;
    takes(&b, &[RESERVED])
}

/// A writer that waits for readers to leave is PENDING: no new one may come meanwhile.
pub(crate) fn pending_keeps_new_readers_out(vfs: &Vfs) -> Outcome {
    let [writer, reader, new] = connections(vfs)?;
    takes(&reader, &[SHARED])?;
    takes(&writer, &[SHARED, RESERVED])?;
    busy("EXCLUSIVE beside a reader", writer.lock(EXCLUSIVE))?;
    busy("a new reader", new.lock(SHARED))?;
    all_see_reserved(&[&writer, &reader, &new], true)?;
    busy("EXCLUSIVE beside a reader", writer.lock(EXCLUSIVE))?;
    busy("the reader cannot climb", reader.lock(RESERVED))?;
    ok("the reader leaves", reader.unlock(NONE))?;
    busy("and cannot come back", reader.lock(SHARED))?;
    takes(&writer, &[EXCLUSIVE])?;
    busy("a new reader", new.lock(SHARED))?;
    ok("the writer is done", writer.unlock(NONE))?;
    takes(&new, &[SHARED])?;
    takes(&reader, &[SHARED])
}

/// A writer that gives up while it is PENDING lets readers in again.
pub(crate) fn giving_up_pending_lets_readers_in(vfs: &Vfs) -> Outcome {
    let [writer, reader, new] = connections(vfs)?;
    takes(&reader, &[SHARED])?;
    takes(&writer, &[SHARED, RESERVED])?;
    busy("EXCLUSIVE beside a reader", writer.lock(EXCLUSIVE))?;
    ok("gives up", writer.unlock(SHARED))?;
    takes(&new, &[SHARED])?;
    all_see_reserved(&[&writer, &reader, &new], false)
}

/// While one connection writes, nobody else does anything.
pub(crate) fn a_writer_is_alone(vfs: &Vfs) -> Outcome {
    let [writer, b, c] = connections(vfs)?;
    takes(&writer, &[SHARED, RESERVED, EXCLUSIVE])?;
    for other in [&b, &c] {
        busy("SHARED", other.lock(SHARED))?;
    }
    all_see_reserved(&[&writer, &b, &c], true)?;
    ok("down to SHARED", writer.unlock(SHARED))?;
    takes(&b, &[SHARED])?;
    takes(&c, &[SHARED, RESERVED])?;
    all_see_reserved(&[&writer, &b, &c], true)
}

/// A hot journal is rolled back under EXCLUSIVE, straight from SHARED.
pub(crate) fn exclusive_may_follow_shared_directly(vfs: &Vfs) -> Outcome {
    let [a, b] = connections(vfs)?;
    takes(&a, &[SHARED])?;
    takes(&b, &[SHARED])?;
    busy("EXCLUSIVE beside a reader", a.lock(EXCLUSIVE))?;
    // What SQLite's pager does next.
    ok("down to NONE", a.unlock(NONE))?;
    takes(&b, &[EXCLUSIVE])?;
    busy("SHARED", a.lock(SHARED))?;
    ok("down to SHARED", b.unlock(SHARED))?;
    takes(&a, &[SHARED])
}

/// A refused request leaves the level that was held.
pub(crate) fn a_refusal_leaves_what_was_held(vfs: &Vfs) -> Outcome {
    let [a, b, c] = connections(vfs)?;
    takes(&a, &[SHARED, RESERVED])?;
    takes(&b, &[SHARED])?;
    busy("RESERVED", b.lock(RESERVED))?;
    // B still has SHARED, so A cannot become EXCLUSIVE.
    busy("EXCLUSIVE", a.lock(EXCLUSIVE))?;
    ok("B leaves", b.unlock(NONE))?;
    takes(&a, &[EXCLUSIVE])?;
    busy("SHARED", c.lock(SHARED))?;
    ok("A is done", a.unlock(NONE))?;
    // C has nothing after its refusal, so A can be alone again.
    takes(&a, &[SHARED, RESERVED, EXCLUSIVE])
}

/// Closing gives up whatever was held.
pub(crate) fn closing_gives_up_the_lock(vfs: &Vfs) -> Outcome {
    for levels in [
        &[SHARED][..],
        &[SHARED, RESERVED],
        &[SHARED, RESERVED, EXCLUSIVE],
    ] {
        let [a, b] = connections(vfs)?;
        takes(&a, levels)?;
        ok("close", a.close())?;
        equal("reserved", b.is_reserved(), Ok(false))?;
        takes(&b, &[SHARED, RESERVED, EXCLUSIVE])?;
    }
    Ok(())
}

/// What happens to one file is no business of another.
pub(crate) fn files_are_locked_one_by_one(vfs: &Vfs) -> Outcome {
    let (a, b) = (database(vfs, "a.db")?, database(vfs, "b.db")?);
    for file in [&a, &b] {
        takes(file, &[SHARED, RESERVED, EXCLUSIVE])?;
    }
    ok("down to NONE", a.unlock(NONE))?;
    equal("reserved", a.is_reserved(), Ok(false))?;
    equal("reserved", b.is_reserved(), Ok(true))
}

/// A connection that only reads takes part with SHARED.
pub(crate) fn a_read_only_connection_takes_part(vfs: &Vfs) -> Outcome {
    let writer = database(vfs, "a.db")?;
    let reader = done("reader", vfs.open(&vfs.path("a.db"), SQLITE_OPEN_READONLY))?;
    takes(&reader, &[SHARED])?;
    takes(&writer, &[SHARED, RESERVED])?;
    busy("EXCLUSIVE beside a reader", writer.lock(EXCLUSIVE))?;
    equal("reserved", reader.is_reserved(), Ok(true))?;
    ok("the reader leaves", reader.unlock(NONE))?;
    takes(&writer, &[EXCLUSIVE])?;
    busy("SHARED", reader.lock(SHARED))
}

/// Opening and closing other connections changes no lock.
pub(crate) fn coming_and_going_changes_no_lock(vfs: &Vfs) -> Outcome {
    let [a, b] = connections(vfs)?;
    takes(&a, &[SHARED, RESERVED])?;
    takes(&b, &[SHARED])?;
    for _ in 0..3 {
        let [new] = connections(vfs)?;
        equal("reserved", new.is_reserved(), Ok(true))?;
        ok("close", new.close())?;
    }
    busy("EXCLUSIVE beside a reader", a.lock(EXCLUSIVE))?;
    ok("B leaves", b.unlock(NONE))?;
    takes(&a, &[EXCLUSIVE])
}
