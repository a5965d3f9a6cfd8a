//! SQL functions and collations of the host: their values, their errors, and where they may not be
//! called.

use std::cmp::Ordering;

use anchorite_engine::{
    Aggregate, Declared, EngineError, Failure, OpenOptions, Params, RowBatch, Session, Value,
};

fn memory() -> Session {
    Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens")
}

fn declared(arity: Option<u8>) -> Declared {
    Declared {
        name: "f".to_owned(),
        arity,
        deterministic: true,
        direct_only: true,
    }
}

fn ask(session: &Session, sql: &str) -> Result<RowBatch, EngineError> {
    session.query(sql, &Params::NONE)
}

#[test]
fn every_storage_class_goes_in_and_comes_out() {
    let session = memory();
    let answer = |arguments: Vec<Value>| Ok(arguments.into_iter().next().unwrap_or(Value::Null));
    session
        .create_function(&declared(None), answer)
        .expect("is made");
    let rows = ask(
        &session,
        "SELECT f(NULL), f(7), f(0.5), f('é'), f(x'00ff'), f()",
    );
    let expected = [
        Value::Null,
        Value::Integer(7),
        Value::Real(0.5),
        Value::Text("é".to_owned()),
        Value::Blob(vec![0, 255]),
        Value::Null,
    ];
    assert_eq!(rows.expect("runs").values, expected);
}

#[test]
fn an_error_has_the_words_of_the_function_and_costs_the_statement() {
    let session = memory();
    session
        .exec("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)")
        .expect("runs");
    let answer = |_| Err(Failure::Failed("function \"f\" failed: no".to_owned()));
    session
        .create_function(&declared(Some(1)), answer)
        .expect("is made");
    let error = ask(&session, "INSERT INTO t VALUES (2), (f(3))").expect_err("fails");
    assert_eq!(
        (error.code, error.message.as_str()),
        ("SQLITE_ERROR", "function \"f\" failed: no")
    );
    session.exec("COMMIT").expect("commits");
    assert_eq!(
        ask(&session, "SELECT a FROM t").expect("runs").values,
        [Value::Integer(1)]
    );
    let error = ask(&session, "SELECT f()").expect_err("wants an argument");
    assert!(
        error.message.contains("wrong number of arguments"),
        "{error}"
    );
}

#[test]
fn one_that_is_stopped_interrupts_its_statement() {
    let session = memory();
    session
        .create_function(&declared(None), |_| Err(Failure::Stopped))
        .expect("is made");
    assert_eq!(
        ask(&session, "SELECT f(1)").expect_err("stops").code,
        "SQLITE_INTERRUPT"
    );
}

#[test]
fn a_schema_cannot_call_it() {
    let session = memory();
    session
        .create_function(&declared(None), |_| Ok(Value::Null))
        .expect("is made");
    session
        .exec("CREATE VIEW v AS SELECT f(1) AS a")
        .expect("is made");
    let error = ask(&session, "SELECT a FROM v").expect_err("is refused");
    assert!(error.message.contains("unsafe use of f()"), "{error}");
}

#[test]
fn a_schema_may_call_one_that_says_so() {
    let session = memory();
    let open = Declared {
        direct_only: false,
        ..declared(Some(1))
    };
    session
        .create_function(&open, |arguments| Ok(arguments[0].clone()))
        .expect("is made");
    session
        .exec(
            "CREATE TABLE t (a, b AS (f(a))); CREATE INDEX i ON t (f(a)); INSERT INTO t VALUES (3)",
        )
        .expect("runs");
    let rows = ask(&session, "SELECT b FROM t WHERE f(a) = 3");
    assert_eq!(rows.expect("runs").values, [Value::Integer(3)]);
}

/// The sum of integers, which 13 fails.
struct Sum;

impl Sum {
    fn add(state: &mut i64, arguments: &[Value], sign: i64) -> Result<(), Failure> {
        match arguments {
            [Value::Integer(13)] => Err(Failure::Failed("unlucky".to_owned())),
            [Value::Integer(integer)] => {
                *state += sign * integer;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Aggregate for Sum {
    type State = i64;

    fn start(&self) -> Result<i64, Failure> {
        Ok(100)
    }

    fn step(&self, state: &mut i64, arguments: &[Value]) -> Result<(), Failure> {
        Self::add(state, arguments, 1)
    }

    fn inverse(&self, state: &mut i64, arguments: &[Value]) -> Result<(), Failure> {
        Self::add(state, arguments, -1)
    }

    fn result(&self, state: &i64) -> Result<Value, Failure> {
        Ok(Value::Integer(*state))
    }
}

#[test]
fn an_aggregate_sees_each_row_of_each_group_and_window() {
    let session = memory();
    for (name, of_windows) in [("g", false), ("w", true)] {
        let declared = Declared {
            name: name.to_owned(),
            ..declared(Some(1))
        };
        session
            .create_aggregate(&declared, of_windows, Sum)
            .expect("is made");
    }
    session
        .exec("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 1), (1, 2), (2, 4)")
        .expect("runs");
    let integers = |values: &[i64]| {
        values
            .iter()
            .copied()
            .map(Value::Integer)
            .collect::<Vec<_>>()
    };
    let asked = |sql: &str| ask(&session, sql).expect("runs").values;
    assert_eq!(
        asked("SELECT g(b) FROM t GROUP BY a ORDER BY a"),
        integers(&[103, 104])
    );
    assert_eq!(
        asked("SELECT g(b), w(b) FROM t WHERE 0"),
        integers(&[100, 100])
    );
    let moving = "SELECT w(b) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t";
    assert_eq!(asked(moving), integers(&[101, 103, 106]));
    let error = ask(&session, "SELECT g(b) OVER (ORDER BY b) FROM t").expect_err("is refused");
    assert!(
        error.message.contains("may not be used as a window"),
        "{error}"
    );
    let error = ask(&session, "SELECT g(b + 12) FROM t").expect_err("fails");
    assert_eq!((error.code, &*error.message), ("SQLITE_ERROR", "unlucky"));
}

/// Backwards; what begins with `!` cannot be compared.
fn backwards(left: &str, right: &str) -> Result<Ordering, Failure> {
    if left.starts_with('!') || right.starts_with('!') {
        return Err(Failure::Failed("no order".to_owned()));
    }
    Ok(right.cmp(left))
}

fn with_collation() -> Session {
    let session = memory();
    session
        .create_collation("backwards", backwards)
        .expect("is made");
    session
        .exec("CREATE TABLE t (a TEXT COLLATE backwards PRIMARY KEY)")
        .expect("runs");
    session
        .exec("INSERT INTO t VALUES ('a'), ('b')")
        .expect("runs");
    session
}

#[test]
fn a_collation_orders_texts() {
    let session = with_collation();
    let rows = ask(
        &session,
        "SELECT group_concat(a, '') FROM (SELECT a FROM t ORDER BY a)",
    );
    assert_eq!(rows.expect("runs").values, [Value::Text("ba".to_owned())]);
}

#[test]
fn nothing_is_kept_of_what_a_failed_collation_has_ordered() {
    let mut session = with_collation();
    let write = "INSERT INTO t VALUES ('!')";
    let error = session.unbroken(|it| it.exec(write)).expect_err("fails");
    assert_eq!((error.code, &*error.message), ("SQLITE_ERROR", "no order"));
    session
        .exec("BEGIN; INSERT INTO t VALUES ('c')")
        .expect("runs");
    let error = session.unbroken(|it| it.exec(write)).expect_err("fails");
    assert_eq!(&*error.message, "no order");
    assert!(!session.in_transaction(), "it is over");
    let both = "BEGIN; INSERT INTO t VALUES ('!'); COMMIT";
    session.unbroken(|it| it.exec(both)).expect_err("fails");
    let rows = session.unbroken(|it| it.query("SELECT a FROM t", &Params::NONE));
    assert_eq!(rows.expect("runs").values.len(), 2);
    let check = session.unbroken(|it| it.query("PRAGMA integrity_check", &Params::NONE));
    assert_eq!(check.expect("runs").values, [Value::Text("ok".to_owned())]);
}
