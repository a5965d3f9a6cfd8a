//! Databases that an import has replaced, kept until the change of names is durable.
//!
//! Used by `files.rs` when it replaces a database, and by `database.rs` when one is missing.
//! Names are not durable at once (Chromium: for half a minute), and a name that is moved onto
//! another removes what was there at once. Were the new name lost with the power, both databases
//! would be. So the old one is moved aside first, and a name is never moved onto another.
//!
//! ```text
//! .anchorite/replaced/<unix ms>/<name>
//!
//! replace    name → aside ─ temporary → name
//!            the power fails: the names are as of before, between or after the two
//! restore    the name is missing: what lies aside gets it back
//! clean      the name is there, and lies aside for longer than KEPT_MS: removed
//! ```

use crate::error::Result;
use crate::files;
use crate::hooks;
use crate::path::PRIVATE_DIRECTORY;
use crate::storage::Storage;

/// Names are durable long before: twice what Chromium takes.
const KEPT_MS: i64 = 60_000;

/// A database that lies aside.
#[derive(Debug, PartialEq, Eq)]
struct Aside {
    path: String,
    since_ms: i64,
    name: String,
}

impl Aside {
    fn parse(path: String) -> Option<Self> {
        let rest = path.strip_prefix(&directory())?.strip_prefix('/')?;
        let (since, name) = rest.split_once('/')?;
        let (since_ms, name) = (since.parse().ok()?, name.to_owned());
        Some(Self {
            path,
            since_ms,
            name,
        })
    }
}

fn directory() -> String {
    format!("{PRIVATE_DIRECTORY}/replaced")
}

fn all(storage: &dyn Storage) -> Result<Vec<Aside>> {
    let paths = storage.list(&directory())?;
    Ok(paths.into_iter().filter_map(Aside::parse).collect())
}

/// Gives `name` to the file `temporary`; the caller owns the name.
pub(crate) fn replace(storage: &dyn Storage, temporary: &str, name: &str) -> Result<()> {
    if storage.exists(name)? {
        let aside = format!("{}/{}/{name}", directory(), hooks::now_ms());
        storage.rename(name, &aside)?;
    }
    storage.rename(temporary, name)
}

/// Gives a missing database its name back, if it lies aside; the caller owns the name.
pub(crate) fn restore(storage: &dyn Storage, name: &str) -> Result<bool> {
    let mine = all(storage)?.into_iter().filter(|aside| aside.name == name);
    match mine.max_by_key(|aside| aside.since_ms) {
        Some(aside) => storage.rename(&aside.path, name).map(|()| true),
        None => Ok(false),
    }
}

/// Removes what lies aside for `name`, which is about to mean something else; the caller owns it.
pub(crate) fn forget(storage: &dyn Storage, name: &str) -> Result<()> {
    let mut mine = all(storage)?.into_iter().filter(|aside| aside.name == name);
    mine.try_for_each(|aside| storage.delete(&aside.path))
}

/// Removes what is needed no longer of these private files.
pub(crate) fn clean(storage: &dyn Storage, private: &[String]) -> Result<()> {
    let is_old = |aside: &Aside| hooks::now_ms().saturating_sub(aside.since_ms) > KEPT_MS;
    let asides = private.iter().cloned().filter_map(Aside::parse);
    for aside in asides.filter(is_old) {
        // Whoever owns a missing name gives it back first; what lies aside then is one too many.
        let remove = || files::delete_if_there(storage, &aside.path).map(drop);
        files::if_unowned(storage, &aside.name, remove)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStorage;
    use crate::storage::Creation;

    fn put(storage: &MemoryStorage, path: &str, bytes: &[u8]) {
        let opened = storage.open(path, Creation::IfMissing);
        opened.expect("opens").write(bytes, 0).expect("writes");
    }

    fn clean_all(storage: &MemoryStorage) {
        let private = storage.list(PRIVATE_DIRECTORY).expect("lists");
        clean(storage, &private).expect("cleans");
    }

    #[test]
    fn a_replaced_database_lies_aside_until_its_name_is_durable() {
        let storage = MemoryStorage::default();
        put(&storage, "dir/a.db", b"old");
        put(&storage, ".anchorite/new-1-2", b"new");
        replace(&storage, ".anchorite/new-1-2", "dir/a.db").expect("replaces");
        assert_eq!(storage.bytes("dir/a.db"), Some(b"new".to_vec()));
        clean_all(&storage);
        let aside = all(&storage).expect("lists");
        assert_eq!(
            storage.bytes(&aside[0].path),
            Some(b"old".to_vec()),
            "too early"
        );
        put(&storage, ".anchorite/replaced/1000/dir/a.db", b"older");
        clean_all(&storage);
        assert_eq!(all(&storage).expect("lists"), aside);
    }

    #[test]
    fn a_database_that_lost_its_name_gets_it_back_whenever_that_is_seen() {
        let storage = MemoryStorage::default();
        put(&storage, ".anchorite/replaced/1000/a.db", b"older");
        put(&storage, ".anchorite/replaced/2000/a.db", b"old");
        put(&storage, ".anchorite/replaced/3000/b.db", b"b");
        assert!(restore(&storage, "a.db").expect("restores"));
        assert_eq!(storage.bytes("a.db"), Some(b"old".to_vec()));
        assert!(!restore(&storage, "c.db").expect("nothing there"));
        clean_all(&storage);
        assert_eq!(storage.bytes("b.db"), Some(b"b".to_vec()));
        assert_eq!(storage.list("").expect("lists"), ["a.db", "b.db"]);
    }
}
