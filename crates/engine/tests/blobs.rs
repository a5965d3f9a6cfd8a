//! Blobs that are read and written a part at a time.

use anchorite_engine::{BlobPlace, OpenOptions, Params, Session, Tables, Value};

fn session() -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens");
    let sql = "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, x'0001020304'), (2, NULL)";
    session.exec(sql).expect("runs");
    session
}

fn place(rowid: i64) -> BlobPlace {
    BlobPlace {
        schema: "main".to_owned(),
        table: "t".to_owned(),
        column: "b".to_owned(),
        rowid,
    }
}

#[test]
fn a_blob_is_read_and_written_by_parts() {
    let mut session = session();
    assert_eq!(session.open_blob("r", &place(1), false, false), Ok(5));
    assert_eq!(session.read_blob("r", 1, 3), Ok(vec![1, 2, 3]));
    assert_eq!(session.read_blob("r", 5, 0), Ok(vec![]));
    session.read_blob("r", 3, 3).expect_err("beyond the end");
    session.exec("BEGIN").expect("runs");
    assert_eq!(session.open_blob("w", &place(1), true, true), Ok(5));
    session.write_blob("w", b"xy", 3).expect("writes");
    session
        .write_blob("w", b"xy", 4)
        .expect_err("beyond the end");
    session.release("w");
    session.exec("COMMIT").expect("runs");
    let rows = session.query("SELECT b FROM t WHERE a = 1", &Params::NONE);
    assert_eq!(
        rows.expect("answers").values,
        [Value::Blob(b"\0\x01\x02xy".to_vec())]
    );
}

#[test]
fn a_row_that_has_changed_ends_its_blob() {
    let mut session = session();
    for change in [
        "UPDATE t SET a = 9 WHERE a = 1",
        "DELETE FROM t WHERE a = 9",
    ] {
        session
            .open_blob("r", &place(1), false, false)
            .expect("opens");
        session
            .exec("INSERT INTO t VALUES (7, NULL)")
            .expect("runs");
        session
            .read_blob("r", 0, 5)
            .expect("another row is no matter");
        session.exec(change).expect("runs");
        let error = session.read_blob("r", 0, 5).expect_err(change);
        assert_eq!(error.code, "SQLITE_ABORT");
        assert!(error.message.contains("has changed"), "{error}");
        assert_eq!(
            session.read_blob("r", 0, 5).expect_err("closed").code,
            "CLOSED"
        );
    }
    for missing in [1, 2] {
        let error = session
            .open_blob("r", &place(missing), false, false)
            .expect_err("no blob");
        assert_eq!(error.code, "SQLITE_ERROR", "{error}");
    }
}

#[test]
fn writing_is_a_part_of_a_transaction_and_is_told() {
    let mut session = session();
    let error = session
        .open_blob("w", &place(1), true, false)
        .expect_err("no transaction");
    assert_eq!(error.code, "TRANSACTION_ABORTED");
    drop(session.take_changes());
    session.exec("BEGIN").expect("runs");
    session
        .open_blob("w", &place(1), true, true)
        .expect("opens");
    session.write_blob("w", b"x", 0).expect("writes");
    session.exec("COMMIT").expect_err("a statement is not done");
    session.release("w");
    session.exec("COMMIT").expect("runs");
    let told = session.take_changes();
    let Some(Tables::Named(tables)) = told.get("main") else {
        panic!("a table by its name: {told:?}");
    };
    assert_eq!(tables.iter().collect::<Vec<_>>(), ["t"]);
}

#[test]
fn what_is_open_inside_ends_with_its_transaction() {
    let mut session = session();
    session.exec("BEGIN").expect("runs");
    session
        .open_blob("inside", &place(1), false, true)
        .expect("opens");
    session
        .open_blob("outside", &place(1), false, false)
        .expect("opens");
    session.release_ended();
    session.read_blob("inside", 0, 1).expect("still inside");
    session.exec("ROLLBACK").expect("runs");
    session.release_ended();
    assert_eq!(
        session.read_blob("inside", 0, 1).expect_err("over").code,
        "CLOSED"
    );
    session.read_blob("outside", 0, 1).expect("goes on");
    session.close().expect("closes, whatever is still held");
}
