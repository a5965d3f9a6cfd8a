//! SQLite's own WAL over the VFS: snapshots, checkpoints, recovery.
//!
//! <https://sqlite.org/wal.html>, <https://sqlite.org/c3ref/wal_checkpoint_v2.html>.

use rusqlite::ffi::{SQLITE_ACCESS_EXISTS, SQLITE_BUSY_SNAPSHOT};

use crate::check::{Outcome, equal, same_bytes, that};
use crate::raw::Vfs;
use crate::sql::{Db, Side, copy_as_it_is, has_side, main_bytes, put_main, put_side, side_bytes};

const FILL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500)
    INSERT INTO t SELECT i, zeroblob(1000) FROM n";
const COUNT: &str = "SELECT count(*) FROM t";

/// A database in WAL mode with 500 rows, all in its `-wal`.
fn filled(vfs: &Vfs, label: &str) -> Result<(Db, String), String> {
    let path = vfs.path(label);
    let db = Db::in_mode(vfs, &path, "wal")?;
    db.exec("PRAGMA wal_autocheckpoint = 0")?;
    db.exec(FILL)?;
    Ok((db, path))
}

/// A reader keeps what it saw first, however much is written beside it, and then sees all of it.
pub(crate) fn a_reader_keeps_its_snapshot(vfs: &Vfs) -> Outcome {
    let (writer, path) = filled(vfs, "a.db")?;
    let reader = Db::open(vfs, &path)?;
    reader.exec("BEGIN")?;
    reader.says(COUNT, "500")?;
    for round in 1..=5 {
        writer.exec("INSERT INTO t (v) VALUES (1), (2)")?;
        reader.says(COUNT, "500")?;
        writer.says(COUNT, &(500 + 2 * round).to_string())?;
    }
    reader.exec("COMMIT")?;
    reader.says(COUNT, "510")
}

/// Readers of different moments, more of them than there are read marks.
pub(crate) fn many_snapshots_at_once(vfs: &Vfs) -> Outcome {
    let (writer, path) = filled(vfs, "a.db")?;
    let mut readers = Vec::new();
    for number in 0..8 {
        let reader = Db::open(vfs, &path)?;
        reader.exec("BEGIN")?;
        reader.says(COUNT, &(500 + number).to_string())?;
        readers.push(reader);
        writer.exec("INSERT INTO t (v) VALUES (1)")?;
    }
    for (number, reader) in readers.iter().enumerate() {
        reader.says(COUNT, &(500 + number).to_string())?;
        reader.exec("COMMIT")?;
        reader.says(COUNT, "508")?;
    }
    Ok(())
}

/// One writes while another reads and a third wants to write, which it is told at once.
pub(crate) fn one_writer_beside_readers(vfs: &Vfs) -> Outcome {
    let (a, path) = filled(vfs, "a.db")?;
    let (b, c) = (Db::open(vfs, &path)?, Db::open(vfs, &path)?);
    a.exec("BEGIN IMMEDIATE; INSERT INTO t (v) VALUES (1)")?;
    b.says(COUNT, "500")?;
    c.is_busy("INSERT INTO t (v) VALUES (2)")?;
    c.is_busy("BEGIN IMMEDIATE")?;
    a.exec("COMMIT")?;
    c.exec("INSERT INTO t (v) VALUES (2)")?;
    for db in [&a, &b, &c] {
        db.says(COUNT, "502")?;
    }
    Ok(())
}

/// A reader whose snapshot is old cannot begin to write, and is told by the code of its own.
pub(crate) fn an_old_snapshot_cannot_be_written_to(vfs: &Vfs) -> Outcome {
    let (a, path) = filled(vfs, "a.db")?;
    let b = Db::open(vfs, &path)?;
    b.exec("BEGIN")?;
    b.says(COUNT, "500")?;
    a.exec("INSERT INTO t (v) VALUES (1)")?;
    let error = b.connection.execute_batch("INSERT INTO t (v) VALUES (2)");
    let code = error
        .err()
        .and_then(|error| error.sqlite_error().map(|it| it.extended_code));
    equal("code", code, Some(SQLITE_BUSY_SNAPSHOT))?;
    b.exec("ROLLBACK; INSERT INTO t (v) VALUES (2)")?;
    a.says(COUNT, "502")
}

/// All four checkpoint modes move everything when nobody is in the way.
pub(crate) fn every_checkpoint_mode_moves_all(vfs: &Vfs) -> Outcome {
    for mode in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
        let (db, path) = filled(vfs, &format!("{mode}.db"))?;
        let other = Db::open(vfs, &path)?;
        other.says(COUNT, "500")?;
        let answer = db.ask(&format!("PRAGMA wal_checkpoint({mode})"))?;
        let numbers: Vec<&str> = answer.split('|').collect();
        equal(&format!("{mode}: busy"), numbers[0], "0")?;
        equal(&format!("{mode}: frames moved"), numbers[2], numbers[1])?;
        equal(
            &format!("{mode}: the WAL has bytes"),
            has_side(vfs, &path, Side::Wal)?,
            mode != "TRUNCATE",
        )?;
        // The main file alone is now the whole database.
        let copy = vfs.path(&format!("{mode}-copy.db"));
        put_main(vfs, &copy, &main_bytes(vfs, &path)?)?;
        Db::open(vfs, &copy)?.says(COUNT, "500")?;
        other.exec("INSERT INTO t (v) VALUES (1)")?;
        db.says(COUNT, "501")?;
        db.is_sound()?;
    }
    Ok(())
}

/// Beside a reader of an old snapshot PASSIVE moves what it can, the others say that it is not all.
pub(crate) fn checkpoints_leave_readers_alone(vfs: &Vfs) -> Outcome {
    let (db, path) = filled(vfs, "a.db")?;
    let reader = Db::open(vfs, &path)?;
    reader.exec("BEGIN")?;
    reader.says(COUNT, "500")?;
    db.exec("UPDATE t SET v = zeroblob(900)")?;
    for (mode, busy) in [
        ("PASSIVE", "0"),
        ("FULL", "1"),
        ("RESTART", "1"),
        ("TRUNCATE", "1"),
    ] {
        let answer = db.ask(&format!("PRAGMA wal_checkpoint({mode})"))?;
        let numbers: Vec<&str> = answer.split('|').collect();
        equal(&format!("{mode}: busy"), numbers[0], busy)?;
        that(
            &format!("{mode}: not all was moved"),
            numbers[2] != numbers[1],
        )?;
        reader.says("SELECT count(*), sum(length(v)) FROM t", "500|500000")?;
    }
    reader.exec("COMMIT")?;
    db.says("PRAGMA wal_checkpoint(TRUNCATE)", "0|0|0")?;
    reader.says("SELECT count(*), sum(length(v)) FROM t", "500|450000")?;
    reader.is_sound()
}

/// A checkpoint beside a writer: PASSIVE does its part, the others say that they have to wait.
pub(crate) fn checkpoints_leave_the_writer_alone(vfs: &Vfs) -> Outcome {
    let (writer, path) = filled(vfs, "a.db")?;
    let db = Db::open(vfs, &path)?;
    writer.exec("BEGIN IMMEDIATE; INSERT INTO t (v) VALUES (1)")?;
    for (mode, busy) in [
        ("PASSIVE", "0"),
        ("FULL", "1"),
        ("RESTART", "1"),
        ("TRUNCATE", "1"),
    ] {
        let answer = db.ask(&format!("PRAGMA wal_checkpoint({mode})"))?;
        equal(
            &format!("{mode}: busy"),
            answer.split('|').next(),
            Some(busy),
        )?;
    }
    writer.exec("COMMIT")?;
    db.says("PRAGMA wal_checkpoint(TRUNCATE)", "0|0|0")?;
    db.says(COUNT, "501")
}

/// A WAL that a crash left is worked in by the next opener: committed transactions, and no other.
pub(crate) fn a_leftover_wal_recovers(vfs: &Vfs) -> Outcome {
    let (db, path) = filled(vfs, "a.db")?;
    let copy = vfs.path("copy.db");
    db.exec("INSERT INTO t (v) VALUES (1)")?;
    // So small a cache that frames of an open transaction reach the WAL.
    db.exec("PRAGMA cache_size = 10; BEGIN; UPDATE t SET v = randomblob(1000)")?;
    copy_as_it_is(vfs, &path, &copy)?;
    db.exec("ROLLBACK")?;
    let recovered = Db::open(vfs, &copy)?;
    recovered.says(COUNT, "501")?;
    recovered.says("SELECT count(*) FROM t WHERE v = zeroblob(1000)", "500")?;
    recovered.is_sound()?;
    recovered.exec("INSERT INTO t (v) VALUES (2)")?;
    recovered.close()?;
    let there = vfs.access(&format!("{copy}-wal"), SQLITE_ACCESS_EXISTS);
    equal("the WAL is there", there, Ok(false))?;
    Db::open(vfs, &copy)?.says(COUNT, "502")
}

/// A WAL whose end is damaged gives back all transactions before the damage.
pub(crate) fn a_torn_wal_gives_its_whole_part(vfs: &Vfs) -> Outcome {
    let (db, path) = filled(vfs, "a.db")?;
    db.exec("INSERT INTO t (v) VALUES ('kept')")?;
    let kept = side_bytes(vfs, &path, Side::Wal)?.len();
    db.exec("INSERT INTO t (v) VALUES ('torn')")?;
    let (main, wal) = (main_bytes(vfs, &path)?, side_bytes(vfs, &path, Side::Wal)?);
    that("the WAL has grown", wal.len() > kept)?;
    for (number, damage) in [kept, kept + 30, wal.len() - 1].into_iter().enumerate() {
        let copy = vfs.path(&format!("copy{number}.db"));
        let mut torn = wal.clone();
        torn[damage] ^= 0x40;
        put_main(vfs, &copy, &main)?;
        put_side(vfs, &copy, Side::Wal, &torn)?;
        let recovered = Db::open(vfs, &copy)?;
        recovered.says("SELECT v FROM t WHERE id > 500", "kept")?;
        recovered.is_sound()?;
    }
    Ok(())
}

/// A main file marked as WAL whose `-wal` is missing is an ordinary database.
pub(crate) fn the_mark_of_a_wal_alone_is_no_obstacle(vfs: &Vfs) -> Outcome {
    let (db, path) = filled(vfs, "a.db")?;
    db.close()?;
    let bytes = main_bytes(vfs, &path)?;
    same_bytes("the mark", &bytes[18..20], &[2, 2])?;
    let copy = vfs.path("copy.db");
    put_main(vfs, &copy, &bytes)?;
    let reader = Db::open_read_only(vfs, &copy)?;
    reader.says(COUNT, "500")?;
    reader.close()?;
    let db = Db::open(vfs, &copy)?;
    db.says("PRAGMA journal_mode", "wal")?;
    db.exec("INSERT INTO t (v) VALUES (1)")?;
    db.says(COUNT, "501")?;
    db.is_sound()
}

/// The last connection works the WAL in; those before it leave it alone.
pub(crate) fn the_last_close_empties_the_wal(vfs: &Vfs) -> Outcome {
    let (a, path) = filled(vfs, "a.db")?;
    let b = Db::open(vfs, &path)?;
    b.says(COUNT, "500")?;
    a.close()?;
    that("the WAL is still there", has_side(vfs, &path, Side::Wal)?)?;
    b.exec("INSERT INTO t (v) VALUES (1)")?;
    b.close()?;
    that("the WAL is empty", !has_side(vfs, &path, Side::Wal)?)?;
    let copy = vfs.path("copy.db");
    put_main(vfs, &copy, &main_bytes(vfs, &path)?)?;
    Db::open(vfs, &copy)?.says(COUNT, "501")
}

/// More frames than one region of the wal-index holds, in one transaction and over several.
pub(crate) fn a_long_wal_needs_more_regions(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let db = Db::open(vfs, &path)?;
    db.exec("PRAGMA page_size = 512")?;
    db.says("PRAGMA journal_mode = wal", "wal")?;
    db.exec("PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (id INTEGER PRIMARY KEY, v)")?;
    let reader = Db::open(vfs, &path)?;
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9)
        INSERT INTO t SELECT NULL, zeroblob(490 * 500) FROM n";
    for round in 1..=3 {
        db.exec(insert)?;
        reader.says(COUNT, &(9 * round).to_string())?;
    }
    let frames = (side_bytes(vfs, &path, Side::Wal)?.len() - 32) / (24 + 512);
    that(&format!("{frames} frames"), frames > 2 * 4096)?;
    let copy = vfs.path("copy.db");
    copy_as_it_is(vfs, &path, &copy)?;
    Db::open(vfs, &copy)?.says(COUNT, "27")?;
    db.says("PRAGMA wal_checkpoint(TRUNCATE)", "0|0|0")?;
    reader.says(COUNT, "27")?;
    reader.is_sound()
}

/// With automatic checkpoints the WAL stays bounded, and is written from its start again.
pub(crate) fn the_wal_stays_bounded(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let db = Db::in_mode(vfs, &path, "wal")?;
    db.exec("PRAGMA wal_autocheckpoint = 10; CREATE TABLE t (id INTEGER PRIMARY KEY, v)")?;
    let other = Db::open(vfs, &path)?;
    let mut largest = 0;
    for round in 1..=60 {
        db.exec("INSERT INTO t (v) VALUES (zeroblob(2000))")?;
        if round % 10 == 0 {
            other.says(COUNT, &round.to_string())?;
            largest = largest.max(side_bytes(vfs, &path, Side::Wal)?.len());
        }
    }
    let page: usize = db.ask("PRAGMA page_size")?.parse().unwrap_or(0);
    that(
        &format!("{largest} bytes at most"),
        largest < 32 + 20 * (24 + page),
    )?;
    other.is_sound()
}

/// A connection that may only read sees what others commit, and changes no byte of the database.
pub(crate) fn a_read_only_connection_reads_the_wal(vfs: &Vfs) -> Outcome {
    let (writer, path) = filled(vfs, "a.db")?;
    let reader = Db::open_read_only(vfs, &path)?;
    reader.says(COUNT, "500")?;
    writer.exec("INSERT INTO t (v) VALUES (1)")?;
    reader.says(COUNT, "501")?;
    reader.fails(
        "INSERT INTO t (v) VALUES (2)",
        rusqlite::ErrorCode::ReadOnly,
    )?;
    let before = (main_bytes(vfs, &path)?, side_bytes(vfs, &path, Side::Wal)?);
    reader.close()?;
    let after = (main_bytes(vfs, &path)?, side_bytes(vfs, &path, Side::Wal)?);
    same_bytes("main file", &after.0, &before.0)?;
    same_bytes("WAL", &after.1, &before.1)
}
