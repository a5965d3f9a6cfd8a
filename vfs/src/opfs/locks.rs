//! Web Locks as the ownership of a database; used by `mod.rs` on both kinds of handle.
//!
//! ```text
//! name     anchorite:<protocol>:<path>        exclusive, one per open database
//! taken    before the first handle of the database is opened
//! given    after the last one was closed; by the browser when the context dies
//! ```
//!
//! The lock, not the handle, decides who is first. It is asked for with `ifAvailable` and never
//! stolen; waiting for it is left to the host, outside Wasm, where other jobs can go on.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::storage::Ownership;

use super::web;

/// Changes whenever contexts of different builds could no longer share a database.
const PROTOCOL: u32 = 1;

/// A held lock: it lasts until the promise that its callback returned is resolved.
#[derive(Debug)]
pub(super) struct WebLock {
    path: String,
    /// Resolves the promise that holds the lock.
    give_back: Function,
    /// Settles once the lock is free again.
    released: Promise,
}

impl WebLock {
    /// Takes the lock of a database if nobody has it; suspends.
    pub(super) fn acquire(path: &str) -> Result<Self> {
        let manager = web::GLOBAL
            .with(web::Global::navigator)
            .and_then(|it| it.locks());
        let Some(manager) = manager.filter(|it| !it.is_undefined()) else {
            let message = "this context has no navigator.locks (it needs a secure context)";
            return Err(VfsError::new(
                ErrorKind::Unavailable,
                Operation::Lock,
                message,
            ));
        };
        let (hold, give_back) = deferred();
        let (answered, answer) = deferred();
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let granted = JsValue::from_bool(!lock.is_null());
            answer
                .call1(&JsValue::UNDEFINED, &granted)
                .expect("resolve functions do not throw");
            if lock.is_null() {
                JsValue::UNDEFINED
            } else {
                hold.into()
            }
        });
        let name = lock_name(path);
        let released = manager.request(&name, &web::if_available(), callback.unchecked_ref());
        // A refused request rejects without calling back.
        let first = Promise::race(&Array::of2(&answered, &released));
        if super::wait(&first, Operation::Lock, path)?.is_truthy() {
            return Ok(Self {
                path: path.to_owned(),
                give_back,
                released,
            });
        }
        let message = format!("another context has the database {path:?} open (lock {name:?})");
        Err(VfsError::new(ErrorKind::Busy, Operation::Lock, message))
    }
}

impl Ownership for WebLock {
    fn release(self: Box<Self>) -> Result<()> {
        self.give_back
            .call0(&JsValue::UNDEFINED)
            .expect("resolve functions do not throw");
        super::wait(&self.released, Operation::Lock, &self.path).map(drop)
    }
}

/// The name of the lock that the owner of a database holds.
#[must_use]
pub fn lock_name(path: &str) -> String {
    format!("anchorite:{PROTOCOL}:{path}")
}

/// A promise and the function that resolves it.
fn deferred() -> (Promise, Function) {
    let mut resolver = None;
    let promise = Promise::new(&mut |resolve, _reject| resolver = Some(resolve));
    (
        promise,
        resolver.expect("the executor runs before the constructor returns"),
    )
}
