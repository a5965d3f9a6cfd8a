//! The VFSes of an instance: databases of its own, shared ones, and those used in turn; each
//! registered when it is first asked for. Where the engine cannot suspend, only the first kind, and
//! what it needs is got beforehand.
//!
//! Called by `jobs.rs` and `convert.rs`. It must not know connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anchorite_sorted::Map;
use anchorite_vfs::beforehand::Beforehand;
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::opfs::{Durable, Handles, OpfsStorage};
use anchorite_vfs::{File, Options, Storage, Vfs, VfsError, Wal, register, suspend};

use crate::error::JobError;

/// The name that SQLite knows our VFS by, for databases that no other context has open.
pub(crate) const OPFS_VFS: &str = "anchorite";

/// Serves databases in memory where there is no OPFS.
const MEMORY_VFS: &str = "anchorite-memory";

/// How other contexts may use a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sharing {
    /// Not at all.
    Alone,
    /// At the same time.
    Shared,
    /// In turn.
    HandOver,
}

impl Sharing {
    /// By the name in js/src/protocol.ts.
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "shared" => Self::Shared,
            "hand-over" => Self::HandOver,
            _ => Self::Alone,
        }
    }

    fn vfs(self) -> &'static str {
        match self {
            Self::Alone => OPFS_VFS,
            Self::Shared => "anchorite-shared",
            Self::HandOver => "anchorite-hand-over",
        }
    }
}

/// What an open asks of the VFS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Bytes that temporary files may hold in memory; the first open of an instance decides for
    /// all of its kind.
    pub(crate) temp_memory: Option<u64>,
    pub(crate) sharing: Sharing,
}

#[derive(Default)]
struct Media {
    known: Map<Sharing, (Rc<OpfsStorage>, Vfs)>,
    memory: Option<Vfs>,
    /// Where the engine cannot suspend.
    beforehand: Option<Beforehand>,
    /// Whether nothing is kept that other contexts may want.
    is_withdrawn: bool,
}

thread_local! {
    static MEDIA: RefCell<Media> = RefCell::default();
}

/// Borrows them for a moment; never across anything that may suspend.
fn with_media<T>(work: impl FnOnce(&mut Media) -> T) -> T {
    MEDIA.with(|media| work(&mut media.borrow_mut()))
}

pub(crate) fn durable(opfs: &OpfsStorage) -> &'static str {
    match opfs.durable() {
        Durable::PowerLoss => "power-loss",
        Durable::Process => "process",
    }
}

pub(crate) fn storage_name(handles: Handles) -> &'static str {
    match handles {
        Handles::Sync => "opfs-sync",
        Handles::Async => "opfs-async",
    }
}

/// JavaScript waits for locks (js/src/worker/queue.ts), never SQLite.
fn options(wanted: Wanted) -> Options {
    let default = Options::default();
    Options {
        default: wanted.sharing == Sharing::Alone,
        temp_memory: wanted.temp_memory.unwrap_or(default.temp_memory),
        host_waits: true,
        shares: wanted.sharing != Sharing::Alone,
    }
}

/// The VFS of a connection to a database in memory: what it attaches is a file in OPFS, as with any
/// other connection. Only where there is no OPFS, everything stays in memory.
pub(crate) fn memory_vfs(wanted: Wanted) -> Result<&'static str, JobError> {
    match opfs_vfs(wanted) {
        Ok((vfs, _)) => return Ok(vfs),
        Err(error) if has_missed() => return Err(error),
        Err(_) => {}
    }
    if with_media(|media| media.memory.is_none()) {
        let alone = Wanted {
            sharing: Sharing::Alone,
            ..wanted
        };
        let storage = Rc::new(MemoryStorage::default());
        let vfs = register(MEMORY_VFS, storage, options(alone))?;
        with_media(|media| media.memory = Some(vfs));
    }
    Ok(MEMORY_VFS)
}

/// Finds OPFS, for databases of this context only; also as the medium of their files.
pub(crate) fn ensure_opfs() -> Result<(Rc<OpfsStorage>, Rc<dyn Storage>), JobError> {
    let wanted = Wanted {
        temp_memory: None,
        sharing: Sharing::Alone,
    };
    let (_, opfs) = opfs_vfs(wanted)?;
    let medium = medium(&opfs);
    Ok((opfs, medium))
}

/// What the files of OPFS are opened by.
fn medium(opfs: &Rc<OpfsStorage>) -> Rc<dyn Storage> {
    if suspend::suspends() {
        return opfs.clone();
    }
    let beforehand = with_media(|media| {
        let new = || Beforehand::new(opfs.clone());
        media.beforehand.get_or_insert_with(new).clone()
    });
    Rc::new(beforehand)
}

/// Before each attempt at a job, where the engine cannot suspend.
pub(crate) fn begin() -> Result<(), VfsError> {
    with_media(|media| media.beforehand.clone()).map_or(Ok(()), |it| it.begin())
}

/// Whether an attempt was in vain, for want of something that the host has to wait for.
pub(crate) fn has_missed() -> bool {
    let beforehand = with_media(|media| media.beforehand.clone());
    suspend::is_pending() || beforehand.is_some_and(|it| it.has_missed())
}

/// After the last attempt; `Missed` while the host has to wait.
pub(crate) fn finish() -> Result<(), VfsError> {
    match with_media(|media| media.beforehand.clone()) {
        Some(beforehand) => beforehand.finish(),
        None => {
            suspend::forget_pieces();
            Ok(())
        }
    }
}

/// Refuses what an engine cannot do that does not suspend.
fn check_handles(opfs: &OpfsStorage) -> Result<(), JobError> {
    if suspend::suspends() || opfs.handles() == Handles::Sync {
        return Ok(());
    }
    Err(JobError::cannot_suspend(
        "the files of this context have asynchronous handles only, which the engine \"sync\" \
         cannot wait for: open the database in a dedicated worker, or with another engine",
    ))
}

/// The VFS over OPFS that is asked for: registered once per instance; later it is made sure that
/// OPFS is still there.
pub(crate) fn opfs_vfs(wanted: Wanted) -> Result<(&'static str, Rc<OpfsStorage>), JobError> {
    let sharing = wanted.sharing;
    if sharing != Sharing::Alone && !suspend::suspends() {
        return Err(JobError::cannot_suspend(
            "a database that several contexts use takes locks in the middle of SQL, which the \
             engine \"sync\" cannot wait for: use \"exclusive\" or \"owner\", or another engine",
        ));
    }
    if let Some((opfs, _)) = with_media(|media| media.known.get(&sharing).cloned()) {
        opfs.refresh()?;
        return Ok((sharing.vfs(), opfs));
    }
    let alone = || {
        let sharing = Sharing::Alone;
        opfs_vfs(Wanted { sharing, ..wanted }).map(|(_, opfs)| opfs)
    };
    let opfs = Rc::new(match sharing {
        Sharing::Alone => OpfsStorage::detect()?,
        Sharing::Shared => alone()?.sharing()?,
        Sharing::HandOver => alone()?.handing_over(),
    });
    check_handles(&opfs)?;
    let vfs = register(sharing.vfs(), medium(&opfs), options(wanted))?;
    with_media(|media| {
        vfs.withdraw(media.is_withdrawn);
        media.known.insert(sharing, (opfs.clone(), vfs));
    });
    Ok((sharing.vfs(), opfs))
}

fn known(sharing: Sharing) -> Option<Vfs> {
    with_media(|media| media.known.get(&sharing).map(|(_, vfs)| *vfs))
}

/// A temporary file, for a connection whose database is used by others in this way.
pub(crate) fn temporary(sharing: Sharing) -> Result<Box<dyn File>, JobError> {
    let vfs = known(sharing).or_else(|| with_media(|media| media.memory));
    vfs.map(Vfs::temporary)
        .ok_or_else(|| JobError::closed("database"))
}

/// Those for databases that other contexts may use. Every job asks, so nothing is copied.
fn shared_vfses() -> impl Iterator<Item = Vfs> {
    [Sharing::HandOver, Sharing::Shared]
        .into_iter()
        .filter_map(known)
}

/// A statement is about to write to a database, if other contexts may use it too.
pub(crate) fn reserve(path: &str) -> Result<(), JobError> {
    let reserved = shared_vfses().map(|vfs| vfs.reserve(path));
    Ok(reserved.collect::<Result<(), _>>()?)
}

/// The number of the last commit to a database that is open.
pub(crate) fn sequence(path: &str) -> Result<Option<u32>, JobError> {
    for vfs in shared_vfses().chain(known(Sharing::Alone)) {
        if let Some(number) = vfs.sequence(path)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// How far the WAL of a database has come that is open.
pub(crate) fn wal(path: &str) -> Result<Option<Wal>, JobError> {
    for vfs in shared_vfses().chain(known(Sharing::Alone)) {
        if let Some(wal) = vfs.wal(path)? {
            return Ok(Some(wal));
        }
    }
    Ok(None)
}

/// Learns what other contexts have committed, before a connection is used.
pub(crate) fn refresh() -> Result<(), JobError> {
    let mut all = shared_vfses();
    all.try_for_each(|vfs| vfs.refresh().map_err(JobError::from))
}

/// Whether there are locks that other contexts may want.
pub(crate) fn shares_databases() -> bool {
    shared_vfses().next().is_some()
}

/// Another context wants a lock of this database; if it is shared here, after how long a rest shall
/// follow.
pub(crate) fn wanted(database: &str) -> Option<Duration> {
    shared_vfses().find_map(|vfs| vfs.wanted(database))
}

/// The names of the locks that a checkpoint of a whole WAL takes alone.
pub(crate) fn checkpoint_locks(database: &str) -> Vec<String> {
    shared_vfses()
        .flat_map(|vfs| vfs.checkpoint_locks(database))
        .collect()
}

/// Whether the page may be stopped at any moment.
pub(crate) fn withdraw(withdrawn: bool) {
    with_media(|media| media.is_withdrawn = withdrawn);
    shared_vfses().for_each(|vfs| vfs.withdraw(withdrawn));
}

/// Whether a question that is asked may have to wait for other contexts.
pub(crate) fn may_wait() -> bool {
    shared_vfses().any(Vfs::may_wait)
}

/// Gives back the locks that are only kept because they may be needed again at once.
pub(crate) fn rest() -> Result<(), JobError> {
    shared_vfses().try_for_each(|vfs| vfs.rest().map_err(JobError::from))
}
