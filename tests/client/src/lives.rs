//! Rows that stay up to date.

use anchorite::{Database, Error, OpenOptions};
use futures_util::TryStreamExt;

use crate::check::{Outcome, equal, refused};

const MAKE: &str = "CREATE TABLE a (v)";

pub(crate) async fn see_what_is_committed(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    let mut rows = db.live::<i64>("SELECT v FROM a WHERE v < ?1 ORDER BY v", [10]);
    equal(rows.try_next().await?, Some(vec![]))?;
    db.execute("INSERT INTO a VALUES (1)", ()).await?;
    equal(rows.try_next().await?, Some(vec![1]))?;
    // Nothing that is asked for.
    db.execute("INSERT INTO a VALUES (11)", ()).await?;
    db.transaction(async |tx| {
        tx.execute("INSERT INTO a VALUES (2)", ()).await?;
        tx.execute("INSERT INTO a VALUES (3)", ()).await?;
        Ok::<_, Error>(())
    })
    .await?;
    equal(rows.try_next().await?, Some(vec![1, 2, 3]))?;
    db.close().await?;
    equal(rows.try_next().await?, None)
}

pub(crate) async fn see_what_others_commit(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    let other = Database::open(place("main")).await?;
    let mut rows = db.live::<i64>("SELECT v FROM a", ());
    equal(rows.try_next().await?, Some(vec![]))?;
    for number in 1..4 {
        other.execute("INSERT INTO a VALUES (?1)", [number]).await?;
        equal(rows.try_next().await?, Some((1..=number).collect()))?;
    }
    other.close().await?;
    Ok(db.close().await?)
}

pub(crate) async fn only_questions(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    let mut rows = db.live::<i64>("DELETE FROM a RETURNING v", ());
    refused(rows.try_next().await, "INVALID_SQL", "")?;
    equal(rows.try_next().await?, None)?;
    refused(
        db.live::<i64>("SELECT nope", ()).try_next().await,
        "SQLITE_ERROR",
        "nope",
    )?;
    Ok(db.close().await?)
}
