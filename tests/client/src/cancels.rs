//! What is dropped does not go on.

use anchorite::{Database, OpenOptions};
use futures_util::future::poll_immediate;

use crate::check::{Outcome, equal};

const ENDLESS: &str = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)
  SELECT count(*) FROM c";

/// What is asked later is answered, and the endless query is in its way until it is dropped.
pub(crate) async fn an_endless_query(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let mut endless = Box::pin(db.query::<i64>(ENDLESS, ()));
    equal(poll_immediate(&mut endless).await.is_none(), true)?;
    let mut next = Box::pin(db.query_one::<i64>("SELECT 1", ()));
    equal(poll_immediate(&mut next).await.is_none(), true)?;
    drop(endless);
    equal(next.await?, 1)?;
    Ok(db.close().await?)
}

/// No row is near the beginning.
pub(crate) async fn a_stream(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let mut rows = db.stream::<i64>(ENDLESS, ());
    equal(poll_immediate(Box::pin(rows.next())).await.is_none(), true)?;
    drop(rows);
    equal(db.query_one::<i64>("SELECT 1", ()).await?, 1)?;
    Ok(db.close().await?)
}

pub(crate) async fn what_was_not_begun(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch("CREATE TABLE a (i)").await?;
    // Behind something that takes its time.
    let mut endless = Box::pin(db.query::<i64>(ENDLESS, ()));
    drop(poll_immediate(&mut endless).await);
    let mut insert = Box::pin(db.execute("INSERT INTO a VALUES (1)", ()));
    equal(poll_immediate(&mut insert).await.is_none(), true)?;
    drop(insert);
    drop(endless);
    equal(db.query_one::<i64>("SELECT count(*) FROM a", ()).await?, 0)?;
    Ok(db.close().await?)
}
