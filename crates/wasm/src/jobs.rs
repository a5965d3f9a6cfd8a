//! What an instance can be asked to do, and the state it keeps between two jobs.
//!
//! Called by `lib.rs` inside the promising export. Sessions and imports are known to JavaScript
//! by number, never by pointer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use anchorite_engine::{Params, Session};
use anchorite_vfs::files::{self, Import};
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::opfs::{Handles, OpfsStorage};
use anchorite_vfs::{Options as VfsOptions, Storage, path, register, take_last_error};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::convert;
use crate::error::JobError;

type Outcome = Result<JsValue, JobError>;

/// The name that SQLite knows our VFS by.
const OPFS_VFS: &str = "anchorite";

/// Serves connections that have no file, and SQLite's random numbers before OPFS is there.
const MEMORY_VFS: &str = "anchorite-memory";

/// JavaScript waits for locks (js/src/worker/engine.ts), never SQLite.
const VFS_OPTIONS: VfsOptions = VfsOptions {
    default: true,
    temp_memory: 64 * 1024 * 1024,
    host_waits: true,
};

/// The name that asks for a database in memory.
const MEMORY_NAME: &str = ":memory:";

/// One request, with everything it needs.
pub(crate) enum Job {
    Open {
        name: String,
    },
    Exec {
        session: u32,
        sql: String,
    },
    Query {
        session: u32,
        sql: String,
        params: Params,
    },
    Export {
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
    List,
    Delete {
        name: String,
    },
}

#[derive(Default)]
struct State {
    opfs: Option<Rc<OpfsStorage>>,
    has_memory_vfs: bool,
    sessions: BTreeMap<u32, Rc<Session>>,
    imports: BTreeMap<u32, Import>,
    last_number: u32,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Borrows the state for a moment; never across anything that may suspend.
fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| work(&mut state.borrow_mut()))
}

/// Runs one job to its end.
pub(crate) fn run(job: Job) -> Outcome {
    drop(take_last_error());
    match job {
        Job::Open { name } => open(&name),
        Job::Exec { session, sql } => {
            let outcome = self::session(session)?.exec(&sql);
            outcome
                .map(|()| JsValue::UNDEFINED)
                .map_err(|error| JobError::in_text(error, &sql))
        }
        Job::Query {
            session,
            sql,
            params,
        } => {
            let outcome = self::session(session)?.query(&sql, &params);
            outcome
                .map(|batch| convert::row_batch(&batch))
                .map_err(|error| JobError::in_text(error, &sql))
        }
        Job::Export { session } => {
            let bytes = self::session(session)?.export().map_err(JobError::engine)?;
            Ok(Uint8Array::from(bytes.as_slice()).into())
        }
        Job::Close { session } => close(session),
        Job::ImportBegin { name, overwrite } => import_begin(&name, overwrite),
        Job::ImportAppend { import, bytes } => with_import(import, |it| it.append(&bytes)),
        Job::ImportSeal { import } => import_seal(import),
        Job::ImportFinish { import } => import_finish(import),
        Job::ImportAbandon { import } => import_abandon(import),
        Job::List => list(),
        Job::Delete { name } => delete(&name),
    }
}

fn open(name: &str) -> Outcome {
    let (session, storage) = if name == MEMORY_NAME {
        ensure_memory_vfs()?;
        (Session::open(name, Some(MEMORY_VFS)), "memory")
    } else {
        path::check_database_name(name)?;
        let opfs = ensure_opfs()?;
        (
            Session::open(name, Some(OPFS_VFS)),
            storage_name(opfs.handles()),
        )
    };
    let session = Rc::new(session.map_err(JobError::engine)?);
    let number = with_state(|state| {
        state.last_number += 1;
        state.sessions.insert(state.last_number, session);
        state.last_number
    });
    Ok(convert::object(&[
        ("session", number.into()),
        ("storage", storage.into()),
    ]))
}

fn storage_name(handles: Handles) -> &'static str {
    match handles {
        Handles::Sync => "opfs-sync",
        Handles::Async => "opfs-async",
    }
}

fn ensure_memory_vfs() -> Result<(), JobError> {
    if !with_state(|state| std::mem::replace(&mut state.has_memory_vfs, true)) {
        register(MEMORY_VFS, Rc::new(MemoryStorage::default()), VFS_OPTIONS)?;
    }
    Ok(())
}

/// Finds OPFS and registers the VFS on it, once per instance; later makes sure it is still there.
fn ensure_opfs() -> Result<Rc<OpfsStorage>, JobError> {
    if let Some(opfs) = with_state(|state| state.opfs.clone()) {
        opfs.refresh()?;
        return Ok(opfs);
    }
    let opfs = Rc::new(OpfsStorage::detect()?);
    register(OPFS_VFS, opfs.clone(), VFS_OPTIONS)?;
    with_state(|state| state.opfs = Some(opfs.clone()));
    Ok(opfs)
}

fn session(number: u32) -> Result<Rc<Session>, JobError> {
    let session = with_state(|state| state.sessions.get(&number).cloned());
    session.ok_or_else(|| JobError::closed("database"))
}

fn close(number: u32) -> Outcome {
    let session = with_state(|state| state.sessions.remove(&number));
    let Some(session) = session.and_then(Rc::into_inner) else {
        return Err(JobError::closed("database"));
    };
    // A session that fails to close is dropped all the same, which frees its file and lock.
    session
        .close()
        .map(|()| JsValue::UNDEFINED)
        .map_err(JobError::engine)
}

fn import_begin(name: &str, overwrite: bool) -> Outcome {
    path::check_database_name(name)?;
    let import = Import::begin(ensure_opfs()?, name, overwrite)?;
    Ok(JsValue::from(keep_import(None, import)))
}

/// Keeps an import under its number, or under a new one.
fn keep_import(number: Option<u32>, import: Import) -> u32 {
    with_state(|state| {
        let number = number.unwrap_or_else(|| {
            state.last_number += 1;
            state.last_number
        });
        state.imports.insert(number, import);
        number
    })
}

fn take_import(number: u32) -> Result<Import, JobError> {
    let import = with_state(|state| state.imports.remove(&number));
    import.ok_or_else(|| JobError::closed("import"))
}

/// Works on an import that stays afterwards, whatever comes of it.
fn with_import(
    number: u32,
    work: impl FnOnce(&mut Import) -> anchorite_vfs::Result<()>,
) -> Outcome {
    let mut import = take_import(number)?;
    let outcome = work(&mut import);
    keep_import(Some(number), import);
    outcome.map(|()| JsValue::UNDEFINED).map_err(JobError::from)
}

fn import_seal(number: u32) -> Outcome {
    with_import(number, Import::seal)?;
    let import = take_import(number)?;
    let checked = Session::check(import.temporary_path(), Some(OPFS_VFS));
    keep_import(Some(number), import);
    checked
        .map(|()| JsValue::UNDEFINED)
        .map_err(JobError::engine)
}

/// Before the old database is replaced it is made whole by itself: its WAL or hot journal is
/// worked in, so that at every instant either the old or the new one is there.
fn import_finish(number: u32) -> Outcome {
    let import = take_import(number)?;
    let name = import.name().to_owned();
    keep_import(Some(number), import);
    let opfs = ensure_opfs()?;
    if opfs.exists(&name)? && files::has_side_files(&*opfs, &name)? {
        settle(&name)?;
    }
    with_import(number, Import::finish)?;
    drop(take_import(number)?);
    Ok(JsValue::UNDEFINED)
}

/// Opens and closes a database; what is wrong with its content is no obstacle to replacing it.
fn settle(name: &str) -> Result<(), JobError> {
    let outcome = Session::open(name, Some(OPFS_VFS)).and_then(Session::close);
    match outcome {
        Err(error) if !["SQLITE_NOTADB", "SQLITE_CORRUPT"].contains(&error.code) => {
            Err(JobError::engine(error))
        }
        _ => Ok(()),
    }
}

fn import_abandon(number: u32) -> Outcome {
    take_import(number)?.abandon()?;
    Ok(JsValue::UNDEFINED)
}

fn list() -> Outcome {
    let opfs = ensure_opfs()?;
    let names = files::databases(&*opfs, |path| opfs.read_head(path))?;
    Ok(names
        .into_iter()
        .map(JsValue::from)
        .collect::<js_sys::Array>()
        .into())
}

fn delete(name: &str) -> Outcome {
    path::check_database_name(name)?;
    let opfs = ensure_opfs()?;
    Ok(JsValue::from_bool(files::delete_database(&*opfs, name)?))
}
