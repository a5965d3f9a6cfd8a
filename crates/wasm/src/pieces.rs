//! A job where the engine cannot suspend: tried until nothing is missing, then finished.
//!
//! Called by `lib.rs` inside the export that runs a job, which comes back for each promise that the
//! host has to wait for, and is called again. It must not know what a job does.
//!
//! ```text
//! staged ──► attempt ── Missed ──► AGAIN ──► the host waits ──► attempt …
//!               └─ an outcome ──► finish ── Missed ──► TRIED ──► the host waits ──► finish …
//! ```

use std::cell::RefCell;

use anchorite_vfs::{ErrorKind, suspend};

use crate::error::JobError;
use crate::media;
use crate::parked::{Outcome, Staged};

thread_local! {
    static AGAIN: RefCell<Option<Staged>> = const { RefCell::new(None) };
    static TRIED: RefCell<Option<Outcome>> = const { RefCell::new(None) };
}

/// Begins with a job, or goes on with the one that is under way. Nothing if the host has to wait.
pub(crate) fn run(staged: Option<Staged>) -> Option<Outcome> {
    let tried = match TRIED.take() {
        Some(outcome) => outcome,
        None => attempt(staged.or_else(|| AGAIN.take()).expect("a job is staged"))?,
    };
    if suspend::is_pending() {
        // What a statement has asked for that then failed: it settles, and nobody wants it.
        TRIED.set(Some(tried));
        return None;
    }
    match media::finish() {
        Err(error) if error.kind == ErrorKind::Missed => {
            TRIED.set(Some(tried));
            None
        }
        Err(error) if matches!(tried, Outcome::Done(Ok(_))) => {
            Some(Outcome::Done(Err(JobError::from(error))))
        }
        _ => Some(tried),
    }
}

fn attempt(mut staged: Staged) -> Option<Outcome> {
    loop {
        match media::begin() {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Missed => break,
            Err(error) => return Some(Outcome::Done(Err(JobError::from(error)))),
        }
        match staged.run() {
            Outcome::Missed(again) => staged = again,
            outcome => return Some(outcome),
        }
        if suspend::is_pending() {
            break;
        }
    }
    AGAIN.set(Some(staged));
    None
}
