//! What a statement is said to read: all of it, and what is written behind its back as anything.

use anchorite_engine::{OpenOptions, ReadSet, Session, Tables, Written};

fn open() -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("opens");
    let schema = "
        CREATE TABLE plain (a INTEGER PRIMARY KEY, b);
        CREATE TABLE keyed (a PRIMARY KEY, b) WITHOUT ROWID;
        CREATE TABLE \"Éa\" (a);
        CREATE TABLE counted (a INTEGER PRIMARY KEY AUTOINCREMENT);
        CREATE VIEW v AS SELECT plain.a, keyed.b FROM plain JOIN keyed USING (a);
        CREATE VIEW vv AS SELECT count(*) FROM v;
        CREATE VIRTUAL TABLE words USING fts5 (text);
        ATTACH ':memory:' AS Other; CREATE TABLE other.plain (a); CREATE TABLE other.far (a);
        CREATE TEMP TABLE passing (a);";
    session.exec(schema).expect("makes");
    session
}

fn reads(session: &Session, sql: &str) -> ReadSet {
    session.describe(sql).expect(sql).reads
}

/// As `database.table`, in order; without their databases those that have none at all.
fn tables(session: &Session, sql: &str) -> Option<Vec<String>> {
    let mut tables = reads(session, sql).tables?;
    let known: Vec<_> = tables.iter().filter(|it| it.0.is_some()).cloned().collect();
    tables.retain(|(database, name)| {
        database.is_some() || known.iter().all(|(_, known)| known != name)
    });
    let name = |(database, table)| match database {
        Some(database) => format!("{database}.{table}"),
        None => table,
    };
    Some(tables.into_iter().map(name).collect())
}

#[test]
fn tables_are_named_wherever_they_are_read() {
    let session = open();
    let cases: [(&str, &[&str]); 13] = [
        ("SELECT 1", &[]),
        ("SELECT b FROM PLAIN", &["main.plain"]),
        ("SELECT count(*) FROM Main.Plain", &["main.plain"]),
        ("SELECT count(*) FROM plain", &["plain"]),
        ("SELECT 1 FROM keyed WHERE 0", &["keyed"]),
        ("SELECT a FROM \"Éa\"", &["main.Éa"]),
        ("SELECT a FROM v", &["main.keyed", "main.plain"]),
        ("SELECT * FROM vv", &["main.keyed", "main.plain"]),
        (
            "SELECT (SELECT max(b) FROM keyed) FROM plain",
            &["plain", "main.keyed"],
        ),
        (
            "WITH c AS (SELECT a FROM passing) SELECT count(*) FROM c",
            &["temp.passing"],
        ),
        (
            "SELECT a FROM far UNION SELECT a FROM other.plain",
            &["other.far", "other.plain"],
        ),
        (
            "SELECT a FROM plain WHERE a IN (SELECT value FROM json_each('[1]'))",
            &["main.plain"],
        ),
        (
            "SELECT a FROM plain WHERE EXISTS (SELECT 1 FROM keyed WHERE keyed.a = plain.a)",
            &["main.keyed", "main.plain"],
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(
            tables(&session, sql).as_deref(),
            Some(&*expected.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "{sql}"
        );
    }
}

#[test]
fn what_is_written_behind_the_back_of_the_authorizer_is_anything() {
    let session = open();
    for sql in [
        "SELECT text FROM words",
        "SELECT count(*) FROM words",
        "SELECT a FROM plain, words",
        "SELECT * FROM words_content",
        "SELECT count(*) FROM words_data",
        "SELECT seq FROM sqlite_sequence",
        "SELECT name FROM sqlite_schema",
        "SELECT count(*) FROM temp.sqlite_temp_schema",
        "SELECT name FROM pragma_table_info('plain')",
        "SELECT count(*) FROM pragma_table_info('plain')",
        "PRAGMA user_version",
    ] {
        assert_eq!(tables(&session, sql), None, "{sql}");
    }
}

#[test]
fn the_databases_of_the_connection_are_named() {
    let session = open();
    let names = |set: ReadSet| {
        set.files
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(reads(&session, "SELECT 1")),
        ["main", "temp", "other"]
    );
}

#[test]
fn a_schema_that_changes_changes_what_is_read() {
    let session = open();
    let sql = "SELECT a FROM far";
    assert_eq!(tables(&session, sql), Some(vec!["other.far".to_owned()]));
    session.exec("CREATE TABLE main.far (a)").expect("makes");
    assert_eq!(tables(&session, sql), Some(vec!["main.far".to_owned()]));
}

/// By name of the database; the paths are all empty in memory.
fn told(session: &Session, sql: &str) -> Written {
    session.exec(sql).expect(sql);
    let changed = session.take_changed().expect("remembers");
    changed
        .into_iter()
        .map(|it| (it.database, it.tables))
        .collect()
}

fn of(database: &str, table: &str) -> Written {
    let tables = Tables::Named([table.to_owned()].into());
    Written::from([(database.to_owned(), tables)])
}

#[test]
fn what_a_connection_alone_has_seen_is_told_it() {
    let session = open();
    drop(session.take_changed());
    let insert = "INSERT INTO passing VALUES (1)";
    assert_eq!(told(&session, insert), of("temp", "passing"));
    assert_eq!(
        told(&session, "BEGIN; DELETE FROM plain; ROLLBACK"),
        of("main", "plain"),
        "seen before it was taken back"
    );
    let all = Written::from([("temp".to_owned(), Tables::All)]);
    assert_eq!(told(&session, "DETACH other"), all);
    assert_eq!(told(&session, "ATTACH ':' || 'memory:' AS more"), all);
    assert_eq!(told(&session, "CREATE TEMP VIEW w AS SELECT 1"), all);
    assert_eq!(told(&session, "SELECT 1"), Written::new());
}
