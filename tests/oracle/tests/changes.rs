//! Which tables a connection says it has changed: all of them, however they were written to, and
//! only once they are committed.

use anchorite_engine::{OpenOptions, Params, Session, Tables, Written};

fn open() -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("opens");
    let schema = "
        CREATE TABLE plain (a INTEGER PRIMARY KEY, b);
        CREATE TABLE keyed (a PRIMARY KEY, b) WITHOUT ROWID;
        CREATE TABLE log (a);
        CREATE TABLE parent (a INTEGER PRIMARY KEY);
        CREATE TABLE child (a REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL);
        CREATE TABLE grandchild (a REFERENCES child(a) ON DELETE CASCADE);
        CREATE UNIQUE INDEX of_child ON child (a);
        CREATE TABLE logged (a);
        CREATE TRIGGER t AFTER INSERT ON logged BEGIN INSERT INTO log VALUES (new.a); END;
        CREATE VIEW v AS SELECT a FROM plain;
        CREATE TRIGGER i INSTEAD OF DELETE ON v BEGIN DELETE FROM keyed WHERE a = old.a; END;
        CREATE VIRTUAL TABLE words USING fts5 (text);
        ATTACH ':memory:' AS other; CREATE TABLE other.plain (a);
        CREATE TEMP TABLE passing (a);
        PRAGMA foreign_keys = ON;
        INSERT INTO plain VALUES (1, 1), (2, 2); INSERT INTO parent VALUES (1), (2);
        INSERT INTO child VALUES (1);";
    session.exec(schema).expect("makes");
    drop(session.take_changes());
    session
}

fn named(names: &[&str]) -> Tables {
    Tables::Named(names.iter().copied().map(str::to_owned).collect())
}

fn main_only(tables: Tables) -> Written {
    Written::from([("main".to_owned(), tables)])
}

#[test]
fn every_way_to_write_is_told() {
    let cases: [(&str, &[&str]); 12] = [
        ("INSERT INTO plain VALUES (3, 3)", &["plain"]),
        ("UPDATE plain SET b = 4", &["plain"]),
        ("DELETE FROM plain", &["plain"]),
        ("REPLACE INTO plain VALUES (2, 3)", &["plain"]),
        ("INSERT INTO keyed VALUES (1, 1)", &["keyed"]),
        ("UPDATE keyed SET b = 1", &["keyed"]),
        ("DELETE FROM keyed", &["keyed"]),
        ("INSERT INTO logged VALUES (1)", &["log", "logged"]),
        ("DELETE FROM v WHERE a = 1", &["keyed", "v"]),
        (
            "DELETE FROM parent WHERE a = 1",
            &["child", "grandchild", "parent"],
        ),
        (
            "REPLACE INTO parent VALUES (2)",
            &["child", "grandchild", "parent"],
        ),
        (
            "INSERT INTO plain VALUES (2, 3) ON CONFLICT DO UPDATE SET b = 5",
            &["plain"],
        ),
    ];
    for (sql, tables) in cases {
        let session = open();
        session.exec(sql).expect(sql);
        assert_eq!(session.take_changes(), main_only(named(tables)), "{sql}");
        for _ in 0..3 {
            session.query(sql.trim(), &Params::NONE).ok();
            session
                .exec("DELETE FROM plain; DELETE FROM keyed")
                .expect("empties");
        }
        drop(session.take_changes());
        // The third time it is not compiled again.
        session.query(sql.trim(), &Params::NONE).expect(sql);
        assert_eq!(
            session.take_changes(),
            main_only(named(tables)),
            "again: {sql}"
        );
    }
}

#[test]
fn full_text_other_databases_and_temporary_tables_are_told() {
    let session = open();
    session
        .exec("INSERT INTO words VALUES ('one')")
        .expect("inserts");
    let told = session.take_changes();
    let Some(Tables::Named(names)) = told.get("main") else {
        panic!("{told:?}")
    };
    assert!(names.contains("words"), "{names:?}");
    session
        .exec("INSERT INTO passing VALUES (1)")
        .expect("inserts");
    let passing = Written::from([("temp".to_owned(), named(&["passing"]))]);
    assert_eq!(session.take_changes(), passing);
    session
        .exec("INSERT INTO other.plain VALUES (1)")
        .expect("inserts");
    let other = Written::from([("other".to_owned(), named(&["plain"]))]);
    assert_eq!(session.take_changes(), other);
}

#[test]
fn whatever_changes_the_schema_may_have_changed_everything() {
    for sql in [
        "CREATE TABLE more (a)",
        "DROP TABLE plain",
        "ALTER TABLE plain RENAME TO other_name",
        "ALTER TABLE plain ADD COLUMN c",
        "CREATE TEMP TRIGGER tt AFTER INSERT ON plain BEGIN SELECT 1; END; DROP VIEW v",
    ] {
        let session = open();
        session.exec(sql).expect(sql);
        assert_eq!(
            session.take_changes().get("main"),
            Some(&Tables::All),
            "{sql}"
        );
    }
    let session = open();
    session.vacuum(None).expect("vacuums");
    assert_eq!(session.take_changes(), main_only(Tables::All));
}

// A text that was run before is not compiled again, but SQLite does so by itself when the schema
// has changed: what it writes to since then was told the first time after that, and never again.
#[test]
fn a_statement_that_writes_to_more_than_before_says_so_each_time() {
    let session = open();
    let insert = "INSERT INTO parent VALUES (NULL)";
    let told = || {
        session.query(insert, &Params::NONE).expect("inserts");
        session.take_changes()
    };
    for _ in 0..3 {
        assert_eq!(told(), main_only(named(&["parent"])));
    }
    let trigger = "CREATE TRIGGER more AFTER INSERT ON parent BEGIN DELETE FROM plain; END";
    session.exec(trigger).expect("makes");
    drop(session.take_changes());
    for _ in 0..3 {
        assert_eq!(told(), main_only(named(&["parent", "plain"])));
    }
}

#[test]
fn only_what_is_committed_is_told() {
    let session = open();
    let told = |sql: &str| {
        session.exec(sql).ok();
        session.take_changes()
    };
    let plain = main_only(named(&["plain"]));
    assert_eq!(told("SELECT * FROM plain"), Written::new());
    assert_eq!(
        told("BEGIN; INSERT INTO plain VALUES (3, 3)"),
        Written::new()
    );
    assert_eq!(told("COMMIT"), plain);
    assert_eq!(
        told("BEGIN; INSERT INTO plain VALUES (4, 4); ROLLBACK"),
        Written::new()
    );
    assert_eq!(
        told("INSERT INTO plain VALUES (3, 3)"),
        Written::new(),
        "a key twice"
    );
    let ended =
        "BEGIN; INSERT INTO keyed VALUES (1, 1); INSERT OR ROLLBACK INTO plain VALUES (3, 3)";
    assert_eq!(
        told(ended),
        Written::new(),
        "the conflict ends the transaction"
    );
    assert_eq!(
        told("INSERT INTO plain VALUES (5, 5)"),
        plain,
        "and leaves nothing behind"
    );
    let failing = "INSERT OR FAIL INTO plain VALUES (6, 6), (3, 3)";
    assert_eq!(told(failing), plain, "the first row stays");
    assert_eq!(told("SAVEPOINT s; DELETE FROM plain; RELEASE s"), plain);
    assert_eq!(told("BEGIN; COMMIT"), Written::new());
    assert_eq!(told("INSERT INTO nowhere VALUES (1)"), Written::new());
}

#[test]
fn a_connection_may_be_dropped_in_a_transaction() {
    let session = open();
    session
        .exec("BEGIN; INSERT INTO plain VALUES (3, 3)")
        .expect("begins");
    drop(session);
}
