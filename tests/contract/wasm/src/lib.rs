//! The exports of the contract's wasm module: a case, or the state machine, over OPFS; and the
//! doors of the Rust crate (`doors.rs`).
//!
//! Made by `anchorite-twin` as the module of any application, and loaded by tests/contract and
//! tests/rust. SQLite is compiled with sqlite-wasm-rs's own flags here, as for users of the Rust
//! crate. It must not know any case.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

pub mod doors;
mod features;

use std::rc::Rc;

use anchorite_contract::{Outcome, Vfs};
use anchorite_vfs::opfs::{Handles, OpfsStorage};
use anchorite_vfs::{Options, register};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;

/// What was not as SQLite expects it in a case; nothing if all was.
#[wasm_bindgen]
pub fn run_case(synchronous: bool, prefix: String, name: String) -> Promise {
    run(synchronous, prefix, move |vfs| {
        anchorite_contract::run(&name, vfs)
    })
}

/// The same of steps of the state machine.
#[wasm_bindgen]
pub fn run_machine(synchronous: bool, prefix: String, steps: u32, seed: u32) -> Promise {
    let (steps, seed) = (steps as usize, u64::from(seed));
    run(synchronous, prefix, move |vfs| {
        anchorite_contract::state_machine(vfs, steps, seed)
    })
}

fn run(synchronous: bool, prefix: String, work: impl FnOnce(&Vfs) -> Outcome + 'static) -> Promise {
    let handles = if synchronous {
        Handles::Sync
    } else {
        Handles::Async
    };
    let work = move || vfs(handles, &prefix).and_then(|vfs| work(&vfs));
    future_to_promise(async move {
        let outcome = anchorite::run(work).await.map_err(doors::words)?;
        Ok(outcome.err().map_or(JsValue::UNDEFINED, JsValue::from))
    })
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
