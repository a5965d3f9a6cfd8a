//! What JavaScript has not heard of yet: commits, and what has changed for one connection alone;
//! filled by `jobs.rs` after each use of a session.
//!
//! That a commit was made, and its number, is what the VFS saw; what it may have changed is what
//! the engine knows. Where the VFS saw one and the engine none, anything may have changed. What
//! only the engine knows of is told of the connection: temporary tables, databases in memory, what
//! was rolled back after the connection has seen it.

use std::cell::RefCell;

use anchorite_engine::{Changed, Session, Tables};
use anchorite_vfs::Commits;
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::convert;

/// What one connection has done.
enum Made {
    /// Commits to one database.
    Commits(u32, Commits, Tables),
    /// Something that is another for it alone.
    Own(u32, Changed),
}

thread_local! {
    static MADE: RefCell<Vec<Made>> = const { RefCell::new(Vec::new()) };
}

/// Notes what a connection has changed.
pub(crate) fn note(session: u32, connection: &Session) {
    let all = anchorite_vfs::take_commits();
    // Without the names, anything may have changed.
    let changed = connection.take_changed().unwrap_or_default();
    if all.is_empty() && changed.is_empty() {
        return;
    }
    let is_seen = |it: &Changed| all.iter().any(|commits| commits.database == it.path);
    let (seen, own): (Vec<_>, Vec<_>) = changed.into_iter().partition(is_seen);
    let commits = all.into_iter().map(|it| join(session, it, &seen));
    let own = own.into_iter().map(|it| Made::Own(session, it));
    MADE.with_borrow_mut(|made| made.extend(commits.chain(own)));
}

/// One file may be open under several names.
fn join(session: u32, commits: Commits, changed: &[Changed]) -> Made {
    let mut its = changed.iter().filter(|it| it.path == commits.database);
    let tables = match (its.next(), its.next()) {
        (Some(one), None) => one.tables.clone(),
        _ => Tables::All,
    };
    Made::Commits(session, commits, tables)
}

/// What `lib.rs` promises of `take_commits`.
pub(crate) fn take() -> JsValue {
    let made = MADE.take();
    if made.is_empty() {
        return JsValue::UNDEFINED;
    }
    made.into_iter()
        .map(JsValue::from)
        .collect::<Array>()
        .into()
}

impl From<Made> for JsValue {
    #[expect(clippy::cast_precision_loss, reason = "a size in OPFS, below 2^53")]
    fn from(made: Made) -> Self {
        match made {
            Made::Commits(session, commits, tables) => convert::object(&[
                ("session", session.into()),
                ("database", commits.database.into()),
                ("first", commits.first.into()),
                ("last", commits.last.into()),
                ("walBytes", (commits.wal_bytes as f64).into()),
                ("tables", names(tables)),
            ]),
            Made::Own(session, changed) => convert::object(&[
                ("session", session.into()),
                ("schema", changed.database.to_ascii_lowercase().into()),
                ("tables", names(changed.tables)),
            ]),
        }
    }
}

fn names(tables: Tables) -> JsValue {
    match tables {
        Tables::All => JsValue::UNDEFINED,
        Tables::Named(names) => names.iter().map(JsValue::from).collect::<Array>().into(),
    }
}
