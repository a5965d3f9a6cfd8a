//! Deliberate faults in the shipped VFS, which the tests must find; nothing without feature `sim`.
//!
//! Switched on by the torture run, asked at the few places that they spoil. Without the feature
//! the question is a constant `false` and the places compile to nothing.

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// xSync succeeds without syncing.
    FlushDoesNothing,
    /// The journal is synced after the database instead of before.
    JournalSyncedLate,
    /// Every lock on the main file is granted.
    LockAlwaysSucceeds,
    /// Every slot of the wal-index is granted.
    ShmLockAlwaysSucceeds,
    /// Half of each page is written and success is reported.
    ShortWriteIgnored,
    /// A journal that is emptied is not flushed.
    DeleteUnflushed,
    /// xTruncate does nothing.
    TruncationForgotten,
    /// Missing bytes are not reported as a short read.
    ShortReadUnreported,
    /// xAccess says that there is no journal and no WAL.
    SideFilesOverlooked,
    /// A failed sync is reported as a success.
    SyncErrorSwallowed,
    /// The last frame of a transaction is written without the frames before it.
    FramesDropped,
    /// An import leaves the side files of the database it replaces.
    StaleSideFilesKept,
    /// An import is put in place without being flushed.
    ImportUnflushed,
    /// An import empties the side files after it has replaced the database.
    ImportOutOfOrder,
    /// Slots are given back before what was changed under them is published.
    PublishedAfterRelease,
    /// Nothing is refreshed when a slot was asked for.
    RefreshMissing,
    /// Every third refresh is left out.
    RefreshSkipped,
    /// Whoever begins to use the wal-index makes the `-shm` anew.
    TwoFirstOpeners,
    /// The first to use the wal-index takes the `-shm` as it is.
    StaleIndexKept,
    /// Every slot that another context holds is granted.
    SharedLockAlwaysSucceeds,
    /// Slots are also kept while CKPT is held, and when nothing is to be done.
    LeaseOverCheckpoint,
    /// Whoever reads holds no mark, whether or not it has WRITE.
    MarkNotHeld,
    /// A context that no longer is the only one publishes nothing of what it did.
    SoloUnpublished,
    /// A context that gives its turn away keeps the wal-index.
    IndexKeptOverTurns,
    /// A context that gives its turn away keeps the files open.
    FilesKeptOverTurns,
    /// The WAL of others is not there while it is empty.
    EmptyWalHidden,
}

/// Those that need several contexts, for their own run.
pub const SHARED: [Mutant; 12] = [
    Mutant::PublishedAfterRelease,
    Mutant::RefreshMissing,
    Mutant::RefreshSkipped,
    Mutant::TwoFirstOpeners,
    Mutant::StaleIndexKept,
    Mutant::SharedLockAlwaysSucceeds,
    Mutant::LeaseOverCheckpoint,
    Mutant::MarkNotHeld,
    Mutant::SoloUnpublished,
    Mutant::IndexKeptOverTurns,
    Mutant::FilesKeptOverTurns,
    Mutant::EmptyWalHidden,
];

/// All that one context can show, for the torture run.
pub const ALL: [Mutant; 14] = [
    Mutant::FlushDoesNothing,
    Mutant::JournalSyncedLate,
    Mutant::LockAlwaysSucceeds,
    Mutant::ShmLockAlwaysSucceeds,
    Mutant::ShortWriteIgnored,
    Mutant::DeleteUnflushed,
    Mutant::TruncationForgotten,
    Mutant::ShortReadUnreported,
    Mutant::SideFilesOverlooked,
    Mutant::SyncErrorSwallowed,
    Mutant::FramesDropped,
    Mutant::StaleSideFilesKept,
    Mutant::ImportUnflushed,
    Mutant::ImportOutOfOrder,
];

#[cfg(feature = "sim")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Switches a fault on in this thread, or all off.
#[cfg(feature = "sim")]
pub fn set(mutant: Option<Mutant>) {
    ACTIVE.set(mutant);
}

/// Whether this fault is on.
#[cfg(feature = "sim")]
pub(crate) fn on(mutant: Mutant) -> bool {
    ACTIVE.get() == Some(mutant)
}

/// Whether this fault is on and its turn has come: every third time.
#[cfg(feature = "sim")]
pub(crate) fn on_every_third(mutant: Mutant) -> bool {
    thread_local! {
        static TURN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    TURN.set((TURN.get() + 1) % 3);
    on(mutant) && TURN.get() == 0
}

/// Never, in what ships.
#[cfg(not(feature = "sim"))]
pub(crate) const fn on_every_third(_mutant: Mutant) -> bool {
    false
}

/// Never, in what ships.
#[cfg(not(feature = "sim"))]
pub(crate) const fn on(_mutant: Mutant) -> bool {
    false
}
