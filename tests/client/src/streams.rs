//! Rows one by one.

use anchorite::{Database, Error, OpenOptions};
use futures_util::TryStreamExt;

use crate::check::{Failure, Outcome, equal, refused};

const NUMBERS: &str = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT ?1)
  SELECT i, 'number ' || i AS name FROM c";

pub(crate) async fn all_rows(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let mut expected = 0;
    let mut rows = db.stream::<(i64, String)>(NUMBERS, [10_000]);
    while let Some((number, name)) = rows.next().await.transpose()? {
        expected += 1;
        equal((number, name), (expected, format!("number {expected}")))?;
    }
    equal(expected, 10_000)?;
    equal(rows.next().await.is_none(), true)?;
    let few: Vec<i64> = db
        .stream::<i64>("VALUES (1), (2)", ())
        .try_collect()
        .await?;
    equal(few, [1, 2])?;
    let none: Vec<i64> = db
        .stream::<i64>("SELECT 1 WHERE 0", ())
        .try_collect()
        .await?;
    equal(none, [0; 0])?;
    Ok(db.close().await?)
}

/// A table cannot be dropped while a statement reads it.
pub(crate) async fn dropped_early(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch("CREATE TABLE a (i)").await?;
    let fill = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 10000)
      INSERT INTO a SELECT i FROM c";
    db.execute(fill, ()).await?;
    let mut rows = db.stream::<i64>("SELECT i FROM a", ());
    equal(rows.next().await.transpose()?, Some(1))?;
    let locked = db.execute_batch("DROP TABLE a").await;
    refused(locked, "SQLITE_LOCKED", "")?;
    drop(rows);
    db.execute_batch("DROP TABLE a").await?;
    Ok(db.close().await?)
}

pub(crate) async fn inside_of_a_transaction(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch("CREATE TABLE a (i)").await?;
    let work = async |tx: anchorite::Transaction| {
        tx.execute("INSERT INTO a VALUES (1), (2)", ()).await?;
        let numbers: Vec<i64> = tx
            .stream::<i64>("SELECT i FROM a", ())
            .try_collect()
            .await?;
        equal(numbers, [1, 2])?;
        Ok::<_, Failure>(tx.stream::<(i64, String)>(NUMBERS, [5000]))
    };
    let mut late = db.transaction(work).await?;
    let ended: Option<Result<_, Error>> = late.next().await;
    refused(ended.unwrap_or(Ok((0, String::new()))), "CLOSED", "over")?;
    equal(late.next().await.is_none(), true)?;
    Ok(db.close().await?)
}

pub(crate) async fn errors_end_them(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let mut rows = db.stream::<i64>("VALUES (1), ('two'), (3)", ());
    equal(rows.next().await.transpose()?, Some(1))?;
    refused(rows.try_next().await, "INVALID_TYPE", "it is TEXT, not i64")?;
    equal(rows.next().await.is_none(), true)?;
    let wrong = db.stream::<i64>("CREATE TABLE b (i)", ()).try_next().await;
    refused(wrong, "INVALID_SQL", "")?;
    Ok(db.close().await?)
}
