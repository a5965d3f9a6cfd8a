//! Whole databases as files: list, delete, and the import that never leaves a half one behind.
//!
//! Called by `crates/wasm`. Works on the [`Storage`] seam alone. The caller makes a database whole
//! by itself (opens and closes it, so that its WAL or hot journal is worked in) before it is
//! replaced, removed or renamed, and checks what is imported between [`Import::seal`] and
//! [`Import::finish`].
//!
//! ```text
//! begin ── append* ── seal ── (caller checks the temporary file) ── finish
//!   temporary file in .anchorite/     synced, closed                  side files emptied and
//!                                                                     flushed, then renamed
//! killed before the old one is moved aside: the old database, and a temporary file that a later
//!                                           import removes
//! killed after that:                        the old or the new database (replaced.rs)
//! ```
//!
//! Side files are emptied and flushed before a name changes, because a name may change back when
//! the power fails: then a journal or WAL would lie beside a database it does not belong to.

use std::fmt;
use std::rc::Rc;

use anchorite_sorted::Set;

use crate::beforehand;
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::hooks;
use crate::mutants::{self, Mutant};
use crate::path::{PRIVATE_DIRECTORY, SIDE_FILES};
use crate::replaced;
use crate::storage::{Creation, File, Ownership, Storage};

/// The first bytes of every SQLite database; source: <https://sqlite.org/fileformat2.html>.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What begins the name of content that is to replace a file: an import, or what an asynchronous
/// handle syncs.
pub(crate) const IMPORT_PREFIX: &str = "new";

/// Bytes copied at once.
const COPY_SIZE: usize = 1024 * 1024;

/// A temporary file this old was left behind by a context that died.
const ABANDONED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// The names of all SQLite databases of a medium, sorted. One that lies aside (replaced.rs) is
/// missing until it is opened.
///
/// Files that are not SQLite databases, side files and our private ones are left out.
/// `read_head` reads the first 16 bytes of a file, which may be open elsewhere.
///
/// # Errors
/// When the medium cannot be read.
pub fn databases(
    storage: &dyn Storage,
    read_head: impl Fn(&str) -> Result<Vec<u8>>,
) -> Result<Vec<String>> {
    let mut names = Set::new();
    for path in storage.list("")? {
        if crate::path::check_database_name(&path).is_err() {
            continue;
        }
        match read_head(&path) {
            Ok(head) if head == MAGIC => drop(names.insert(path)),
            Ok(_) => {}
            // Removed since it was listed.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names.into_iter().collect())
}

/// Removes a database that is whole by itself, and its side files; `false` if there was none.
///
/// # Errors
/// `Busy` while it is open anywhere.
pub fn delete_database(storage: &dyn Storage, name: &str) -> Result<bool> {
    owning(storage, name, || {
        empty_side_files(storage, name)?;
        replaced::forget(storage, name)?;
        let existed = delete_if_there(storage, name)?;
        delete_side_files(storage, name)?;
        Ok(existed)
    })
}

/// Gives a database that is whole by itself another name, by a copy: were the file moved and the
/// change of names lost with the power, a journal of the new name would lie beside nothing and
/// the file without it under the old name.
///
/// # Errors
/// `NotFound`; `Exists` if there is one of the new name; `Busy` while either is open anywhere;
/// `Full` where there is no room for both.
pub fn rename_database(storage: &dyn Storage, from: &str, to: &str) -> Result<()> {
    let rename = || {
        if storage.exists(to)? {
            return Err(taken(to, "choose another name"));
        }
        if side_files_hold(storage, from)? {
            let message = format!("the journal or WAL of {from:?} holds a transaction");
            return Err(VfsError::new(ErrorKind::Busy, Operation::Rename, message));
        }
        let temporary = private_path(IMPORT_PREFIX)?;
        if let Err(error) = copy(storage, from, &temporary) {
            return delete_if_there(storage, &temporary).and(Err(error));
        }
        empty_side_files(storage, to)?;
        replaced::replace(storage, &temporary, to)?;
        replaced::forget(storage, from)?;
        replaced::retire(storage, from)?;
        delete_side_files(storage, from)
    };
    owning(storage, from, || owning(storage, to, rename))
}

/// Copies a file and syncs the copy.
fn copy(storage: &dyn Storage, from: &str, to: &str) -> Result<()> {
    let mut source = storage.open(from, Creation::Never)?;
    let copied = storage
        .open(to, Creation::IfMissing)
        .and_then(|mut target| {
            let copied = copy_bytes(&mut *source, &mut *target);
            target.close().and(copied)
        });
    source.close().and(copied)
}

fn copy_bytes(source: &mut dyn File, target: &mut dyn File) -> Result<()> {
    let mut buffer = vec![0; COPY_SIZE];
    let mut offset = 0;
    loop {
        let count = source.read(&mut buffer, offset)?;
        if count == 0 {
            return target.sync();
        }
        target.write(&buffer[..count], offset)?;
        offset += count as u64;
    }
}

/// Whether a journal or WAL beside a database holds anything.
///
/// # Errors
/// `Busy` at once while it is open anywhere, also in this instance: whoever does not own a
/// database does not touch its files.
pub fn has_side_files(storage: &dyn Storage, name: &str) -> Result<bool> {
    owning(storage, name, || side_files_hold(storage, name))
}

fn side_files_hold(storage: &dyn Storage, name: &str) -> Result<bool> {
    for ending in SIDE_FILES {
        if let Some(mut file) = open_if_there(storage, &format!("{name}{ending}"))? {
            let size = file.size();
            file.close()?;
            if size? > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Makes sure that no journal or WAL is taken for one of the file that will have this name.
pub(crate) fn empty_side_files(storage: &dyn Storage, name: &str) -> Result<()> {
    for ending in SIDE_FILES {
        if let Some(file) = open_if_there(storage, &format!("{name}{ending}"))? {
            empty(file)?;
        }
    }
    Ok(())
}

/// Empties a file durably, and closes it.
pub(crate) fn empty(mut file: Box<dyn File>) -> Result<()> {
    let emptied = file.truncate(0).and_then(|()| file.sync());
    file.close().and(emptied)
}

fn open_if_there(storage: &dyn Storage, path: &str) -> Result<Option<Box<dyn File>>> {
    match storage.open(path, Creation::Never) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn delete_side_files(storage: &dyn Storage, name: &str) -> Result<()> {
    for ending in SIDE_FILES {
        delete_if_there(storage, &format!("{name}{ending}"))?;
    }
    Ok(())
}

pub(crate) fn delete_if_there(storage: &dyn Storage, path: &str) -> Result<bool> {
    match storage.delete(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Runs `work` as the owner of `name`, and gives the ownership back whatever comes of it.
fn owning<T>(storage: &dyn Storage, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let ownership = storage.acquire(name)?;
    let outcome = restored(storage, name).and_then(|()| work());
    let released = ownership.release();
    let value = outcome?;
    released.map(|()| value)
}

/// Before anything is done with a name: a database that lost it gets it back.
fn restored(storage: &dyn Storage, name: &str) -> Result<()> {
    if crate::path::check_database_name(name).is_err() || storage.exists(name)? {
        return Ok(());
    }
    replaced::restore(storage, name).map(drop)
}

/// As [`owning`], or not at all if somebody else owns the name.
pub(crate) fn if_unowned(
    storage: &dyn Storage,
    name: &str,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    match owning(storage, name, work) {
        Err(error) if error.kind == ErrorKind::Busy => Ok(()),
        outcome => outcome,
    }
}

/// A database that is coming in, piece by piece, under a temporary name.
pub struct Import {
    storage: Rc<dyn Storage>,
    name: String,
    overwrite: bool,
    temporary: String,
    open: Option<(Box<dyn File>, Box<dyn Ownership>)>,
    size: u64,
}

impl fmt::Debug for Import {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Import({:?} as {:?}, {} B)",
            self.name, self.temporary, self.size
        )
    }
}

impl Import {
    /// Opens a temporary file for a database that shall be called `name` (a checked name).
    ///
    /// # Errors
    /// `Exists` if there is one of that name and `overwrite` is false.
    pub fn begin(storage: Rc<dyn Storage>, name: &str, overwrite: bool) -> Result<Self> {
        refuse_existing(&*storage, name, overwrite)?;
        remove_abandoned(&*storage)?;
        let temporary = private_path(IMPORT_PREFIX)?;
        let ownership = storage.acquire(&temporary)?;
        let file = match storage.open(&temporary, Creation::IfMissing) {
            Ok(file) => file,
            Err(error) => return Err(release_after(ownership, error)),
        };
        let name = name.to_owned();
        Ok(Self {
            storage,
            name,
            overwrite,
            temporary,
            open: Some((file, ownership)),
            size: 0,
        })
    }

    /// Where the content lies until [`finish`](Self::finish).
    #[must_use]
    pub fn temporary_path(&self) -> &str {
        &self.temporary
    }

    /// The name the database will have.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds the next bytes of the file.
    ///
    /// # Errors
    /// `NotADatabase` if the first piece does not begin as an SQLite file does; `Full`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let offset = self.size;
        self.file()?.write(bytes, offset)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Checks the header, makes the bytes durable and closes the temporary file; once.
    ///
    /// # Errors
    /// `NotADatabase` when the header or the size is not that of a database.
    pub fn seal(&mut self) -> Result<()> {
        if self.open.is_none() {
            return Ok(());
        }
        let mut header = [0; 100];
        let size = self.size;
        let count = self.file()?.read(&mut header, 0)?;
        check_header(&self.name, &header[..count], size)?;
        if !mutants::on(Mutant::ImportUnflushed) {
            self.file()?.sync()?;
        }
        self.close()
    }

    /// Puts the sealed file in place of the database, as its owner.
    ///
    /// # Errors
    /// `Busy` while the database is open anywhere: the import stays sealed, and this may be
    /// called again. `Exists` as in [`begin`](Self::begin).
    pub fn finish(&mut self) -> Result<()> {
        let Self {
            storage,
            name,
            temporary,
            ..
        } = &*self;
        owning(&**storage, name, || {
            refuse_existing(&**storage, name, self.overwrite)?;
            if mutants::on(Mutant::ImportOutOfOrder) {
                replaced::replace(&**storage, temporary, name)?;
                return empty_side_files(&**storage, name);
            }
            if !mutants::on(Mutant::StaleSideFilesKept) {
                empty_side_files(&**storage, name)?;
            }
            replaced::replace(&**storage, temporary, name)
        })
    }

    /// Gives up and removes the temporary file; it may be called again after an error.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn abandon(&mut self) -> Result<()> {
        self.close()?;
        delete_if_there(&*self.storage, &self.temporary).map(drop)
    }

    fn file(&mut self) -> Result<&mut Box<dyn File>> {
        let sealed = || VfsError::new(ErrorKind::Io, Operation::Write, "the import is sealed");
        self.open.as_mut().map(|(file, _)| file).ok_or_else(sealed)
    }

    fn close(&mut self) -> Result<()> {
        let Some((file, ownership)) = self.open.take() else {
            return Ok(());
        };
        let closed = file.close();
        ownership.release()?;
        closed
    }
}

/// Gives an ownership back after `error`, which stays the error to report.
fn release_after(ownership: Box<dyn Ownership>, error: VfsError) -> VfsError {
    match ownership.release() {
        Ok(()) => error,
        Err(second) => {
            let message = format!("{error}; then: {second}");
            VfsError::new(error.kind, error.operation, message)
        }
    }
}

fn refuse_existing(storage: &dyn Storage, name: &str, overwrite: bool) -> Result<()> {
    if overwrite || !storage.exists(name)? {
        return Ok(());
    }
    Err(taken(name, "pass overwrite to replace it"))
}

fn taken(name: &str, remedy: &str) -> VfsError {
    let message = format!("there is a database {name:?} already; {remedy}");
    VfsError::new(ErrorKind::Exists, Operation::Rename, message)
}

/// `.anchorite/<prefix>-<unix ms>-<16 hex digits>`: a file of our own that nobody else uses.
pub(crate) fn private_path(prefix: &str) -> Result<String> {
    beforehand::same_name(|| {
        let mut random = [0; 8];
        hooks::randomness(&mut random)?;
        let random = u64::from_le_bytes(random);
        Ok(format!(
            "{PRIVATE_DIRECTORY}/{prefix}-{}-{random:016x}",
            hooks::now_ms()
        ))
    })
}

/// Removes temporary files that are old and that nobody owns.
fn remove_abandoned(storage: &dyn Storage) -> Result<()> {
    let paths = storage.list(PRIVATE_DIRECTORY)?;
    remove_unowned(storage, paths.iter().filter(|path| is_abandoned(path)))?;
    replaced::clean(storage, &paths)
}

/// Removes those of these private files that nobody owns.
pub(crate) fn remove_unowned<'path>(
    storage: &dyn Storage,
    paths: impl Iterator<Item = &'path String>,
) -> Result<()> {
    for path in paths {
        if_unowned(storage, path, || delete_if_there(storage, path).map(drop))?;
    }
    Ok(())
}

fn is_abandoned(path: &str) -> bool {
    let rest = path.strip_prefix(PRIVATE_DIRECTORY).and_then(|rest| {
        rest.strip_prefix('/')?
            .strip_prefix(IMPORT_PREFIX)?
            .strip_prefix('-')
    });
    let started_ms = rest.and_then(|rest| rest.split('-').next()?.parse::<i64>().ok());
    started_ms.is_some_and(|started| hooks::now_ms().saturating_sub(started) > ABANDONED_AFTER_MS)
}

/// The header's promises that need no SQLite to check: magic, page size, at least one page.
fn check_header(name: &str, header: &[u8], size: u64) -> Result<()> {
    let refuse = |why: &str| {
        let message = format!("what should become {name:?} is not an SQLite database: {why}");
        Err(VfsError::new(
            ErrorKind::NotADatabase,
            Operation::Write,
            message,
        ))
    };
    if header.len() < 100 {
        return refuse(&format!("it has {size} bytes, less than a header"));
    }
    if &header[..16] != MAGIC {
        return refuse("it does not begin with \"SQLite format 3\"");
    }
    // Two bytes, big-endian; 1 stands for 65536.
    let page_size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65536,
        size => u64::from(size),
    };
    if page_size < 512 || !page_size.is_power_of_two() {
        return refuse(&format!("its header says a page size of {page_size}"));
    }
    if size < page_size {
        return refuse("it is shorter than its first page");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStorage;

    fn database_bytes(fill: u8) -> Vec<u8> {
        let mut bytes = vec![fill; 1024];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&[2, 0]);
        bytes
    }

    fn put(storage: &MemoryStorage, path: &str, bytes: &[u8]) {
        let mut file = storage
            .open(path, Creation::IfMissing)
            .expect("memory opens");
        file.write(bytes, 0).expect("memory writes");
    }

    fn import(storage: &MemoryStorage, name: &str, bytes: &[u8], overwrite: bool) -> Result<()> {
        let mut import = Import::begin(Rc::new(storage.clone()), name, overwrite)?;
        let outcome = import.append(bytes).and_then(|()| import.seal());
        match outcome.and_then(|()| import.finish()) {
            Ok(()) => Ok(()),
            Err(error) => import.abandon().and(Err(error)),
        }
    }

    #[test]
    fn an_import_replaces_the_database_and_empties_its_side_files() {
        let storage = MemoryStorage::default();
        put(&storage, "a.db", &database_bytes(1));
        put(&storage, "a.db-journal", b"stale");
        import(&storage, "a.db", &database_bytes(2), true).expect("imports");
        assert_eq!(storage.bytes("a.db"), Some(database_bytes(2)));
        assert_eq!(storage.bytes("a.db-journal"), Some(vec![]));
        assert!(delete_database(&storage, "a.db").expect("deletes the new one and the old one"));
        assert!(storage.list("").expect("lists").is_empty());
    }

    #[test]
    fn a_renamed_database_leaves_nothing_behind_and_finds_nothing_stale() {
        let storage = MemoryStorage::default();
        put(&storage, "a.db", &database_bytes(1));
        put(&storage, "a.db-wal", b"");
        put(&storage, "b.db-journal", b"stale");
        rename_database(&storage, "a.db", "b.db").expect("renames");
        assert_eq!(storage.bytes("b.db"), Some(database_bytes(1)));
        assert_eq!(storage.bytes("b.db-journal"), Some(vec![]));
        assert_eq!(storage.bytes("a.db"), None);
        assert_eq!(storage.bytes("a.db-wal"), None);
        put(&storage, "c.db", &database_bytes(2));
        let taken = rename_database(&storage, "b.db", "c.db").expect_err("taken");
        assert_eq!(taken.kind, ErrorKind::Exists);
        assert_eq!(storage.bytes("c.db"), Some(database_bytes(2)));
    }

    #[test]
    fn a_refused_import_leaves_everything_as_it_was() {
        let storage = MemoryStorage::default();
        put(&storage, "a.db", &database_bytes(1));
        let foreign = import(&storage, "a.db", &[b'x'; 4096], true).expect_err("foreign");
        assert_eq!(foreign.kind, ErrorKind::NotADatabase);
        let empty = import(&storage, "a.db", b"", true).expect_err("empty");
        assert_eq!(empty.kind, ErrorKind::NotADatabase);
        let existing = import(&storage, "a.db", &database_bytes(2), false).expect_err("exists");
        assert_eq!(existing.kind, ErrorKind::Exists);
        assert_eq!(storage.bytes("a.db"), Some(database_bytes(1)));
        assert_eq!(storage.list("").expect("lists"), ["a.db"]);
    }

    #[test]
    fn a_busy_database_is_not_replaced_until_it_is_free() {
        let storage = MemoryStorage::default();
        put(&storage, "a.db", &database_bytes(1));
        let owner = storage.acquire("a.db").expect("free");
        let mut import = Import::begin(Rc::new(storage.clone()), "a.db", true).expect("begins");
        import.append(&database_bytes(2)).expect("appends");
        import.seal().expect("seals");
        assert_eq!(import.finish().expect_err("busy").kind, ErrorKind::Busy);
        owner.release().expect("releases");
        import.finish().expect("free now");
        assert_eq!(storage.bytes("a.db"), Some(database_bytes(2)));
    }

    #[test]
    fn abandoned_imports_are_removed_and_running_ones_are_not() {
        let storage = MemoryStorage::default();
        put(&storage, ".anchorite/new-1000-0123456789abcdef", b"old");
        let young = format!(".anchorite/new-{}-0", hooks::now_ms());
        put(&storage, &young, b"young");
        import(&storage, "a.db", &database_bytes(1), false).expect("imports");
        let private = storage.list(PRIVATE_DIRECTORY).expect("lists");
        assert_eq!(private, [young]);
    }

    #[test]
    fn deleting_takes_the_side_files_along() {
        let storage = MemoryStorage::default();
        put(&storage, "a.db", &database_bytes(1));
        put(&storage, "a.db-wal", b"frames");
        assert!(delete_database(&storage, "a.db").expect("deletes"));
        assert!(!delete_database(&storage, "a.db").expect("nothing there"));
        assert!(storage.list("").expect("lists").is_empty());
    }
}
