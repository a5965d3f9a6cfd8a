//! Databases as files: imports, list, delete, rename.
//!
//! Called by `jobs.rs`. Imports are known to JavaScript by number. What is done with files is in
//! `vfs/src/files.rs`; here SQLite is asked what it says of them.

use std::cell::RefCell;

use anchorite_engine::{OpenOptions, Session};
use anchorite_sorted::Map;
use anchorite_vfs::files::{self, Import};
use anchorite_vfs::{Storage, path};
use wasm_bindgen::JsValue;

use crate::convert::Integers;
use crate::declared;
use crate::error::JobError;
use crate::jobs::Outcome;
use crate::media::{OPFS_VFS, ensure_opfs};
use crate::turns;

#[derive(Default)]
struct State {
    imports: Map<u32, Import>,
    last_number: u32,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Borrows the state for a moment; never across anything that may suspend.
fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| work(&mut state.borrow_mut()))
}

pub(crate) fn import_begin(name: &str, overwrite: bool) -> Outcome {
    path::check_database_name(name)?;
    let import = Import::begin(ensure_opfs()?.1, name, overwrite)?;
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

pub(crate) fn import_append(number: u32, bytes: &[u8]) -> Outcome {
    with_import(number, |import| import.append(bytes))
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

pub(crate) fn import_seal(number: u32) -> Outcome {
    with_import(number, Import::seal)?;
    let import = take_import(number)?;
    let prepare = |session: &mut Session| {
        session.keep_pace(turns::pace())?;
        // Its indexes may be in an order that SQLite does not know.
        declared::install(session, Integers::Auto)
    };
    let checked = Session::check(import.temporary_path(), Some(OPFS_VFS), prepare);
    keep_import(Some(number), import);
    checked
        .map(|()| JsValue::UNDEFINED)
        .map_err(JobError::engine)
}

pub(crate) fn import_finish(number: u32) -> Outcome {
    let import = take_import(number)?;
    let name = import.name().to_owned();
    keep_import(Some(number), import);
    make_whole(&*ensure_opfs()?.1, &name)?;
    with_import(number, Import::finish)?;
    drop(take_import(number)?);
    Ok(JsValue::UNDEFINED)
}

/// Before a database is replaced, removed or renamed it is made whole by itself: opened and closed,
/// which works in its WAL or hot journal, so that at every instant the old one or the new one is
/// there. What is wrong with its content is no obstacle.
pub(crate) fn make_whole(medium: &dyn Storage, name: &str) -> Result<(), JobError> {
    if !medium.exists(name)? || !files::has_side_files(medium, name)? {
        return Ok(());
    }
    let opened = Session::open(name, Some(OPFS_VFS), &OpenOptions::default());
    match opened.and_then(Session::close) {
        Err(error) if !["SQLITE_NOTADB", "SQLITE_CORRUPT"].contains(&error.code) => {
            Err(JobError::opening(error))
        }
        _ => Ok(()),
    }
}

pub(crate) fn import_abandon(number: u32) -> Outcome {
    with_import(number, Import::abandon)?;
    take_import(number).map(|_| JsValue::UNDEFINED)
}

pub(crate) fn list() -> Outcome {
    let (opfs, medium) = ensure_opfs()?;
    let names = files::databases(&*medium, |path| opfs.read_head(path))?;
    Ok(names
        .into_iter()
        .map(JsValue::from)
        .collect::<js_sys::Array>()
        .into())
}

pub(crate) fn delete(name: &str) -> Outcome {
    path::check_database_name(name)?;
    let (_, medium) = ensure_opfs()?;
    make_whole(&*medium, name)?;
    Ok(JsValue::from_bool(files::delete_database(&*medium, name)?))
}

pub(crate) fn rename(from: &str, to: &str) -> Outcome {
    path::check_database_name(from)?;
    path::check_database_name(to)?;
    let (_, medium) = ensure_opfs()?;
    make_whole(&*medium, from)?;
    let renamed = files::rename_database(&*medium, from, to);
    renamed.map(|()| JsValue::UNDEFINED).map_err(JobError::from)
}
