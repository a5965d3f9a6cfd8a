//! Connections that were closed because a newer version of this library wants their database; used
//! by `jobs.rs`. A page that was loaded before a deployment and one from after it may be open side
//! by side; the one that is older has to be loaded anew.

use std::cell::RefCell;

use anchorite_engine::Session;
use anchorite_sorted::Map;
use wasm_bindgen::JsValue;

use crate::error::JobError;
use crate::jobs;

thread_local! {
    /// By number, the protocol that wanted what the connection had.
    static OUTDATED: RefCell<Map<u32, u32>> = const { RefCell::new(Map::new()) };
}

/// Closes all connections to a database that are in no transaction and read nothing; answers
/// whether none is left.
pub(crate) fn let_go(database: &str, protocol: u32) -> Result<JsValue, JobError> {
    let is_idle = |it: &Session| !it.in_transaction() && !it.has_open_cursors();
    let is_open = jobs::take_sessions(|it| it.uses(database) && is_idle(it));
    for (number, session) in is_open {
        OUTDATED.with_borrow_mut(|outdated| outdated.insert(number, protocol));
        session.close().map_err(JobError::engine)?;
    }
    Ok(JsValue::from_bool(!jobs::any_session(|it: &Session| {
        it.uses(database)
    })))
}

/// Why there is no connection of this number.
pub(crate) fn why_closed(number: u32) -> JobError {
    match OUTDATED.with_borrow(|outdated| outdated.get(&number).copied()) {
        None => JobError::closed("database"),
        Some(protocol) => JobError::outdated(format!(
            "a newer version of this library (protocol {protocol}, this is {}) has the database \
             now: reload the page",
            anchorite_vfs::protocol()
        )),
    }
}

/// What is gone is closed.
pub(crate) fn close(number: u32) -> Result<JsValue, JobError> {
    match OUTDATED.with_borrow_mut(|outdated| outdated.remove(&number)) {
        None => Err(JobError::closed("database")),
        Some(_) => Ok(JsValue::UNDEFINED),
    }
}
