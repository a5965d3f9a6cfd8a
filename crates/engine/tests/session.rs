//! The engine by itself, on SQLite's own in-memory files: values, parameters, errors, statements.

use anchorite_engine::{EngineError, OpenOptions, Params, Session, Value};

fn memory() -> Session {
    Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens")
}

fn query(session: &Session, sql: &str, params: &[Value]) -> Result<Vec<Value>, EngineError> {
    session
        .query(sql, &Params::Positional(params.to_vec()))
        .map(|batch| batch.values)
}

#[test]
fn every_storage_class_makes_the_round_trip() {
    let values = [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Integer(i64::MAX),
        Value::Real(-0.0),
        Value::Real(f64::INFINITY),
        Value::Text("é漢😀\0end".to_owned()),
        Value::Blob(vec![]),
        Value::Blob(vec![0, 255]),
    ];
    let session = memory();
    for value in values {
        let back = query(&session, "SELECT ?", std::slice::from_ref(&value)).expect("binds");
        assert_eq!(back, [value]);
    }
}

#[test]
fn rows_come_in_order_with_the_names_of_their_columns() {
    let session = memory();
    let batch = session
        .query("VALUES (1, 'a'), (2, 'b')", &Params::NONE)
        .expect("runs");
    assert_eq!(batch.columns, ["column1", "column2"]);
    let rows: Vec<&[Value]> = batch.rows().collect();
    assert_eq!(rows[1], [Value::Integer(2), Value::Text("b".to_owned())]);
}

#[test]
fn the_wrong_number_of_parameters_is_refused_before_anything_runs() {
    let session = memory();
    session.exec("CREATE TABLE t (a)").expect("creates");
    for params in [&[][..], &[Value::Null, Value::Null]] {
        let error = query(&session, "INSERT INTO t VALUES (?)", params).expect_err("refused");
        assert_eq!(error.code, "INVALID_PARAMETER");
        assert!(error.message.contains("takes 1 parameter, "), "{error}");
    }
    assert_eq!(
        query(&session, "SELECT count(*) FROM t", &[]),
        Ok(vec![Value::Integer(0)])
    );
}

#[test]
fn named_parameters_take_their_names_with_or_without_the_mark() {
    let session = memory();
    let named = |entries: &[(&str, i64)]| {
        let entry = |(name, value): &(&str, i64)| ((*name).to_owned(), Value::Integer(*value));
        Params::Named(entries.iter().map(entry).collect())
    };
    let run = |entries| session.query("SELECT :a, @b, $c, :a", &named(entries));
    let batch = run(&[("a", 1), ("@b", 2), ("c", 3)]).expect("all named");
    assert_eq!(batch.values, [1, 2, 3, 1].map(Value::Integer));
    let refused = |entries, why: &str| {
        let error = run(entries).expect_err(why);
        assert_eq!(error.code, "INVALID_PARAMETER");
        assert!(error.message.contains(why), "{error}");
    };
    refused(&[("a", 1), ("b", 2)], "\"$c\"");
    refused(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)], "\"d\"");
    refused(&[("a", 1), (":a", 1), ("b", 2), ("c", 3)], "two values");
}

#[test]
fn errors_have_both_codes_and_the_offset_from_the_start_of_the_text() {
    let session = memory();
    let error = session
        .exec("SELECT 1; /* é */ SELECT nope")
        .expect_err("no such column");
    assert_eq!(
        (error.code, error.extended_code),
        ("SQLITE_ERROR", "SQLITE_ERROR")
    );
    assert_eq!(error.offset_bytes, Some("SELECT 1; /* é */ SELECT ".len()));
    session
        .exec("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)")
        .expect("runs");
    let error = session
        .exec("INSERT INTO t VALUES (1)")
        .expect_err("not unique");
    assert_eq!(error.code, "SQLITE_CONSTRAINT");
    assert_eq!(error.extended_code, "SQLITE_CONSTRAINT_UNIQUE");
    assert_eq!(error.offset_bytes, None);
}

#[test]
fn exec_stops_at_the_first_failure_and_keeps_what_went_before() {
    let session = memory();
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1); oops")
        .expect_err("syntax");
    assert_eq!(
        query(&session, "SELECT a FROM t", &[]),
        Ok(vec![Value::Integer(1)])
    );
}

#[test]
fn query_takes_one_statement_and_runs_none_of_several() {
    let session = memory();
    for sql in [
        "",
        " -- nothing",
        "CREATE TABLE t (a); SELECT 1",
        "CREATE TABLE t (a); oops",
    ] {
        let error = query(&session, sql, &[]).expect_err(sql);
        assert_eq!(error.code, "INVALID_SQL", "{sql}");
    }
    let tables = query(&session, "SELECT count(*) FROM sqlite_schema", &[]);
    assert_eq!(tables, Ok(vec![Value::Integer(0)]));
    query(&session, "SELECT 1; -- the end", &[]).expect("a comment is no statement");
}

#[test]
fn a_transaction_is_open_from_its_begin_to_its_end() {
    let session = memory();
    let mut seen = Vec::new();
    for sql in [
        "CREATE TABLE a (b)",
        "BEGIN",
        "INSERT INTO a VALUES (1)",
        "COMMIT",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "RELEASE s",
    ] {
        session.exec(sql).expect("runs");
        seen.push(session.in_transaction());
    }
    assert_eq!(seen, [false, true, true, false, true, true, false]);
}

#[test]
fn a_nul_in_the_text_is_refused_because_sqlite_would_stop_there() {
    let session = memory();
    let error = session
        .exec("SELECT 1;\0DROP TABLE t")
        .expect_err("refused");
    assert_eq!((error.code, error.offset_bytes), ("INVALID_SQL", Some(9)));
}

#[test]
fn an_export_is_a_database_of_its_own() {
    let session = memory();
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(10000))")
        .expect("runs");
    let bytes = session.export(false).expect("exports");
    let pages = query(&session, "PRAGMA page_count", &[]).expect("counts");
    assert_eq!(
        pages,
        [Value::Integer(
            i64::try_from(bytes.len() / 4096).expect("small")
        )]
    );
    assert_eq!(&bytes[..16], b"SQLite format 3\0");
}

/// A statement that is kept compiled must not keep the columns it was compiled with.
#[test]
fn a_repeated_text_sees_what_has_changed_since() {
    let session = memory();
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("creates");
    let all = || session.query("SELECT * FROM t", &Params::NONE);
    for _ in 0..3 {
        assert_eq!(all().expect("runs").columns, ["a"]);
    }
    session
        .exec("ALTER TABLE t ADD COLUMN b DEFAULT 2; VACUUM")
        .expect("changes");
    let batch = all().expect("runs");
    assert_eq!(batch.columns, ["a", "b"]);
    assert_eq!(batch.values, [Value::Integer(1), Value::Integer(2)]);
    session.exec("DELETE FROM t").expect("empties");
    assert_eq!(all().expect("runs").columns, ["a", "b"]);
    let one = || session.query("SELECT b FROM t", &Params::NONE);
    for _ in 0..3 {
        assert_eq!(one().expect("runs").columns, ["b"]);
    }
    session
        .exec("ALTER TABLE t DROP COLUMN b")
        .expect("drops a column");
    for _ in 0..3 {
        let error = one().expect_err("is gone");
        assert_eq!(error.message, "no such column: b");
        assert_eq!(error.offset_bytes, Some(7));
    }
    session.exec("DROP TABLE t").expect("drops");
    let error = all().expect_err("is gone");
    assert_eq!(error.message, "no such table: t");
    session.exec("CREATE TABLE t (c)").expect("creates again");
    assert_eq!(all().expect("runs").columns, ["c"]);
}

#[test]
fn a_repeated_text_keeps_no_parameter_and_refuses_as_before() {
    let session = memory();
    session.exec("CREATE TABLE t (a UNIQUE)").expect("creates");
    let insert = "INSERT INTO t VALUES (?) RETURNING a";
    for number in 0..3 {
        let value = [Value::Integer(number)];
        assert_eq!(query(&session, insert, &value), Ok(value.to_vec()));
    }
    let twice = query(&session, insert, &[Value::Integer(1)]).expect_err("is there already");
    assert_eq!(twice.extended_code, "SQLITE_CONSTRAINT_UNIQUE");
    let none = query(&session, insert, &[]).expect_err("takes one");
    assert_eq!(none.code, "INVALID_PARAMETER");
    for _ in 0..3 {
        let several = query(&session, "SELECT 1; SELECT 2", &[]).expect_err("two statements");
        assert_eq!(several.code, "INVALID_SQL");
    }
}
