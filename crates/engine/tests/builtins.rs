//! The functions beside those of SQLite, and the rules that each connection is opened by.

use anchorite_engine::{EngineError, OpenOptions, Params, Session, Value};

fn memory(options: &OpenOptions) -> Session {
    Session::open(":memory:", None, options).expect("memory opens")
}

fn ask(session: &Session, sql: &str) -> Result<Value, EngineError> {
    let batch = session.query(sql, &Params::NONE)?;
    Ok(batch.values.into_iter().next().expect("one value"))
}

#[test]
fn patterns_are_found_and_bad_ones_named() {
    let session = memory(&OpenOptions::default());
    let known = [
        ("'anchor' REGEXP '^an.*r$'", Value::Integer(1)),
        ("'anchor' REGEXP 'b'", Value::Integer(0)),
        ("'ANCHOR' REGEXP '(?i)anchor'", Value::Integer(1)),
        ("'é漢' REGEXP '^..$'", Value::Integer(1)),
        ("1234 REGEXP '^[0-9]{4}$'", Value::Integer(1)),
        ("NULL REGEXP 'a'", Value::Null),
        ("'a' REGEXP NULL", Value::Null),
    ];
    for (sql, value) in known {
        assert_eq!(
            ask(&session, &format!("SELECT {sql}")).expect(sql),
            value,
            "{sql}"
        );
    }
    for (sql, says) in [
        ("'a' REGEXP '('", "in the pattern \"(\""),
        ("x'00' REGEXP 'a'", "no text"),
        ("'a' REGEXP 5", "the pattern is no text"),
    ] {
        let error = ask(&session, &format!("SELECT {sql}")).expect_err(sql);
        assert_eq!(error.code, "SQLITE_ERROR", "{sql}");
        assert!(error.message.contains(says), "{sql}: {}", error.message);
    }
    let hostile = format!("SELECT '{}' REGEXP '^(a*)*$'", "a".repeat(5000) + "b");
    assert_eq!(
        ask(&session, &hostile).expect("in linear time"),
        Value::Integer(0)
    );
}

#[test]
fn uuids_are_made_and_read() {
    let session = memory(&OpenOptions::default());
    let shape = "^[0-9a-f]{8}-[0-9a-f]{4}-V[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
    for (call, version) in [("uuid()", "4"), ("uuid7()", "7")] {
        let sql = format!("SELECT {call} REGEXP '{}'", shape.replace('V', version));
        assert_eq!(
            ask(&session, &sql).expect(call),
            Value::Integer(1),
            "{call}"
        );
        let sql = format!("SELECT {call} = {call}");
        assert_eq!(
            ask(&session, &sql).expect(call),
            Value::Integer(0),
            "{call}"
        );
    }
    let text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    for written in [
        text.to_owned(),
        text.to_uppercase(),
        text.replace('-', ""),
        format!("{{{text}}}"),
    ] {
        let sql = format!("SELECT uuid_str(uuid_blob('{written}'))");
        assert_eq!(
            ask(&session, &sql).expect("runs"),
            Value::Text(text.to_owned())
        );
    }
    for none in ["'nope'", "NULL", "x'00'", "5"] {
        let sql = format!("SELECT coalesce(uuid_str({none}), uuid_blob({none}))");
        assert_eq!(ask(&session, &sql).expect(none), Value::Null, "{none}");
    }
}

#[test]
fn a_schema_may_call_them_and_an_index_those_that_do_not_change() {
    let session = memory(&OpenOptions::default());
    session
        .exec(
            "CREATE TABLE t (id TEXT DEFAULT (uuid7()), a TEXT CHECK (a REGEXP '^[a-z]+$'));
             CREATE INDEX i ON t (a REGEXP 'x');
             INSERT INTO t (a) VALUES ('xyz')",
        )
        .expect("runs");
    let error = session
        .exec("INSERT INTO t (a) VALUES ('X')")
        .expect_err("CHECK");
    assert_eq!(error.extended_code, "SQLITE_CONSTRAINT_CHECK");
    session
        .exec("CREATE INDEX j ON t (uuid())")
        .expect_err("another one each time");
}

#[test]
fn limits_are_had_or_refused_by_name() {
    let with = |name: &str, value: u32| OpenOptions {
        limits: vec![(name.to_owned(), value)],
        ..OpenOptions::default()
    };
    let session = memory(&with("length", 1000));
    ask(&session, "SELECT zeroblob(1000)").expect("fits");
    let error = ask(&session, "SELECT zeroblob(1001)").expect_err("is too long");
    assert_eq!(error.code, "SQLITE_TOOBIG");
    for (name, value, says) in [
        ("columns", 5000, "the nearest is 2000"),
        ("length", 3, "the nearest is 30"),
        ("nope", 5, "limits are length, sqlLength"),
    ] {
        let error = Session::open(":memory:", None, &with(name, value)).expect_err(name);
        assert_eq!(error.code, "INVALID_OPTION");
        assert!(error.message.contains(says), "{}", error.message);
    }
}
