//! Statements, and the database as a whole.

use anchorite::{Changes, Database, OpenOptions};

use crate::check::{Outcome, equal, refused};

const MAKE: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY, v UNIQUE)";

pub(crate) async fn tell_what_they_changed(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    let done = db
        .execute("INSERT INTO a VALUES (9, 1), (10, 2)", ())
        .await?;
    let wanted = Changes {
        changes: 2,
        last_insert_rowid: 10,
    };
    equal(done, wanted)?;
    equal(db.execute("DELETE FROM a", ()).await?.changes, 2)?;
    Ok(db.close().await?)
}

pub(crate) async fn errors_have_codes(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    db.execute("INSERT INTO a (v) VALUES (1)", ()).await?;
    let twice = db.execute("INSERT INTO a (v) VALUES (1)", ()).await;
    let code = twice
        .as_ref()
        .map_err(|error| error.extended_code().to_owned());
    equal(code.err(), Some("SQLITE_CONSTRAINT_UNIQUE".to_owned()))?;
    refused(twice, "SQLITE_CONSTRAINT", "UNIQUE constraint failed: a.v")?;
    refused(
        db.query::<i64>("SELECT nope", ()).await,
        "SQLITE_ERROR",
        "no such column: nope",
    )?;
    refused(
        db.query::<i64>("SELECT 1; SELECT 2", ()).await,
        "INVALID_SQL",
        "",
    )?;
    let none = Database::open(place("none").create(false)).await;
    refused(none.map(drop), "SQLITE_CANTOPEN", "")?;
    let name = Database::open(OpenOptions::new("../outside.db")).await;
    refused(name.map(drop), "INVALID_NAME", "")?;
    Ok(db.close().await?)
}

pub(crate) async fn first_rows(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    equal(db.query_one::<i64>("VALUES (1), (2)", ()).await?, 1)?;
    equal(
        db.query_optional::<i64>("SELECT 1 WHERE 0", ()).await?,
        None,
    )?;
    refused(
        db.query_one::<i64>("SELECT 1 WHERE 0", ()).await,
        "NO_ROWS",
        "no row",
    )?;
    Ok(db.close().await?)
}

pub(crate) async fn export_and_import(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    db.execute("INSERT INTO a (v) VALUES ('kept')", ()).await?;
    let bytes = db.export().await?;
    Database::import(place("copy"), bytes.clone(), false).await?;
    let again = Database::import(place("copy"), bytes.clone(), false).await;
    refused(again, "EXISTS", "")?;
    let copy = Database::open(place("copy")).await?;
    equal(copy.query::<String>("SELECT v FROM a", ()).await?, ["kept"])?;
    copy.execute("DELETE FROM a", ()).await?;
    copy.close().await?;
    Database::import(place("copy"), bytes, true).await?;
    let damaged = Database::import(place("copy"), b"no database".to_vec(), true).await;
    refused(damaged, "SQLITE_NOTADB", "")?;
    let copy = Database::open(place("copy").readonly(true)).await?;
    equal(copy.query::<String>("SELECT v FROM a", ()).await?, ["kept"])?;
    refused(
        copy.execute("DELETE FROM a", ()).await,
        "SQLITE_READONLY",
        "",
    )?;
    copy.close().await?;
    Ok(db.close().await?)
}

pub(crate) async fn closed_is_closed(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let clone = db.clone();
    db.close().await?;
    refused(clone.query::<i64>("SELECT 1", ()).await, "CLOSED", "closed")?;
    // The last clone closes it, too: it can be opened for oneself afterwards.
    let db = Database::open(place("main")).await?;
    db.execute_batch(MAKE).await?;
    drop(db);
    let db = Database::open(place("main")).await?;
    equal(db.query_one::<i64>("SELECT count(*) FROM a", ()).await?, 0)?;
    Ok(db.close().await?)
}
