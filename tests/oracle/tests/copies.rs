//! SQLite's own ways to copy and to stream, over our VFS on memory: backup and blob I/O in pieces.

use std::io::{Read, Seek, SeekFrom, Write};
use std::rc::Rc;
use std::time::Duration;

use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Options, register};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB, OpenFlags};

/// Each test has a VFS of its own: registrations last as long as the program.
fn storage(vfs: &str) {
    let storage = Rc::new(MemoryStorage::default());
    register(vfs, storage, Options::default()).expect("registers");
}

fn open(path: &str, vfs: &str, mode: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags_and_vfs(path, flags, vfs).expect("opens");
    connection.busy_timeout(Duration::ZERO).expect("no handler");
    let answer: String = connection
        .query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| {
            row.get(0)
        })
        .expect("answers");
    assert_eq!(answer, mode);
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection
        .query_row(sql, [], |row| row.get(0))
        .expect("reads")
}

const FILL: &str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500)
    INSERT INTO t SELECT i, zeroblob(1000) FROM n";

#[test]
fn a_backup_in_steps_has_what_was_written_meanwhile_and_replaces_what_was_there() {
    storage("backup");
    for mode in ["wal", "delete", "truncate", "persist"] {
        let source = open(&format!("{mode}.db"), "backup", mode);
        source.execute_batch(FILL).expect("fills");
        let mut target = open(&format!("{mode}-copy.db"), "backup", mode);
        target
            .execute_batch("CREATE TABLE old (a); INSERT INTO old VALUES (zeroblob(90000))")
            .expect("fills");
        let backup = Backup::new(&source, &mut target).expect("begins");
        assert_eq!(backup.step(10).expect("steps"), StepResult::More);
        source
            .execute_batch("UPDATE t SET b = 'new' WHERE a = 1")
            .expect("writes meanwhile");
        while backup.step(50).expect("steps") == StepResult::More {}
        drop(backup);
        assert_eq!(number(&target, "SELECT count(*) FROM t"), 500, "{mode}");
        assert_eq!(number(&target, "SELECT count(*) FROM t WHERE b = 'new'"), 1);
        assert_eq!(number(&target, "SELECT count(*) FROM sqlite_schema"), 1);
        let state: String = target
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("checks");
        assert_eq!(state, "ok", "{mode}");
    }
}

#[test]
fn a_backup_steps_aside_for_a_writer_of_its_target() {
    storage("aside");
    let source = open("a.db", "aside", "wal");
    source.execute_batch(FILL).expect("fills");
    let mut target = open("b.db", "aside", "delete");
    let writer = open("b.db", "aside", "delete");
    writer
        .execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE")
        .expect("begins");
    let backup = Backup::new(&source, &mut target).expect("begins");
    assert_eq!(backup.step(-1).expect("steps"), StepResult::Busy);
    writer.execute_batch("COMMIT").expect("ends");
    assert_eq!(backup.step(-1).expect("steps"), StepResult::Done);
    drop(backup);
    assert_eq!(number(&writer, "SELECT count(*) FROM t"), 500);
}

#[test]
fn a_blob_is_read_and_written_in_pieces_in_every_journal_mode() {
    storage("blob");
    for mode in ["wal", "delete", "truncate", "persist", "memory", "off"] {
        let connection = open(&format!("{mode}.db"), "blob", mode);
        connection
            .execute_batch("CREATE TABLE t (b); INSERT INTO t VALUES (zeroblob(100000))")
            .expect("creates");
        let mut blob = connection
            .blob_open(MAIN_DB, "t", "b", 1, false)
            .expect("opens");
        blob.seek(SeekFrom::Start(70_000)).expect("seeks");
        blob.write_all(b"in the middle").expect("writes");
        blob.close().expect("closes");
        let reader = open(&format!("{mode}.db"), "blob", mode);
        let mut blob = reader.blob_open(MAIN_DB, "t", "b", 1, true).expect("opens");
        blob.seek(SeekFrom::Start(69_999)).expect("seeks");
        let mut piece = [1; 15];
        blob.read_exact(&mut piece).expect("reads");
        assert_eq!(&piece, b"\0in the middle\0", "{mode}");
        blob.write_all(b"x").expect_err("read only");
    }
}
