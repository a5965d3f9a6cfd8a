//! SQL functions of the host: their values, their errors, and where they may not be called.

use anchorite_engine::{
    Declared, EngineError, Failure, OpenOptions, Params, RowBatch, Session, Value,
};

fn memory() -> Session {
    Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens")
}

fn declared(arity: Option<u8>) -> Declared {
    Declared {
        name: "f".to_owned(),
        arity,
        deterministic: true,
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
