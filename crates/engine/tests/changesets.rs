//! Recordings and changesets: what is recorded, taken back, applied, and asked where it does not
//! fit.

use anchorite_engine::{
    Action, Applied, Applying, Conflict, ConflictKind, EngineError, OpenOptions, Params, Policy,
    Session, Take, Value, concat, invert,
};

const NOTES: &str = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, size REAL, bytes BLOB)";

fn memory(sql: &str) -> Session {
    let session = Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens");
    session.exec(sql).expect("runs");
    session
}

/// What `sql` changes, as a changeset.
fn recorded(session: &mut Session, sql: &str) -> Vec<u8> {
    session.record("r", None, false).expect("records");
    session.exec(sql).expect("runs");
    let bytes = session.recorded("r", Take::Changeset).expect("is taken");
    session.release("r");
    bytes
}

fn apply(
    session: &mut Session,
    bytes: &[u8],
    policy: Policy,
    answers: &[Action],
) -> Result<Applied, EngineError> {
    session.begin_apply("a", Applying::new(bytes.to_vec(), None, policy));
    session.apply("a", answers)
}

fn rows(session: &Session, sql: &str) -> Vec<Value> {
    session.query(sql, &Params::NONE).expect("answers").values
}

fn questions(applied: Applied) -> Vec<Conflict> {
    match applied {
        Applied::Asks { questions, .. } => questions,
        done => panic!("asks nothing: {done:?}"),
    }
}

const DONE: Applied = Applied::Done {
    omitted: 0,
    replaced: 0,
};

#[test]
fn what_is_recorded_can_be_applied_and_taken_back() {
    let begin = format!("{NOTES}; INSERT INTO note VALUES (1, 'a', 1.5, x'00'), (2, 'b', 2, NULL)");
    let (mut here, mut there) = (memory(&begin), memory(&begin));
    let changes = "UPDATE note SET text = 'A', bytes = x'0102' WHERE id = 1;
        DELETE FROM note WHERE id = 2; INSERT INTO note VALUES (9007199254740993, 'c', -0.5, x'')";
    let bytes = recorded(&mut here, changes);
    let all = "SELECT * FROM note ORDER BY id";
    let before = rows(&there, all);
    assert_eq!(apply(&mut there, &bytes, Policy::default(), &[]), Ok(DONE));
    assert_eq!(rows(&there, all), rows(&here, all));
    let back = invert(&bytes).expect("inverts");
    assert_eq!(apply(&mut there, &back, Policy::default(), &[]), Ok(DONE));
    assert_eq!(rows(&there, all), before);
}

#[test]
fn two_become_one_in_which_a_row_is_changed_once() {
    let begin = format!("{NOTES}; INSERT INTO note VALUES (1, 'a', NULL, NULL)");
    let (mut here, mut there) = (memory(&begin), memory(&begin));
    let first = recorded(&mut here, "UPDATE note SET text = 'b' WHERE id = 1");
    let second = recorded(&mut here, "UPDATE note SET text = 'c' WHERE id = 1");
    let both = concat(&first, &second).expect("is joined");
    assert_eq!(both.len(), first.len());
    assert_eq!(apply(&mut there, &both, Policy::default(), &[]), Ok(DONE));
    let texts = rows(&there, "SELECT text FROM note");
    assert_eq!(texts, [Value::Text("c".to_owned())]);
    assert_eq!(concat(&first, &[]).expect("is joined"), first);
    let refused = |second: &[u8]| concat(&first, second).expect_err("is refused").code;
    here.record("r", None, false).expect("records");
    here.exec("UPDATE note SET text = 'd'").expect("runs");
    let patchset = here.recorded("r", Take::Patchset).expect("is taken");
    assert_eq!(refused(&patchset), "INVALID_PARAMETER");
    assert_eq!(refused(b"Tnonsense"), "SQLITE_CORRUPT");
}

#[test]
fn a_patchset_is_smaller_and_has_no_inverse() {
    let begin = format!("{NOTES}; INSERT INTO note VALUES (1, 'a long text', NULL, NULL)");
    let (mut here, mut there) = (memory(&begin), memory(&begin));
    here.record("r", None, false).expect("records");
    here.exec("UPDATE note SET text = 'b'").expect("runs");
    let patchset = here.recorded("r", Take::Patchset).expect("is taken");
    let changeset = here.recorded("r", Take::Changeset).expect("is taken");
    assert!(patchset.len() < changeset.len());
    assert_eq!(
        apply(&mut there, &patchset, Policy::default(), &[]),
        Ok(DONE)
    );
    assert_eq!(
        rows(&there, "SELECT text FROM note"),
        [Value::Text("b".to_owned())]
    );
    assert_eq!(
        invert(&patchset).expect_err("refused").code,
        "INVALID_PARAMETER"
    );
}

#[test]
fn every_kind_of_conflict_is_asked_about_with_what_is_in_the_way() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER)";
    let begin =
        format!("{schema}; INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");
    let mut here = memory(&begin);
    let bytes = recorded(
        &mut here,
        "UPDATE t SET b = 10 WHERE id = 1; DELETE FROM t WHERE id = 2;
         INSERT INTO t VALUES (4, 'four', 4), (5, 'five', 5)",
    );
    let mut there = memory(&format!(
        "{schema}; INSERT INTO t VALUES (1, 'one', 7), (4, 'other', 0), (6, 'five', 6)"
    ));
    let before = rows(&there, "SELECT * FROM t");
    let asked = questions(apply(&mut there, &bytes, Policy::default(), &[]).expect("asks"));
    assert_eq!(
        rows(&there, "SELECT * FROM t"),
        before,
        "nothing is changed"
    );
    let kinds: Vec<_> = asked.iter().map(|it| it.kind).collect();
    use ConflictKind::{Conflict, Constraint, Data, NotFound};
    for kind in [Data, NotFound, Conflict, Constraint] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
    let data = asked.iter().find(|it| it.kind == Data).expect("is there");
    let change = data.change.as_ref().expect("of a row");
    assert_eq!((&*change.table, change.operation), ("t", "update"));
    assert_eq!(change.columns, ["id", "a", "b"]);
    assert_eq!(change.key, [true, false, false]);
    assert_eq!(
        change.old,
        [Some(Value::Integer(1)), None, Some(Value::Integer(1))]
    );
    assert_eq!(change.new, [None, None, Some(Value::Integer(10))]);
    assert_eq!(change.current[2], Some(Value::Integer(7)));
    let answers: Vec<_> = kinds
        .iter()
        .map(|kind| match kind {
            Data | Conflict => Action::Replace,
            _ => Action::Omit,
        })
        .collect();
    let applied = there.apply("a", &answers).expect("applies");
    assert_eq!(
        applied,
        Applied::Done {
            omitted: 2,
            replaced: 2
        }
    );
    let after = rows(&there, "SELECT id, b FROM t ORDER BY id");
    assert_eq!(after, [1, 10, 4, 4, 6, 6].map(Value::Integer));
}

/// Replacing the row of `t` fires a trigger that changes the row of `u`: the second question
/// becomes another one, and the answer to what it was must not count for it.
#[test]
fn an_answer_counts_for_the_question_it_was_given_to() {
    let schema =
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER PRIMARY KEY, n)";
    let mut here = memory(&format!("{schema}; INSERT INTO u VALUES (1, 0)"));
    let bytes = recorded(&mut here, "INSERT INTO t VALUES (1); UPDATE u SET n = 10");
    let mut there = memory(&format!(
        "{schema}; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1, 5);
         CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE u SET n = 99; END"
    ));
    let first = questions(apply(&mut there, &bytes, Policy::default(), &[]).expect("asks"));
    let current = |conflict: &Conflict| {
        let change = conflict.change.as_ref().expect("of a row");
        change.current.last().cloned().flatten()
    };
    assert_eq!(first.len(), 2);
    assert_eq!(current(&first[1]), Some(Value::Integer(5)));
    let answers = [Action::Replace, Action::Replace];
    let Applied::Asks { kept, questions } = there.apply("a", &answers).expect("asks again") else {
        panic!("the second question is another one now");
    };
    assert_eq!((kept, questions.len()), (1, 1));
    assert_eq!(current(&questions[0]), Some(Value::Integer(99)));
    let answers = [Action::Replace, Action::Omit];
    let done = there.apply("a", &answers).expect("applies");
    assert_eq!(
        done,
        Applied::Done {
            omitted: 1,
            replaced: 1
        }
    );
    assert_eq!(rows(&there, "SELECT n FROM u"), [Value::Integer(99)]);
}

#[test]
fn a_decision_to_abort_changes_nothing_and_says_what_was_in_the_way() {
    let mut here = memory(&format!(
        "{NOTES}; INSERT INTO note VALUES (5, 'a', NULL, NULL)"
    ));
    let bytes = recorded(
        &mut here,
        "INSERT INTO note VALUES (6, 'b', NULL, NULL); DELETE FROM note WHERE id = 5",
    );
    let mut there = memory(NOTES);
    let policy = Policy {
        not_found: Some(Action::Abort),
        ..Policy::default()
    };
    let error = apply(&mut there, &bytes, policy, &[]).expect_err("aborts");
    assert_eq!(error.code, "SQLITE_ABORT");
    assert!(
        error
            .message
            .contains("a row of \"note\" is not there (delete, id = 5)"),
        "{error}"
    );
    assert!(rows(&there, "SELECT * FROM note").is_empty());
    let policy = Policy {
        not_found: Some(Action::Replace),
        ..Policy::default()
    };
    let error = apply(&mut there, &bytes, policy, &[]).expect_err("cannot be");
    assert_eq!(error.code, "INVALID_PARAMETER");
    assert!(!there.in_transaction());
}

#[test]
fn foreign_keys_are_asked_about_once_all_is_applied_and_their_actions_are_not_repeated() {
    let schema = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent ON DELETE CASCADE)";
    let begin = format!("{schema}; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)");
    let (mut here, mut there) = (memory(&begin), memory(&begin));
    let bytes = recorded(&mut here, "DELETE FROM parent");
    there.exec("INSERT INTO child VALUES (2, 1)").expect("runs");
    let asked = questions(apply(&mut there, &bytes, Policy::default(), &[]).expect("asks"));
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (asked[0].kind, asked[0].violations),
        (ConflictKind::ForeignKey, 1)
    );
    there.exec("DELETE FROM child WHERE id = 2").expect("runs");
    assert_eq!(apply(&mut there, &bytes, Policy::default(), &[]), Ok(DONE));
    assert!(rows(&there, "SELECT * FROM child").is_empty());
}

#[test]
fn what_does_not_fit_the_schema_is_refused_and_not_passed_over() {
    let mut here = memory(NOTES);
    let bytes = recorded(&mut here, "INSERT INTO note VALUES (1, 'a', NULL, NULL)");
    for schema in [
        "CREATE TABLE other (a)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, text)",
        "CREATE TABLE note (id, text TEXT PRIMARY KEY, size, bytes)",
        "CREATE TABLE note (id, text, size, bytes, more, PRIMARY KEY (id, more))",
    ] {
        let error = apply(&mut memory(schema), &bytes, Policy::default(), &[]).expect_err(schema);
        assert_eq!(error.code, "SQLITE_SCHEMA", "{schema}: {error}");
    }
    let mut more = memory("CREATE TABLE note (id INTEGER PRIMARY KEY, text, size, bytes, more)");
    assert_eq!(apply(&mut more, &bytes, Policy::default(), &[]), Ok(DONE));
    let mut torn = bytes.clone();
    torn.truncate(bytes.len() - 3);
    for damaged in [&torn[..], b"not a changeset at all"] {
        let error =
            apply(&mut memory(NOTES), damaged, Policy::default(), &[]).expect_err("damaged");
        assert_eq!(error.code, "SQLITE_CORRUPT", "{error}");
    }
    assert_eq!(
        apply(&mut memory(NOTES), b"", Policy::default(), &[]),
        Ok(DONE)
    );
}

#[test]
fn tables_are_recorded_that_were_asked_for_and_have_a_key() {
    let schema = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id TEXT PRIMARY KEY);
        CREATE TABLE keyless (x); CREATE VIRTUAL TABLE found USING fts5(text)";
    let mut session = memory(schema);
    let left_out = session.record("all", None, false).expect("records");
    assert_eq!(left_out, ["keyless"]);
    let only = ["A".to_owned()];
    session.record("only", Some(&only), false).expect("records");
    let changes = "INSERT INTO a VALUES (1); INSERT INTO b VALUES ('x');
        INSERT INTO keyless VALUES (1); INSERT INTO found VALUES ('words')";
    session.exec(changes).expect("runs");
    let all = session.recorded("all", Take::Changeset).expect("is taken");
    let only = session.recorded("only", Take::Changeset).expect("is taken");
    let mut there =
        memory("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id TEXT PRIMARY KEY)");
    assert_eq!(apply(&mut there, &only, Policy::default(), &[]), Ok(DONE));
    assert_eq!(rows(&there, "SELECT count(*) FROM b"), [Value::Integer(0)]);
    there.exec("DELETE FROM a").expect("runs");
    assert_eq!(apply(&mut there, &all, Policy::default(), &[]), Ok(DONE));
    for (table, why) in [
        ("keyless", "no primary key"),
        ("found", "no ordinary"),
        ("z", "no ordinary"),
    ] {
        let error = session
            .record("bad", Some(&[table.to_owned()]), false)
            .expect_err(table);
        assert!(
            error.code == "INVALID_PARAMETER" && error.message.contains(why),
            "{error}"
        );
    }
}

#[test]
fn what_was_rolled_back_was_not_recorded() {
    let mut session = memory(NOTES);
    session.record("r", None, false).expect("records");
    let sql = "BEGIN; INSERT INTO note VALUES (1, 'a', NULL, NULL); ROLLBACK";
    session.exec(sql).expect("runs");
    assert_eq!(session.recorded("r", Take::Changeset), Ok(Vec::new()));
    session.exec("BEGIN").expect("runs");
    session.record("inside", None, true).expect("records");
    session.exec("COMMIT").expect("runs");
    session.release_ended();
    assert_eq!(
        session
            .recorded("inside", Take::Changeset)
            .expect_err("over")
            .code,
        "CLOSED"
    );
    session.recorded("r", Take::Changeset).expect("goes on");
    session.close().expect("closes, whatever is still held");
}
