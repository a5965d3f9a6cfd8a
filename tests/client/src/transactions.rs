//! All or nothing.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use anchorite::{Database, Error, OpenOptions};
use futures_channel::oneshot;
use futures_util::future::{Either, join, poll_immediate, select};

use crate::check::{Failure, Outcome, equal, refused};

async fn opened(options: OpenOptions) -> Result<Database, Error> {
    let db = Database::open(options).await?;
    db.execute_batch("CREATE TABLE a (v UNIQUE)").await?;
    Ok(db)
}

async fn count(db: &Database) -> Result<i64, Error> {
    db.query_one("SELECT count(*) FROM a", ()).await
}

pub(crate) async fn commit(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    let rowid = db
        .transaction(async |tx| {
            tx.execute_batch("INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)")
                .await?;
            let inside: i64 = tx.query_one("SELECT count(*) FROM a", ()).await?;
            equal(inside, 2)?;
            let done = tx.execute("INSERT INTO a VALUES (3)", ()).await?;
            Ok::<_, Failure>(done.last_insert_rowid)
        })
        .await?;
    equal((rowid, count(&db).await?), (3, 3))?;
    Ok(db.close().await?)
}

pub(crate) async fn roll_back_on_error(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    // The other form of the argument.
    let failed: Result<(), Failure> = db
        .transaction(|tx| async move {
            tx.execute("INSERT INTO a VALUES (1)", ()).await?;
            Err(Failure("on purpose".to_owned()))
        })
        .await;
    equal(failed.err().map(|it| it.0), Some("on purpose".to_owned()))?;
    equal(count(&db).await?, 0)?;
    Ok(db.close().await?)
}

pub(crate) async fn roll_back_when_dropped(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    let (inserted, is_inserted) = oneshot::channel();
    let work = Box::pin(db.transaction(async |tx| {
        tx.execute("INSERT INTO a VALUES (1)", ()).await?;
        inserted.send(()).ok();
        std::future::pending::<Result<(), Error>>().await
    }));
    let first = select(work, is_inserted).await;
    equal(matches!(first, Either::Right(_)), true)?;
    drop(first);
    equal(count(&db).await?, 0)?;
    Ok(db.close().await?)
}

/// What it has answered when it was polled so many times, each time it was woken.
async fn polled<F: Future + Unpin>(mut future: F, times: usize) -> Option<F::Output> {
    let mut left = times;
    poll_fn(|context| {
        left -= 1;
        match Pin::new(&mut future).poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// While it begins, between its statements, and while it commits, with which it then goes on.
pub(crate) async fn may_be_dropped_at_any_time(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    for times in 1.. {
        let before = count(&db).await?;
        let work = Box::pin(db.transaction(async |tx| {
            tx.execute("INSERT INTO a VALUES (random())", ()).await?;
            tx.execute("INSERT INTO a VALUES (random())", ()).await
        }));
        let ended = polled(work, times).await.transpose()?.is_some();
        // Refused inside of a transaction.
        db.execute_batch("BEGIN; COMMIT").await?;
        let added = count(&db).await? - before;
        equal(added == 2 || (added == 0 && !ended), true)?;
        if ended {
            break;
        }
    }
    Ok(db.close().await?)
}

pub(crate) async fn others_wait(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    let work = db.transaction(async |tx| {
        tx.execute("INSERT INTO a VALUES (1)", ()).await?;
        let mut outside = std::pin::pin!(count(&db));
        // It has been asked, and cannot be answered before the end.
        equal(poll_immediate(&mut outside).await.is_none(), true)?;
        tx.execute("INSERT INTO a VALUES (2)", ()).await?;
        equal(poll_immediate(&mut outside).await.is_none(), true)?;
        Ok::<_, Failure>(())
    });
    let (worked, counted) = join(work, async { count(&db).await }).await;
    worked?;
    let counted = counted?;
    equal(counted == 0 || counted == 2, true)?;
    equal(count(&db).await?, 2)?;
    Ok(db.close().await?)
}

pub(crate) async fn sqlite_rolls_back(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    let aborted: Result<(), Error> = db
        .transaction(async |tx| {
            tx.execute("INSERT INTO a VALUES (1)", ()).await?;
            drop(tx.execute("INSERT OR ROLLBACK INTO a VALUES (1)", ()).await);
            let late = tx.execute("INSERT INTO a VALUES (2)", ()).await;
            if late.is_ok() {
                tx.query_one::<()>("it was carried out outside of the transaction", ())
                    .await?;
            }
            Ok(())
        })
        .await;
    refused(aborted, "TRANSACTION_ABORTED", "rolled")?;
    equal(count(&db).await?, 0)?;
    Ok(db.close().await?)
}

pub(crate) async fn are_over_when_they_end(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = opened(place("main")).await?;
    let tx = db.transaction(async |tx| Ok::<_, Error>(tx)).await?;
    let late = tx.execute("INSERT INTO a VALUES (1)", ()).await;
    refused(late, "CLOSED", "over")?;
    equal(count(&db).await?, 0)?;
    Ok(db.close().await?)
}
