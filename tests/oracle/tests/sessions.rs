//! Several sessions of the engine on one file, over our VFS on memory: which refusals may be tried
//! again, options of opening, and databases as a whole.

use std::rc::Rc;

use anchorite_engine::{
    Durability, EngineError, JournalMode, OpenOptions, Params, Patience, Reach, RowBatch, Session,
    Value,
};
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Options, Storage, register};

const JOURNAL_MODES: [JournalMode; 6] = [
    JournalMode::Wal,
    JournalMode::Delete,
    JournalMode::Truncate,
    JournalMode::Persist,
    JournalMode::Memory,
    JournalMode::Off,
];

/// Each test has a VFS of its own: registrations last as long as the program.
fn storage(vfs: &str) -> MemoryStorage {
    let storage = MemoryStorage::default();
    let options = Options {
        host_waits: true,
        ..Options::default()
    };
    register(vfs, Rc::new(storage.clone()), options).expect("registers");
    storage
}

fn open(path: &str, vfs: &str) -> Session {
    Session::open(path, Some(vfs), &OpenOptions::default()).expect("opens")
}

fn open_in(mode: JournalMode, path: &str, vfs: &str) -> Session {
    let options = OpenOptions {
        journal_mode: Some(mode),
        ..OpenOptions::default()
    };
    Session::open(path, Some(vfs), &options).expect("opens")
}

fn values(session: &Session, sql: &str) -> Vec<Value> {
    session.query(sql, &Params::NONE).expect(sql).values
}

fn number(session: &Session, sql: &str) -> i64 {
    match values(session, sql).as_slice() {
        [Value::Integer(number)] => *number,
        other => panic!("{sql}: {other:?}"),
    }
}

fn text(session: &Session, sql: &str) -> String {
    match values(session, sql).as_slice() {
        [Value::Text(text)] => text.clone(),
        other => panic!("{sql}: {other:?}"),
    }
}

/// Runs a text that must be refused where waiting helps, and tells where it stopped.
fn parks(session: &Session, sql: &str, from: &mut usize) {
    let error = session
        .exec_from(sql, from, Patience::Wait)
        .expect_err("is in the way");
    assert_eq!(error.code, "SQLITE_BUSY", "{sql}");
    assert!(error.would_wait, "{sql}: {error}");
}

fn goes_on(session: &Session, sql: &str, from: &mut usize) {
    session
        .exec_from(sql, from, Patience::Wait)
        .expect("nobody is in the way");
    assert_eq!(*from, sql.len(), "{sql}");
}

/// Refused for good, since waiting would be a deadlock.
fn fails(outcome: Result<(), EngineError>) {
    let error = outcome.expect_err("is in the way");
    assert_eq!(error.code, "SQLITE_BUSY");
    assert!(!error.would_wait, "{error}");
}

#[test]
fn a_text_of_several_statements_goes_on_where_it_was_refused() {
    storage("parked");
    let (holder, other) = (open("a.db", "parked"), open("a.db", "parked"));
    holder
        .exec("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
        .expect("runs");
    let sql = "; -- é\nCREATE TEMP TABLE mine (a);; /* ; */ INSERT INTO mine VALUES (7);
               INSERT INTO t SELECT a FROM mine; INSERT INTO mine VALUES (8) -- end";
    let mut from = 0;
    for _ in 0..3 {
        parks(&other, sql, &mut from);
        assert!(
            sql[from..].trim_start().starts_with("INSERT INTO t"),
            "{from}"
        );
    }
    holder.exec("COMMIT").expect("ends");
    goes_on(&other, sql, &mut from);
    assert_eq!(
        number(&other, "SELECT group_concat(a) = '7,8' FROM mine"),
        1
    );
    assert_eq!(number(&holder, "SELECT group_concat(a) = '1,7' FROM t"), 1);
}

#[test]
fn in_every_mode_a_second_writer_waits_for_the_first() {
    storage("writers");
    for mode in JOURNAL_MODES {
        let path = format!("{}.db", mode.name());
        let (first, second) = (open_in(mode, &path, "writers"), open(&path, "writers"));
        first
            .exec("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
            .expect("runs");
        for sql in [
            "BEGIN IMMEDIATE; COMMIT",
            "INSERT INTO t VALUES (2)",
            "VACUUM",
        ] {
            let mut from = 0;
            parks(&second, sql, &mut from);
            assert_eq!(from, 0, "{sql}");
        }
        first.exec("COMMIT").expect("ends");
        goes_on(&second, "INSERT INTO t VALUES (2)", &mut 0);
        assert_eq!(number(&first, "SELECT count(*) FROM t"), 2, "{mode:?}");
    }
}

#[test]
fn in_rollback_modes_a_commit_waits_for_readers_and_stays_open() {
    storage("commit");
    for mode in [
        JournalMode::Delete,
        JournalMode::Truncate,
        JournalMode::Persist,
    ] {
        let path = format!("{}.db", mode.name());
        let writer = open_in(mode, &path, "commit");
        writer.exec("CREATE TABLE t (a)").expect("creates");
        let (reader, late) = (open(&path, "commit"), open(&path, "commit"));
        reader.exec("BEGIN; SELECT * FROM t").expect("reads");
        let mut alone = 0;
        parks(&writer, "INSERT INTO t VALUES (0)", &mut alone);
        let sql = "BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT 1";
        let mut from = 0;
        parks(&writer, sql, &mut from);
        assert!(sql[from..].starts_with(" COMMIT"), "{}", &sql[from..]);
        parks(&late, "SELECT * FROM t", &mut 0);
        fails(reader.exec("INSERT INTO t VALUES (9)"));
        reader.exec("COMMIT").expect("ends");
        goes_on(&writer, sql, &mut from);
        assert_eq!(number(&late, "SELECT a FROM t"), 1);
    }
}

#[test]
fn a_reader_that_wants_to_write_beside_a_writer_is_told_at_once() {
    storage("deadlock");
    let (writer, reader) = (open("a.db", "deadlock"), open("a.db", "deadlock"));
    writer.exec("CREATE TABLE t (a)").expect("creates");
    reader.exec("BEGIN; SELECT * FROM t").expect("reads");
    writer.exec("BEGIN IMMEDIATE").expect("begins");
    fails(reader.exec_from("INSERT INTO t VALUES (1)", &mut 0, Patience::Wait));
    writer
        .exec("INSERT INTO t VALUES (2); COMMIT")
        .expect("ends");
    let error = reader
        .exec("INSERT INTO t VALUES (1)")
        .expect_err("an old snapshot");
    assert_eq!(error.extended_code, "SQLITE_BUSY_SNAPSHOT");
    assert!(!error.would_wait);
    reader
        .exec("ROLLBACK; INSERT INTO t VALUES (1)")
        .expect("a new one");
}

#[test]
fn a_checkpoint_waits_for_readers_while_there_is_patience() {
    storage("checkpoint");
    let (writer, reader) = (open("a.db", "checkpoint"), open("a.db", "checkpoint"));
    writer.exec("CREATE TABLE t (a)").expect("creates");
    reader.exec("BEGIN; SELECT * FROM t").expect("reads");
    writer.exec("INSERT INTO t VALUES (1)").expect("writes");
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    parks(&writer, sql, &mut 0);
    let error = writer
        .query_with(sql, &Params::NONE, Patience::Wait)
        .expect_err("a reader is in the way");
    assert!(error.would_wait);
    assert_eq!(
        values(&writer, sql)[0],
        Value::Integer(1),
        "as SQLite says it"
    );
    writer
        .exec(&format!("{sql}; INSERT INTO t VALUES (2)"))
        .expect("goes on without");
    reader.exec("COMMIT").expect("ends");
    goes_on(&writer, sql, &mut 0);
    assert_eq!(number(&reader, "SELECT count(*) FROM t"), 2);
}

#[test]
fn an_opener_waits_for_a_writer_in_a_rollback_mode() {
    storage("opener");
    let writer = open_in(JournalMode::Delete, "a.db", "opener");
    writer
        .exec("CREATE TABLE t (a); BEGIN EXCLUSIVE")
        .expect("begins");
    let error = Session::open("a.db", Some("opener"), &OpenOptions::default())
        .expect_err("it cannot read the schema");
    assert!(error.would_wait, "{error}");
    writer.exec("COMMIT").expect("ends");
    assert_eq!(number(&open("a.db", "opener"), "SELECT count(*) FROM t"), 0);
}

#[test]
fn an_attached_database_of_another_owner_is_busy_and_leaves_nothing_attached() {
    let storage = storage("attach");
    let other = storage.acquire("b.db").expect("free");
    let session = open("a.db", "attach");
    let error = session.exec("ATTACH 'b.db' AS b").expect_err("owned");
    assert_eq!(error.code, "SQLITE_BUSY");
    assert!(
        error.message.starts_with("unable to open database: "),
        "{error}"
    );
    let attached = "SELECT count(*) FROM pragma_database_list WHERE name = 'b'";
    assert_eq!(number(&session, attached), 0);
    other.release().expect("lets go");
    session.exec("ATTACH 'b.db' AS b").expect("free now");
    assert_eq!(number(&session, attached), 1);
}

#[test]
fn a_transaction_over_several_files_waits_for_the_one_that_is_held() {
    let storage = storage("files");
    let session = open_in(JournalMode::Delete, "a.db", "files");
    session
        .exec("CREATE TABLE t (a); ATTACH 'b.db' AS b; PRAGMA b.journal_mode = delete")
        .expect("attaches");
    let other = open("b.db", "files");
    session.exec("CREATE TABLE b.u (a)").expect("creates");
    other.exec("BEGIN IMMEDIATE").expect("begins");
    let sql = "BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (2); COMMIT";
    let mut from = 0;
    parks(&session, sql, &mut from);
    assert!(sql[from..].starts_with(" INSERT INTO u"));
    other.exec("COMMIT").expect("ends");
    goes_on(&session, sql, &mut from);
    assert_eq!(number(&session, "SELECT t.a + u.a FROM t, u"), 3);
    drop((session, other));
    let mut paths = storage.list("").expect("lists");
    paths.retain(|path| !path.ends_with("-journal") && !path.ends_with("-wal"));
    assert_eq!(paths, ["a.db", "b.db"], "no super-journal is left");
}

#[test]
fn options_of_opening_are_what_the_pragmas_answer() {
    storage("options");
    for mode in JOURNAL_MODES {
        let path = format!("{}.db", mode.name());
        let options = OpenOptions {
            journal_mode: Some(mode),
            page_size: Some(8192),
            durability: Durability::Relaxed,
            ..OpenOptions::default()
        };
        let session = Session::open(&path, Some("options"), &options).expect("opens");
        session.exec("CREATE TABLE t (a)").expect("creates");
        assert_eq!(text(&session, "PRAGMA journal_mode"), mode.name());
        assert_eq!(number(&session, "PRAGMA page_size"), 8192);
        let synchronous = if mode == JournalMode::Wal { 1 } else { 2 };
        assert_eq!(
            number(&session, "PRAGMA synchronous"),
            synchronous,
            "{mode:?}"
        );
    }
    let kept = open("wal.db", "options");
    assert_eq!(text(&kept, "PRAGMA journal_mode"), "wal");
    assert_eq!(number(&kept, "PRAGMA synchronous"), 2);
    let changed = open_in(JournalMode::Wal, "delete.db", "options");
    assert_eq!(text(&changed, "PRAGMA journal_mode"), "wal");
    let refused = OpenOptions {
        journal_mode: Some(JournalMode::Wal),
        ..OpenOptions::default()
    };
    let error = Session::open(":memory:", Some("options"), &refused).expect_err("no WAL there");
    assert_eq!(error.code, "INVALID_OPTION");
}

#[test]
fn a_wal_that_each_commit_copies_stays_small() {
    let storage = storage("small-wal");
    let options = OpenOptions {
        syncs_replace_files: true,
        ..OpenOptions::default()
    };
    let session = Session::open("a.db", Some("small-wal"), &options).expect("opens");
    assert_eq!(number(&session, "PRAGMA wal_autocheckpoint"), 128);
    let fill = "CREATE TABLE t (a);
                INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c \
                WHERE i < 20000) SELECT zeroblob(3000) FROM c";
    session.exec(fill).expect("fills");
    for _ in 0..2 {
        session
            .exec("INSERT INTO t VALUES (1)")
            .expect("a small commit");
    }
    let size = storage.bytes("a.db-wal").expect("it stays").len();
    assert!(size <= 129 * 4096, "the WAL of 60 MB was cut to {size} B");
    session.close().expect("closes");
    let session = Session::open("a.db", Some("small-wal"), &options).expect("opens");
    assert_eq!(
        number(&session, "PRAGMA wal_autocheckpoint"),
        number(&session, "PRAGMA page_count").isqrt()
    );
    assert_eq!(
        number(&open("a.db", "small-wal"), "PRAGMA wal_autocheckpoint"),
        1000,
        "where a sync writes only what has changed"
    );
}

#[test]
fn a_question_is_answered_again_without_a_job_only_where_that_can_change_nothing() {
    storage("again");
    let session = open("a.db", "again");
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("fills");
    let again = |sql| {
        let mut values = Vec::new();
        let all = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        let columns = session.rows_again(sql, &Params::NONE, Reach::All, &mut values, all)?;
        Some(RowBatch { columns, values })
    };
    let question = "SELECT * FROM t";
    assert_eq!(again(question), None, "never asked before");
    assert_eq!(values(&session, question), [Value::Integer(1)]);
    assert_eq!(again(question).expect("known").values, [Value::Integer(1)]);
    let insert = "INSERT INTO t VALUES (2)";
    session.query(insert, &Params::NONE).expect("inserts");
    assert_eq!(again(insert), None, "it writes");
    assert_eq!(number(&session, "SELECT count(*) FROM t"), 2);
    session.exec("ALTER TABLE t ADD COLUMN b").expect("alters");
    assert_eq!(again(question).expect("compiled anew").columns, ["a", "b"]);
    session.exec("BEGIN").expect("begins");
    assert_eq!(again(question), None, "a failure could end the transaction");
    session.exec("COMMIT").expect("ends");
    let one = Params::Positional(vec![Value::Integer(1)]);
    assert_eq!(
        session.rows_again(question, &one, Reach::All, &mut Vec::<Value>::new(), |_| ()),
        None,
        "no parameter"
    );
    session.exec("DROP TABLE t").expect("drops");
    assert_eq!(again(question), None, "the error is for the job to tell");
}

#[test]
fn leaving_wal_is_busy_at_once_while_another_connection_is_there() {
    storage("leaving");
    let (first, second) = (open("a.db", "leaving"), open("a.db", "leaving"));
    first.exec("CREATE TABLE t (a)").expect("creates");
    second.exec("SELECT * FROM t").expect("reads");
    fails(first.vacuum(Some(8192)));
    assert_eq!(text(&first, "PRAGMA journal_mode"), "wal");
    drop(second);
    first.vacuum(Some(8192)).expect("alone");
    assert_eq!(number(&first, "PRAGMA page_size"), 8192);
}

#[test]
fn a_read_only_connection_changes_no_byte() {
    let storage = storage("readonly");
    let readonly = OpenOptions {
        readonly: true,
        ..OpenOptions::default()
    };
    let missing = Session::open("a.db", Some("readonly"), &readonly).expect_err("not there");
    assert_eq!(missing.code, "SQLITE_CANTOPEN");
    assert!(storage.list("").expect("lists").is_empty());
    for mode in JOURNAL_MODES {
        let path = format!("{}.db", mode.name());
        let writer = open_in(mode, &path, "readonly");
        writer
            .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .expect("writes");
        // The writer is still there, with commits in its WAL that no checkpoint has moved yet.
        let before = storage.bytes(&path);
        let reader = Session::open(&path, Some("readonly"), &readonly).expect("opens");
        assert_eq!(number(&reader, "SELECT a FROM t"), 1);
        let error = reader
            .exec("INSERT INTO t VALUES (2)")
            .expect_err("refused");
        assert_eq!(error.code, "SQLITE_READONLY");
        if mode == JournalMode::Wal {
            let checkpoint = reader.exec("PRAGMA wal_checkpoint(TRUNCATE)");
            assert_eq!(checkpoint.expect_err("refused").code, "SQLITE_READONLY");
        }
        reader.close().expect("closes");
        assert!(storage.bytes(&path) == before, "{mode:?}");
    }
}

#[test]
fn images_go_in_and_out_in_every_journal_mode() {
    storage("images");
    for mode in JOURNAL_MODES {
        let path = format!("{}.db", mode.name());
        let mut session = open_in(mode, &path, "images");
        session
            .exec("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(9000))")
            .expect("writes");
        let image = session.serialize().expect("serializes");
        assert!(image == session.export(false).expect("exports"), "{mode:?}");
        let mut memory = open(":memory:", "images");
        memory.deserialize(&image, false).expect("deserializes");
        memory.exec("INSERT INTO t VALUES (2)").expect("writes");
        assert_eq!(number(&memory, "SELECT count(*) FROM t"), 2, "{mode:?}");
        assert_eq!(text(&memory, "PRAGMA integrity_check"), "ok");
        assert_eq!(memory.serialize().expect("again")[..16], image[..16]);
        memory.deserialize(&image, true).expect("deserializes");
        memory
            .exec("INSERT INTO t VALUES (2)")
            .expect_err("read only");
        assert_eq!(number(&session, "SELECT count(*) FROM t"), 1);
    }
    let mut memory = open(":memory:", "images");
    let error = memory.deserialize(b"", false).expect_err("nothing");
    assert_eq!(error.code, "SQLITE_NOTADB");
}

#[test]
fn vacuum_takes_every_page_size_in_every_journal_mode() {
    storage("sizes");
    for mode in JOURNAL_MODES {
        let path = format!("{}.db", mode.name());
        let session = open_in(mode, &path, "sizes");
        session
            .exec("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(70000))")
            .expect("writes");
        for power in 9..=16 {
            session.vacuum(Some(1 << power)).expect("changes");
            assert_eq!(number(&session, "PRAGMA page_size"), 1 << power, "{mode:?}");
            assert_eq!(text(&session, "PRAGMA journal_mode"), mode.name());
            assert_eq!(text(&session, "PRAGMA integrity_check"), "ok");
        }
        session.vacuum(None).expect("vacuums");
        let error = session.vacuum(Some(1000)).expect_err("no power of two");
        assert_eq!(error.code, "INVALID_OPTION");
    }
}

#[test]
fn vacuum_into_makes_a_database_of_its_own_and_replaces_none() {
    storage("into");
    let session = open("a.db", "into");
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1); VACUUM INTO 'dir/b.db'")
        .expect("writes");
    session
        .exec("VACUUM INTO 'dir/b.db'")
        .expect_err("is there");
    assert_eq!(number(&open("dir/b.db", "into"), "SELECT a FROM t"), 1);
}

#[test]
fn auto_vacuum_gives_pages_back_in_both_kinds() {
    let storage = storage("auto");
    for (kind, more) in [("full", ""), ("incremental", "PRAGMA incremental_vacuum;")] {
        for mode in ["wal", "delete"] {
            let path = format!("{kind}-{mode}.db");
            let session = open(&path, "auto");
            session
                .exec(&format!(
                    "PRAGMA journal_mode = delete; PRAGMA auto_vacuum = {kind}; VACUUM;
                     PRAGMA journal_mode = {mode};
                     CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(400000));
                     DELETE FROM t; {more} PRAGMA wal_checkpoint(TRUNCATE)"
                ))
                .expect("runs");
            assert!(number(&session, "PRAGMA page_count") < 10, "{path}");
            let size = storage.bytes(&path).expect("is there").len();
            assert!(size < 10 * 4096, "{path}: {size} B");
            assert_eq!(text(&session, "PRAGMA integrity_check"), "ok");
        }
    }
}
