//! Commits that JavaScript has not heard of yet; filled by `jobs.rs` after each use of a session.
//!
//! That a commit was made, and its number, is what the VFS saw; what it may have changed is what
//! the engine knows. Where the two do not meet, anything may have changed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anchorite_engine::{Session, Tables};
use anchorite_vfs::Commits;
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::convert;

/// Commits of one connection to one database.
struct Made {
    session: u32,
    commits: Commits,
    tables: Tables,
}

thread_local! {
    static MADE: RefCell<Vec<Made>> = const { RefCell::new(Vec::new()) };
}

/// Notes what a connection has committed.
pub(crate) fn note(session: u32, connection: &Session) {
    let all = anchorite_vfs::take_commits();
    if all.is_empty() {
        drop(connection.take_changes());
        return;
    }
    // Without the names, anything may have changed.
    let changed = connection.take_changed_files().unwrap_or_default();
    MADE.with_borrow_mut(|made| made.extend(all.into_iter().map(|it| join(session, it, &changed))));
}

fn join(session: u32, commits: Commits, changed: &BTreeMap<String, Tables>) -> Made {
    let tables = changed.get(&commits.database).cloned();
    Made {
        session,
        commits,
        tables: tables.unwrap_or(Tables::All),
    }
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
        let tables = match made.tables {
            Tables::All => JsValue::UNDEFINED,
            Tables::Named(names) => names.iter().map(JsValue::from).collect::<Array>().into(),
        };
        convert::object(&[
            ("session", made.session.into()),
            ("database", made.commits.database.into()),
            ("first", made.commits.first.into()),
            ("last", made.commits.last.into()),
            ("walBytes", (made.commits.wal_bytes as f64).into()),
            ("tables", tables),
        ])
    }
}
