//! Several connections of one instance to one file, over our VFS on memory: locks, journals, the
//! wal-index they share, temporary files.

use std::rc::Rc;

use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Options, register};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Each test has a VFS of its own: registrations last as long as the program.
fn storage(vfs: &str) -> MemoryStorage {
    let storage = MemoryStorage::default();
    let options = Options {
        temp_memory: 256 * 1024,
        ..Options::default()
    };
    register(vfs, Rc::new(storage.clone()), options).expect("registers");
    storage
}

fn open(path: &str, vfs: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags_and_vfs(path, flags, vfs).expect("opens");
    connection
        .busy_timeout(std::time::Duration::ZERO)
        .expect("no handler");
    connection
}

fn mode(connection: &Connection, mode: &str) {
    let answer: String = connection
        .query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| {
            row.get(0)
        })
        .expect("answers");
    assert_eq!(answer, mode);
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection
        .query_row(sql, [], |row| row.get(0))
        .expect("reads")
}

fn is_busy(outcome: rusqlite::Result<()>) -> bool {
    outcome.expect_err("busy").sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

#[test]
fn in_wal_readers_keep_their_snapshot_beside_a_writer() {
    storage("wal");
    let (writer, reader) = (open("a.db", "wal"), open("a.db", "wal"));
    mode(&writer, "wal");
    writer
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("writes");
    reader.execute_batch("BEGIN").expect("begins");
    assert_eq!(number(&reader, "SELECT count(*) FROM t"), 1);
    writer
        .execute_batch("INSERT INTO t VALUES (2)")
        .expect("writes beside a reader");
    assert_eq!(number(&reader, "SELECT count(*) FROM t"), 1);
    assert!(
        is_busy(reader.execute_batch("INSERT INTO t VALUES (3)")),
        "an old snapshot"
    );
    reader.execute_batch("COMMIT").expect("ends");
    assert_eq!(number(&reader, "SELECT count(*) FROM t"), 2);
    writer.execute_batch("BEGIN IMMEDIATE").expect("free");
    assert!(is_busy(reader.execute_batch("BEGIN IMMEDIATE")));
    writer.execute_batch("COMMIT").expect("ends");
    reader
        .execute_batch("BEGIN IMMEDIATE; COMMIT")
        .expect("free");
}

#[test]
fn all_modes_of_checkpoints_work_and_wait_for_readers() {
    let storage = storage("checkpoint");
    let (writer, reader) = (open("a.db", "checkpoint"), open("a.db", "checkpoint"));
    mode(&writer, "wal");
    writer
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("writes");
    for kind in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
        writer
            .execute_batch("INSERT INTO t VALUES (1)")
            .expect("writes");
        let busy = number(&writer, &format!("PRAGMA wal_checkpoint({kind})"));
        assert_eq!(busy, 0, "{kind}");
    }
    assert_eq!(storage.bytes("a.db-wal"), Some(vec![]));
    reader
        .execute_batch("BEGIN; SELECT * FROM t")
        .expect("reads");
    writer
        .execute_batch("INSERT INTO t VALUES (1)")
        .expect("writes");
    assert_eq!(
        number(&writer, "PRAGMA wal_checkpoint(TRUNCATE)"),
        1,
        "a reader is there"
    );
}

#[test]
fn in_rollback_modes_one_writes_and_none_reads_meanwhile() {
    storage("rollback");
    for name in ["delete", "truncate", "persist"] {
        let path = format!("{name}.db");
        let (first, second) = (open(&path, "rollback"), open(&path, "rollback"));
        mode(&first, name);
        first
            .execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE")
            .expect("writes");
        first
            .execute_batch("INSERT INTO t VALUES (1)")
            .expect("writes");
        assert_eq!(
            number(&second, "SELECT count(*) FROM t"),
            0,
            "{name}: not committed"
        );
        assert!(is_busy(second.execute_batch("BEGIN IMMEDIATE")));
        second
            .execute_batch("BEGIN; SELECT * FROM t")
            .expect("reads");
        assert!(
            is_busy(first.execute_batch("COMMIT")),
            "{name}: a reader is there"
        );
        second.execute_batch("COMMIT").expect("ends");
        first.execute_batch("COMMIT").expect("free now");
        assert_eq!(number(&second, "SELECT count(*) FROM t"), 1);
    }
}

#[test]
fn a_hot_journal_and_a_left_over_wal_recover() {
    for name in ["delete", "truncate", "persist", "wal"] {
        let (left, found) = (format!("left-{name}"), format!("found-{name}"));
        let (before, after) = (storage(&left), storage(&found));
        let connection = open("a.db", &left);
        mode(&connection, name);
        connection
            .execute_batch(
                "PRAGMA cache_size = 5; CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(90000));
                 BEGIN; UPDATE t SET a = randomblob(90000); INSERT INTO t SELECT a FROM t",
            )
            .expect("writes");
        for path in ["a.db", "a.db-journal", "a.db-wal"] {
            use anchorite_vfs::{Creation, Storage};
            let bytes = before.bytes(path).expect("is there");
            let mut file = after.open(path, Creation::IfMissing).expect("opens");
            file.write(&bytes, 0).expect("writes");
        }
        let recovered = open("a.db", &found);
        assert_eq!(number(&recovered, "SELECT count(*) FROM t"), 1, "{name}");
        assert_eq!(
            number(&recovered, "SELECT sum(a = zeroblob(90000)) FROM t"),
            1,
            "{name}"
        );
        let state: String = recovered
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("checks");
        assert_eq!(state, "ok", "{name}");
        assert_eq!(after.bytes("a.db-journal"), Some(vec![]), "{name}");
    }
}

#[test]
fn a_transaction_over_several_files_is_one_and_leaves_no_super_journal() {
    use anchorite_vfs::Storage;
    let storage = storage("attach");
    let connection = open("a.db", "attach");
    connection
        .execute_batch(
            "PRAGMA main.journal_mode = delete; ATTACH 'dir/b.db' AS b;
             PRAGMA b.journal_mode = delete;
             CREATE TABLE t (a); CREATE TABLE b.u (a);
             BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (2); COMMIT;
             VACUUM INTO 'copy.db'; DETACH b",
        )
        .expect("runs");
    drop(connection);
    let mut paths = storage.list("").expect("lists");
    paths.retain(|path| !path.ends_with("-journal") && !path.ends_with("-wal"));
    assert_eq!(paths, ["a.db", "copy.db", "dir/b.db"]);
    assert_eq!(number(&open("copy.db", "attach"), "SELECT a FROM t"), 1);
}

#[test]
fn temporary_files_spill_and_are_gone_afterwards() {
    use anchorite_vfs::Storage;
    let storage = storage("temporary");
    let connection = open("a.db", "temporary");
    connection
        .execute_batch(
            "PRAGMA temp_store = FILE; PRAGMA cache_size = 10; 
             PRAGMA temp.cache_size = 10; CREATE TABLE t (a, b);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO t SELECT i * 7919 % 20011, 'padding of row ' || i FROM n;
             CREATE TEMP TABLE s AS SELECT * FROM t ORDER BY a; CREATE INDEX i ON t (b, a);
             DELETE FROM t WHERE a % 3 = 0; VACUUM",
        )
        .expect("runs");
    let spilled = |paths: Vec<String>| paths.iter().any(|it| it.starts_with(".anchorite/temp-"));
    assert!(
        spilled(storage.list("").expect("lists")),
        "the temporary table is there"
    );
    drop(connection);
    assert!(!spilled(storage.list("").expect("lists")));
}

#[test]
fn a_reader_changes_no_file() {
    let storage = storage("readonly");
    let connection = open("a.db", "readonly");
    mode(&connection, "wal");
    connection
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("writes");
    drop(connection);
    let before = storage.bytes("a.db");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let reader = Connection::open_with_flags_and_vfs("a.db", flags, "readonly").expect("opens");
    assert_eq!(number(&reader, "SELECT a FROM t"), 1);
    reader
        .execute_batch("INSERT INTO t VALUES (2)")
        .expect_err("read only");
    drop(reader);
    assert_eq!(storage.bytes("a.db"), before);
}
