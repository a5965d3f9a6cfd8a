//! The thread of a connection: whose turn it is, what is given up, and when anything may have
//! changed. Started by `mod.rs`. It must not know what is asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anchorite_engine::{self as engine, EngineError, Host, Pace, Patience, Session};
use futures_channel::oneshot;

use super::closed;
use super::files::path;
use crate::client::OpenOptions;
use crate::error::Error;

/// How often what others commit is looked for while somebody wants to know.
const LOOK: Duration = Duration::from_millis(100);

/// How often it is tried whether another connection has let go.
const TRY_AGAIN: Duration = Duration::from_millis(5);

pub(super) type Work = Box<dyn FnOnce(&mut Worker) + Send>;

/// Something to do, in its turn.
pub(super) struct Call {
    /// The transaction that it is a part of.
    pub(super) transaction: Option<u64>,
    pub(super) given_up: Arc<AtomicBool>,
    pub(super) work: Work,
}

/// The thread's side: the connection, and whose turn it is.
pub(super) struct Worker {
    inbox: mpsc::Receiver<Call>,
    /// Until it is closed.
    pub(super) session: Option<Session>,
    pace: Arc<Pace>,
    turn: Arc<Turn>,
    busy_timeout: Duration,
    /// The transaction that has the connection, and what waits for its end.
    pub(super) open: Option<u64>,
    waiting: VecDeque<Call>,
    /// Changes when what is in the database may have.
    version: u64,
    data_version: Option<i64>,
    watchers: Vec<oneshot::Sender<u64>>,
}

impl Worker {
    pub(super) fn open(options: &OpenOptions, inbox: mpsc::Receiver<Call>) -> Result<Self, Error> {
        let path = path(options)?;
        let rules = engine::OpenOptions {
            create: options.create,
            readonly: options.readonly,
            ..engine::OpenOptions::default()
        };
        let busy_timeout = options.busy_timeout;
        let mut session = patiently(
            busy_timeout,
            || false,
            || Session::open(&path, None, &rules),
        )?;
        let turn = Arc::new(Turn::default());
        let pace = Arc::new(Pace::new(turn.clone()));
        session.keep_pace(pace.clone())?;
        Ok(Self {
            inbox,
            session: Some(session),
            pace,
            turn,
            busy_timeout,
            open: None,
            waiting: VecDeque::new(),
            version: 0,
            data_version: None,
            watchers: Vec::new(),
        })
    }

    /// Until nobody can call any more, or it is closed.
    pub(super) fn serve(&mut self) {
        while let Some(call) = self.next() {
            if !call.given_up.load(Ordering::Relaxed) {
                self.turn.set(call.given_up);
                self.pace.begin();
                (call.work)(self);
                self.turn.set(Arc::default());
            }
            self.tell();
            if self.session.is_none() {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<Call> {
        loop {
            if self.open.is_none()
                && let Some(call) = self.waiting.pop_front()
            {
                return Some(call);
            }
            let call = self.receive()?;
            if call.transaction.is_some() || self.open.is_none() {
                return Some(call);
            }
            self.waiting.push_back(call);
        }
    }

    /// The next call that comes in; meanwhile it looks for what others commit.
    fn receive(&mut self) -> Option<Call> {
        while !self.watchers.is_empty() {
            match self.inbox.recv_timeout(LOOK) {
                Ok(call) => return Some(call),
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => self.tell(),
            }
        }
        self.inbox.recv().ok()
    }

    /// Tells who watches, if anything may have changed.
    fn tell(&mut self) {
        let is_open = self.open.is_some();
        let Some(session) = self.session.as_ref().filter(|_| !is_open) else {
            return;
        };
        let has_committed = !session.take_changes().is_empty();
        self.watchers.retain(|watcher| !watcher.is_canceled());
        // What others have committed is of interest only while somebody watches.
        let others = !self.watchers.is_empty() && self.others_have_committed();
        if has_committed || others {
            self.version += 1;
            for watcher in self.watchers.drain(..) {
                watcher.send(self.version).ok();
            }
        }
    }

    fn others_have_committed(&mut self) -> bool {
        let Some(session) = &self.session else {
            return false;
        };
        let asked = session.query("PRAGMA data_version", &engine::Params::NONE);
        let now = asked.ok().and_then(|batch| match batch.values.first() {
            Some(engine::Value::Integer(version)) => Some(*version),
            _ => None,
        });
        let before = std::mem::replace(&mut self.data_version, now);
        now != before
    }

    /// Answers the version as soon as it is another one than what is known.
    pub(super) fn watch(
        &mut self,
        sql: &str,
        known: Option<u64>,
        reply: oneshot::Sender<u64>,
    ) -> Result<(), Error> {
        self.require(None)?;
        if known.is_none() {
            let described = self.patiently(|session, _| session.describe(sql))?;
            if !described.only_reads || described.columns.is_empty() {
                let message = "a live query is one that reads, and has rows";
                return Err(Error::new("INVALID_SQL", message));
            }
        }
        self.tell();
        if known == Some(self.version) {
            self.watchers.push(reply);
        } else {
            reply.send(self.version).ok();
        }
        Ok(())
    }

    /// Refuses what belongs to a transaction that is over, and everything once it is closed.
    pub(super) fn require(&self, transaction: Option<u64>) -> Result<(), Error> {
        let session = self.session.as_ref().ok_or_else(closed)?;
        match transaction {
            None => Ok(()),
            Some(_) if self.open == transaction => Ok(session.require_transaction()?),
            Some(_) => Err(Error::new("CLOSED", "the transaction is over")),
        }
    }

    /// Takes back what a transaction has done, if it is still open.
    pub(super) fn end(&mut self, transaction: Option<u64>) {
        if self.open != transaction {
            return;
        }
        self.open = None;
        if let Some(session) = self.session.as_ref().filter(|it| it.in_transaction())
            && session.undo("ROLLBACK").is_err()
        {
            // It is not known what would become of the next call.
            self.session = None;
        }
    }

    pub(super) fn patiently<T>(
        &mut self,
        mut work: impl FnMut(&Session, Patience) -> Result<T, EngineError>,
    ) -> Result<T, Error> {
        let session = self.session.as_ref().ok_or_else(closed)?;
        let turn = &self.turn;
        let work = || work(session, Patience::Wait);
        Ok(patiently(self.busy_timeout, || turn.is_given_up(), work)?)
    }
}

/// Tries until nothing of another connection is in the way, but no longer than it may take.
pub(super) fn patiently<T>(
    limit: Duration,
    is_given_up: impl Fn() -> bool,
    mut work: impl FnMut() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let start = now();
    loop {
        match work() {
            Err(error) if error.would_wait && !is_given_up() && start.elapsed() < limit => {
                thread::sleep(TRY_AGAIN);
            }
            outcome => return outcome,
        }
    }
}

/// Whether the call that runs is given up, for SQLite to ask.
#[derive(Debug)]
struct Turn {
    start: Instant,
    given_up: Mutex<Arc<AtomicBool>>,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            start: now(),
            given_up: Mutex::default(),
        }
    }
}

impl Turn {
    fn set(&self, given_up: Arc<AtomicBool>) {
        *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) = given_up;
    }

    fn is_given_up(&self) -> bool {
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.load(Ordering::Relaxed)
    }
}

impl Host for Turn {
    fn now_ms(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1000.0
    }

    fn pause(&self) -> bool {
        !self.is_given_up()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the rule is for code that runs on wasm32; this is native"
)]
fn now() -> Instant {
    Instant::now()
}
