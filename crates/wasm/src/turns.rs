//! Turns of the host while SQL runs: the stack waits for the next task of the event loop, in which
//! messages are heard; used by `jobs.rs` and `lib.rs`. When one is due is the engine's affair.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use anchorite_engine::{Host, Pace};
use anchorite_vfs::suspend;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now_ms() -> f64;
}

thread_local! {
    static PACE: Arc<Pace> = Arc::new(Pace::new(Arc::new(EventLoop)));
    /// Answers a promise that resolves in the next task.
    static NEXT_TASK: RefCell<Option<Function>> = const { RefCell::new(None) };
    /// When what runs is stopped, where there are no turns.
    static DEADLINE_MS: Cell<f64> = const { Cell::new(f64::INFINITY) };
}

/// That of this context.
#[derive(Debug)]
struct EventLoop;

impl Host for EventLoop {
    fn now_ms(&self) -> f64 {
        now_ms()
    }

    fn pause(&self) -> bool {
        if suspend::is_in_job() && !suspend::suspends() {
            // There are no turns: what runs is stopped only by its time limit.
            return now_ms() < DEADLINE_MS.get();
        }
        suspend::is_in_job() && next_task().is_ok_and(|task| suspend::wait(|| task).is_ok())
    }
}

/// From now on, what runs is stopped after so many ms where there are no turns.
pub(crate) fn limit(limit_ms: Option<f64>) {
    DEADLINE_MS.set(limit_ms.map_or(f64::INFINITY, |limit_ms| now_ms() + limit_ms));
}

/// JavaScript has returned when this does, so none of its frames is on the stack that suspends.
fn next_task() -> Result<Promise, JsValue> {
    let function = NEXT_TASK.with_borrow(Clone::clone);
    let function = function.ok_or(JsValue::UNDEFINED)?;
    function
        .call0(&JsValue::UNDEFINED)
        .map(JsValue::unchecked_into)
}

/// The pace of all connections of this instance.
pub(crate) fn pace() -> Arc<Pace> {
    PACE.with(Clone::clone)
}

/// How to wait for the next task.
pub(crate) fn set_next_task(function: Function) {
    NEXT_TASK.set(Some(function));
}
