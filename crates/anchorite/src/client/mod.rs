//! An async client for the front ends of applications: SQL in, rows of one's own types out.
//!
//! Used by applications, in a page and natively. What it asks is answered by `web.rs`, which goes
//! to the workers of the npm package, or by `native/`, which has a thread and ordinary files. It
//! must not know how either does that.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native;
mod options;
mod rows;
mod stream;
mod value;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod web;

use std::ops::Deref;

use futures_util::StreamExt;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use native as end;
use serde::de::DeserializeOwned;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use web as end;

use crate::error::Error;
pub use options::OpenOptions;
use rows::Row;
pub use stream::Rows;
pub use value::{Params, Value};

/// What a statement has done.
///
/// ```
/// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
/// # let db = anchorite::Database::open(":memory:").await?;
/// db.execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)").await?;
/// let done = db.execute("INSERT INTO note (text) VALUES ('a'), ('b')", ()).await?;
/// assert_eq!((done.changes, done.last_insert_rowid), (2, 2));
/// # Ok(()) }) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows that it has inserted, updated or deleted itself, without triggers and foreign keys; 0
    /// for all other statements.
    pub changes: u64,
    /// The rowid of the last row that the connection has inserted, in whichever table.
    pub last_insert_rowid: i64,
}

/// An open database. It is closed with its last clone, or by [`close`](Self::close).
///
/// Calls are carried out in the order in which they are first polled. A call whose future is
/// dropped is given up: what had not happened by then has not happened, and will not.
///
/// In a browser it is the npm package that works, with all its guarantees: any number of tabs, of
/// Rust and of JavaScript, have one database open at the same time. See
/// [`OpenOptions::package`] for what is to be served. Natively it is an ordinary file, so that an
/// application's logic is tested with `cargo test`.
///
/// ```
/// use anchorite::Database;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Note {
///     id: i64,
///     text: String,
/// }
///
/// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
/// let db = Database::open(":memory:").await?;
/// db.execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").await?;
/// db.execute("INSERT INTO note (text) VALUES (?1)", ["It stays."]).await?;
/// let notes: Vec<Note> = db.query("SELECT id, text FROM note", ()).await?;
/// assert_eq!((notes[0].id, &*notes[0].text), (1, "It stays."));
/// # Ok(()) }) }
/// ```
#[derive(Clone, Debug)]
pub struct Database(Statements);

impl Database {
    /// Opens a database, or makes a new one: by its name, or by [`OpenOptions`].
    ///
    /// # Errors
    /// `SQLITE_CANTOPEN` where there is none and none is to be made; `SQLITE_NOTADB`;
    /// `SQLITE_BUSY`; `INVALID_NAME`; `INVALID_OPTION`; in a browser `OPFS_UNAVAILABLE`, and
    /// `WORKER_LOAD_FAILED` where the npm package is not served.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// let db = anchorite::Database::open(":memory:").await?;
    /// let one: i64 = db.query_one("SELECT 1", ()).await?;
    /// assert_eq!(one, 1);
    /// # Ok(()) }) }
    /// ```
    pub async fn open(options: impl Into<OpenOptions>) -> Result<Self, Error> {
        let place = end::Place::open(&options.into()).await?;
        Ok(Self(Statements { place }))
    }

    /// Runs `work` in a transaction that may write from its beginning: committed when `work`
    /// answers `Ok`, rolled back when it answers `Err`, or is dropped before its end. Once the
    /// commit has begun it goes on, dropped or not.
    ///
    /// What `work` does by its argument is inside. All other calls of this database wait until the
    /// transaction has ended, so a call of the database itself must not be waited for in `work`.
    /// In a browser a transaction that makes no call for 30 s is rolled back.
    ///
    /// # Errors
    /// What `work` answers; `SQLITE_BUSY` if it cannot begin; `TRANSACTION_ABORTED` if SQLite, a
    /// statement or the time limit has ended it before.
    ///
    /// ```
    /// use anchorite::Error;
    ///
    /// # fn main() -> Result<(), Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// db.execute_batch("CREATE TABLE a (cents INTEGER); INSERT INTO a VALUES (5)").await?;
    /// let left: i64 = db
    ///     .transaction(async |tx| {
    ///         tx.execute("UPDATE a SET cents = cents - ?1", [2]).await?;
    ///         tx.query_one("SELECT cents FROM a", ()).await
    ///     })
    ///     .await?;
    /// assert_eq!(left, 3);
    /// # Ok(()) }) }
    /// ```
    pub async fn transaction<T, E, F>(&self, work: impl FnOnce(Transaction) -> F) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let (place, ending) = self.place.begin().await?;
        match work(Transaction(Statements { place })).await {
            Ok(value) => {
                ending.commit().await?;
                Ok(value)
            }
            Err(error) => {
                ending.roll_back().await;
                Err(error)
            }
        }
    }

    /// The rows of a question, now and after each commit that may have changed them: of this
    /// connection, another one, or another tab. Rows that are as they were are not told again, and
    /// whoever asks late gets the latest ones only.
    ///
    /// The first error ends it, and so does the end of the database. Dropped it costs nothing any
    /// more. Natively what other connections commit is looked for ten times a second.
    ///
    /// Its items are errors of [`query`](Statements::query), and `INVALID_SQL` for a statement that
    /// changes something.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// db.execute_batch("CREATE TABLE note (text TEXT)").await?;
    /// let mut texts = db.live::<String>("SELECT text FROM note", ());
    /// assert!(texts.next().await.transpose()?.is_some_and(|texts| texts.is_empty()));
    /// db.execute("INSERT INTO note VALUES ('new')", ()).await?;
    /// assert_eq!(texts.next().await.transpose()?, Some(vec!["new".to_owned()]));
    /// # Ok(()) }) }
    /// ```
    pub fn live<T: DeserializeOwned + 'static>(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Rows<Vec<T>> {
        let results = self.place.live(sql.into(), params.into());
        Rows::new(results.map(|rows| each(rows?)))
    }

    /// The whole database as its file would be: one consistent snapshot, in memory.
    ///
    /// # Errors
    /// `SQLITE_BUSY`; `SQLITE_NOMEM` for bytes that do not fit memory.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// db.execute_batch("CREATE TABLE note (text TEXT)").await?;
    /// assert!(db.export().await?.starts_with(b"SQLite format 3\0"));
    /// # Ok(()) }) }
    /// ```
    pub async fn export(&self) -> Result<Vec<u8>, Error> {
        self.place.export().await
    }

    /// Makes a database of the bytes of one. They are written beside it and checked first, so that
    /// the old or the new database is there, never a mixture. Of the options only its name, and
    /// where that is, count.
    ///
    /// # Errors
    /// `SQLITE_NOTADB` or `SQLITE_CORRUPT` for content that is not a sound database; `EXISTS` for a
    /// name that is taken and no `overwrite`; `SQLITE_BUSY` while it is open, natively only where
    /// it is in WAL, as new ones are; and as [`open`](Self::open).
    ///
    /// ```no_run
    /// # async fn example(db: anchorite::Database) -> Result<(), anchorite::Error> {
    /// use anchorite::Database;
    ///
    /// let bytes = db.export().await?;
    /// Database::import("copy.db", bytes, false).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import(
        options: impl Into<OpenOptions>,
        bytes: Vec<u8>,
        overwrite: bool,
    ) -> Result<(), Error> {
        end::import(&options.into(), bytes, overwrite).await
    }

    /// Closes the database for all its clones, after the calls made before; calls that come later
    /// are `CLOSED`.
    ///
    /// # Errors
    /// When SQLite reports one; it is closed all the same.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// let db = anchorite::Database::open(":memory:").await?;
    /// db.close().await?;
    /// assert_eq!(db.execute("VACUUM", ()).await.unwrap_err().code(), "CLOSED");
    /// # Ok(()) }) }
    /// ```
    pub async fn close(&self) -> Result<(), Error> {
        self.place.close().await
    }
}

impl Deref for Database {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.0
    }
}

/// A transaction that is open, inside of [`Database::transaction`]. What it is asked after its end
/// is `CLOSED`.
///
/// ```
/// use anchorite::{Error, Transaction};
///
/// async fn rename(tx: &Transaction, id: i64, text: &str) -> Result<(), Error> {
///     tx.execute("UPDATE note SET text = ?2 WHERE id = ?1", (id, text)).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Transaction(Statements);

impl Deref for Transaction {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.0
    }
}

/// What a [`Database`] and a [`Transaction`] have in common.
///
/// Rows become whatever `serde` can make of them: a struct by the names of the columns, a tuple by
/// their order, anything else the first column. INTEGER is any integer that it fits, a float, or a
/// `bool` if it is 0 or 1; NULL is `None`; a BLOB is a `Vec<u8>` inside of a row, or
/// `serde_bytes::ByteBuf` anywhere; [`Value`] takes them all.
///
/// ```
/// use anchorite::{Error, Statements};
///
/// async fn count(place: &Statements) -> Result<u64, Error> {
///     place.query_one("SELECT count(*) FROM note", ()).await
/// }
///
/// # fn main() -> Result<(), Error> { futures_executor::block_on(async {
/// # let db = anchorite::Database::open(":memory:").await?;
/// db.execute_batch("CREATE TABLE note (text TEXT)").await?;
/// assert_eq!(count(&db).await?, 0);
/// assert_eq!(db.transaction(async |tx| count(&tx).await).await?, 0);
/// # Ok(()) }) }
/// ```
#[derive(Clone, Debug)]
pub struct Statements {
    place: end::Place,
}

impl Statements {
    /// Runs exactly one statement and answers its rows.
    ///
    /// # Errors
    /// SQLite's; `INVALID_SQL` for none or several statements, and `INVALID_PARAMETER` when the
    /// parameters do not fit, both before anything is run; `INVALID_COLUMN` and `INVALID_TYPE` when
    /// a row is not a `T`, which name the column.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// let pairs: Vec<(i64, Option<String>)> =
    ///     db.query("VALUES (1, 'a'), (?1, NULL)", [2]).await?;
    /// assert_eq!(pairs, [(1, Some("a".to_owned())), (2, None)]);
    /// # Ok(()) }) }
    /// ```
    pub async fn query<T: DeserializeOwned>(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Result<Vec<T>, Error> {
        each(self.place.query(sql.into(), params.into(), false).await?)
    }

    /// The first row; the others are not computed.
    ///
    /// # Errors
    /// `NO_ROWS` where there is none; and as [`query`](Self::query).
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// let sum: f64 = db.query_one("SELECT ?1 + 0.5", [2]).await?;
    /// assert_eq!(sum, 2.5);
    /// # Ok(()) }) }
    /// ```
    pub async fn query_one<T: DeserializeOwned>(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Result<T, Error> {
        let row = self.query_optional(sql, params).await?;
        row.ok_or_else(|| Error::new("NO_ROWS", "the statement has answered no row"))
    }

    /// The first row, if there is one; the others are not computed.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// let none: Option<i64> = db.query_optional("SELECT 1 WHERE 0", ()).await?;
    /// assert_eq!(none, None);
    /// # Ok(()) }) }
    /// ```
    pub async fn query_optional<T: DeserializeOwned>(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Result<Option<T>, Error> {
        let rows = self.place.query(sql.into(), params.into(), true).await?;
        rows.into_iter().next().map(Row::into).transpose()
    }

    /// Runs exactly one statement; rows that it returns are dropped.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// use anchorite::named_params;
    ///
    /// db.execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)").await?;
    /// let insert = "INSERT INTO note VALUES (:id, :text)";
    /// let done = db.execute(insert, named_params! { "id": 7, "text": "a" }).await?;
    /// assert_eq!(done.last_insert_rowid, 7);
    /// # Ok(()) }) }
    /// ```
    pub async fn execute(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Result<Changes, Error> {
        self.place.run(sql.into(), params.into()).await
    }

    /// Runs any number of statements, without parameters; rows that they return are dropped.
    ///
    /// # Errors
    /// The first failure; the statements before it have taken effect.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// db.execute_batch("CREATE TABLE a (i); INSERT INTO a VALUES (1)").await?;
    /// # Ok(()) }) }
    /// ```
    pub async fn execute_batch(&self, sql: impl Into<String>) -> Result<(), Error> {
        self.place.exec(sql.into()).await
    }

    /// The rows of one statement that only reads, one by one: for results that are too large for
    /// memory, or of which an end is not needed. At most 2000 of them are at hand at once.
    ///
    /// All are of one snapshot. Nothing happens before the first one is asked for; dropped early
    /// the statement is ended. One that is not asked for 60 s is ended in a browser, as
    /// `CURSOR_EXPIRED`.
    ///
    /// Its items are errors of [`query`](Self::query), and `INVALID_SQL` for a statement that
    /// writes; nothing comes after the first one.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// let endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)
    ///     SELECT i FROM c";
    /// let mut numbers = db.stream::<i64>(endless, ());
    /// while let Some(number) = numbers.next().await.transpose()? {
    ///     if number == 10_000 {
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }) }
    /// ```
    pub fn stream<T: DeserializeOwned + 'static>(
        &self,
        sql: impl Into<String>,
        params: impl Into<Params>,
    ) -> Rows<T> {
        let rows = self.place.rows(sql.into(), params.into());
        Rows::new(rows.map(|row| row?.into()))
    }
}

fn each<T: DeserializeOwned>(rows: Vec<Row>) -> Result<Vec<T>, Error> {
    rows.into_iter().map(Row::into).collect()
}
