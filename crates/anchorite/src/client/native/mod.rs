//! The client's other end natively: one connection to an ordinary file, in a thread of its own.
//!
//! Used by `../mod.rs`; `web.rs` is the same for browsers. SQL, values and errors are those of
//! `crates/engine`, as in a browser. It must not know what rows become.
//!
//! ```text
//! a call ──► the thread's channel ──► its turn: not while a transaction of others is open
//!    │                                   │ runs; every 20 ms it is asked whether to go on
//!    │ dropped: given up                 │
//!    └──────────── oneshot ◄─────────────┘
//! ```

mod convert;
mod files;
mod streams;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use anchorite_engine::Reach;
use futures_channel::oneshot;
use futures_core::Stream;
use futures_util::stream;

use self::convert::{bound, rows};
pub(crate) use self::files::import;
use self::streams::{Cursor, Live};
use self::worker::{Call, Worker};
use super::rows::Row;
use super::value::Params;
use super::{Changes, OpenOptions};
use crate::error::Error;

/// Where SQL runs: a connection, or a transaction on it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    line: Arc<Line>,
    transaction: Option<u64>,
}

/// The way to the thread, which ends with the last one.
#[derive(Debug)]
struct Line {
    calls: mpsc::Sender<Call>,
    last_number: AtomicU64,
}

/// Gives a call up when it is dropped.
struct GivesUp(Arc<AtomicBool>);

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Place {
    pub(crate) async fn open(options: &OpenOptions) -> Result<Self, Error> {
        let (calls, inbox) = mpsc::channel();
        let (reply, opened) = oneshot::channel();
        let options = options.clone();
        let start = move || match Worker::open(&options, inbox) {
            Ok(mut worker) => {
                if reply.send(Ok(())).is_ok() {
                    worker.serve();
                }
            }
            Err(error) => drop(reply.send(Err(error))),
        };
        let thread = thread::Builder::new().name("anchorite".to_owned());
        thread.spawn(start).map_err(failed_io)?;
        opened.await.map_err(|_| gone())??;
        let line = Line {
            calls,
            last_number: AtomicU64::new(0),
        };
        Ok(Self {
            line: Arc::new(line),
            transaction: None,
        })
    }

    pub(crate) async fn query(
        &self,
        sql: String,
        params: Params,
        only_first: bool,
    ) -> Result<Vec<Row>, Error> {
        let reach = match only_first {
            true => Reach::First,
            false => Reach::All,
        };
        let params = bound(params)?;
        let ask = move |worker: &mut Worker| {
            worker.patiently(|session, patience| session.rows_of(&sql, &params, patience, reach))
        };
        let batch = self.inside(ask).await?;
        Ok(rows(&batch.columns, batch.values))
    }

    pub(crate) async fn run(&self, sql: String, params: Params) -> Result<Changes, Error> {
        let params = bound(params)?;
        let run = move |worker: &mut Worker| {
            worker.patiently(|session, patience| session.run(&sql, &params, patience))
        };
        let ran = self.inside(run).await?;
        Ok(Changes {
            changes: ran.changes,
            last_insert_rowid: ran.last_insert_rowid,
        })
    }

    pub(crate) async fn exec(&self, sql: String) -> Result<(), Error> {
        let is_inside = self.transaction.is_some();
        self.inside(move |worker| {
            let mut from = 0;
            worker.patiently(|session, patience| match is_inside {
                true => session.exec_inside(&sql, &mut from, patience),
                false => session.exec_from(&sql, &mut from, patience),
            })
        })
        .await
    }

    pub(crate) async fn export(&self) -> Result<Vec<u8>, Error> {
        self.inside(|worker| worker.patiently(|session, _| session.export(false)))
            .await
    }

    /// After the calls before it.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let close = |worker: &mut Worker| match worker.session.take() {
            Some(session) => session.close().map_err(Error::from),
            None => Ok(()),
        };
        self.ask(close).await
    }

    /// A transaction that writes, and its end.
    pub(crate) async fn begin(&self) -> Result<(Self, Ending), Error> {
        let number = self.next_number();
        let place = Self {
            line: self.line.clone(),
            transaction: Some(number),
        };
        let ending = Ending(Some(place.clone()));
        let begin = move |worker: &mut Worker| {
            let (sql, mut from) = ("BEGIN IMMEDIATE", 0);
            worker.patiently(|session, patience| session.exec_from(sql, &mut from, patience))?;
            worker.open = Some(number);
            Ok(())
        };
        self.ask(begin).await?;
        Ok((place, ending))
    }

    pub(crate) fn rows(
        &self,
        sql: String,
        params: Params,
    ) -> impl Stream<Item = Result<Row, Error>> + Send + use<> {
        let cursor = Cursor::new(self.clone(), self.next_number(), (sql, params));
        stream::unfold(cursor, |mut cursor| async {
            let row = cursor.next().await.transpose()?;
            Some((row, cursor))
        })
    }

    pub(crate) fn live(
        &self,
        sql: String,
        params: Params,
    ) -> impl Stream<Item = Result<Vec<Row>, Error>> + Send + use<> {
        let live = Live::new(self.clone(), sql, params);
        stream::unfold(live, |mut live| async {
            let rows = live.next().await.transpose()?;
            Some((rows, live))
        })
    }

    fn next_number(&self) -> u64 {
        self.line.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Does something where SQL runs: not once its transaction is over.
    async fn inside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let transaction = self.transaction;
        self.ask(move |worker| {
            worker.require(transaction)?;
            work(worker)
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let gives_up = GivesUp(Arc::default());
        let work = move |worker: &mut Worker| {
            // Nobody may be there any more.
            drop(reply.send(work(worker)));
        };
        self.send(gives_up.0.clone(), work);
        answer.await.map_err(|_| gone())?
    }

    /// The answer of a call that is not sent is dropped, by which its caller hears of it.
    fn send(&self, given_up: Arc<AtomicBool>, work: impl FnOnce(&mut Worker) + Send + 'static) {
        let call = Call {
            transaction: self.transaction,
            given_up,
            work: Box::new(work),
        };
        drop(self.line.calls.send(call));
    }
}

/// How a transaction ends: rolled back, unless it is committed.
pub(crate) struct Ending(Option<Place>);

impl Ending {
    /// Also if nobody waits for it.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let Some(place) = self.0.take() else {
            return Ok(());
        };
        let (reply, answer) = oneshot::channel();
        let number = place.transaction;
        place.send(Arc::default(), move |worker| {
            let committed = worker.require(number).and_then(|()| {
                let mut from = 0;
                worker.patiently(|session, patience| {
                    session.exec_inside("COMMIT", &mut from, patience)
                })
            });
            worker.end(number);
            drop(reply.send(committed));
        });
        answer.await.map_err(|_| gone())?
    }

    /// Resolves when it has happened.
    pub(crate) async fn roll_back(mut self) {
        if let Some(place) = self.0.take() {
            let number = place.transaction;
            let end = move |worker: &mut Worker| {
                worker.end(number);
                Ok(())
            };
            drop(place.ask(end).await);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            let number = place.transaction;
            place.send(Arc::default(), move |worker| worker.end(number));
        }
    }
}

fn closed() -> Error {
    Error::new("CLOSED", "the database is closed")
}

/// The thread has ended: it was closed, or has failed.
fn gone() -> Error {
    Error::new("CLOSED", "the database is closed, or its thread has ended")
}

fn failed_io(error: std::io::Error) -> Error {
    Error::new("SQLITE_IOERR", error.to_string())
}
