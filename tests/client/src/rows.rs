//! What rows become.

use std::collections::BTreeMap;

use anchorite::{Database, OpenOptions, Value};
use serde::Deserialize;
use serde_bytes::ByteBuf;

use crate::check::{Outcome, equal, refused};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Done,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Id(i64);

#[derive(Debug, Deserialize, PartialEq)]
struct Task {
    id: Id,
    title: String,
    #[serde(rename = "is done")]
    is_done: bool,
    state: State,
    weight: f32,
    parent: Option<u8>,
    #[serde(default)]
    note: String,
    bytes: Vec<u8>,
    picture: ByteBuf,
}

const TASKS: &str = "SELECT 7 AS id, 'a' AS title, 1 AS 'is done', 'done' AS state, 2 AS weight,
  NULL AS parent, x'0102' AS bytes, x'' AS picture, 'not asked for' AS more";

pub(crate) async fn become_structs(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let task = Task {
        id: Id(7),
        title: "a".to_owned(),
        is_done: true,
        state: State::Done,
        weight: 2.0,
        parent: None,
        note: String::new(),
        bytes: vec![1, 2],
        picture: ByteBuf::new(),
    };
    equal(db.query::<Task>(TASKS, ()).await?, [task])?;
    let map: BTreeMap<String, Value> = db.query_one("SELECT 1 AS a, 2 AS b, 3 AS a", ()).await?;
    let wanted = [("a", 3), ("b", 2)].map(|(name, value)| (name.to_owned(), value.into()));
    equal(map, BTreeMap::from(wanted))?;
    Ok(db.close().await?)
}

pub(crate) async fn become_tuples_and_single_values(
    place: &impl Fn(&str) -> OpenOptions,
) -> Outcome {
    let db = Database::open(place("main")).await?;
    let pairs: Vec<(u8, String)> = db.query("VALUES (1, 'a'), (2, 'b')", ()).await?;
    equal(pairs, [(1, "a".to_owned()), (2, "b".to_owned())])?;
    equal(
        db.query::<State>("VALUES ('open'), ('done')", ()).await?,
        [State::Open, State::Done],
    )?;
    equal(db.query_one::<Id>("SELECT 5", ()).await?, Id(5))?;
    equal(
        db.query_one::<(Vec<u8>,)>("SELECT x'00ff'", ()).await?,
        (vec![0, 255],),
    )?;
    equal(
        db.query_one::<ByteBuf>("SELECT x'00ff'", ()).await?,
        [0, 255],
    )?;
    equal(
        db.query_one::<Vec<f64>>("SELECT 1, 2.5", ()).await?,
        [1.0, 2.5],
    )?;
    // Columns of one name, and names that look like numbers, keep their order.
    equal(
        db.query_one::<(i64, i64, i64)>("SELECT 3 AS b, 2 AS '1', 1 AS b", ())
            .await?,
        (3, 2, 1),
    )?;
    Ok(db.close().await?)
}

pub(crate) async fn nulls_are_none(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    equal(
        db.query::<Option<i64>>("VALUES (NULL), (1)", ()).await?,
        [None, Some(1)],
    )?;
    let null = db.query_one::<i64>("SELECT NULL AS n", ()).await;
    refused(null, "INVALID_TYPE", "column \"n\": it is NULL, not i64")?;
    Ok(db.close().await?)
}

pub(crate) async fn mistyped_columns_are_named(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let text = db.query::<(i64, i64)>("SELECT 1 AS a, 'x' AS b", ()).await;
    refused(text, "INVALID_TYPE", "column \"b\": it is TEXT, not i64")?;
    let large = db.query::<u8>("SELECT 300 AS a", ()).await;
    refused(
        large,
        "INVALID_TYPE",
        "column \"a\": invalid value: integer `300`, expected u8",
    )?;
    let real = db.query::<i64>("SELECT 1.5 AS a", ()).await;
    refused(
        real,
        "INVALID_TYPE",
        "column \"a\": invalid type: floating point `1.5`",
    )?;
    let boolean = db.query::<bool>("SELECT 2 AS a", ()).await;
    refused(
        boolean,
        "INVALID_TYPE",
        "column \"a\": invalid value: integer `2`, expected 0 or 1",
    )?;
    let blob = db.query::<String>("SELECT x'61' AS a", ()).await;
    refused(
        blob,
        "INVALID_TYPE",
        "column \"a\": it is BLOB, not a string",
    )?;
    let state = db.query::<State>("SELECT 'lost' AS a", ()).await;
    refused(
        state,
        "INVALID_TYPE",
        "column \"a\": unknown variant `lost`",
    )?;
    Ok(db.close().await?)
}

pub(crate) async fn missing_columns_are_named(place: &impl Fn(&str) -> OpenOptions) -> Outcome {
    let db = Database::open(place("main")).await?;
    let task = db.query::<Task>("SELECT 1 AS id, 'a' AS name", ()).await;
    let words = "has no column \"title\"; it has [\"id\", \"name\"]";
    refused(task, "INVALID_COLUMN", words)?;
    let pair = db
        .query::<(i64, i64)>("SELECT 1 AS a, 2 AS b, 3 AS c", ())
        .await;
    refused(
        pair,
        "INVALID_COLUMN",
        "the result has 3 columns, not a tuple of size 2",
    )?;
    Ok(db.close().await?)
}
