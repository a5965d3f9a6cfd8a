//! The exports of `anchorite.wasm`, and the composition root: here the engine meets the VFS.
//!
//! Called by `js/src/worker/engine.ts`, which is the only file that knows these names.
//! No decisions: JavaScript values become a [`Job`](jobs::Job), its outcome becomes a value again.
//!
//! ```text
//! stage_…(arguments)     synchronous; puts down what to do
//! anchorite_run()        the one promising export; may suspend; takes and returns nothing
//! take_parked()          synchronous; set if the job has to wait for another connection
//! take_result()          synchronous; otherwise the value, or throws the error
//! query_at_once()        synchronous; what a job would answer, if nothing has to wait for it
//! ```
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![expect(unsafe_code, reason = "the raw promising export has a fixed name")]

mod calls;
mod commits;
mod convert;
mod copies;
pub mod declared;
mod error;
mod few;
mod files;
mod functions;
mod held;
mod jobs;
mod log;
mod media;
mod outdated;
mod packed;
mod parked;
mod pieces;
mod rows;
mod stats;
mod texts;
mod turns;

use std::cell::RefCell;

use anchorite_engine::{Declared, Reach};
use anchorite_vfs::suspend::{self, JobFrame};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use calls::Call;
use error::JobError;
use jobs::Job;
use packed::Packed;
use parked::{Outcome, Parked, Staged};

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static STAGED: RefCell<Option<Staged>> = const { RefCell::new(None) };
    static RESULT: RefCell<Option<Result<JsValue, JobError>>> = const { RefCell::new(None) };
    static PARKED: RefCell<Option<Parked>> = const { RefCell::new(None) };
}

/// Runs the staged job; whatever it waits for suspends the stack from here on.
///
/// # Panics
/// When no job is staged or another one is in flight: both are mistakes of the caller.
// SAFETY: no other symbol of this name exists in the program; it takes and returns nothing.
#[unsafe(no_mangle)]
pub extern "C" fn anchorite_run() {
    let _frame = JobFrame::enter();
    turns::pace().begin();
    let staged = STAGED.take();
    let outcome = match suspend::suspends() {
        true => Some(staged.expect("a job is staged").run()),
        false => pieces::run(staged),
    };
    match outcome {
        Some(Outcome::Done(result)) => RESULT.set(Some(result)),
        Some(Outcome::Parked(parked)) => PARKED.set(Some(parked)),
        Some(Outcome::Missed(_)) | None => {}
    }
}

/// Keeps the words of a panic, which ends in a trap that has none, and hears SQLite's log.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        PANIC.with(|place| *place.borrow_mut() = Some(panic.to_string()));
    }));
    log::begin();
}

/// From now on calls `listener` with the name of a code and a message when SQLite logs something,
/// in the middle of a job. It must not call the instance.
#[wasm_bindgen]
pub fn listen_log(listener: js_sys::Function) {
    log::listen(listener);
}

/// What the panic said that this instance died of, if it was one.
#[wasm_bindgen]
#[must_use]
pub fn last_panic() -> Option<String> {
    PANIC.with(|place| place.borrow_mut().take())
}

fn stage(job: Job) {
    STAGED.with(|staged| *staged.borrow_mut() = Some(Staged::fresh(job)));
}

/// Stages a parked job; the last try takes what there is.
///
/// # Panics
/// When no job has this ticket.
#[wasm_bindgen]
pub fn stage_again(ticket: u32, last: bool) {
    let parked = Staged::again(ticket, last).expect("the ticket is of a parked job");
    STAGED.with(|staged| *staged.borrow_mut() = Some(parked));
}

/// What a job calls, as long as SQL runs, for a promise that resolves in the next task.
#[wasm_bindgen]
pub fn set_next_task(function: Function) {
    turns::set_next_task(function);
}

/// How SQL functions are carried out: `(number, arguments)` answers a value or a promise of one,
/// and throws words.
#[wasm_bindgen]
pub fn set_call_function(function: Function) {
    functions::set_call(function);
}

/// A function of a connection that is carried out under `number`; without `arity` it takes any
/// number of arguments. Answers nothing.
#[wasm_bindgen]
pub fn stage_create_function(
    session: u32,
    number: u32,
    name: String,
    arity: Option<u8>,
    deterministic: bool,
) {
    let declared = Declared {
        name,
        arity,
        deterministic,
        direct_only: true,
    };
    stage(Job::CreateFunction {
        session,
        number,
        declared,
    });
}

/// For an engine that cannot suspend: after how long the next job is stopped where SQL runs, in ms;
/// never without.
#[wasm_bindgen]
pub fn limit_job(limit_ms: Option<f64>) {
    turns::limit(limit_ms);
}

/// While a job is suspended: stops it where SQL runs or is about to, unless that is done by then.
/// Its error is `SQLITE_INTERRUPT`.
#[wasm_bindgen]
pub fn stop_job() {
    turns::pace().stop();
}

/// Gives up a parked job, whose user is gone; may be called while another job is suspended.
#[wasm_bindgen]
pub fn forget_parked(ticket: u32) {
    parked::forget(ticket);
}

/// Whether a connection has a transaction open; not while a job of it is suspended.
#[wasm_bindgen]
#[must_use]
pub fn in_transaction(session: u32) -> bool {
    jobs::in_transaction(session)
}

/// `{ticket, limit, elsewhere, again, lock, progressed}` if the job that has just run was parked.
#[wasm_bindgen]
#[must_use]
pub fn take_parked() -> JsValue {
    let parked = PARKED.with(|place| place.borrow_mut().take());
    parked.map_or(JsValue::UNDEFINED, JsValue::from)
}

/// Changes when a connection gives up a lock: then parked jobs may be tried again.
#[wasm_bindgen]
#[must_use]
pub fn unlocks() -> u32 {
    anchorite_vfs::waiting::unlocks()
}

/// The value of the job that has just run and was not parked.
///
/// # Errors
/// Its error, as `{code, extendedCode, message, offset, cause, ended, lock}`.
///
/// # Panics
/// When no job has run.
#[wasm_bindgen]
pub fn take_result() -> Result<JsValue, JsValue> {
    let result = RESULT.with(|place| place.borrow_mut().take());
    result.expect("a job has run").map_err(JsValue::from)
}

/// `options` is `{journalMode, relaxed, readonly, create, pageSize, cacheSize, busyTimeout,
/// tempMemory, int64, foreignKeys, limits, sharing}`; what is undefined has its default; answers
/// `{session, storage, durable}`.
#[wasm_bindgen]
pub fn stage_open(name: String, options: &JsValue) {
    let (options, integers, wanted) = convert::open_options(options);
    stage(Job::Open {
        name,
        options,
        integers,
        wanted,
    });
}

/// Here and below, `inside` says that it is refused outside of a transaction. Answers nothing.
#[wasm_bindgen]
pub fn stage_exec(session: u32, sql: String, inside: bool) {
    stage(Job::Exec {
        session,
        inside,
        sql,
        from: 0,
    });
}

/// `params` is an array of values, or an array of `[name, value]`; `first` ends it after one row;
/// answers rows, as `few.rs` says.
#[wasm_bindgen]
pub fn stage_query(
    session: u32,
    sql: String,
    named: bool,
    params: &JsValue,
    inside: bool,
    first: bool,
) {
    stage(match convert::params(named, params) {
        Ok(params) => Job::Query {
            session,
            inside,
            sql,
            params,
            reach: reach(first),
        },
        Err(refusal) => Job::Refused(refusal),
    });
}

fn reach(first: bool) -> Reach {
    if first { Reach::First } else { Reach::All }
}

/// From now on an SQL text is known by this number: the next one, or one of another text.
#[wasm_bindgen]
pub fn keep_text(number: u32, sql: &str) {
    texts::keep(number, sql);
}

/// The rows of a question, by the number of its text, that was asked before and takes no waiting,
/// between two jobs; `undefined` where it does, or something is wrong: then it is to be staged.
///
/// # Panics
/// When a job is in flight.
#[wasm_bindgen]
#[must_use]
pub fn query_at_once(
    session: u32,
    text: u32,
    named: bool,
    params: &JsValue,
    first: bool,
) -> JsValue {
    let _frame = JobFrame::at_once();
    turns::pace().begin_again();
    let params = convert::params(named, params).ok();
    let reach = reach(first);
    let answer = params.and_then(|params| jobs::query_at_once(session, text, &params, reach));
    answer.unwrap_or_default()
}

/// Answers `{changes, lastInsertRowid}`.
#[wasm_bindgen]
pub fn stage_run(session: u32, sql: String, named: bool, params: &JsValue, inside: bool) {
    let call = convert::params(named, params).map(|params| Call::Run { sql, params });
    stage(calls::job(session, inside, call));
}

/// `rows` as `packed.rs` reads them, of `width` values each; `first` is the number of the first
/// one, for errors. Answers the number of rows that were changed.
#[wasm_bindgen]
pub fn stage_rows(
    session: u32,
    sql: String,
    rows: &Uint8Array,
    width: usize,
    first: u32,
    inside: bool,
) {
    let call = convert::bytes_from_js(rows).map(|bytes| {
        let rows = Packed {
            bytes,
            width,
            first,
        };
        Call::Rows { sql, rows, done: 0 }
    });
    stage(calls::job(session, inside, call));
}

/// `statements` is an array of `[sql, named, params]`; `begin` is the kind of their transaction,
/// none if they are a part of one. Answers an array of
/// `[rows, {changes, lastInsertRowid}]`.
#[wasm_bindgen]
pub fn stage_batch(session: u32, statements: &JsValue, begin: Option<String>, inside: bool) {
    let call = calls::together(statements, begin.as_deref());
    stage(calls::job(session, inside, call));
}

/// `params` as in [`stage_query`]; `cursor` is a number that no other one of the session has.
/// Answers `[rows, done]`, with `count` rows at most.
#[wasm_bindgen]
pub fn stage_iterate(
    session: u32,
    cursor: u32,
    sql: String,
    named: bool,
    params: &JsValue,
    count: u32,
    inside: bool,
) {
    let call = convert::params(named, params).map(|params| Call::Iterate {
        cursor,
        sql,
        params,
        count,
    });
    stage(calls::job(session, inside, call));
}

/// Answers the same.
#[wasm_bindgen]
pub fn stage_pull(session: u32, cursor: u32, count: u32, inside: bool) {
    stage(calls::job(
        session,
        inside,
        Ok(Call::Pull { cursor, count }),
    ));
}

/// `expired`: its next pull is told so. Answers nothing.
#[wasm_bindgen]
pub fn stage_end_cursor(session: u32, cursor: u32, expired: bool, inside: bool) {
    let call = Call::EndCursor { cursor, expired };
    stage(calls::job(session, inside, Ok(call)));
}

/// Answers `{columns, parameters, onlyReads}`, the columns as
/// `{name, declaredType, database, table, column}`.
#[wasm_bindgen]
pub fn stage_describe(session: u32, sql: String, inside: bool) {
    stage(calls::job(session, inside, Ok(Call::Describe { sql })));
}

/// `request` is one of those that `held.rs` reads, and it says what each of them answers.
#[wasm_bindgen]
pub fn stage_held(session: u32, request: &JsValue, inside: bool) {
    let call = held::from_js(request).map(Call::Held);
    stage(calls::job(session, inside, call));
}

/// Answers the file as a `Uint8Array`; `portable` leaves the mark of WAL out.
#[wasm_bindgen]
pub fn stage_export(session: u32, portable: bool) {
    stage(Job::Export { session, portable });
}

/// Begins a copy that will be known by `key`: as the database `to`, or to be read. Answers how many
/// bytes it will have.
#[wasm_bindgen]
pub fn stage_copy_begin(
    session: u32,
    key: String,
    to: Option<String>,
    overwrite: bool,
    portable: bool,
) {
    let to = to.map(|name| (name, overwrite));
    let act = copies::Act::Begin { to, portable };
    stage(Job::Copy { session, key, act });
}

/// `act` is `step`, which answers how many bytes are copied; `read`, which answers the next ones,
/// none at the end; `seal`, then `finish`, which may be staged again after `SQLITE_BUSY`; `end`.
#[wasm_bindgen]
pub fn stage_copy(session: u32, key: String, act: &str) {
    let act = copies::Act::from_name(act);
    stage(Job::Copy { session, key, act });
}

/// Answers nothing.
#[wasm_bindgen]
pub fn stage_vacuum(session: u32, page_size: Option<u32>) {
    stage(Job::Vacuum { session, page_size });
}

/// Answers the number of the last commit, or nothing for a database in memory.
#[wasm_bindgen]
pub fn stage_sequence(session: u32) {
    stage(Job::Sequence { session });
}

/// Answers what was counted: `{path, cache, statements, schema, files, suspensions, wal}`.
#[wasm_bindgen]
pub fn stage_stats(session: u32) {
    stage(Job::Stats { session });
}

/// Answers nothing; others are waited for no longer than a moment.
#[wasm_bindgen]
pub fn stage_cut_wal(session: u32) {
    stage(Job::CutWal { session });
}

/// What was committed since the last call, as `{session, database, first, last, walBytes, tables}`
/// each, and what is another for one connection alone, as `{session, schema, tables}`; `undefined`
/// if nothing was and is.
#[wasm_bindgen]
#[must_use]
pub fn take_commits() -> JsValue {
    commits::take()
}

/// Takes back what a job of this connection has begun that was given up. Answers nothing.
#[wasm_bindgen]
pub fn stage_tidy(session: u32) {
    stage(Job::Tidy { session });
}

/// Answers nothing.
#[wasm_bindgen]
pub fn stage_close(session: u32) {
    stage(Job::Close { session });
}

/// Answers the number of the import.
#[wasm_bindgen]
pub fn stage_import_begin(name: String, overwrite: bool) {
    stage(Job::ImportBegin { name, overwrite });
}

/// Answers nothing.
#[wasm_bindgen]
pub fn stage_import_append(import: u32, bytes: Vec<u8>) {
    stage(Job::ImportAppend { import, bytes });
}

/// Checks what has come in; answers nothing.
#[wasm_bindgen]
pub fn stage_import_seal(import: u32) {
    stage(Job::ImportSeal { import });
}

/// Puts it in place; may be staged again after `SQLITE_BUSY`. Answers nothing.
#[wasm_bindgen]
pub fn stage_import_finish(import: u32) {
    stage(Job::ImportFinish { import });
}

/// Answers nothing.
#[wasm_bindgen]
pub fn stage_import_abandon(import: u32) {
    stage(Job::ImportAbandon { import });
}

/// Answers an array of names.
#[wasm_bindgen]
pub fn stage_list() {
    stage(Job::List);
}

/// Answers whether there was one.
#[wasm_bindgen]
pub fn stage_delete(name: String) {
    stage(Job::Delete { name });
}

/// Answers nothing.
#[wasm_bindgen]
pub fn stage_rename(from: String, to: String) {
    stage(Job::Rename { from, to });
}

/// The version of SQLite, for instance `3.54.1`.
#[wasm_bindgen]
#[must_use]
pub fn sqlite_version() -> String {
    anchorite_engine::sqlite_version().to_owned()
}

/// The name of the Web Lock that the owner of a database holds, for the host to wait for.
#[wasm_bindgen]
#[must_use]
pub fn lock_name(database: &str) -> String {
    anchorite_vfs::opfs::lock_name(database)
}

/// When no other job is there: gives back locks that other contexts may want. Answers nothing.
#[wasm_bindgen]
pub fn stage_rest() {
    stage(Job::Rest);
}

/// Whether a rest would give back anything, perhaps.
#[wasm_bindgen]
#[must_use]
pub fn shares_databases() -> bool {
    media::shares_databases()
}

/// Another context wants a lock of this database; if it is shared here, and this context may have
/// that lock, answers after how many ms a rest shall follow.
#[wasm_bindgen]
#[must_use]
pub fn wanted(database: &str) -> Option<f64> {
    media::wanted(database).map(|hold| hold.as_secs_f64() * 1000.0)
}

/// The number of the protocol by which contexts share a database.
#[wasm_bindgen]
#[must_use]
pub fn protocol() -> u32 {
    anchorite_vfs::protocol()
}

/// Closes the connections to a database that a newer protocol wants; answers whether none is left,
/// since those that have a transaction open stay.
#[wasm_bindgen]
pub fn stage_let_go(database: String, protocol: u32) {
    stage(Job::LetGo { database, protocol });
}

/// The names of the locks that a checkpoint of a whole WAL takes alone, in its order; none where no
/// other context uses the database.
#[wasm_bindgen]
#[must_use]
pub fn checkpoint_locks(database: &str) -> Vec<String> {
    media::checkpoint_locks(database)
}

/// From now on, or no longer, a rest gives back everything that other contexts may want: the page
/// may be stopped at any moment.
#[wasm_bindgen]
pub fn withdraw(withdrawn: bool) {
    media::withdraw(withdrawn);
}

/// Lends a lock that the host holds to the job that is staged, until [`end_loan`].
#[wasm_bindgen]
pub fn begin_loan(name: String, alone: bool, give_back: Function, released: js_sys::Promise) {
    anchorite_vfs::opfs::begin_loan(name, alone, give_back, released);
}

/// The names of the locks that the job has not taken; the others it gives back itself when it is
/// done with them.
#[wasm_bindgen]
#[must_use]
pub fn end_loan() -> Vec<String> {
    anchorite_vfs::opfs::end_loan()
}

/// For tests: fixes randomness and the clock, as the VFS gives them to SQLite, and the protocol by
/// which contexts share a database.
#[wasm_bindgen]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time in ms, an integer below 2^53"
)]
pub fn test_hooks(seed: Option<u32>, now_ms: Option<f64>, protocol: Option<u32>) {
    if let Some(protocol) = protocol {
        anchorite_vfs::speak(protocol);
    }
    if let Some(seed) = seed {
        anchorite_vfs::hooks::seed(seed);
    }
    if let Some(now_ms) = now_ms {
        anchorite_vfs::hooks::fix_clock(now_ms as i64);
    }
}
