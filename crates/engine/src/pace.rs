//! While statements run: when the host gets a turn, and how what runs is stopped; used by
//! `session.rs` and its kin. It must not know what the host does in its turn.
//!
//! SQLite asks its progress handler after every few steps of its machine, while it compiles and
//! while it runs. Reading a clock takes longer than those steps, so it is read seldom where they
//! are quick, and each time where they are slow:
//!
//! ```text
//! tick             every so many steps, and between two statements of one call
//!   └ every `stride` ticks      the clock is read
//!       └ after `PAUSE_MS`      the host has its turn, and may have called `stop` when it is over
//! ```
//!
//! What is stopped must not have taken effect, and SQLite asks the handler once more when a
//! statement is *done* (`vdbe_return` in sqlite3.c), where a refusal would turn a success into
//! an error. So the handler itself refuses only a statement that answers rows and changes nothing.
//! Any other is stopped by `sqlite3_interrupt`, which is looked at in loops only, before the end.
//! That would stop all statements of the connection that are not done, so it is not for both.

use std::fmt::Debug;
use std::os::raw::c_int;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Statement};

use crate::error::EngineError;
use crate::held::unshared;
use crate::session::Session;

/// Steps of SQLite's machine between two ticks: with 16 they cost 10 to 24 % of what runs, with
/// 128 at most 7 %. Where each step is slow, a LIKE on long texts, it is still asked often enough.
const STEPS: c_int = 256;

/// Ticks between two looks at the clock, at most.
const STRIDE_MAX: u32 = 64;

/// Looks that come faster than this, in ms, become fewer.
const LOOK_MS: f64 = 1.0;

/// Looks that come slower than this, in ms, become as many as there can be.
const SLOW_MS: f64 = 4.0;

/// After how long the host gets a turn, in ms.
const PAUSE_MS: f64 = 20.0;

/// What a connection needs of its host while a statement runs.
pub trait Host: Debug + Send + Sync {
    /// Milliseconds on a clock that never goes back.
    fn now_ms(&self) -> f64;

    /// The host's turn: it comes back when all that was waiting has been heard. Answers whether
    /// there can be turns; where there cannot, what runs is stopped.
    fn pause(&self) -> bool;
}

/// The pace of all connections of one host, of which one runs at a time.
#[derive(Debug)]
pub struct Pace {
    host: Arc<dyn Host>,
    steps: c_int,
    stopped: AtomicBool,
    shielded: AtomicBool,
    /// Ticks until the next look at the clock.
    left: AtomicU32,
    /// Since the last [`begin`](Self::begin); none before its first look.
    looks: Mutex<Option<Looks>>,
}

/// What was seen of the clock.
#[derive(Clone, Copy, Debug)]
struct Looks {
    stride: u32,
    last_ms: f64,
    paused_ms: f64,
}

impl Pace {
    /// That of a host.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self::asking_every(STEPS, host)
    }

    /// The same with a number of steps between two ticks: a test need not run for long.
    #[must_use]
    pub fn asking_every(steps: c_int, host: Arc<dyn Host>) -> Self {
        Self {
            host,
            steps,
            stopped: AtomicBool::new(false),
            shielded: AtomicBool::new(false),
            left: AtomicU32::new(0),
            looks: Mutex::new(None),
        }
    }

    /// Something new runs: nobody wants it to stop yet, and it is not known how quick it is.
    pub fn begin(&self) {
        self.stopped.store(false, Ordering::Relaxed);
        self.left.store(0, Ordering::Relaxed);
        self.set_looks(None);
    }

    /// The same, of what was quick before: the first steps are not timed, since to read the clock
    /// takes longer than many an answer.
    pub fn begin_again(&self) {
        self.begin();
        self.left.store(1, Ordering::Relaxed);
    }

    /// Stops what runs, as soon as it asks.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether what runs is to be stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) && !self.shielded.load(Ordering::Relaxed)
    }

    /// A few steps were made; answers whether there shall be no more.
    fn tick(&self) -> bool {
        match self.left.load(Ordering::Relaxed) {
            0 => self.look(),
            left => self.left.store(left - 1, Ordering::Relaxed),
        }
        self.is_stopped()
    }

    fn look(&self) {
        let now_ms = self.host.now_ms();
        let mut looks = self
            .looks()
            .map_or_else(|| Looks::first(now_ms), |it| it.next(now_ms));
        if now_ms - looks.paused_ms >= PAUSE_MS && !self.shielded.load(Ordering::Relaxed) {
            if !self.host.pause() {
                self.stop();
            }
            let now_ms = self.host.now_ms();
            (looks.last_ms, looks.paused_ms) = (now_ms, now_ms);
        }
        self.left.store(looks.stride - 1, Ordering::Relaxed);
        self.set_looks(Some(looks));
    }

    fn looks(&self) -> Option<Looks> {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_looks(&self, looks: Option<Looks>) {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner) = looks;
    }
}

impl Looks {
    fn first(now_ms: f64) -> Self {
        Self {
            stride: 1,
            last_ms: now_ms,
            paused_ms: now_ms,
        }
    }

    fn next(self, now_ms: f64) -> Self {
        let since_ms = now_ms - self.last_ms;
        let stride = if since_ms < LOOK_MS {
            (2 * self.stride).min(STRIDE_MAX)
        } else if since_ms < SLOW_MS {
            self.stride
        } else {
            1
        };
        Self {
            stride,
            last_ms: now_ms,
            ..self
        }
    }
}

/// What one connection knows of the pace of its host.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pace: Option<Arc<Pace>>,
    /// Whether what is stepped answers rows and changes nothing.
    only_asks: Arc<AtomicBool>,
}

impl Watch {
    fn install(&mut self, connection: &mut Connection, pace: Arc<Pace>) -> Result<(), EngineError> {
        let interrupt = connection.get_interrupt_handle();
        let only_asks = self.only_asks.clone();
        let steps = pace.steps;
        self.pace = Some(pace.clone());
        let refuse = move || {
            let stops = pace.tick();
            let refuses = stops && only_asks.load(Ordering::Relaxed);
            if stops && !refuses {
                interrupt.interrupt();
            }
            refuses
        };
        Ok(connection.progress_handler(steps, Some(refuse))?)
    }

    /// A statement is stepped from now on, until [`stepped`](Self::stepped).
    pub(crate) fn stepping(&self, statement: &Statement<'_>) {
        let only_asks = statement.readonly() && statement.column_count() > 0;
        self.only_asks.store(only_asks, Ordering::Relaxed);
    }

    /// Whether what is stepped is stopped by a refusal, which stops nothing else.
    pub(crate) fn only_asks(&self) -> bool {
        self.only_asks.load(Ordering::Relaxed)
    }

    /// No statement is stepped.
    pub(crate) fn stepped(&self) {
        self.only_asks.store(false, Ordering::Relaxed);
    }

    /// Between two statements of a call, which may be too short to be asked themselves.
    ///
    /// # Errors
    /// `SQLITE_INTERRUPT` if there shall be no more of them.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match &self.pace {
            Some(pace) if pace.tick() => {
                let message = "interrupted";
                Err(EngineError::plain("SQLITE_INTERRUPT", message))
            }
            _ => Ok(()),
        }
    }

    /// Does what has to be done whether or not what it belongs to was stopped.
    pub(crate) fn shielded<T>(&self, work: impl FnOnce() -> T) -> T {
        let set = |shielded| {
            if let Some(pace) = &self.pace {
                pace.shielded.store(shielded, Ordering::Relaxed);
            }
        };
        set(true);
        let outcome = work();
        set(false);
        outcome
    }
}

impl Session {
    /// From now on statements give the host its turns, and may be stopped.
    ///
    /// # Errors
    /// When SQLite is out of memory.
    pub fn keep_pace(&mut self, pace: Arc<Pace>) -> Result<(), EngineError> {
        self.watch.install(unshared(&mut self.connection)?, pace)
    }

    /// Takes back what a call has begun that cannot go on, and cannot be stopped itself.
    ///
    /// # Errors
    /// As [`exec`](Self::exec).
    pub fn undo(&self, sql: &str) -> Result<(), EngineError> {
        self.watch.shielded(|| self.exec(sql))
    }
}
