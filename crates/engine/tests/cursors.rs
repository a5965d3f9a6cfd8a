//! Cursors: rows a few at a time, and what ends them.

use anchorite_engine::{EngineError, OpenOptions, Params, Patience, Session, Value};

fn memory(sql: &str) -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("opens");
    session.exec(sql).expect(sql);
    session
}

/// Numbers from 1 to 10 in a table.
fn ten() -> Session {
    memory(
        "CREATE TABLE t (a INTEGER PRIMARY KEY);
         WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
         INSERT INTO t SELECT i FROM n",
    )
}

const ALL: &str = "SELECT a FROM t";

fn open(session: &Session, number: u32, inside: bool) {
    let opened = session.open_cursor(number, ALL, &Params::NONE, inside);
    opened.expect("opens");
}

/// The rows of a pull, and whether it was the last one.
fn pull(session: &Session, number: u32, count: u32) -> Result<(Vec<i64>, bool), EngineError> {
    let mut values = Vec::new();
    let pulled = session.pull(number, count, &mut values)?;
    assert_eq!(pulled.columns, ["a"]);
    let integer = |value| match value {
        Value::Integer(integer) => integer,
        other => panic!("{other:?}"),
    };
    Ok((values.into_iter().map(integer).collect(), pulled.is_done))
}

#[test]
fn rows_come_a_few_at_a_time_and_other_calls_in_between() {
    let session = ten();
    open(&session, 1, false);
    open(&session, 2, false);
    assert_eq!(pull(&session, 1, 4), Ok((vec![1, 2, 3, 4], false)));
    assert_eq!(pull(&session, 2, 1), Ok((vec![1], false)));
    let count = session.query("SELECT count(*) FROM t", &Params::NONE);
    assert_eq!(count.expect("counts").values, [Value::Integer(10)]);
    session.exec("DELETE FROM t WHERE a = 2").expect("deletes");
    assert_eq!(pull(&session, 1, 6), Ok((vec![5, 6, 7, 8, 9, 10], false)));
    assert_eq!(pull(&session, 1, 1), Ok((vec![], true)));
    assert!(session.has_open_cursors());
    session.end_cursor(2, None);
    assert!(!session.has_open_cursors());
    let gone = pull(&session, 1, 1).expect_err("gone");
    assert_eq!(gone.code, "CONNECTION_LOST");
    session.close().expect("closes");
}

#[test]
fn a_rollback_ends_all_and_a_commit_those_of_the_transaction() {
    let session = ten();
    for (end, code) in [
        ("ROLLBACK", "SQLITE_ABORT_ROLLBACK"),
        (
            "INSERT OR ROLLBACK INTO t VALUES (1)",
            "SQLITE_ABORT_ROLLBACK",
        ),
        ("COMMIT", "CLOSED"),
    ] {
        open(&session, 1, false);
        session
            .exec("BEGIN; DELETE FROM t WHERE a = 10")
            .expect("begins");
        open(&session, 2, true);
        for number in [1, 2] {
            assert_eq!(pull(&session, number, 1), Ok((vec![1], false)), "{end}");
        }
        let ended = session.exec(end);
        assert_eq!(ended.is_err(), end.starts_with("INSERT"), "{end}");
        let inside = pull(&session, 2, 1).expect_err(end);
        assert_eq!(inside.extended_code, code, "{end}");
        let outside = pull(&session, 1, 1).map_err(|error| error.extended_code);
        let expected = match end {
            "COMMIT" => Ok((vec![2], false)),
            _ => Err(code),
        };
        assert_eq!(outside, expected, "{end}");
    }
    session.end_cursor(1, None);
}

#[test]
fn a_failed_statement_and_a_savepoint_end_nothing() {
    let session = ten();
    open(&session, 1, false);
    assert_eq!(pull(&session, 1, 1), Ok((vec![1], false)));
    session
        .exec("INSERT INTO t VALUES (5)")
        .expect_err("a conflict");
    let part = "SAVEPOINT s; DELETE FROM t WHERE a > 8; ROLLBACK TO s; RELEASE s";
    session.exec(part).expect("takes a part back");
    session.describe("ROLLBACK").expect("is only compiled");
    session.exec("BEGIN; COMMIT").expect("changes nothing");
    assert_eq!(
        pull(&session, 1, 20).expect("goes on").0,
        [2, 3, 4, 5, 6, 7, 8, 9, 10]
    );
}

#[test]
fn one_that_was_ended_says_why_once() {
    let session = ten();
    open(&session, 1, false);
    let why = session.query("nonsense", &Params::NONE).expect_err("fails");
    session.end_cursor(1, Some(why.clone()));
    assert!(!session.has_open_cursors());
    session.exec("DROP TABLE t").expect("nobody reads it");
    assert_eq!(pull(&session, 1, 1), Err(why));
    assert_eq!(
        pull(&session, 1, 1).expect_err("gone").code,
        "CONNECTION_LOST"
    );
}

#[test]
fn only_what_reads_and_has_rows_can_be_iterated() {
    let session = ten();
    for sql in [
        "INSERT INTO t VALUES (11) RETURNING a",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "",
    ] {
        let refused = session.open_cursor(1, sql, &Params::NONE, false);
        assert_eq!(refused.expect_err(sql).code, "INVALID_SQL", "{sql}");
    }
    let missing = session.open_cursor(1, "SELECT ? FROM t", &Params::NONE, false);
    assert_eq!(missing.expect_err("no value").code, "INVALID_PARAMETER");
    assert!(!session.has_open_cursors());
}

#[test]
fn a_database_is_closed_whatever_is_open() {
    let mut session = ten();
    open(&session, 1, false);
    pull(&session, 1, 1).expect("pulls");
    let locked = session.serialize().expect_err("it is in use");
    assert_eq!(locked.code, "SQLITE_LOCKED");
    assert_eq!(pull(&session, 1, 1), Ok((vec![2], false)), "it goes on");
    session.close().expect("closes");
}

#[test]
fn the_snapshot_is_kept_while_others_write() {
    let path = std::env::temp_dir().join(format!("anchorite-cursors-{}.db", std::process::id()));
    let path = path.to_str().expect("is text");
    let connect = || Session::open(path, None, &OpenOptions::default()).expect("opens");
    let (reader, writer) = (connect(), connect());
    writer
        .exec("DROP TABLE IF EXISTS t; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        .expect("fills");
    open(&reader, 1, false);
    assert_eq!(pull(&reader, 1, 1), Ok((vec![1], false)));
    writer
        .exec("UPDATE t SET a = 9; INSERT INTO t VALUES (3)")
        .expect("writes beside it");
    let late = reader.query_with("DELETE FROM t", &Params::NONE, Patience::Wait);
    let late = late.expect_err("its snapshot is old");
    assert_eq!(
        (late.extended_code, late.would_wait),
        ("SQLITE_BUSY_SNAPSHOT", false)
    );
    assert_eq!(pull(&reader, 1, 9), Ok((vec![2], true)));
    reader.exec("DELETE FROM t").expect("writes after it");
    drop((reader, writer));
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{path}{suffix}")));
    }
}
