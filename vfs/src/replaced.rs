//! Databases that an import has replaced, kept until the change of names is durable.
//!
//! Used by `files.rs` when it replaces or renames a database, and by `fileset.rs` when one is
//! missing. Names are not durable at once (Chromium: for half a minute), and a name that is moved
//! onto another removes what was there at once. Were the new name lost with the power, both
//! databases would be. So the old one is moved aside first, and a name is never moved onto another.
//! Its side files go with it, and the new one gets files of its own: were all the names lost, the
//! old database must not find a journal of the new one beside it.
//!
//! ```text
//! .anchorite/replaced/<unix ms>/<name>     gets its name back if that is missing
//! .anchorite/retired/<unix ms>/<name>      does not: it was copied to another name
//!
//! replace    name, then its side files → aside ─ new side files ─ temporary → name
//!            the power fails: the names are as of some moment in between
//! restore    the name is missing: what lies aside gets it back, without the new side files
//! clean      the name is there, and lies aside for longer than KEPT_MS: removed
//! ```

use crate::error::Result;
use crate::files;
use crate::fileset::Side;
use crate::hooks;
use crate::mutants::{self, Mutant};
use crate::path::PRIVATE_DIRECTORY;
use crate::storage::{Creation, Storage};

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
    fn parse(kind: &str, path: String) -> Option<Self> {
        let rest = path.strip_prefix(&directory(kind))?.strip_prefix('/')?;
        let (since, name) = rest.split_once('/')?;
        let (since_ms, name) = (since.parse().ok()?, name.to_owned());
        Some(Self {
            path,
            since_ms,
            name,
        })
    }

    /// Whether this is a database of that name.
    fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Whether this is a database of that name, or a side file of one.
    fn belongs_to(&self, name: &str) -> bool {
        self.is(name) || Side::of(&self.name).is_some_and(|(database, _)| database == name)
    }

    fn is_old(&self) -> bool {
        hooks::now_ms().saturating_sub(self.since_ms) > KEPT_MS
    }
}

const REPLACED: &str = "replaced";
const RETIRED: &str = "retired";

fn directory(kind: &str) -> String {
    format!("{PRIVATE_DIRECTORY}/{kind}")
}

fn all(storage: &dyn Storage) -> Result<Vec<Aside>> {
    let paths = storage.list(&directory(REPLACED))?;
    let parse = |path| Aside::parse(REPLACED, path);
    Ok(paths.into_iter().filter_map(parse).collect())
}

/// Gives `name` to the file `temporary`. The side files of `name` are empty, durably, and the
/// caller owns the name.
pub(crate) fn replace(storage: &dyn Storage, temporary: &str, name: &str) -> Result<()> {
    set_aside(storage, name)?;
    for side in Side::ALL {
        let path = format!("{name}{}", side.ending());
        storage.open(&path, Creation::IfMissing)?.close()?;
    }
    storage.rename(temporary, name)
}

/// Moves a database and its side files aside.
fn set_aside(storage: &dyn Storage, name: &str) -> Result<()> {
    let aside = format!("{}/{}", directory(REPLACED), hooks::now_ms());
    let stale_ones_stay =
        mutants::on(Mutant::StaleSideFilesKept) || mutants::on(Mutant::ImportOutOfOrder);
    for ending in ["", Side::Journal.ending(), Side::Wal.ending()] {
        let path = format!("{name}{ending}");
        if (ending.is_empty() || !stale_ones_stay) && storage.exists(&path)? {
            storage.rename(&path, &format!("{aside}/{path}"))?;
        }
    }
    Ok(())
}

/// Moves a database that was copied to another name out of the way.
pub(crate) fn retire(storage: &dyn Storage, name: &str) -> Result<()> {
    let aside = format!("{}/{}/{name}", directory(RETIRED), hooks::now_ms());
    storage.rename(name, &aside)
}

/// Gives a missing database its name back, if it lies aside; the caller owns the name. Side files
/// that are there are those of a database whose name was lost.
pub(crate) fn restore(storage: &dyn Storage, name: &str) -> Result<bool> {
    let mine = all(storage)?.into_iter().filter(|aside| aside.is(name));
    let Some(aside) = mine.max_by_key(|aside| aside.since_ms) else {
        return Ok(false);
    };
    files::empty_side_files(storage, name)?;
    storage.rename(&aside.path, name).map(|()| true)
}

/// Removes what lies aside for `name`, which is about to mean something else; the caller owns it.
/// Another context that has just died may have begun to: what it asked for is still done.
pub(crate) fn forget(storage: &dyn Storage, name: &str) -> Result<()> {
    let mut mine = all(storage)?
        .into_iter()
        .filter(|aside| aside.belongs_to(name));
    mine.try_for_each(|aside| files::delete_if_there(storage, &aside.path).map(drop))
}

/// Removes what is needed no longer of these private files.
pub(crate) fn clean(storage: &dyn Storage, private: &[String]) -> Result<()> {
    let old = |kind| {
        let asides = private.iter().cloned();
        let asides = asides.filter_map(move |path| Aside::parse(kind, path));
        asides.filter(Aside::is_old)
    };
    for aside in old(REPLACED) {
        // Whoever owns a missing name gives it back first; what lies aside then is one too many.
        let remove = || files::delete_if_there(storage, &aside.path).map(drop);
        files::if_unowned(storage, &aside.name, remove)?;
    }
    let mut retired = old(RETIRED);
    retired.try_for_each(|aside| files::delete_if_there(storage, &aside.path).map(drop))
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "sim")]
    use std::rc::Rc;

    use super::*;
    use crate::memory::MemoryStorage;

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
        put(&storage, "dir/a.db-journal", b"");
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
        put(
            &storage,
            "b.db-journal",
            b"of a database whose name was lost",
        );
        assert!(restore(&storage, "a.db").expect("restores"));
        assert_eq!(storage.bytes("a.db"), Some(b"old".to_vec()));
        assert!(!restore(&storage, "c.db").expect("nothing there"));
        clean_all(&storage);
        assert_eq!(storage.bytes("b.db"), Some(b"b".to_vec()));
        assert_eq!(storage.bytes("b.db-journal"), Some(vec![]));
        assert!(storage.list(PRIVATE_DIRECTORY).expect("lists").is_empty());
    }

    #[test]
    #[cfg(feature = "sim")]
    fn what_a_dying_context_has_removed_meanwhile_is_removed() {
        use crate::error::ErrorKind;
        use crate::sim::{Fault, Hook, Image, Medium, SimDisk};

        let disk = SimDisk::with_image(Medium::default(), &Image::default(), false);
        let aside = ".anchorite/replaced/1000/a.db";
        let made = disk.open(aside, Creation::IfMissing).expect("makes");
        made.close().expect("closes");
        let gone: Hook = Rc::new(|operation| {
            let deletes = operation.operation == crate::error::Operation::Delete;
            deletes.then_some(Fault::Fail(ErrorKind::NotFound))
        });
        disk.set_hook(Some(gone));
        forget(&disk, "a.db").expect("it is gone");
    }
}
