//! Values in and out.

use anchorite::{Database, OpenOptions, Params, Value, named_params, params};

use crate::check::{Outcome, equal, refused};

fn every_kind() -> Vec<Value> {
    vec![
        Value::Null,
        Value::Integer(0),
        Value::Integer(-1),
        Value::Integer((1 << 53) + 1),
        Value::Integer(i64::MIN),
        Value::Integer(i64::MAX),
        Value::Real(0.5),
        Value::Real(-1e300),
        Value::Real(f64::INFINITY),
        Value::Text(String::new()),
        Value::Text("Grüße, 漢字 and 🦀\0 with a NUL".into()),
        Value::Blob(Vec::new()),
        Value::Blob((0..=255).collect()),
    ]
}

pub(crate) async fn come_back_as_they_went_in(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    db.execute_batch("CREATE TABLE a (id INTEGER PRIMARY KEY, v)")
        .await?;
    for value in every_kind() {
        db.execute(
            "INSERT INTO a (v) VALUES (?1)",
            Params::Positional(vec![value]),
        )
        .await?;
    }
    let values: Vec<Value> = db.query("SELECT v FROM a ORDER BY id", ()).await?;
    equal(values, every_kind())?;
    let kinds = "SELECT typeof(v) FROM a WHERE typeof(v) <> 'null' GROUP BY 1 ORDER BY 1";
    equal(
        db.query::<String>(kinds, ()).await?,
        ["blob", "integer", "real", "text"],
    )?;
    let reals: Vec<Value> = db
        .query("SELECT 1.0 UNION ALL SELECT CAST(?1 AS REAL)", [3])
        .await?;
    equal(reals, [Value::Real(1.0), Value::Real(3.0)])?;
    Ok(db.close().await?)
}

pub(crate) async fn by_name(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let sql = "SELECT :a, @b, $c";
    let given = named_params! { "a": 1, "@b": "two", "c": None::<i64> };
    let row: (i64, String, Option<i64>) = db.query_one(sql, given).await?;
    equal(row, (1, "two".to_owned(), None))?;
    let missing = db.execute(sql, named_params! { "a": 1 }).await;
    refused(missing, "INVALID_PARAMETER", "@b")?;
    Ok(db.close().await?)
}

pub(crate) async fn numbers_without_a_fraction_are_integers(
    place: &impl Fn(&str) -> OpenOptions,
) -> Outcome {
    let db = Database::open(place("main")).await?;
    let kinds = "SELECT typeof(?1), typeof(?2), typeof(CAST(?1 AS REAL))";
    let kinds: Vec<String> = db.query_one(kinds, (5.0, 5.5)).await?;
    equal(kinds, ["integer", "real", "real"])?;
    db.execute_batch("CREATE TABLE a (r REAL)").await?;
    db.execute("INSERT INTO a VALUES (?1)", [5.0]).await?;
    equal(
        db.query_one::<Value>("SELECT r FROM a", ()).await?,
        Value::Real(5.0),
    )?;
    Ok(db.close().await?)
}

pub(crate) async fn a_parameter_that_cannot_be_is_refused(
    place: &impl Fn(&str) -> OpenOptions,
) -> Outcome {
    let db = Database::open(place("main")).await?;
    let nan = db.query::<f64>("SELECT ?1", [f64::NAN]).await;
    refused(nan, "INVALID_PARAMETER", "NaN")?;
    let many = db.query::<i64>("SELECT ?1", params![1, 2]).await;
    refused(many, "INVALID_PARAMETER", "takes 1 parameter, 2 given")?;
    Ok(db.close().await?)
}
