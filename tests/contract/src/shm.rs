//! xShmMap, xShmLock, xShmBarrier, xShmUnmap: the wal-index that the connections of a file share.
//!
//! <https://sqlite.org/walformat.html>, section 2; the fine points are those of os_unix.c.

use rusqlite::ffi::{
    SQLITE_SHM_EXCLUSIVE, SQLITE_SHM_LOCK, SQLITE_SHM_NLOCK, SQLITE_SHM_SHARED, SQLITE_SHM_UNLOCK,
};

use crate::check::{Outcome, busy, done, equal, ok, that};
use crate::open::database;
use crate::raw::{Handle, Region, Vfs};

const TAKE_SHARED: i32 = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED;
const TAKE_EXCLUSIVE: i32 = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;
const GIVE_SHARED: i32 = SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED;
const GIVE_EXCLUSIVE: i32 = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;

/// The first region of a file, made if it is missing.
fn mapped(file: &Handle, region: i32) -> Result<Region, String> {
    let answer = done(&format!("map region {region}"), file.map(region, true))?;
    answer.ok_or_else(|| format!("region {region} is null"))
}

fn two(vfs: &Vfs) -> Result<[Handle; 2], String> {
    let files = [database(vfs, "a.db")?, database(vfs, "a.db")?];
    that("version 2 of the table", files[0].has_shared_memory())?;
    Ok(files)
}

fn two_mapped(vfs: &Vfs) -> Result<[Handle; 2], String> {
    let files = two(vfs)?;
    for file in &files {
        mapped(file, 0)?;
    }
    Ok(files)
}

/// A region is made only when that is asked for, and is zeros at first.
pub(crate) fn a_region_is_made_when_asked(vfs: &Vfs) -> Outcome {
    let [a, b] = two(vfs)?;
    equal("without extend", a.map(0, false), Ok(None))?;
    let region = mapped(&a, 0)?;
    for index in 0..Region::SIZE {
        equal("fresh memory", region.get(index), 0)?;
    }
    that(
        "there for others",
        b.map(0, false).is_ok_and(|it| it.is_some()),
    )?;
    equal("the next one", b.map(1, false), Ok(None))
}

/// All connections of a file see the same bytes at once.
pub(crate) fn regions_are_shared(vfs: &Vfs) -> Outcome {
    let [a, b] = two(vfs)?;
    for number in 0..3 {
        let (ours, theirs) = (mapped(&a, number)?, mapped(&b, number)?);
        for index in [0, 1, 4095, 4096, Region::SIZE - 1] {
            ours.set(index, 0x5a);
            a.barrier();
            b.barrier();
            equal("seen by the other", theirs.get(index), 0x5a)?;
            theirs.set(index, 0xa5);
            equal("seen by the one", ours.get(index), 0xa5)?;
        }
    }
    Ok(())
}

/// A region stays where it is while more of them are added, by whomever.
pub(crate) fn regions_stay_where_they_are(vfs: &Vfs) -> Outcome {
    let [a, b] = two(vfs)?;
    let first = mapped(&a, 0)?;
    first.set(7, 77);
    let mut all = vec![first];
    for number in 1..40 {
        let region = mapped(if number % 2 == 0 { &a } else { &b }, number)?;
        that("a place of its own", !all.contains(&region))?;
        region.set(7, 1);
        all.push(region);
    }
    for (number, region) in (0..).zip(&all) {
        equal("mapped again", a.map(number, true), Ok(Some(*region)))?;
        equal("of the other", b.map(number, false), Ok(Some(*region)))?;
    }
    equal("its content", first.get(7), 77)
}

/// Each file has a wal-index of its own.
pub(crate) fn files_do_not_share_regions(vfs: &Vfs) -> Outcome {
    let (a, b) = (database(vfs, "a.db")?, database(vfs, "b.db")?);
    mapped(&a, 0)?.set(3, 1);
    equal("of the other file", mapped(&b, 0)?.get(3), 0)?;
    ok("lock", a.shm_lock(0, 1, TAKE_EXCLUSIVE))?;
    ok("lock", b.shm_lock(0, 1, TAKE_EXCLUSIVE))
}

/// An exclusive slot keeps everybody else out, until it is given up.
pub(crate) fn an_exclusive_slot_is_exclusive(vfs: &Vfs) -> Outcome {
    let [a, b] = two_mapped(vfs)?;
    for slot in 0..SQLITE_SHM_NLOCK {
        ok("take", a.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        busy("exclusive", b.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        busy("shared", b.shm_lock(slot, 1, TAKE_SHARED))?;
        ok("give", a.shm_lock(slot, 1, GIVE_EXCLUSIVE))?;
        ok("take", b.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        busy("shared", a.shm_lock(slot, 1, TAKE_SHARED))?;
        ok("give", b.shm_lock(slot, 1, GIVE_EXCLUSIVE))?;
    }
    Ok(())
}

/// A slot may be shared by many, and is exclusive to none of them meanwhile.
pub(crate) fn a_shared_slot_is_shared(vfs: &Vfs) -> Outcome {
    let [a, b] = two_mapped(vfs)?;
    let c = database(vfs, "a.db")?;
    mapped(&c, 0)?;
    for slot in 0..SQLITE_SHM_NLOCK {
        ok("first", a.shm_lock(slot, 1, TAKE_SHARED))?;
        ok("second", b.shm_lock(slot, 1, TAKE_SHARED))?;
        busy("exclusive", c.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        ok("first leaves", a.shm_lock(slot, 1, GIVE_SHARED))?;
        busy("exclusive", c.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        ok("second leaves", b.shm_lock(slot, 1, GIVE_SHARED))?;
        ok("exclusive", c.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        ok("give", c.shm_lock(slot, 1, GIVE_EXCLUSIVE))?;
    }
    Ok(())
}

/// Several slots are taken together or not at all.
pub(crate) fn a_range_of_slots_is_all_or_nothing(vfs: &Vfs) -> Outcome {
    let [a, b] = two_mapped(vfs)?;
    ok("one in the middle", a.shm_lock(5, 1, TAKE_SHARED))?;
    busy("all readers", b.shm_lock(3, 5, TAKE_EXCLUSIVE))?;
    for slot in [3, 4, 6, 7] {
        ok("untouched", a.shm_lock(slot, 1, TAKE_EXCLUSIVE))?;
        ok("give", a.shm_lock(slot, 1, GIVE_EXCLUSIVE))?;
    }
    ok("give", a.shm_lock(5, 1, GIVE_SHARED))?;
    ok("all readers", b.shm_lock(3, 5, TAKE_EXCLUSIVE))?;
    for slot in 3..8 {
        busy("inside", a.shm_lock(slot, 1, TAKE_SHARED))?;
    }
    ok("before", a.shm_lock(0, 3, TAKE_EXCLUSIVE))?;
    ok("give all", b.shm_lock(3, 5, GIVE_EXCLUSIVE))?;
    ok("inside", a.shm_lock(7, 1, TAKE_SHARED))
}

/// Giving up what is not held changes nothing for those who hold it.
pub(crate) fn giving_up_nothing_changes_nothing(vfs: &Vfs) -> Outcome {
    let [a, b] = two_mapped(vfs)?;
    ok("take", a.shm_lock(2, 1, TAKE_EXCLUSIVE))?;
    ok("give", b.shm_lock(2, 1, GIVE_EXCLUSIVE))?;
    busy("still held", b.shm_lock(2, 1, TAKE_SHARED))?;
    ok("take", a.shm_lock(4, 1, TAKE_SHARED))?;
    ok("give", b.shm_lock(4, 1, GIVE_SHARED))?;
    busy("still held", b.shm_lock(4, 1, TAKE_EXCLUSIVE))
}

/// A connection that has unmapped can map again and finds what the others have.
pub(crate) fn unmapping_leaves_the_others_alone(vfs: &Vfs) -> Outcome {
    let [a, b] = two(vfs)?;
    mapped(&a, 0)?.set(11, 11);
    equal("shared", mapped(&b, 0)?.get(11), 11)?;
    ok("unmap", a.unmap(false))?;
    equal("of the other", mapped(&b, 0)?.get(11), 11)?;
    equal("mapped again", mapped(&a, 0)?.get(11), 11)
}

/// The last connection that unmaps takes the wal-index with it.
pub(crate) fn the_last_unmap_frees_the_regions(vfs: &Vfs) -> Outcome {
    let [a, b] = two(vfs)?;
    for file in [&a, &b] {
        mapped(file, 0)?.set(11, 11);
        mapped(file, 1)?;
    }
    ok("unmap", a.unmap(false))?;
    ok("unmap", b.unmap(true))?;
    equal("nothing is left", a.map(0, false), Ok(None))?;
    equal("fresh memory", mapped(&a, 0)?.get(11), 0)
}

/// Unmapping twice, or without a map, is no error.
pub(crate) fn unmapping_twice_is_no_error(vfs: &Vfs) -> Outcome {
    let [a, _b] = two(vfs)?;
    ok("without a map", a.unmap(false))?;
    mapped(&a, 0)?;
    ok("unmap", a.unmap(true))?;
    ok("again", a.unmap(true))
}

/// A connection that is closed holds no slot any more.
pub(crate) fn closing_gives_up_the_slots(vfs: &Vfs) -> Outcome {
    let [a, b] = two_mapped(vfs)?;
    ok("take", a.shm_lock(0, 1, TAKE_EXCLUSIVE))?;
    ok("take", a.shm_lock(4, 1, TAKE_SHARED))?;
    ok("close", a.close())?;
    ok("take", b.shm_lock(0, 1, TAKE_EXCLUSIVE))?;
    ok("take", b.shm_lock(4, 1, TAKE_EXCLUSIVE))
}
