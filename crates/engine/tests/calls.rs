//! Calls that answer something else than rows: changes, descriptions, many rows, several statements
//! as one, and what is left of a transaction.

use anchorite_engine::{
    Begin, Cell, EngineError, OpenOptions, Params, Patience, Ran, Reach, Session, Together, Value,
};

const ENOUGH: Patience = Patience::Enough;

fn memory(sql: &str) -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens");
    session.exec(sql).expect("runs");
    session
}

fn run(session: &Session, sql: &str) -> Result<Ran, EngineError> {
    session.run(sql, &Params::NONE, ENOUGH)
}

fn count(session: &Session) -> Vec<Value> {
    let counted = session.query("SELECT count(*) FROM t", &Params::NONE);
    counted.expect("counts").values
}

fn together(begin: Begin, texts: &[&str]) -> Together<Vec<Value>> {
    let statements = texts.iter().map(|sql| ((*sql).to_owned(), Params::NONE));
    Together::new(statements.collect(), begin)
}

#[test]
fn changes_are_those_of_the_statement_itself() {
    let session = memory(
        "CREATE TABLE t (a); CREATE TABLE log (a);
         CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1), (2); END",
    );
    let ran = run(&session, "INSERT INTO t VALUES (1), (2)").expect("runs");
    assert_eq!((ran.changes, ran.last_insert_rowid), (2, 2));
    for other in [
        "SELECT * FROM t",
        "CREATE TABLE u (a)",
        "DELETE FROM t WHERE a = 9",
    ] {
        assert_eq!(run(&session, other).expect(other).changes, 0, "{other}");
    }
    assert_eq!(
        run(&session, "UPDATE t SET a = 3").expect("runs").changes,
        2
    );
}

#[test]
fn the_first_row_ends_a_statement_and_what_it_changes_is_done() {
    let session = memory("CREATE TABLE t (a)");
    let sql = "INSERT INTO t VALUES (1), (2) RETURNING a";
    let rows = session.rows_of(sql, &Params::NONE, ENOUGH, Reach::First);
    assert_eq!(rows.expect("runs").values, [Value::Integer(1)]);
    assert_eq!(count(&session), [Value::Integer(2)]);
    assert!(!session.in_transaction());
}

#[test]
fn what_belongs_to_a_transaction_is_refused_after_it() {
    let session = memory("CREATE TABLE t (a UNIQUE); BEGIN; INSERT INTO t VALUES (1)");
    session.require_transaction().expect("it is open");
    run(&session, "INSERT OR ROLLBACK INTO t VALUES (1)").expect_err("a conflict");
    let over = session.require_transaction().expect_err("it is over");
    assert_eq!(over.code, "TRANSACTION_ABORTED");
    let exec = session.exec_inside("INSERT INTO t VALUES (2)", &mut 0, ENOUGH);
    assert_eq!(exec.expect_err("refused").code, "TRANSACTION_ABORTED");
    session.exec("BEGIN").expect("begins");
    let ends = "INSERT INTO t VALUES (3); COMMIT; INSERT INTO t VALUES (4)";
    let ended = session
        .exec_inside(ends, &mut 0, ENOUGH)
        .expect_err("refused");
    assert_eq!(ended.code, "TRANSACTION_ABORTED");
    assert_eq!(
        count(&session),
        [Value::Integer(1)],
        "nothing in autocommit"
    );
}

#[test]
fn rows_are_bound_one_after_the_other_and_counted() {
    let session = memory("CREATE TABLE t (a UNIQUE, b)");
    let insert = "INSERT INTO t VALUES (?, ?)";
    let cells = [
        Cell::Integer(1),
        Cell::Text("\u{e9}".as_bytes()),
        Cell::Integer(2),
        Cell::Null,
        Cell::Integer(1),
        Cell::Blob(&[0]),
    ];
    let mut done = 0;
    let refused = session.run_rows(insert, (&cells, 2), &mut done, ENOUGH);
    assert_eq!(refused.expect_err("not unique").code, "SQLITE_CONSTRAINT");
    assert_eq!(done, 2, "the rows before it");
    done = 1;
    session.exec("DELETE FROM t").expect("deletes");
    let changes = session.run_rows(insert, (&cells[..4], 2), &mut done, ENOUGH);
    assert_eq!((changes, done), (Ok(1), 2), "it goes on behind the first");
    for width in [0, 1, 3] {
        let wrong = session.run_rows(insert, (&cells, width), &mut 0, ENOUGH);
        assert_eq!(wrong.expect_err("refused").code, "INVALID_PARAMETER");
    }
}

#[test]
fn statements_together_are_all_done_or_none() {
    let session = memory("CREATE TABLE t (a UNIQUE)");
    let insert = "INSERT INTO t VALUES (1)";
    let mut both = together(Begin::Immediate, &[insert, "SELECT a FROM t"]);
    session
        .run_together(&mut both, ENOUGH, Vec::new)
        .expect("runs");
    assert_eq!(both.undo(), None);
    let answers = both.into_answers();
    assert_eq!(answers[0].2.changes, 1);
    assert_eq!(answers[1].1, [Value::Integer(1)]);

    let mut fails = together(Begin::Deferred, &["INSERT INTO t VALUES (2)", insert]);
    let error = session
        .run_together(&mut fails, ENOUGH, Vec::new)
        .expect_err("fails");
    assert!(error.message.starts_with("statements[1]: "), "{error}");
    assert_eq!((fails.undo(), session.in_transaction()), (None, false));
    assert_eq!(count(&session), [Value::Integer(1)]);
}

#[test]
fn an_error_of_one_statement_has_its_place_in_the_text_of_all() {
    let session = memory("CREATE TABLE t (a)");
    let mut fails = together(Begin::Exclusive, &["SELECT 1", "SELECT nope FROM t"]);
    let error = session
        .run_together(&mut fails, ENOUGH, Vec::new)
        .expect_err("fails");
    let offset = error.offset_bytes.expect("SQLite says where");
    assert!(fails.text()[offset..].starts_with("nope"));
}

#[test]
fn together_inside_a_transaction_only_that_part_is_taken_back() {
    let session = memory("CREATE TABLE t (a UNIQUE); BEGIN; INSERT INTO t VALUES (1)");
    let texts = ["INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1)"];
    let mut fails = together(Begin::Savepoint, &texts);
    session
        .run_together(&mut fails, ENOUGH, Vec::new)
        .expect_err("fails");
    session.require_transaction().expect("it is open");
    session.exec("COMMIT").expect("commits");
    assert_eq!(count(&session), [Value::Integer(1)]);
}

#[test]
fn together_a_statement_that_ends_the_transaction_ends_all() {
    let session = memory("CREATE TABLE t (a)");
    let mut ends = together(Begin::Immediate, &["COMMIT", "INSERT INTO t VALUES (1)"]);
    let error = session
        .run_together(&mut ends, ENOUGH, Vec::new)
        .expect_err("ended");
    assert_eq!(error.code, "TRANSACTION_ABORTED");
    assert_eq!(count(&session), [Value::Integer(0)]);
}

#[test]
fn a_description_says_where_columns_come_from() {
    let session = memory("CREATE TABLE t (a INTEGER, b TEXT)");
    let sql = "SELECT a AS x, b || 'z' AS y FROM t WHERE a = :a AND b = ?";
    let described = session.describe(sql).expect("compiles");
    let [x, y] = &described.columns[..] else {
        panic!("two columns, not {described:?}");
    };
    assert_eq!(
        (&*x.name, x.declared_type.as_deref()),
        ("x", Some("INTEGER"))
    );
    let origin = ["main", "t", "a"].map(str::to_owned);
    assert_eq!(x.origin, Some(origin));
    assert_eq!((&*y.name, &y.declared_type, &y.origin), ("y", &None, &None));
    assert_eq!(described.parameters, [Some(":a".to_owned()), None]);
    assert!(described.only_reads);
    let insert = session
        .describe("INSERT INTO t VALUES (1, 2)")
        .expect("compiles");
    assert!(!insert.only_reads && insert.columns.is_empty());
    assert_eq!(count(&session), [Value::Integer(0)], "it was not run");
}

#[test]
fn where_there_is_no_database_none_is_made_unless_asked() {
    let path = std::env::temp_dir().join(format!("anchorite-calls-{}.db", std::process::id()));
    let path = path.to_str().expect("a path of UTF-8");
    let options = OpenOptions {
        create: false,
        ..OpenOptions::default()
    };
    let refused = Session::open(path, None, &options).expect_err("there is none");
    assert_eq!(refused.code, "SQLITE_CANTOPEN");
    assert!(!std::path::Path::new(path).exists());
}

#[test]
fn the_page_cache_has_the_size_that_was_asked_for() {
    let options = OpenOptions {
        cache_size: Some(3_000_000),
        ..OpenOptions::default()
    };
    let session = Session::open(":memory:", None, &options).expect("opens");
    let size = session.query("PRAGMA cache_size", &Params::NONE);
    assert_eq!(size.expect("answers").values, [Value::Integer(-2930)]);
}
