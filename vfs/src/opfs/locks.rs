//! Web Locks: one as the ownership of a database, several as what contexts that share it hold.
//!
//! Used by `mod.rs` on both kinds of handle, and by `sharing.rs`.
//!
//! ```text
//! name     anchorite:<protocol>:<path>        one per database that is open
//! alone    by its owner, by who imports over it, renames or deletes it
//! shared   by the contexts that use it together (`sharing.rs`), whose other locks have other names
//! taken    before the first handle of the database is opened
//! given    after the last one was closed; by the browser when the context dies
//! ```
//!
//! The lock, not the handle, decides who is first. No lock is ever stolen here; of one that
//! somebody else steals, `crate::stolen` is told. Waiting for a database is left to the host,
//! outside Wasm, where other jobs can go on.

use std::cell::RefCell;
use std::time::Duration;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing;
use crate::stolen;
use crate::storage::Ownership;
use crate::suspend;

use super::error::from_js;
use super::web;

/// Changes whenever contexts of different builds could no longer share a database.
const PROTOCOL: u32 = 1;

/// The name of the lock that the owner of a database holds.
#[must_use]
pub fn lock_name(path: &str) -> String {
    format!("anchorite:{PROTOCOL}:{path}")
}

thread_local! {
    /// Called with a name bound to it and the reason why the promise of that lock was rejected.
    static ON_REJECTION: Closure<dyn Fn(String, JsValue)> = Closure::new(rejected);
    static LENT: RefCell<Vec<WebLock>> = const { RefCell::new(Vec::new()) };
}

/// For the next job, until [`end_loan`], a lock that the host has waited for and holds, alone or
/// shared: asked for, it is there. So locks go to those who wait, in their order, though nobody
/// waits in Wasm. `give_back` ends the host's hold, after which `released` settles.
pub fn begin_loan(name: String, alone: bool, give_back: Function, released: Promise) {
    watch(&name, &released);
    let lock = WebLock {
        name,
        alone,
        give_back,
        released,
    };
    LENT.with_borrow_mut(|lent| lent.push(lock));
}

/// The names of what was lent and the job has not taken: it is the host's again.
#[must_use]
pub fn end_loan() -> Vec<String> {
    LENT.take().into_iter().map(|lock| lock.name).collect()
}

/// Whether a lock is the one that is lent.
fn is_lent(name: &str) -> bool {
    LENT.with_borrow(|lent| lent.iter().any(|lock| lock.name == name))
}

/// A lock that somebody holds.
pub(super) struct HeldLock {
    pub(super) name: String,
    pub(super) alone: bool,
}

/// The locks that are held in the origin, but for what is lent; suspends.
pub(super) fn held() -> Result<Vec<HeldLock>> {
    let manager = manager()?;
    let snapshot: web::LockSnapshot =
        super::await_as(|| manager.query(), Operation::Lock, "all locks")?;
    let held = snapshot.held().into_iter().map(|lock| HeldLock {
        name: lock.name(),
        alone: lock.mode() == "exclusive",
    });
    Ok(held.filter(|lock| !is_lent(&lock.name)).collect())
}

fn take_lent(name: &str, alone: bool) -> Option<WebLock> {
    LENT.with_borrow_mut(|lent| {
        let fits = |lock: &WebLock| lock.name == name && lock.alone >= alone;
        let place = lent.iter().position(fits)?;
        Some(lent.swap_remove(place))
    })
}

/// The error with which the promise of a held lock is rejected when somebody else steals the lock.
const THEFT: &str = "AbortError";

#[expect(
    clippy::needless_pass_by_value,
    reason = "what JavaScript calls takes what it is given"
)]
fn rejected(name: String, reason: JsValue) {
    if is_called(&reason, THEFT) {
        stolen::note(&name);
    }
}

/// Hears of it if the lock is stolen.
fn watch(name: &str, released: &Promise) {
    let heard = ON_REJECTION.with(|closure| {
        let function: &Function = closure.as_ref().unchecked_ref();
        function.bind1(&JsValue::UNDEFINED, &name.into())
    });
    let released: &web::Released = released.unchecked_ref();
    drop(released.on_rejection(heard.unchecked_ref()));
}

/// A held lock: it lasts until the promise that its callback returned is resolved.
#[derive(Debug)]
pub(super) struct WebLock {
    name: String,
    alone: bool,
    /// Resolves the promise that holds the lock.
    give_back: Function,
    /// Settles once the lock is free again.
    released: Promise,
}

impl WebLock {
    /// Becomes the owner of a database, if nobody has it open; suspends.
    pub(super) fn own(path: &str) -> Result<Self> {
        Self::open(path, true)
    }

    /// Takes part in the use of a database, if nobody owns it; suspends.
    pub(super) fn take_part(path: &str) -> Result<Self> {
        Self::open(path, false)
    }

    fn open(path: &str, alone: bool) -> Result<Self> {
        let name = lock_name(path);
        let lock = Self::take(&name, alone, Duration::ZERO)?;
        lock.ok_or_else(|| {
            let message = format!("another context has the database {path:?} open (lock {name:?})");
            VfsError::new(ErrorKind::Busy, Operation::Lock, message)
        })
    }

    /// Takes a lock; `None` if that did not work out within `patience`. Suspends.
    pub(super) fn take(name: &str, alone: bool, patience: Duration) -> Result<Option<Self>> {
        if let Some(lent) = take_lent(name, alone) {
            let fits = lent.alone == alone;
            return if fits { Ok(lent) } else { lent.weaken() }.map(Some);
        }
        let options = web::lock_options(alone);
        if patience.is_zero() {
            options.set_if_available(true);
        } else {
            options.set_signal(&web::AbortSignal::timeout(patience.as_secs_f64() * 1000.0));
        }
        let manager = manager()?;
        granted(name, alone, || request(&manager, name, &options))
    }

    /// Turns a lock held alone into a shared one. It is asked for before it is given back, so that
    /// who asks for it alone meanwhile comes later. Suspends.
    pub(super) fn weaken(self) -> Result<Self> {
        if stolen::is(&self.name) {
            // Whoever has it may keep it for ever.
            return Err(stolen::error(&self.name));
        }
        let asked = request(&manager()?, &self.name, &web::lock_options(false));
        let name = self.name.clone();
        self.release()?;
        let granted = granted(&name, false, || asked)?;
        Ok(granted.expect("nothing ends a request without a time limit"))
    }

    /// Gives it back; suspends until another context can have it.
    pub(super) fn release(self) -> Result<()> {
        if suspend::is_pending() {
            // What has taken it is a piece that is not done yet, and takes it again.
            return Ok(());
        }
        self.give_back
            .call0(&JsValue::UNDEFINED)
            .expect("resolve functions do not throw");
        match suspend::settle_first(&self.released) {
            // It is not ours any more.
            Err(error) if is_called(&error, THEFT) => Ok(()),
            Err(error) => Err(from_js(&error, Operation::Lock, &self.name)),
            Ok(_) => Ok(()),
        }
    }
}

impl Ownership for WebLock {
    fn release(self: Box<Self>) -> Result<()> {
        sharing::database_of(&self.name).map(stolen::forget);
        (*self).release()
    }
}

/// Asks for a lock; resolves to `[give back, released]`, or to nothing if it was not granted.
fn request(manager: &web::LockManager, name: &str, options: &web::LockOptions) -> Promise {
    let (hold, give_back) = deferred();
    let (answered, answer) = deferred();
    let held = Array::of1(&give_back);
    let granted = held.clone();
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let is_granted = !lock.is_null();
        let told = if is_granted { granted.into() } else { lock };
        answer
            .call1(&JsValue::UNDEFINED, &told)
            .expect("resolve functions do not throw");
        if is_granted {
            hold.into()
        } else {
            JsValue::UNDEFINED
        }
    });
    let released = manager.request(name, options, callback.unchecked_ref());
    watch(name, &released);
    held.push(&released);
    // A refused request rejects without calling back.
    Promise::race(&Array::of2(&answered, &released))
}

/// Suspends until a request is answered; `None` if it was not granted in time.
fn granted(name: &str, alone: bool, ask: impl FnOnce() -> Promise) -> Result<Option<WebLock>> {
    match suspend::wait(ask) {
        Ok(held) if held.is_array() => {
            let held: Array = held.unchecked_into();
            Ok(Some(WebLock {
                name: name.to_owned(),
                alone,
                give_back: held.get(0).unchecked_into(),
                released: held.get(1).unchecked_into(),
            }))
        }
        Ok(_) => Ok(None),
        Err(error) if is_called(&error, "TimeoutError") => Ok(None),
        Err(error) => Err(from_js(&error, Operation::Lock, name)),
    }
}

fn is_called(error: &JsValue, expected: &str) -> bool {
    let name = Reflect::get(error, &"name".into());
    name.is_ok_and(|name| name == expected)
}

fn manager() -> Result<web::LockManager> {
    let manager = web::NAVIGATOR
        .with(Clone::clone)
        .and_then(|it| it.locks())
        .filter(|it| !it.is_undefined());
    manager.ok_or_else(|| {
        let message = "this context has no navigator.locks (it needs a secure context)";
        VfsError::new(ErrorKind::Unavailable, Operation::Lock, message)
    })
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
