//! The one promising export, and the closures that run below it.
//!
//! Called by applications, by [`run`]. The loader in the glue of `anchorite-twin` attaches itself
//! when the module has started, and calls the export from an empty stack, one call at a time.
//! It must not know files.
//!
//! ```text
//! run(work)   QUEUE ◄─ work     next()  ──► the loader: when the last one is done, anchorite_run()
//! anchorite_run()   work ◄─ QUEUE, runs; whatever waits in it suspends the stack
//! run resumes, with what work has answered
//! ```
#![expect(unsafe_code, reason = "the raw promising export has a fixed name")]

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use anchorite_vfs::suspend::JobFrame;
use js_sys::futures::JsFuture;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::install;

type Work = Box<dyn FnOnce()>;

thread_local! {
    static QUEUE: RefCell<VecDeque<Work>> = const { RefCell::new(VecDeque::new()) };
    static LOADER: RefCell<Loader> = RefCell::new(Loader::new());
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static BUILD: OnceCell<Build> = const { OnceCell::new() };
}

/// The one that has loaded this module; it attaches itself a moment after the module has started.
struct Loader {
    /// Resolves to the function that runs the next piece of work.
    next: Promise,
    attach: Function,
}

impl Loader {
    fn new() -> Self {
        let mut attach = None;
        let next = Promise::new(&mut |resolve, _reject| attach = Some(resolve));
        Self {
            next,
            attach: attach.expect("the executor runs before the constructor returns"),
        }
    }
}

/// Which of the two builds of the module runs, and why.
///
/// ```no_run
/// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
/// # fn show() -> Option<String> {
/// let build = anchorite::build()?;
/// # Some(
/// format!("{} because {}", build.name, build.reason)
/// # )
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `jspi`, or `asyncify` for its twin.
    pub name: String,
    /// Why this one, in words.
    pub reason: String,
}

/// Which build runs; nothing before the module was loaded whole.
///
/// ```no_run
/// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
/// let has_jspi = anchorite::build().is_some_and(|build| build.name == "jspi");
/// ```
#[must_use]
pub fn build() -> Option<Build> {
    BUILD.with(|build| build.get().cloned())
}

/// For the loader: `next` runs the next piece of work, and answers a promise of its end.
///
/// # Panics
/// When SQLite takes no VFS.
#[doc(hidden)]
#[wasm_bindgen]
pub fn anchorite_attach(next: &Function, name: String, reason: String) {
    std::panic::set_hook(keep_words(std::panic::take_hook()));
    install::refuse_files().expect("SQLite takes a VFS before anything else has happened");
    BUILD.with(|build| build.set(Build { name, reason }).ok());
    LOADER.with_borrow(|loader| {
        let attached = loader.attach.call1(&JsValue::UNDEFINED, next);
        attached.expect("resolve functions do not throw");
    });
}

type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send>;

/// Keeps the words of a panic, which ends in a trap that has none; then as before.
fn keep_words(before: Hook) -> Hook {
    Box::new(move |panic| {
        PANIC.with(|place| *place.borrow_mut() = Some(panic.to_string()));
        before(panic);
    })
}

/// For the loader: runs the next piece of work; whatever that waits for suspends the stack.
///
/// # Panics
/// When nothing is to be run or something runs already: both are mistakes of the loader.
// SAFETY: no other symbol of this name exists in the program; it takes and returns nothing.
#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn anchorite_run() {
    let _frame = JobFrame::enter();
    let work = QUEUE.with(|queue| queue.borrow_mut().pop_front());
    work.expect("there is work to run")();
}

/// Runs `work` where everything in it may wait: opening any database, a busy handler, temporary
/// files beyond 64 MiB, and in contexts that have asynchronous handles only, each read and write.
///
/// The databases of the origin are there by their paths. One that another tab or worker has open is
/// `SQLITE_BUSY`; so is, after [`busy_timeout`](rusqlite::Connection::busy_timeout), what another
/// connection of this module has locked. One closure runs at a time, in the order of the calls. If
/// the future is dropped, `work` runs all the same.
///
/// While a closure waits, other code of the application runs. It must not use connections then,
/// but by another `run`: a transaction that begins otherwise is refused with `CANNOT_WAIT`.
///
/// # Errors
/// `OPFS_UNAVAILABLE` where the browser has no file system for this origin, or refuses it;
/// `ENGINE_FAILED` when `work`, or another one before, has panicked, which ends the module: load
/// the page or the worker anew.
///
/// ```no_run
/// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
/// # async fn example() -> Result<(), anchorite::Error> {
/// use anchorite::rusqlite::Connection;
///
/// let db = anchorite::run(|| Connection::open("app.db")).await??;
/// let db = anchorite::run(move || {
///     db.execute_batch("CREATE TABLE IF NOT EXISTS log (line TEXT)")?;
///     Ok::<_, anchorite::Error>(db)
/// })
/// .await??;
/// anchorite::run(move || drop(db)).await?;
/// # Ok(())
/// # }
/// ```
pub async fn run<T: 'static>(work: impl FnOnce() -> T + 'static) -> Result<T, Error> {
    start(|| {
        install::vfs()?;
        Ok(work())
    })
    .await?
}

/// The same without a VFS.
pub(crate) async fn start<T: 'static>(work: impl FnOnce() -> T + 'static) -> Result<T, Error> {
    let next = LOADER.with_borrow(|loader| loader.next.clone());
    let next: Function = JsFuture::from(next)
        .await
        .map_err(|_| Error::new("ENGINE_FAILED", "the loader has gone"))?
        .unchecked_into();
    let place = Rc::new(RefCell::new(None));
    let answer = place.clone();
    let work = move || *answer.borrow_mut() = Some(work());
    QUEUE.with(|queue| queue.borrow_mut().push_back(Box::new(work)));
    let ended = next.call0(&JsValue::UNDEFINED).map_err(failed)?;
    let ended: Promise = ended.unchecked_into();
    JsFuture::from(ended).await.map_err(failed)?;
    let answer = place.borrow_mut().take();
    Ok(answer.expect("work that has ended has answered"))
}

/// The trap that has ended the module.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what JavaScript throws is handed on"
)]
fn failed(trap: JsValue) -> Error {
    let words = PANIC.with(|place| place.borrow().clone());
    let words = words.unwrap_or_else(|| format!("{trap:?}"));
    let message = format!("the module has failed, load it anew: {words}");
    Error::new("ENGINE_FAILED", message)
}
