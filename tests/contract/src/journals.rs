//! Journal modes with SQL: commits, rollbacks, several connections, hot journals.
//!
//! <https://sqlite.org/pragma.html#pragma_journal_mode>, <https://sqlite.org/lockingv3.html>.

use rusqlite::ffi::SQLITE_ACCESS_EXISTS;

use crate::check::{Outcome, equal, same_bytes, that};
use crate::raw::Vfs;
use crate::sql::{Db, MODES, ROLLBACK_MODES, Side, copy_as_it_is, has_side, main_bytes};

const FILL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v, data);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)
    INSERT INTO t SELECT i, i, zeroblob(3000) FROM n";
const SUM: &str = "SELECT count(*), sum(v) FROM t";

fn in_each_mode(modes: &[&str], case: impl Fn(&str) -> Outcome) -> Outcome {
    let told = |mode: &&str, error| format!("{mode}: {error}");
    modes
        .iter()
        .try_for_each(|mode| case(mode).map_err(|error| told(mode, error)))
}

/// In each mode a commit is there after closing, and a rollback leaves nothing.
pub(crate) fn every_mode_commits_and_rolls_back(vfs: &Vfs) -> Outcome {
    in_each_mode(&MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let db = Db::in_mode(vfs, &path, mode)?;
        db.exec(FILL)?;
        db.says("PRAGMA journal_mode", mode)?;
        // Without a journal there is no way back: ROLLBACK is undefined there.
        if mode != "off" {
            db.exec("BEGIN; UPDATE t SET v = 0; DELETE FROM t WHERE id > 50; ROLLBACK")?;
        }
        db.exec("UPDATE t SET v = v + 1")?;
        db.says(SUM, "100|5150")?;
        db.is_sound()?;
        db.close()?;
        let db = Db::open(vfs, &path)?;
        db.says(SUM, "100|5150")?;
        db.is_sound()
    })
}

/// In each mode one connection sees what the other commits, and nothing before.
pub(crate) fn connections_see_commits_of_each_other(vfs: &Vfs) -> Outcome {
    in_each_mode(&MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let a = Db::in_mode(vfs, &path, mode)?;
        a.exec(FILL)?;
        let b = Db::open(vfs, &path)?;
        for round in 0..3 {
            b.says(SUM, &format!("100|{}", 5050 + 100 * round))?;
            let (writer, reader) = if round % 2 == 0 { (&a, &b) } else { (&b, &a) };
            writer.exec("BEGIN IMMEDIATE; UPDATE t SET v = v + 1 WHERE id <= 3")?;
            reader.says(SUM, &format!("100|{}", 5050 + 100 * round))?;
            writer.exec("UPDATE t SET v = v + 1 WHERE id > 3; COMMIT")?;
        }
        a.is_sound()?;
        b.is_sound()
    })
}

/// A second writer is told at once that it has to wait, and can go on when the first is done.
pub(crate) fn a_second_writer_is_busy_at_once(vfs: &Vfs) -> Outcome {
    in_each_mode(&MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let a = Db::in_mode(vfs, &path, mode)?;
        a.exec(FILL)?;
        let b = Db::open(vfs, &path)?;
        a.exec("BEGIN IMMEDIATE")?;
        b.is_busy("BEGIN IMMEDIATE")?;
        b.is_busy("UPDATE t SET v = 0")?;
        a.exec("UPDATE t SET v = v + 1; COMMIT")?;
        b.exec("BEGIN IMMEDIATE; UPDATE t SET v = v + 1")?;
        a.is_busy("BEGIN IMMEDIATE")?;
        b.exec("ROLLBACK")?;
        a.exec("BEGIN IMMEDIATE; COMMIT")?;
        a.says(
            SUM,
            if mode == "off" {
                "100|5250"
            } else {
                "100|5150"
            },
        )
        .or_else(|error| if mode == "off" { Ok(()) } else { Err(error) })
    })
}

/// With a rollback journal a commit waits for readers, keeps new ones out, and then succeeds.
pub(crate) fn a_commit_waits_for_readers(vfs: &Vfs) -> Outcome {
    in_each_mode(&ROLLBACK_MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let writer = Db::in_mode(vfs, &path, mode)?;
        writer.exec(FILL)?;
        let (reader, new) = (Db::open(vfs, &path)?, Db::open(vfs, &path)?);
        reader.exec("BEGIN")?;
        reader.says(SUM, "100|5050")?;
        writer.exec("BEGIN; UPDATE t SET v = v + 1")?;
        reader.says(SUM, "100|5050")?;
        writer.is_busy("COMMIT")?;
        new.is_busy(SUM)?;
        reader.says(SUM, "100|5050")?;
        reader.exec("COMMIT")?;
        writer.exec("COMMIT")?;
        for db in [&writer, &reader, &new] {
            db.says(SUM, "100|5150")?;
        }
        Ok(())
    })
}

/// EXCLUSIVE keeps readers out with a rollback journal.
pub(crate) fn an_exclusive_transaction_is_alone(vfs: &Vfs) -> Outcome {
    in_each_mode(&ROLLBACK_MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let a = Db::in_mode(vfs, &path, mode)?;
        a.exec(FILL)?;
        let b = Db::open(vfs, &path)?;
        a.exec("BEGIN EXCLUSIVE")?;
        b.is_busy(SUM)?;
        a.exec("COMMIT")?;
        b.says(SUM, "100|5050")
    })
}

/// Two readers that both want to write: one is told, at once, and the other can go on.
pub(crate) fn a_deadlock_is_told_at_once(vfs: &Vfs) -> Outcome {
    in_each_mode(&ROLLBACK_MODES, |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let a = Db::in_mode(vfs, &path, mode)?;
        a.exec(FILL)?;
        let b = Db::open(vfs, &path)?;
        for db in [&a, &b] {
            db.exec("BEGIN")?;
            db.says(SUM, "100|5050")?;
        }
        a.exec("UPDATE t SET v = v + 1")?;
        b.is_busy("UPDATE t SET v = v + 1")?;
        a.is_busy("COMMIT")?;
        b.exec("ROLLBACK")?;
        a.exec("COMMIT")?;
        b.says(SUM, "100|5150")
    })
}

/// What a crash in the middle of a transaction leaves is rolled back by the next opener, byte for
/// byte, and the journal counts no more.
pub(crate) fn a_hot_journal_is_rolled_back(vfs: &Vfs) -> Outcome {
    in_each_mode(&ROLLBACK_MODES, |mode| {
        let [path, copy] = ["", "-copy"].map(|end| vfs.path(&format!("{mode}{end}.db")));
        let db = Db::in_mode(vfs, &path, mode)?;
        db.exec(FILL)?;
        let before = main_bytes(vfs, &path)?;
        // So small a cache that pages reach the file before the commit.
        db.exec("PRAGMA cache_size = 10; BEGIN")?;
        db.exec("UPDATE t SET v = 0, data = randomblob(3000); INSERT INTO t SELECT NULL, 1, 2")?;
        copy_as_it_is(vfs, &path, &copy)?;
        db.exec("ROLLBACK")?;
        that("pages were spilled", main_bytes(vfs, &copy)? != before)?;
        that("a journal is there", has_side(vfs, &copy, Side::Journal)?)?;
        let recovered = Db::open(vfs, &copy)?;
        recovered.says(SUM, "100|5050")?;
        recovered.is_sound()?;
        same_bytes("rolled back", &main_bytes(vfs, &copy)?, &before)?;
        recovered.close()?;
        let journal = format!("{copy}-journal");
        let there = vfs.access(&journal, SQLITE_ACCESS_EXISTS);
        equal("the journal is there", there, Ok(false))?;
        db.says(SUM, "100|5050")
    })
}

/// A transaction larger than the cache, rolled back and committed, beside a second connection.
pub(crate) fn a_spilled_transaction_is_whole_or_nothing(vfs: &Vfs) -> Outcome {
    in_each_mode(
        &["delete", "truncate", "persist", "memory", "wal"],
        |mode| {
            let path = vfs.path(&format!("{mode}.db"));
            let db = Db::in_mode(vfs, &path, mode)?;
            db.exec(FILL)?;
            let other = Db::open(vfs, &path)?;
            db.exec("PRAGMA cache_size = 10")?;
            for (end, expected) in [("ROLLBACK", "100|5050"), ("COMMIT", "200|0")] {
                db.exec("BEGIN; UPDATE t SET v = 0, data = randomblob(3000)")?;
                db.exec("INSERT INTO t SELECT id + 100, 0, randomblob(2000) FROM t")?;
                db.exec(end)?;
                for db in [&db, &other] {
                    db.says(SUM, expected)?;
                    db.is_sound()?;
                }
            }
            Ok(())
        },
    )
}

/// Savepoints and failing statements go back to where they should, through the statement journal.
pub(crate) fn savepoints_go_back_step_by_step(vfs: &Vfs) -> Outcome {
    in_each_mode(
        &["delete", "truncate", "persist", "memory", "wal"],
        |mode| {
            let db = Db::in_mode(vfs, &vfs.path(&format!("{mode}.db")), mode)?;
            db.exec(FILL)?;
            db.exec("CREATE UNIQUE INDEX t_v ON t (v); PRAGMA cache_size = 10; BEGIN")?;
            db.exec(
                "SAVEPOINT a; UPDATE t SET data = randomblob(3000); SAVEPOINT b; DELETE FROM t",
            )?;
            db.says("SELECT count(*) FROM t", "0")?;
            db.exec("ROLLBACK TO b")?;
            db.says(SUM, "100|5050")?;
            // It fails at the last row, and takes back the others.
            db.fails(
                "UPDATE t SET v = CASE id WHEN 100 THEN 1001 ELSE 1000 + id END",
                rusqlite::ErrorCode::ConstraintViolation,
            )?;
            db.says(SUM, "100|5050")?;
            db.exec("ROLLBACK TO a")?;
            db.says("SELECT count(*) FROM t WHERE data <> zeroblob(3000)", "0")?;
            db.exec("UPDATE t SET v = -v; RELEASE a; COMMIT")?;
            db.says(SUM, "100|-5050")?;
            db.is_sound()
        },
    )
}

/// A database changes its journal mode when nobody else is in the way, and keeps what it holds.
pub(crate) fn a_journal_mode_can_be_changed(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let db = Db::in_mode(vfs, &path, "wal")?;
    db.exec(FILL)?;
    let other = Db::open(vfs, &path)?;
    other.says(SUM, "100|5050")?;
    db.is_busy("PRAGMA journal_mode = delete")?;
    db.says("PRAGMA journal_mode", "wal")?;
    other.close()?;
    for mode in [
        "delete", "wal", "truncate", "persist", "wal", "memory", "delete",
    ] {
        db.says(&format!("PRAGMA journal_mode = {mode}"), mode)?;
        db.exec("UPDATE t SET v = v + 1")?;
        that("one journal at most", {
            let wal = has_side(vfs, &path, Side::Wal)?;
            let journal = has_side(vfs, &path, Side::Journal)?;
            !(wal && journal)
        })?;
    }
    db.says(SUM, "100|5750")?;
    db.is_sound()?;
    db.close()?;
    Db::open(vfs, &path)?.says(SUM, "100|5750")
}

/// `locking_mode = EXCLUSIVE` keeps the lock between transactions, and gives it back when asked.
pub(crate) fn exclusive_locking_mode_keeps_others_out(vfs: &Vfs) -> Outcome {
    in_each_mode(&["delete", "wal"], |mode| {
        let path = vfs.path(&format!("{mode}.db"));
        let a = Db::in_mode(vfs, &path, mode)?;
        a.exec(FILL)?;
        a.exec("PRAGMA locking_mode = EXCLUSIVE; UPDATE t SET v = v + 1")?;
        let b = Db::open(vfs, &path)?;
        b.is_busy(SUM)?;
        b.is_busy("UPDATE t SET v = 0")?;
        a.exec("PRAGMA locking_mode = NORMAL; UPDATE t SET v = v + 1")?;
        b.says(SUM, "100|5250")
    })
}
