//! The VFS over OPFS as SQLite's default, and databases that are open beforehand.
//!
//! Called by applications, by [`install`], and by `job.rs` before each piece of work. It must not
//! know how anything waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anchorite_vfs::opfs::{Handles, OpfsStorage};
use anchorite_vfs::{Creation, Kept, Vfs, register};

use crate::error::Error;
use crate::job;
use crate::nowhere::Nowhere;

/// The name that SQLite knows the VFS by.
const NAME: &str = "anchorite";

thread_local! {
    static VFS: Cell<Option<(Vfs, Handles)>> = const { Cell::new(None) };
    static KEPT: RefCell<Option<Vec<Kept>>> = const { RefCell::new(None) };
}

/// What [`install`] makes ready.
///
/// ```no_run
/// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
/// let options = anchorite::Options {
///     files: vec!["notes.db".into(), "archive/2026.db".into()],
///     ..anchorite::Options::default()
/// };
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The databases to open, by their paths in OPFS; none by default.
    pub files: Vec<String>,
    /// Whether those that are not there are made, as empty ones; they are by default.
    pub create: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            create: true,
        }
    }
}

/// Makes OPFS the file system of SQLite, and opens databases for as long as this worker lives:
/// from then on plain rusqlite works on those anywhere, and nothing in it ever waits.
///
/// No other tab or worker can open them meanwhile. Where SQLite would have to wait for a lock, it
/// says `SQLITE_BUSY` at once. Any other database has to be opened, used and closed inside of
/// [`run`](crate::run). Temporary files stay in memory up to 64 MiB; beyond that they need
/// [`run`](crate::run), too.
///
/// # Errors
/// - `ALREADY_INSTALLED` if it was called before;
/// - `OPFS_UNAVAILABLE` where the browser has no file system for this origin, or refuses it;
/// - `NO_SYNC_HANDLES` if files are named, in a context that can open none beforehand: all but
///   dedicated workers;
/// - `INVALID_NAME` for a path that names no database;
/// - `SQLITE_CANTOPEN` for one that is not there, without `create`;
/// - `SQLITE_BUSY` while another context has one of them;
/// - `ENGINE_FAILED` as [`run`](crate::run).
///
/// After an error none of them is open, and it may be called again.
///
/// ```no_run
/// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
/// # async fn example() -> Result<(), anchorite::Error> {
/// use anchorite::rusqlite::Connection;
///
/// anchorite::install(anchorite::Options {
///     files: vec!["notes.db".into()],
///     ..Default::default()
/// })
/// .await?;
/// let db = Connection::open("notes.db")?;
/// db.pragma_update(None, "journal_mode", "wal")?;
/// # Ok(())
/// # }
/// ```
pub async fn install(options: Options) -> Result<(), Error> {
    job::start(move || open(&options)).await?
}

fn open(options: &Options) -> Result<(), Error> {
    if KEPT.with_borrow(Option::is_some) {
        let message = "anchorite::install was called before in this context: name all files there";
        return Err(Error::new("ALREADY_INSTALLED", message));
    }
    let (vfs, handles) = vfs()?;
    if handles == Handles::Async && !options.files.is_empty() {
        let message = "files can be opened beforehand in a dedicated worker only: move this to \
                       one, or use the database inside of anchorite::run";
        return Err(Error::new("NO_SYNC_HANDLES", message));
    }
    let mut kept = Vec::new();
    let creation = match options.create {
        true => Creation::IfMissing,
        false => Creation::Never,
    };
    for file in &options.files {
        match vfs.keep(file, creation) {
            Ok(database) => kept.push(database),
            Err(error) => {
                let closed = kept.into_iter().map(Kept::let_go);
                let closed = closed.fold(Ok(()), Result::and);
                return closed.and(Err(error)).map_err(Error::from);
            }
        }
    }
    KEPT.set(Some(kept));
    Ok(())
}

/// Until there is a VFS, no file can be opened.
pub(crate) fn refuse_files() -> Result<(), Error> {
    let options = anchorite_vfs::Options {
        default: true,
        ..anchorite_vfs::Options::default()
    };
    register("anchorite-nowhere", Rc::new(Nowhere), options)?;
    Ok(())
}

/// The VFS, registered when it is first asked for.
pub(crate) fn vfs() -> Result<(Vfs, Handles), Error> {
    if let Some(known) = VFS.get() {
        return Ok(known);
    }
    let storage = OpfsStorage::detect()?;
    let handles = storage.handles();
    let options = anchorite_vfs::Options {
        default: true,
        ..anchorite_vfs::Options::default()
    };
    let vfs = register(NAME, Rc::new(storage), options)?;
    vfs.clean()?;
    VFS.set(Some((vfs, handles)));
    Ok((vfs, handles))
}
