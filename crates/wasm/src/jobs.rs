//! What an instance can be asked to do, and the state it keeps between two jobs.
//!
//! Called by `parked.rs`, once for each try. Sessions are known to JavaScript by number, never by
//! pointer.

use std::cell::RefCell;

use anchorite_engine::{Declared, EngineError, OpenOptions, Params, Patience, Reach, Session};
use anchorite_sorted::Map;
use anchorite_vfs::opfs::Handles;
use anchorite_vfs::{beforehand, path, take_last_error, waiting};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::calls::{self, Call};
use crate::commits;
use crate::convert::{self, Integers, Refusal};
use crate::copies;
use crate::declared;
use crate::error::JobError;
use crate::few::Rows;
use crate::files;
use crate::functions;
use crate::media::{self, Sharing, Wanted, durable, memory_vfs, opfs_vfs, storage_name};
use crate::outdated;
use crate::stats;
use crate::texts;
use crate::turns;

pub(crate) type Outcome = Result<JsValue, JobError>;

/// The name that asks for a database in memory.
const MEMORY_NAME: &str = ":memory:";

/// Bytes of the page cache of a connection that reads each page once.
const BESIDE_CACHE_SIZE: u64 = 1024 * 1024;

/// One request, with everything it needs to be tried, and tried again.
pub(crate) enum Job {
    Open {
        name: String,
        options: OpenOptions,
        integers: Integers,
        wanted: Wanted,
    },
    Exec {
        session: u32,
        /// Whether it is refused outside of a transaction.
        inside: bool,
        sql: String,
        /// Where the next statement begins, in bytes.
        from: usize,
    },
    Query {
        session: u32,
        /// As in `Exec`.
        inside: bool,
        sql: String,
        params: Params,
        reach: Reach,
    },
    Call {
        session: u32,
        /// As in `Exec`.
        inside: bool,
        call: Call,
    },
    /// One whose arguments could not be taken.
    Refused(Refusal),
    Export {
        session: u32,
        portable: bool,
    },
    /// Something with a copy, which JavaScript knows by a key.
    Copy {
        session: u32,
        key: String,
        act: copies::Act,
    },
    Vacuum {
        session: u32,
        page_size: Option<u32>,
    },
    /// The number of the last commit.
    Sequence {
        session: u32,
    },
    /// What was counted.
    Stats {
        session: u32,
    },
    /// The WAL has become large.
    CutWal {
        session: u32,
    },
    /// A function that JavaScript carries out under this number.
    CreateFunction {
        session: u32,
        number: u32,
        declared: Declared,
    },
    /// What was begun and given up is taken back.
    Tidy {
        session: u32,
    },
    Close {
        session: u32,
    },
    ImportBegin {
        name: String,
        overwrite: bool,
    },
    ImportAppend {
        import: u32,
        bytes: Vec<u8>,
    },
    ImportSeal {
        import: u32,
    },
    ImportFinish {
        import: u32,
    },
    ImportAbandon {
        import: u32,
    },
    /// Nothing else is to be done.
    Rest,
    /// A context of a newer protocol wants the database.
    LetGo {
        database: String,
        protocol: u32,
    },
    List,
    Delete {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
}

/// A connection and what only the host needs to know of it.
struct Connection {
    session: Session,
    /// How long a job of it may be parked, in ms.
    busy_timeout_ms: u32,
    in_memory: bool,
    /// Whether reading its files suspends.
    reads_suspend: bool,
    wanted: Wanted,
    integers: Integers,
    /// The SQL that takes back what was begun and given up.
    unfinished: Option<&'static str>,
}

impl Connection {
    /// Whether other contexts may have the database open.
    fn is_shared(&self) -> bool {
        self.wanted.sharing != Sharing::Alone
    }

    /// Takes back what was begun and given up.
    fn tidy(&mut self) -> Result<(), EngineError> {
        match self.unfinished.take() {
            Some(undo) if self.session.in_transaction() => self.session.undo(undo),
            _ => Ok(()),
        }
    }

    /// What a `PRAGMA busy_timeout` in `sql` has asked for, in ms.
    fn new_busy_timeout(&mut self, sql: &str) -> Option<u32> {
        let asked_ms = waiting::take_busy_timeout();
        if asked_ms.is_some() || !self.in_memory {
            return asked_ms;
        }
        // No VFS is asked about a database in memory.
        let may_have_asked = sql.to_ascii_lowercase().contains("busy_timeout");
        may_have_asked
            .then(|| self.session.take_busy_timeout().ok().flatten())
            .flatten()
    }
}

#[derive(Default)]
struct State {
    connections: Map<u32, Connection>,
    last_number: u32,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Borrows the state for a moment; never across anything that may suspend.
fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| work(&mut state.borrow_mut()))
}

/// Takes out the connections that are wanted, which no job is using.
pub(crate) fn take_sessions(wanted: impl Fn(&Session) -> bool) -> Vec<(u32, Session)> {
    with_state(|state| {
        let all = state.connections.iter();
        let all = all.filter(|(_, it)| wanted(&it.session));
        let numbers: Vec<u32> = all.map(|(number, _)| *number).collect();
        let taken = numbers.into_iter().filter_map(|number| {
            let connection = state.connections.remove(&number)?;
            Some((number, connection.session))
        });
        taken.collect()
    })
}

/// Whether there is such a connection.
pub(crate) fn any_session(wanted: impl Fn(&Session) -> bool) -> bool {
    with_state(|state| state.connections.values().any(|it| wanted(&it.session)))
}

/// How long a job may be parked, in ms.
pub(crate) fn limit_ms(job: &Job) -> u32 {
    match job {
        Job::Open { options, .. } => options.busy_timeout_ms,
        Job::Exec { session, .. }
        | Job::Query { session, .. }
        | Job::Call { session, .. }
        | Job::Export { session, .. }
        | Job::Copy { session, .. }
        | Job::Sequence { session }
        | Job::Stats { session }
        | Job::Vacuum { session, .. } => with_state(|state| {
            let connection = state.connections.get(session);
            connection.map_or(0, |connection| connection.busy_timeout_ms)
        }),
        _ => OpenOptions::BUSY_TIMEOUT_MS,
    }
}

/// Whether a connection that no job is using has a transaction open.
pub(crate) fn in_transaction(session: u32) -> bool {
    with_state(|state| {
        let connection = state.connections.get(&session);
        connection.is_some_and(|connection| connection.session.in_transaction())
    })
}

/// Tries a job once. After a refusal that waits it can be tried again.
pub(crate) fn attempt(job: &mut Job, patience: Patience) -> Outcome {
    drop((
        take_last_error(),
        waiting::take_in_the_way(),
        functions::take_thrown(),
    ));
    match runs_sql(job) {
        true => beforehand::bound(|| carry_out(job, patience)),
        false => carry_out(job, patience),
    }
}

/// Whether a job cannot be tried anew from its beginning once it has begun, unless SQL has only
/// failed to open another database.
pub(crate) fn runs_sql(job: &Job) -> bool {
    !matches!(
        job,
        Job::Open { .. }
            | Job::Copy { .. }
            | Job::Close { .. }
            | Job::ImportBegin { .. }
            | Job::ImportAppend { .. }
            | Job::ImportSeal { .. }
            | Job::ImportFinish { .. }
            | Job::ImportAbandon { .. }
            | Job::List
            | Job::Delete { .. }
            | Job::Rename { .. }
    )
}

fn carry_out(job: &mut Job, patience: Patience) -> Outcome {
    match job {
        Job::Open {
            name,
            options,
            integers,
            wanted,
        } => open(name, options, *integers, *wanted),
        Job::Exec {
            session,
            inside,
            sql,
            from,
        } => exec((*session, *inside), sql, from, patience),
        Job::Query {
            session,
            inside,
            sql,
            params,
            reach,
        } => query((*session, *inside), sql, params, (patience, *reach)),
        Job::Call {
            session,
            inside,
            call,
        } => calls::attempt((*session, *inside), call, patience),
        Job::Refused(refusal) => Err(JobError::from(*refusal)),
        Job::Export { session, portable } => {
            let bytes = with_session(*session, "", |session| session.export(*portable))?;
            Ok(Uint8Array::from(bytes.as_slice()).into())
        }
        Job::Copy { session, key, act } => copies::attempt(*session, key, act, patience),
        Job::Vacuum { session, page_size } => {
            let page_size = *page_size;
            with_session(*session, "", |session| session.vacuum(page_size)).map(undefined)
        }
        Job::Sequence { session } => sequence(*session, patience),
        Job::Stats { session } => stats(*session),
        // The host has waited before.
        Job::CutWal { session } => with_session(*session, "", Session::cut_wal).map(undefined),
        Job::CreateFunction {
            session,
            number,
            declared,
        } => create_function(*session, *number, declared),
        Job::Tidy { session } => with_session(*session, "", |_| Ok(())).map(undefined),
        Job::Close { session } => close(*session),
        Job::ImportBegin { name, overwrite } => files::import_begin(name, *overwrite),
        Job::ImportAppend { import, bytes } => files::import_append(*import, bytes),
        Job::ImportSeal { import } => files::import_seal(*import),
        Job::ImportFinish { import } => files::import_finish(*import),
        Job::ImportAbandon { import } => files::import_abandon(*import),
        Job::Rest => media::rest().map(undefined),
        Job::LetGo { database, protocol } => outdated::let_go(database, *protocol),
        Job::List => files::list(),
        Job::Delete { name } => files::delete(name),
        Job::Rename { from, to } => files::rename(from, to),
    }
}

fn undefined((): ()) -> JsValue {
    JsValue::UNDEFINED
}

fn exec(at: (u32, bool), sql: &str, from: &mut usize, patience: Patience) -> Outcome {
    let (number, inside) = at;
    if patience == Patience::Wait {
        reserve(number, &sql[*from..])?;
    }
    with_session_inside(at, sql, |session| match inside {
        true => session.exec_inside(sql, from, patience),
        false => session.exec_from(sql, from, patience),
    })
    .map(undefined)
}

fn query(
    at: (u32, bool),
    sql: &str,
    params: &Params,
    (patience, reach): (Patience, Reach),
) -> Outcome {
    if patience == Patience::Wait {
        reserve(at.0, sql)?;
    }
    let mut rows = Rows::new(integers(at.0));
    let columns = with_session_inside(at, sql, |session| {
        session.rows_into(sql, params, (patience, reach), &mut rows)
    })?;
    rows.into_js(&convert::columns_to_js(&columns))
}

/// What becomes of the INTEGERs that a connection answers.
pub(crate) fn integers(number: u32) -> Integers {
    with_state(|state| {
        let connection = state.connections.get(&number);
        connection.map_or(Integers::Auto, |connection| connection.integers)
    })
}

/// A statement that is known to write waits for that before it begins.
pub(crate) fn reserve(number: u32, sql: &str) -> Result<(), JobError> {
    let path = with_state(|state| {
        let connection = state.connections.get(&number)?;
        let waits = connection.is_shared() && connection.session.is_about_to_write(sql);
        waits.then(|| connection.session.path())
    });
    path.map_or(Ok(()), |path| media::reserve(&path))
}

/// The answer to a question that can be had without waiting, or `None`: then it takes a job. The
/// connection stays where it is, for nothing suspends and nothing else enters meanwhile.
pub(crate) fn query_at_once(
    number: u32,
    text: u32,
    params: &Params,
    reach: Reach,
) -> Option<JsValue> {
    let sql = texts::sql(text)?;
    STATE.with_borrow(|state| {
        let connection = state.connections.get(&number)?;
        let waits = connection.reads_suspend || connection.is_shared() && media::may_wait();
        if waits || connection.unfinished.is_some() {
            return None;
        }
        let mut rows = Rows::new(connection.integers);
        let named = |names: &mut dyn Iterator<Item = &str>| texts::columns(text, names);
        let session = &connection.session;
        let columns = session.rows_again(&sql, params, reach, &mut rows, named)?;
        rows.into_js(&columns).ok()
    })
}

/// Notes what is to be taken back unless the same job goes on.
pub(crate) fn set_unfinished(number: u32, undo: Option<&'static str>) {
    with_state(|state| {
        if let Some(connection) = state.connections.get_mut(&number) {
            connection.unfinished = undo;
        }
    });
}

/// Works with a connection. `sql` is what an error points into.
pub(crate) fn with_session<T>(
    number: u32,
    sql: &str,
    work: impl FnOnce(&mut Session) -> Result<T, EngineError>,
) -> Result<T, JobError> {
    with_session_inside((number, false), sql, work)
}

/// As [`with_session`], for work that may belong to a transaction: then it is refused where none is
/// open, and its error says whether it has ended that.
pub(crate) fn with_session_inside<T>(
    at: (u32, bool),
    sql: &str,
    work: impl FnOnce(&mut Session) -> Result<T, EngineError>,
) -> Result<T, JobError> {
    let (mut work, mut done) = (Some(work), None);
    work_inside(at, sql, &mut |session| {
        let work = work.take().expect("it is done once");
        done = Some(work(session)?);
        Ok(())
    })?;
    Ok(done.expect("it was done"))
}

/// Work of any kind, so that what surrounds it is compiled once.
type Work<'a> = &'a mut dyn FnMut(&mut Session) -> Result<(), EngineError>;

fn work_inside((number, inside): (u32, bool), sql: &str, work: Work<'_>) -> Result<(), JobError> {
    let outcome = work_with(number, sql, &mut |session| {
        if inside {
            session.require_transaction()?;
        }
        work(session)
    });
    outcome.map_err(|error| error.ending(inside && !in_transaction(number)))
}

/// The connection is out of the state meanwhile; then it is looked at whether it has a new time
/// limit.
fn work_with(number: u32, sql: &str, work: Work<'_>) -> Result<(), JobError> {
    media::refresh()?;
    let taken = with_state(|state| state.connections.remove(&number));
    let mut connection = taken.ok_or_else(|| outdated::why_closed(number))?;
    let tidied = connection.tidy();
    let outcome = tidied.and_then(|()| connection.session.unbroken(work));
    let outcome = outcome.map_err(|error| JobError::in_text(error, sql));
    if let Some(limit_ms) = connection.new_busy_timeout(sql) {
        connection.busy_timeout_ms = limit_ms;
    }
    connection.session.release_ended();
    commits::note(number, &connection.session);
    with_state(|state| state.connections.insert(number, connection));
    outcome
}

fn create_function(session: u32, number: u32, declared: &Declared) -> Outcome {
    let integers = integers(session);
    with_session(session, "", |it| {
        functions::create(it, number, declared, integers)
    })
    .map(undefined)
}

/// The number of the last commit to a database; none for one in memory.
fn sequence(number: u32, patience: Patience) -> Outcome {
    let path = with_session(number, "", |session| {
        session.look(patience)?;
        Ok(session.path())
    })?;
    let number = media::sequence(&path)?;
    Ok(number.map_or(JsValue::UNDEFINED, JsValue::from))
}

fn stats(number: u32) -> Outcome {
    let (path, counters) = with_session(number, "", |it| Ok((it.path(), it.counters())))?;
    Ok(stats::to_js(&path, &counters, media::wal(&path)?))
}

fn open(name: &str, options: &OpenOptions, integers: Integers, wanted: Wanted) -> Outcome {
    let (number, storage, durable) = open_connection(name, options, integers, wanted)?;
    Ok(convert::object(&[
        ("session", number.into()),
        ("storage", storage.into()),
        ("durable", durable.into()),
    ]))
}

/// Answers its number, what keeps its bytes, and what that survives.
fn open_connection(
    name: &str,
    options: &OpenOptions,
    integers: Integers,
    wanted: Wanted,
) -> Result<(u32, &'static str, &'static str), JobError> {
    let in_memory = name == MEMORY_NAME;
    let (vfs, storage, durable) = if in_memory {
        (memory_vfs(wanted)?, "memory", "none")
    } else {
        path::check_database_name(name)?;
        let (vfs, opfs) = opfs_vfs(wanted)?;
        (vfs, storage_name(opfs.handles()), durable(&opfs))
    };
    let is_async = storage == storage_name(Handles::Async);
    let options = OpenOptions {
        syncs_replace_files: is_async,
        ..options.clone()
    };
    let mut session = Session::open(name, Some(vfs), &options).map_err(JobError::opening)?;
    if media::has_missed() {
        // SQLite has made do without what was not at hand: it is opened anew.
        return Err(JobError::closed("database"));
    }
    session.keep_pace(turns::pace()).map_err(JobError::engine)?;
    declared::install(&session, integers).map_err(JobError::engine)?;
    let asked_ms = waiting::take_busy_timeout();
    let connection = Connection {
        session,
        busy_timeout_ms: asked_ms.unwrap_or(options.busy_timeout_ms),
        in_memory,
        reads_suspend: is_async,
        wanted,
        integers,
        unfinished: None,
    };
    let number = with_state(|state| {
        state.last_number += 1;
        state.last_number
    });
    commits::note(number, &connection.session);
    with_state(|state| state.connections.insert(number, connection));
    Ok((number, storage, durable))
}

/// Opens another connection to the database of a connection, which only reads; none to one in
/// memory.
pub(crate) fn open_beside(number: u32) -> Result<Option<u32>, JobError> {
    let known = with_state(|state| {
        let connection = state.connections.get(&number)?;
        let path = (!connection.in_memory).then(|| connection.session.path());
        Some((path, connection.wanted))
    });
    let (path, wanted) = known.ok_or_else(|| outdated::why_closed(number))?;
    let Some(path) = path else {
        return Ok(None);
    };
    let options = OpenOptions {
        readonly: true,
        cache_size: Some(BESIDE_CACHE_SIZE),
        ..OpenOptions::default()
    };
    open_connection(&path, &options, Integers::Auto, wanted).map(|(number, ..)| Some(number))
}

/// Closes such a connection.
pub(crate) fn close_beside(number: u32) -> Result<(), JobError> {
    close(number).map(drop)
}

/// How the database of a connection is used by other contexts.
pub(crate) fn sharing(number: u32) -> Sharing {
    with_state(|state| {
        let connection = state.connections.get(&number);
        connection.map_or(Sharing::Alone, |connection| connection.wanted.sharing)
    })
}

fn close(number: u32) -> Outcome {
    let ended = copies::end_all(number);
    if ended.is_err() && media::has_missed() {
        // It is all done again.
        return ended.map(undefined);
    }
    let connection = with_state(|state| state.connections.remove(&number));
    let Some(connection) = connection else {
        return outdated::close(number);
    };
    // A session that fails to close is dropped all the same, which frees its file and lock.
    connection.session.close().map_err(JobError::engine)?;
    ended.map(undefined)
}
