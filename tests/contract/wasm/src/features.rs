//! What each feature of the Rust crate adds to rusqlite, tried once on a file in OPFS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anchorite::Error;
use anchorite::rusqlite::backup::Backup;
use anchorite::rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use anchorite::rusqlite::session::{ConflictAction, Session};
use anchorite::rusqlite::vtab::series;
use anchorite::rusqlite::{Connection, MAIN_DB, Result};

/// Tries all, and says what came out, one in a line.
pub(crate) fn all(file: &str) -> std::result::Result<String, Error> {
    let mut db = Connection::open(file)?;
    db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v)")?;
    let tried = [
        ("functions", functions(&db)?),
        ("window", window(&db)?),
        ("hooks", hooks(&mut db)?),
        ("blob", blob(&db)?),
        ("session", session(&db)?),
        ("vtab", table(&db)?),
        ("backup", backup(&db, &format!("{file}.copy"))?),
        ("serde_json", json(&db)?),
        ("chrono", chrono(&db)?),
        ("time", time(&db)?),
        ("jiff", jiff(&db)?),
    ];
    let lines = tried.map(|(feature, answer)| format!("{feature}: {answer}"));
    Ok(lines.join("\n"))
}

fn functions(db: &Connection) -> Result<String> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("shout", 1, flags, |call| {
        Ok(format!("{}!", call.get::<String>(0)?))
    })?;
    db.query_one("SELECT shout('hi')", (), |row| row.get(0))
}

struct Sum;

impl Aggregate<i64, i64> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<i64> {
        Ok(0)
    }
    fn step(&self, call: &mut Context<'_>, sum: &mut i64) -> Result<()> {
        *sum += call.get::<i64>(0)?;
        Ok(())
    }
    fn finalize(&self, _: &mut Context<'_>, sum: Option<i64>) -> Result<i64> {
        Ok(sum.unwrap_or_default())
    }
}

impl WindowAggregate<i64, i64> for Sum {
    fn value(&self, sum: Option<&mut i64>) -> Result<i64> {
        Ok(sum.copied().unwrap_or_default())
    }
    fn inverse(&self, call: &mut Context<'_>, sum: &mut i64) -> Result<()> {
        *sum -= call.get::<i64>(0)?;
        Ok(())
    }
}

fn window(db: &Connection) -> Result<String> {
    db.create_window_function("ours", 1, FunctionFlags::SQLITE_UTF8, Sum)?;
    let sql = "SELECT group_concat(s) FROM (SELECT ours(column1) \
               OVER (ROWS 1 PRECEDING) s FROM (VALUES (1), (2), (3)))";
    db.query_one(sql, (), |row| row.get(0))
}

fn hooks(db: &mut Connection) -> Result<String> {
    let commits = Arc::new(AtomicU32::new(0));
    let counted = commits.clone();
    db.commit_hook(Some(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    }))?;
    db.execute("INSERT INTO t VALUES (1, zeroblob(4))", ())?;
    db.commit_hook(None::<fn() -> bool>)?;
    Ok(format!("{} commit", commits.load(Ordering::Relaxed)))
}

fn blob(db: &Connection) -> Result<String> {
    let mut blob = db.blob_open(MAIN_DB, "t", "v", 1, false)?;
    blob.write_at(&[1, 2], 1)?;
    blob.close()?;
    db.query_one("SELECT hex(v) FROM t", (), |row| row.get(0))
}

fn session(db: &Connection) -> Result<String> {
    let mut session = Session::new(db)?;
    session.attach::<&str>(None)?;
    db.execute("INSERT INTO t VALUES (2, 'recorded')", ())?;
    let mut changes = Vec::new();
    session.changeset_strm(&mut changes)?;
    drop(session);
    db.execute("DELETE FROM t WHERE id = 2", ())?;
    let refuse = |_, _| ConflictAction::SQLITE_CHANGESET_ABORT;
    db.apply_strm(&mut changes.as_slice(), None::<fn(&str) -> bool>, refuse)?;
    db.query_one("SELECT v FROM t WHERE id = 2", (), |row| row.get(0))
}

fn table(db: &Connection) -> Result<String> {
    series::load_module(db)?;
    let sql = "SELECT group_concat(value) FROM generate_series(1, 5, 2)";
    db.query_one(sql, (), |row| row.get(0))
}

fn backup(db: &Connection, to: &str) -> Result<String> {
    let mut copy = Connection::open(to)?;
    // `run_to_completion` sleeps by the standard library, which cannot here.
    Backup::new(db, &mut copy)?.step(-1)?;
    copy.query_one("SELECT count(*) || ' rows' FROM t", (), |row| row.get(0))
}

fn json(db: &Connection) -> Result<String> {
    let value = serde_json::json!({"a": [1, 2]});
    db.query_one("SELECT ?1 ->> '$.a[1]'", [value], |row| {
        row.get::<_, i64>(0)
    })
    .map(|value| value.to_string())
}

fn chrono(db: &Connection) -> Result<String> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default();
    db.query_one("SELECT date(?1, '+1 day')", [day], |row| {
        row.get::<_, chrono::NaiveDate>(0)
    })
    .map(|day| day.to_string())
}

fn time(db: &Connection) -> Result<String> {
    let day = time::macros::date!(2026 - 11 - 28);
    db.query_one("SELECT date(?1, '+1 day')", [day], |row| {
        row.get::<_, time::Date>(0)
    })
    .map(|day| day.to_string())
}

fn jiff(db: &Connection) -> Result<String> {
    let day = jiff::civil::date(2026, 11, 28);
    db.query_one("SELECT date(?1, '+1 day')", [day], |row| {
        row.get::<_, jiff::civil::Date>(0)
    })
    .map(|day| day.to_string())
}
