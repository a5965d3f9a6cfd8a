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
//!
//! Where the engine cannot suspend ([`cannot_suspend`]), nothing calls that import. What waits is
//! done in pieces there: a piece ends at a promise that is not settled yet, the host waits for it
//! when the job has come back, and the next time the piece goes on from what is known.
//!
//! ```text
//! piece("open a.db")   wait ── settled before: its outcome
//!                      wait ── not yet: PENDING, and the piece is `Missed`
//! ◄── the job comes back ── suspended_promise() … settle(ok, value) ── the job is tried anew
//! ```
#![expect(unsafe_code, reason = "the raw suspending import")]

use std::cell::{Cell, RefCell};

use anchorite_sorted::Map;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::counters;
use crate::error::{ErrorKind, Operation, Result as VfsResult, VfsError};

type Settled = Result<JsValue, JsValue>;

#[link(wasm_import_module = "anchorite")]
unsafe extern "C" {
    /// Suspends until the pending promise has settled. Under the twin it is called twice: the
    /// first call unwinds, the second ends the rewinding.
    fn anchorite_wait();
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Idle) };
    static PENDING: RefCell<Option<Promise>> = const { RefCell::new(None) };
    static OUTCOME: RefCell<Option<Settled>> = const { RefCell::new(None) };
    static SUSPENDS: Cell<bool> = const { Cell::new(true) };
    static LINGERING: RefCell<Array> = RefCell::default();
    static PIECES: RefCell<Pieces> = const { RefCell::new(Pieces::NONE) };
}

/// What is done in pieces, where nothing suspends.
struct Pieces {
    /// How the promises of each have settled, in the order in which it asks for them.
    settled: Map<String, Vec<Settled>>,
    /// The one that runs, and how many promises it has asked for.
    current: Option<(String, usize)>,
}

impl Pieces {
    const NONE: Self = Self {
        settled: Map::new(),
        current: None,
    };

    /// How the next promise of the current one has settled; nothing if it has not.
    fn next(&mut self) -> Option<Settled> {
        let (key, asked) = self.current.as_mut()?;
        let settled = self.settled.get(key)?.get(*asked).cloned();
        *asked += usize::from(settled.is_some());
        settled
    }

    /// Notes what stands in the place of a promise of the current one.
    fn keep(&mut self, made: JsValue) {
        if let Some((key, asked)) = self.current.as_mut() {
            self.settled.get_or_default(key.clone()).push(Ok(made));
            *asked += 1;
        }
    }
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

/// Whether a job runs that may take its time, unless the engine cannot suspend.
#[must_use]
pub fn is_in_job() -> bool {
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

/// For the loader, before anything else: from now on nothing suspends.
#[wasm_bindgen]
pub fn cannot_suspend() {
    SUSPENDS.set(false);
}

/// Whether the engine can suspend the stack of a job.
#[must_use]
pub fn suspends() -> bool {
    SUSPENDS.get()
}

/// Whether the host has to wait for a promise before the job goes on.
#[must_use]
pub fn is_pending() -> bool {
    PENDING.with_borrow(Option::is_some)
}

/// Waits for the promise that `ask` makes, by suspending the stack.
///
/// # Errors
/// The reason of a rejection; or a message where nothing can suspend: outside a job, in one that
/// runs at once, and in an engine that cannot, unless the promise of this piece has settled.
pub fn wait(ask: impl FnOnce() -> Promise) -> Settled {
    without_waiting().unwrap_or_else(|| wait_for(ask()))
}

/// What needs no promise.
fn without_waiting() -> Option<Settled> {
    if PHASE.get() != Phase::Running {
        return Some(refused("nothing can wait for a promise here"));
    }
    if SUSPENDS.get() {
        return None;
    }
    let (settled, in_piece) =
        PIECES.with_borrow_mut(|pieces| (pieces.next(), pieces.current.is_some()));
    let is_asked = in_piece && !is_pending();
    settled.or_else(|| (!is_asked).then(|| refused(HERE)))
}

/// Where nothing suspends, the host waits when the job has come back.
#[inline(never)]
fn wait_for(promise: Promise) -> Settled {
    PENDING.set(Some(promise));
    counters::suspended();
    if !SUSPENDS.get() {
        return refused(HERE);
    }
    PHASE.set(Phase::Suspended);
    // SAFETY: takes and returns nothing. The phase was `Running`, so the promising export is below
    // us on the stack and no JavaScript frame is: those only call exports that end before they do.
    unsafe { anchorite_wait() }
    PHASE.set(Phase::Running);
    let outcome = OUTCOME.with(|outcome| outcome.borrow_mut().take());
    outcome.unwrap_or_else(|| refused("resumed before the promise settled"))
}

const HERE: &str = "the engine cannot suspend here";

fn refused(words: &str) -> Settled {
    Err(JsValue::from_str(words))
}

/// Does what may wait, and always asks for the same promises in the same order: one piece of a job.
///
/// # Errors
/// Those of `work`; `Missed` where nothing suspends and the host has to wait first.
pub fn piece<T>(key: &str, work: impl FnOnce() -> VfsResult<T>) -> VfsResult<T> {
    let Some(begun) = begin(key)? else {
        return work();
    };
    let outcome = work();
    end(begun, key)?;
    outcome
}

/// A piece that has begun: by itself, or as a part of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Whole,
    Part,
}

/// Nothing begins where the stack suspends.
fn begin(key: &str) -> VfsResult<Option<Begun>> {
    if SUSPENDS.get() {
        return Ok(None);
    }
    if is_pending() {
        return Err(missed(key));
    }
    PIECES.with_borrow_mut(|pieces| {
        if pieces.current.is_some() {
            return Ok(Some(Begun::Part));
        }
        pieces.current = Some((key.to_owned(), 0));
        Ok(Some(Begun::Whole))
    })
}

/// One that has to wait stays the current one.
fn end(begun: Begun, key: &str) -> VfsResult<()> {
    if is_pending() {
        return Err(missed(key));
    }
    if begun == Begun::Whole {
        PIECES.with_borrow_mut(|pieces| pieces.current = None);
    }
    Ok(())
}

fn missed(key: &str) -> VfsError {
    let message = format!("{key}: not yet at hand");
    VfsError::new(ErrorKind::Missed, Operation::Open, message)
}

/// What a piece makes once and goes on with, where it is done again up to a promise: what has a
/// state of its own, as an iterator has.
pub(crate) fn kept(make: impl FnOnce() -> JsValue) -> JsValue {
    if SUSPENDS.get() {
        return make();
    }
    if let Some(Ok(made)) = PIECES.with_borrow_mut(Pieces::next) {
        return made;
    }
    let made = make();
    PIECES.with_borrow_mut(|pieces| pieces.keep(made.clone()));
    made
}

/// What shall have settled, somehow, before the job is answered: waited for now, or at its end.
pub(crate) fn settle_first(promise: &Promise) -> Settled {
    if SUSPENDS.get() {
        return wait(|| promise.clone());
    }
    LINGERING.with_borrow_mut(|lingering| lingering.push(promise));
    Ok(JsValue::UNDEFINED)
}

/// At the end of a job: waits for what shall have settled.
pub(crate) fn linger() -> VfsResult<()> {
    if LINGERING.with_borrow(|lingering| lingering.length() == 0) {
        return Ok(());
    }
    piece("linger", || {
        drop(wait(|| Promise::all_settled(&LINGERING.take())));
        Ok(())
    })
}

/// How the promises of a piece have settled counts no more: done again, it asks anew.
pub(crate) fn forget_piece(key: &str) {
    PIECES.with_borrow_mut(|pieces| pieces.settled.remove(key));
}

/// The same of all pieces.
pub fn forget_pieces() {
    PIECES.with_borrow_mut(|pieces| pieces.settled.clear());
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

/// For the loader: how that promise settled, before the stack resumes or the job is tried anew.
///
/// # Panics
/// In an engine that cannot suspend, when no piece is under way.
#[wasm_bindgen]
pub fn settle(fulfilled: bool, value: JsValue) {
    let result = if fulfilled { Ok(value) } else { Err(value) };
    if SUSPENDS.get() {
        OUTCOME.with(|outcome| *outcome.borrow_mut() = Some(result));
        return;
    }
    PIECES.with_borrow_mut(|pieces| {
        let (key, _) = pieces.current.take().expect("a piece was under way");
        pieces.settled.get_or_default(key).push(result);
    });
}

/// For the loader: whether the job has come back only to wait for the promise of a piece.
#[wasm_bindgen]
#[must_use]
pub fn is_unfinished() -> bool {
    is_pending()
}
