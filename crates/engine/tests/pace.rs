//! Turns for the host while statements run, and stopping them: what was stopped has not happened.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use anchorite_engine::{
    Begin, Cell, EngineError, Host, OpenOptions, Pace, Params, Patience, Reach, Session, Together,
    Value,
};

const ENDLESS: &str =
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c";

/// Between two ticks: few, so that short statements have some.
const STEPS: i32 = 16;

/// A host whose clock goes on by a fixed time at each look, and that stops what runs in a turn.
#[derive(Debug)]
struct Clock {
    looks: AtomicU32,
    /// In ms.
    step: f64,
    /// How many turns are left before it stops what runs; none to say that there are no turns.
    turns: Mutex<Option<u32>>,
    pace: Mutex<Weak<Pace>>,
}

impl Host for Clock {
    fn now_ms(&self) -> f64 {
        f64::from(self.looks.fetch_add(1, Ordering::Relaxed)) * self.step
    }

    fn pause(&self) -> bool {
        let mut turns = self.turns.lock().expect("no panic");
        let Some(left) = turns.as_mut() else {
            return false;
        };
        if *left == 0 {
            let pace = self.pace.lock().expect("no panic").upgrade();
            pace.expect("it is asked by it").stop();
        } else {
            *left -= 1;
        }
        true
    }
}

/// A connection in memory, after this SQL, and how its host is asked.
fn paced(sql: &str, step: f64, turns: Option<u32>) -> (Session, Arc<Clock>, Arc<Pace>) {
    let mut session =
        Session::open(":memory:", None, &OpenOptions::default()).expect("memory opens");
    session.exec(sql).expect("runs");
    let clock = Arc::new(Clock {
        looks: AtomicU32::new(0),
        step,
        turns: Mutex::new(turns),
        pace: Mutex::new(Weak::new()),
    });
    let pace = Arc::new(Pace::asking_every(STEPS, clock.clone()));
    *clock.pace.lock().expect("no panic") = Arc::downgrade(&pace);
    session.keep_pace(pace.clone()).expect("is installed");
    (session, clock, pace)
}

fn is_interrupt<T: std::fmt::Debug>(outcome: Result<T, EngineError>) {
    assert_eq!(outcome.expect_err("was stopped").code, "SQLITE_INTERRUPT");
}

fn count(session: &Session) -> Value {
    let counted = session.query("SELECT count(*) FROM t", &Params::NONE);
    counted.expect("counts").values.remove(0)
}

fn owned(names: &mut dyn Iterator<Item = &str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

/// The names of the columns, if it is answered.
fn at_once(session: &Session, sql: &str) -> Option<Vec<String>> {
    let mut values = Vec::<Value>::new();
    session.rows_again(sql, &Params::NONE, Reach::All, &mut values, owned)
}

#[test]
fn an_endless_question_is_stopped_and_the_next_one_is_answered() {
    let (session, _, pace) = paced("CREATE TABLE t (a)", 1.0, Some(3));
    is_interrupt(session.query(ENDLESS, &Params::NONE));
    pace.begin();
    assert_eq!(count(&session), Value::Integer(0));
}

#[test]
fn where_there_are_no_turns_it_is_stopped_when_one_would_be_due() {
    let (session, clock, pace) = paced("", 1.0, None);
    is_interrupt(session.query(ENDLESS, &Params::NONE));
    let looks = clock.looks.load(Ordering::Relaxed);
    assert!((20..30).contains(&looks), "{looks} ms");
    let bounded = ENDLESS.replace("FROM c)", "FROM c WHERE i < 100000)");
    pace.begin();
    is_interrupt(session.query(&bounded, &Params::NONE));
    assert_eq!(
        at_once(&session, &bounded),
        None,
        "it has never been answered"
    );
}

#[test]
fn a_question_that_took_too_long_is_not_answered_at_once_again() {
    let (session, clock, pace) = paced("", 0.0, Some(9));
    let bounded = ENDLESS.replace("FROM c)", "FROM c WHERE i < 100000)");
    session.query(&bounded, &Params::NONE).expect("is answered");
    pace.begin();
    assert!(at_once(&session, &bounded).is_some());
    pace.stop();
    assert_eq!(at_once(&session, &bounded), None, "it was stopped");
    pace.begin();
    let looks = clock.looks.load(Ordering::Relaxed);
    assert_eq!(at_once(&session, &bounded), None);
    assert_eq!(
        clock.looks.load(Ordering::Relaxed),
        looks,
        "it was not tried"
    );
}

#[test]
fn quick_steps_are_timed_seldom_and_slow_ones_each_time() {
    let bounded = ENDLESS.replace("FROM c)", "FROM c WHERE i < 100000)");
    let looks = |step: f64| {
        let (session, clock, _) = paced("", step, Some(u32::MAX));
        session.query(&bounded, &Params::NONE).expect("is answered");
        clock.looks.load(Ordering::Relaxed)
    };
    let (quick, slow) = (looks(0.0), looks(10.0));
    assert!(quick * 50 < slow, "{quick} looks against {slow}");
}

/// Each look at the clock is a turn, and one of the first turns stops what runs.
fn stopped_in_turn(turn: u32, before: &str, sql: &str) -> (Session, bool) {
    let (session, clock, pace) = paced("CREATE TABLE t (a)", 25.0, Some(u32::MAX));
    session.exec(before).expect("runs");
    pace.begin();
    *clock.turns.lock().expect("no panic") = Some(turn);
    let outcome = session.run(sql, &Params::NONE, Patience::Enough);
    pace.begin();
    *clock.turns.lock().expect("no panic") = Some(u32::MAX);
    if let Err(error) = &outcome {
        assert_eq!(error.code, "SQLITE_INTERRUPT", "{sql}");
    }
    (session, outcome.is_ok())
}

/// SQLite asks its handler once more when a statement is done: whatever the number of its steps, it
/// has either happened, or it is said to have been stopped.
#[test]
fn what_was_stopped_has_not_happened_and_what_has_happened_was_not_stopped() {
    let mut seen = [0, 0];
    for (turn, padding) in (0..8).flat_map(|turn| (0..24).map(move |padding| (turn, padding))) {
        let values = vec!["(1)"; padding + 1].join(", ");
        for (before, after) in [("", ""), ("BEGIN", "COMMIT")] {
            let insert = format!("INSERT INTO t VALUES {values}");
            let (session, is_done) = stopped_in_turn(turn, before, &insert);
            if session.in_transaction() {
                session.exec(after).expect("commits");
            }
            let rows = i64::try_from(padding).expect("fits") + 1;
            let expected = if is_done { rows } else { 0 };
            assert_eq!(count(&session), Value::Integer(expected), "{insert} {turn}");
            seen[usize::from(is_done)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}

#[test]
fn a_transaction_is_begun_or_ended_or_not_but_never_in_doubt() {
    let padding = "/* so that it takes more steps to compile */".repeat(2);
    let cases = [
        ("", "BEGIN IMMEDIATE", true),
        ("", "SAVEPOINT s", true),
        ("BEGIN; INSERT INTO t VALUES (1)", "COMMIT", false),
        ("SAVEPOINT s; INSERT INTO t VALUES (1)", "RELEASE s", false),
        ("BEGIN; INSERT INTO t VALUES (1)", "ROLLBACK", false),
    ];
    for (turn, (before, sql, opens)) in (0..8).flat_map(|turn| cases.map(|case| (turn, case))) {
        let (session, is_done) = stopped_in_turn(turn, before, &format!("{padding}{sql}"));
        assert_eq!(session.in_transaction(), is_done == opens, "{sql} {turn}");
    }
}

#[test]
fn a_write_that_is_stopped_in_a_transaction_ends_it() {
    let (session, _, pace) = paced("CREATE TABLE t (a)", 1.0, Some(1));
    session
        .exec("BEGIN; INSERT INTO t VALUES (1)")
        .expect("runs");
    let endless = ENDLESS.replace("SELECT count(*)", "INSERT INTO t SELECT i");
    is_interrupt(session.query(&endless, &Params::NONE));
    pace.begin();
    assert!(!session.in_transaction());
    assert_eq!(count(&session), Value::Integer(0));
}

#[test]
fn a_question_that_is_stopped_in_a_transaction_leaves_it_open() {
    let (session, _, pace) = paced("CREATE TABLE t (a)", 1.0, Some(1));
    session
        .exec("BEGIN; INSERT INTO t VALUES (1)")
        .expect("runs");
    is_interrupt(session.query(ENDLESS, &Params::NONE));
    pace.begin();
    assert!(session.in_transaction());
    session.exec("COMMIT").expect("commits");
    assert_eq!(count(&session), Value::Integer(1));
}

#[test]
fn many_short_statements_give_turns_and_are_stopped_between_two_of_them() {
    let (session, _, pace) = paced("CREATE TABLE t (a)", 1.0, Some(0));
    is_interrupt(session.exec(&"INSERT INTO t VALUES (1);".repeat(10_000)));
    pace.begin();
    let Value::Integer(done) = count(&session) else {
        panic!("a count is an integer");
    };
    assert!((1..10_000).contains(&done), "{done}");
}

#[test]
fn rows_and_batches_are_stopped_and_a_batch_is_taken_back() {
    let (session, _, pace) = paced("CREATE TABLE t (a)", 1.0, Some(0));
    let cells = vec![Cell::Integer(1); 10_000];
    let mut done = 0;
    let insert = "INSERT INTO t VALUES (?)";
    is_interrupt(session.run_rows(insert, (&cells, 1), &mut done, Patience::Enough));
    assert!((1..10_000).contains(&done), "{done}");
    pace.begin();
    session.exec("DELETE FROM t").expect("runs");
    pace.begin();
    let statements = vec![("INSERT INTO t VALUES (1)".to_owned(), Params::NONE); 10_000];
    let mut batch = Together::new(statements, Begin::Immediate);
    is_interrupt(session.run_together(&mut batch, Patience::Enough, Vec::<Value>::new));
    assert!(!session.in_transaction());
    pace.begin();
    assert_eq!(count(&session), Value::Integer(0));
}

/// A host that is asked once more after the last statement would give up what has happened.
#[test]
fn after_the_last_statement_nothing_is_given_up_any_more() {
    let mut seen = [0, 0];
    for turn in 0..12 {
        let (session, clock, pace) = paced("CREATE TABLE t (a)", 25.0, Some(u32::MAX));
        let stops_in = |turn| *clock.turns.lock().expect("no panic") = Some(turn);
        stops_in(turn);
        let statements = vec![("INSERT INTO t VALUES (1)".to_owned(), Params::NONE)];
        let mut batch = Together::new(statements, Begin::Immediate);
        let together = session.run_together(&mut batch, Patience::Enough, Vec::<Value>::new);
        pace.begin();
        stops_in(turn);
        let alone = session.exec("INSERT INTO t VALUES (2)");
        pace.begin();
        stops_in(u32::MAX);
        let done = [together.is_ok(), alone.is_ok()];
        let rows = done.iter().filter(|is_done| **is_done).count();
        let rows = i64::try_from(rows).expect("fits");
        assert_eq!(
            count(&session),
            Value::Integer(rows),
            "turn {turn}: {done:?}"
        );
        seen[usize::from(done[0])] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
