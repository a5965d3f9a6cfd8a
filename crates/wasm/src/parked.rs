//! Jobs that wait for another connection: kept here, by ticket, until JavaScript tries them again.
//!
//! Called by `lib.rs` inside the promising export. It must not know what a job does.
//!
//! ```text
//! fresh job ──► attempt ──► done
//!                  │ refused, where waiting helps
//!                  ▼
//!               PARKED[ticket] ──► attempt ──► done, or parked again under the same ticket
//! ```
//!
//! When to try again, and in which order, is decided in js/src/worker/queue.ts. Where the engine
//! cannot suspend, a job that has missed something comes back whole, to be tried anew at once.

use std::cell::{Cell, RefCell};

use anchorite_engine::Patience;
use anchorite_sorted::Map;
use anchorite_vfs::waiting::Refused;
use wasm_bindgen::JsValue;

use crate::convert;
use crate::error::{Holder, JobError};
use crate::jobs::{self, Job};
use crate::media;

/// A job that is about to be tried.
pub(crate) struct Staged {
    job: Job,
    /// Set when it has been tried before.
    ticket: Option<u32>,
    patience: Patience,
}

/// What became of a try.
pub(crate) enum Outcome {
    Done(Result<JsValue, JobError>),
    Parked(Parked),
    /// It is to be run again, when the host has waited.
    Missed(Staged),
}

/// What JavaScript needs to know of a parked job.
pub(crate) struct Parked {
    ticket: u32,
    limit_ms: u32,
    holder: Holder,
    lock: Option<Refused>,
    /// Whether statements of it have taken effect in this try.
    progressed: bool,
}

thread_local! {
    static PARKED: RefCell<Map<u32, Job>> = const { RefCell::new(Map::new()) };
    static LAST_TICKET: Cell<u32> = const { Cell::new(0) };
}

impl Staged {
    /// A job that is tried for the first time.
    pub(crate) fn fresh(job: Job) -> Self {
        Self {
            job,
            ticket: None,
            patience: Patience::Wait,
        }
    }

    /// The parked job of this ticket; the last try takes what there is.
    pub(crate) fn again(ticket: u32, last: bool) -> Option<Self> {
        let job = PARKED.with(|parked| parked.borrow_mut().remove(&ticket));
        let patience = if last {
            Patience::Enough
        } else {
            Patience::Wait
        };
        job.map(|job| Self {
            job,
            ticket: Some(ticket),
            patience,
        })
    }

    /// Tries it, and parks it if it is refused where waiting helps.
    pub(crate) fn run(mut self) -> Outcome {
        let before = progress(&self.job);
        let patience = match jobs::limit_ms(&self.job) {
            0 => Patience::Enough,
            _ => self.patience,
        };
        let outcome = jobs::attempt(&mut self.job, patience);
        if media::has_missed() && may_begin_anew(&self.job, &outcome) {
            return Outcome::Missed(self);
        }
        // Read anew: the job may have changed its own time limit.
        let limit_ms = jobs::limit_ms(&self.job);
        let waits = match &outcome {
            Err(error) if patience == Patience::Wait && limit_ms > 0 => {
                error.holder.map(|holder| (holder, error.lock.clone()))
            }
            _ => None,
        };
        match waits {
            None => Outcome::Done(outcome),
            Some((holder, lock)) => Outcome::Parked(Parked {
                limit_ms,
                holder,
                lock,
                progressed: progress(&self.job) != before,
                ticket: self.park(),
            }),
        }
    }

    fn park(self) -> u32 {
        let ticket = self.ticket.unwrap_or_else(|| {
            LAST_TICKET.set(LAST_TICKET.get() + 1);
            LAST_TICKET.get()
        });
        PARKED.with(|parked| parked.borrow_mut().insert(ticket, self.job));
        ticket
    }
}

/// Gives up a parked job: it is not tried again.
pub(crate) fn forget(ticket: u32) {
    let job = PARKED.with(|parked| parked.borrow_mut().remove(&ticket));
    drop(job);
}

/// Whether a job that has missed something has done nothing that counts.
fn may_begin_anew(job: &Job, outcome: &jobs::Outcome) -> bool {
    let is_begun = matches!(job, Job::Call { call, .. } if call.is_begun());
    let has_only_missed = || outcome.as_ref().is_err_and(JobError::is_attach);
    !jobs::runs_sql(job) || !is_begun && has_only_missed()
}

/// How far a job has come that consists of several statements.
fn progress(job: &Job) -> usize {
    match job {
        Job::Exec { from, .. } => *from,
        Job::Call { call, .. } => call.progress(),
        _ => 0,
    }
}

impl From<Parked> for JsValue {
    fn from(parked: Parked) -> Self {
        convert::object(&[
            ("ticket", parked.ticket.into()),
            ("limit", parked.limit_ms.into()),
            ("elsewhere", (parked.holder == Holder::Elsewhere).into()),
            ("again", (parked.holder == Holder::Nobody).into()),
            (
                "lock",
                parked.lock.map_or(JsValue::UNDEFINED, convert::lock),
            ),
            ("progressed", parked.progressed.into()),
        ])
    }
}
