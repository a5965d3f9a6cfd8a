//! Results that come bit by bit: the rows of a cursor, and those of a live query. Made by `mod.rs`;
//! what they ask is asked in its turn, like any call.

use std::collections::VecDeque;
use std::sync::Arc;

use anchorite_engine as engine;
use futures_channel::oneshot;

use super::convert::{bound, rows};
use super::worker::Worker;
use super::{Place, closed};
use crate::client::rows::Row;
use crate::client::value::Params;
use crate::error::Error;

/// How many rows of a stream come at once.
const BATCH_ROWS: u32 = 1000;

/// Rows that come a few at a time.
pub(super) struct Cursor {
    place: Place,
    number: u64,
    /// Until it is asked.
    question: Option<(String, Params)>,
    at_hand: VecDeque<Row>,
    is_done: bool,
}

impl Cursor {
    pub(super) fn new(place: Place, number: u64, question: (String, Params)) -> Self {
        Self {
            place,
            number,
            question: Some(question),
            at_hand: VecDeque::new(),
            is_done: false,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Row>, Error> {
        if self.at_hand.is_empty() && !self.is_done {
            // Whatever goes wrong, nothing comes after it.
            self.is_done = true;
            self.is_done = self.pull().await?;
        }
        Ok(self.at_hand.pop_front())
    }

    /// Answers whether there are no more.
    async fn pull(&mut self) -> Result<bool, Error> {
        let number = cursor_number(self.number);
        let is_inside = self.place.transaction.is_some();
        let question = self.question.take();
        let question = question.map(|(sql, params)| bound(params).map(|params| (sql, params)));
        let question = question.transpose()?;
        let pull = move |worker: &mut Worker| {
            worker.patiently(|session, _| {
                if let Some((sql, params)) = &question {
                    session.open_cursor(number, sql, params, is_inside)?;
                }
                let mut values = Vec::new();
                let pulled = session.pull(number, BATCH_ROWS, &mut values)?;
                Ok((pulled, values))
            })
        };
        let (pulled, values): (_, Vec<engine::Value>) = self.place.inside(pull).await?;
        self.at_hand = rows(&pulled.columns, values).into();
        Ok(pulled.is_done)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if self.question.is_none() {
            let number = cursor_number(self.number);
            self.place.send(Arc::default(), move |worker| {
                if let Some(session) = &worker.session {
                    session.end_cursor(number, None);
                }
            });
        }
    }
}

/// The numbers of a connection that are in use at once are fewer than all.
fn cursor_number(number: u64) -> u32 {
    u32::try_from(number % u64::from(u32::MAX)).expect("it is smaller")
}

/// Rows, again and again as they change.
pub(super) struct Live {
    place: Place,
    sql: String,
    params: Params,
    /// What was told last.
    seen: Option<Vec<Row>>,
    /// Of the database when that was asked.
    version: Option<u64>,
    has_failed: bool,
}

impl Live {
    pub(super) fn new(place: Place, sql: String, params: Params) -> Self {
        Self {
            place,
            sql,
            params,
            seen: None,
            version: None,
            has_failed: false,
        }
    }

    /// The first error ends it, and so does the end of the connection.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row>>, Error> {
        if self.has_failed {
            return Ok(None);
        }
        self.has_failed = true;
        loop {
            let version = match self.changed().await {
                Err(error) if error.code() == "CLOSED" => return Ok(None),
                version => version?,
            };
            self.version = Some(version);
            let asked = self
                .place
                .query(self.sql.clone(), self.params.clone(), false);
            let rows = asked.await?;
            if self.seen.as_ref() != Some(&rows) {
                self.seen = Some(rows.clone());
                self.has_failed = false;
                return Ok(Some(rows));
            }
        }
    }

    /// At once for the first time, then as soon as there is another version.
    async fn changed(&self) -> Result<u64, Error> {
        let (reply, version) = oneshot::channel();
        let (sql, known) = (self.sql.clone(), self.version);
        let watch = move |worker: &mut Worker| worker.watch(&sql, known, reply);
        self.place.ask(watch).await?;
        version.await.map_err(|_| closed())
    }
}
