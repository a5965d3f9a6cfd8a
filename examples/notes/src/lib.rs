//! The notes that every front end of these examples shows: what a note is, the schema, and all that
//! is done to notes.
//!
//! Called by `leptos`, `yew` and `dioxus`. It must not know a front end or a browser, so it is
//! tested by `cargo test` over ordinary files.

use anchorite::{Database, Error, OpenOptions, Params, Rows};
use serde::Deserialize;

/// The database that all front ends have.
const NAME: &str = "notes.db";

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL CHECK (trim(text) <> ''),
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
) STRICT";

/// A row of the table `note`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Note {
    /// Its place in the order in which notes have come.
    pub id: i64,
    /// Never empty.
    pub text: String,
    /// Whether it is ticked.
    pub done: bool,
}

/// What a user does.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new note, with this text.
    Add(String),
    /// Ticks the note of this id, or takes the tick away.
    SetDone(i64, bool),
    /// Removes the note of this id.
    Remove(i64),
}

/// The open database; clones share it.
#[derive(Clone, Debug)]
pub struct Notes(Database);

/// Opens the database and tells of it, then of each list of the notes, until the page goes.
///
/// # Errors
/// Those of [`Notes::open`], and of a list that cannot be read.
pub async fn follow(
    opened: impl FnOnce(Notes),
    mut listed: impl FnMut(Vec<Note>),
) -> Result<(), Error> {
    let notes = Notes::open(NAME).await?;
    let mut lists = notes.all();
    opened(notes);
    while let Some(list) = lists.next().await {
        listed(list?);
    }
    Ok(())
}

impl Notes {
    /// Opens the database, or makes it with its schema.
    ///
    /// # Errors
    /// Those of [`Database::open`].
    pub async fn open(options: impl Into<OpenOptions>) -> Result<Self, Error> {
        let db = Database::open(options).await?;
        db.execute_batch(SCHEMA).await?;
        Ok(Self(db))
    }

    /// All notes, the newest first: now, and again after each change in whichever tab.
    pub fn all(&self) -> Rows<Vec<Note>> {
        self.0
            .live("SELECT id, text, done FROM note ORDER BY id DESC", ())
    }

    /// Carries out one change. The list tells what came of it.
    ///
    /// # Errors
    /// `SQLITE_CONSTRAINT` for a note without text; else those of [`Database::execute`].
    pub async fn apply(&self, change: Change) -> Result<(), Error> {
        let (sql, params): (_, Params) = match change {
            Change::Add(text) => ("INSERT INTO note (text) VALUES (trim(?1))", [text].into()),
            Change::SetDone(id, done) => {
                ("UPDATE note SET done = ?2 WHERE id = ?1", (id, done).into())
            }
            Change::Remove(id) => ("DELETE FROM note WHERE id = ?1", [id].into()),
        };
        self.0.execute(sql, params).await.map(drop)
    }
}
