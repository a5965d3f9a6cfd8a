//! The one place where the Wasm stack suspends: waiting for a JavaScript promise.
//!
//! Called by `opfs/` and, for the frame of a job and its turns, by `crates/wasm`.
//! It must not know what is waited for, nor which twin runs.
//!
//! ```text
//!  Rust                               js/src/worker/engine.ts
//!  wait(promise)   PENDING = promise
//!  ── anchorite_wait() ────────────►  suspends the stack
//!                                     suspended_promise() takes PENDING, awaits it
//!                                     settle(ok, value)   OUTCOME = ok or error
//!  ◄─────────────────────────────────  resumes the stack
//!  takes OUTCOME
//! ```
//!
//! The import carries nothing, so no pointer and no view crosses a suspension; a rejection
//! becomes an `Err`. One job is in flight per instance, so one place of each kind is enough.
#![expect(unsafe_code, reason = "the raw suspending import")]

use std::cell::{Cell, RefCell};

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::counters;

#[link(wasm_import_module = "anchorite")]
unsafe extern "C" {
    /// Suspends until the pending promise has settled. Under the twin it is called twice: the
    /// first call unwinds, the second ends the rewinding.
    fn anchorite_wait();
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Idle) };
    static PENDING: RefCell<Option<Promise>> = const { RefCell::new(None) };
    static OUTCOME: RefCell<Option<Result<JsValue, JsValue>>> = const { RefCell::new(None) };
}

/// Where the instance stands.
///
/// ```text
/// Idle ──JobFrame::enter──► Running ──wait──► Suspended
///   ◄────── dropped ───────    ◄── settled ──
/// Idle ──JobFrame::at_once──► AtOnce
///   ◄─────── dropped ────────
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No job: only synchronous exports run, and nothing may wait.
    Idle,
    /// A job runs, with no JavaScript frame between it and the promising export.
    Running,
    /// A job runs below a plain export: what would have to wait fails instead.
    AtOnce,
    /// A job waits; synchronous exports may run meanwhile, and must not wait themselves.
    Suspended,
}

/// The time between the entry of the export that runs a job and its return; only below the
/// promising one may the stack suspend.
#[derive(Debug)]
pub struct JobFrame(());

impl JobFrame {
    /// Marks the beginning of a job.
    ///
    /// # Panics
    /// When another job is in flight: both would use one shadow stack.
    #[must_use]
    pub fn enter() -> Self {
        Self::begin(Phase::Running)
    }

    /// Marks the beginning of a job that has no promising export below it: every [`wait`] in it
    /// fails, so it must be one that can be run again from its beginning.
    ///
    /// # Panics
    /// As [`enter`](Self::enter).
    #[must_use]
    pub fn at_once() -> Self {
        Self::begin(Phase::AtOnce)
    }

    fn begin(phase: Phase) -> Self {
        assert!(
            PHASE.replace(phase) == Phase::Idle,
            "one job at a time per instance"
        );
        Self(())
    }
}

impl Drop for JobFrame {
    fn drop(&mut self) {
        PHASE.set(Phase::Idle);
    }
}

/// Whether a promise can be waited for here.
#[must_use]
pub fn may_wait() -> bool {
    PHASE.get() == Phase::Running
}

/// Whether the stack of a job is suspended: what runs now is none of it.
pub(crate) fn is_suspended() -> bool {
    PHASE.get() == Phase::Suspended
}

/// Whether a job runs that must not wait.
pub(crate) fn is_at_once() -> bool {
    PHASE.get() == Phase::AtOnce
}

/// Waits for a promise by suspending the stack.
///
/// # Errors
/// The reason of a rejection; or a message where nothing can suspend: outside a job, and in one
/// that runs at once.
pub fn wait(promise: &Promise) -> Result<JsValue, JsValue> {
    if PHASE.get() != Phase::Running {
        return Err(JsValue::from_str("nothing can wait for a promise here"));
    }
    PENDING.with(|pending| *pending.borrow_mut() = Some(promise.clone()));
    PHASE.set(Phase::Suspended);
    counters::suspended();
    // SAFETY: takes and returns nothing. The phase was `Running`, so the promising export is below
    // us on the stack and no JavaScript frame is: those only call exports that end before they do.
    unsafe { anchorite_wait() }
    PHASE.set(Phase::Running);
    let outcome = OUTCOME.with(|outcome| outcome.borrow_mut().take());
    outcome.unwrap_or_else(|| Err(JsValue::from_str("resumed before the promise settled")))
}

/// For the loader: the promise that the suspended stack waits for.
///
/// # Panics
/// When nothing is suspended.
#[wasm_bindgen]
pub fn suspended_promise() -> Promise {
    let promise = PENDING.with(|pending| pending.borrow_mut().take());
    promise.expect("called only by the import that `wait` has just called")
}

/// For the loader: how that promise settled, before the stack resumes.
#[wasm_bindgen]
pub fn settle(fulfilled: bool, value: JsValue) {
    let result = if fulfilled { Ok(value) } else { Err(value) };
    OUTCOME.with(|outcome| *outcome.borrow_mut() = Some(result));
}
