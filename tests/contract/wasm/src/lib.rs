//! The exports of the contract's wasm module: a case, or the state machine, over OPFS.
//!
//! Loaded by `tests/contract/loader.ts` with the loader of the library, whose shape this follows
//! (`crates/wasm/src/lib.rs`). SQLite is compiled with sqlite-wasm-rs's own flags here, as for
//! users of the Rust crate. It must not know any case.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![expect(unsafe_code, reason = "the raw promising export has a fixed name")]

use std::cell::RefCell;
use std::rc::Rc;

use anchorite_contract::{Outcome, Vfs};
use anchorite_vfs::opfs::{Handles, OpfsStorage};
use anchorite_vfs::suspend::JobFrame;
use anchorite_vfs::{Options, register};
use wasm_bindgen::prelude::*;

/// What to run.
enum Job {
    Case(String),
    Machine { steps: usize, seed: u64 },
}

/// On what, and under which names.
struct Staged {
    job: Job,
    handles: Handles,
    prefix: String,
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static STAGED: RefCell<Option<Staged>> = const { RefCell::new(None) };
    static OUTCOME: RefCell<Option<Outcome>> = const { RefCell::new(None) };
}

/// Runs the staged job; whatever it waits for suspends the stack from here on.
///
/// # Panics
/// When no job is staged or another one is in flight: both are mistakes of the caller.
// SAFETY: no other symbol of this name exists in the program; it takes and returns nothing.
#[unsafe(no_mangle)]
pub extern "C" fn anchorite_run() {
    let _frame = JobFrame::enter();
    let staged = STAGED
        .with(|staged| staged.borrow_mut().take())
        .expect("a job is staged");
    let outcome = run(staged);
    OUTCOME.with(|place| *place.borrow_mut() = Some(outcome));
}

fn run(
    Staged {
        job,
        handles,
        prefix,
    }: Staged,
) -> Outcome {
    let vfs = vfs(handles, &prefix)?;
    match job {
        Job::Case(name) => anchorite_contract::run(&name, &vfs),
        Job::Machine { steps, seed } => anchorite_contract::state_machine(&vfs, steps, seed),
    }
}

/// The VFS on these handles, registered when it is first asked for.
fn vfs(handles: Handles, prefix: &str) -> Result<Vfs, String> {
    let name = match handles {
        Handles::Sync => "opfs-sync",
        Handles::Async => "opfs-async",
    };
    if let Some(vfs) = Vfs::find(name, prefix) {
        return Ok(vfs);
    }
    let storage = OpfsStorage::with_handles(handles).map_err(|error| error.to_string())?;
    let options = Options {
        default: true,
        ..Options::default()
    };
    register(name, Rc::new(storage), options).map_err(|error| error.to_string())?;
    Vfs::find(name, prefix).ok_or_else(|| format!("{name} is not registered"))
}

/// Keeps the words of a panic, which ends in a trap that has none.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        PANIC.with(|place| *place.borrow_mut() = Some(panic.to_string()));
    }));
}

/// What the panic said that this instance died of, if it was one.
#[wasm_bindgen]
#[must_use]
pub fn last_panic() -> Option<String> {
    PANIC.with(|place| place.borrow_mut().take())
}

/// Puts down a case by its name.
#[wasm_bindgen]
pub fn stage_case(synchronous: bool, prefix: String, name: String) {
    stage(synchronous, prefix, Job::Case(name));
}

/// Puts down steps of the state machine.
#[wasm_bindgen]
pub fn stage_machine(synchronous: bool, prefix: String, steps: u32, seed: u32) {
    let (steps, seed) = (steps as usize, u64::from(seed));
    stage(synchronous, prefix, Job::Machine { steps, seed });
}

fn stage(synchronous: bool, prefix: String, job: Job) {
    let handles = if synchronous {
        Handles::Sync
    } else {
        Handles::Async
    };
    let staged = Staged {
        job,
        handles,
        prefix,
    };
    STAGED.with(|place| *place.borrow_mut() = Some(staged));
}

/// What was not as SQLite expects it; nothing if all was.
///
/// # Panics
/// When no job has run.
#[wasm_bindgen]
#[must_use]
pub fn take_failure() -> Option<String> {
    let outcome = OUTCOME.with(|place| place.borrow_mut().take());
    outcome.expect("a job has run").err()
}
