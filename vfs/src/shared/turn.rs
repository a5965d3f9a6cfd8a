//! A database that several contexts use in turn, where a file can be open in one of them only; used
//! by `mod.rs` and `part.rs` in place of slots and levels.
//!
//! ```text
//! Apart ──Attached alone, open the files──► Solo      all that SQLite asks for is decided here
//!   ▲                                         │ another context has asked, or the page is hidden,
//!   └── empty the index, close the files, ◄───┘ and no connection is inside a transaction
//!       give Attached back
//! ```
//!
//! One lock more is asked for: whoever uses the wal-index shares `Main` from its first use to its
//! last, also while it has not the turn. Such a connection believes that the database is in WAL, so
//! nobody may change that: EXCLUSIVE takes `Main` alone while the index is used.
//! For as long there is no journal either, so it is not opened in further turns.

use std::cell::Cell;
use std::time::Duration;

use super::{AT_ONCE, Here, Part, Shared};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::{FileSet, Side, Wanted};
use crate::lock::LockLevel;
use crate::mutants::{self, Mutant};
use crate::sharing::SharedLock;

/// How long a turn is kept while others wait and there is work to do: about as long as it takes to
/// get one where that is slow. Of four contexts nobody waits for more than half a second then.
const KEPT: Duration = Duration::from_millis(75);

/// What is kept of turns.
#[derive(Default)]
pub(super) struct Turn {
    /// Whether another context has asked since this one has the turn.
    is_wanted: Cell<bool>,
    /// Whether a transaction has begun in it. Until then it is kept: what is done to begin one
    /// would be in vain.
    is_used: Cell<bool>,
    /// When the files were open, by the clock of the medium.
    begun: Cell<Duration>,
    /// Whether `Main` is held, and whether alone.
    main: Cell<Option<bool>>,
}

impl Turn {
    /// For how long it is kept from now on, though others wait.
    pub(super) fn keeps_for(&self, now: Duration) -> Duration {
        (self.begun.get() + KEPT).saturating_sub(now)
    }
}

impl Shared {
    /// Whether the files can be open in one context only.
    pub(super) fn takes_turns(&self) -> bool {
        !self.locks.files_are_shared()
    }

    /// Takes the turn to open the files for the first time.
    pub(super) fn open_in_turn(&self, files: &FileSet, wanted: Wanted) -> Result<()> {
        if !self.locks.take(SharedLock::Attached, true, AT_ONCE)? {
            return Err(self.has_no_turn(ErrorKind::Busy));
        }
        self.begin_turn(files, || files.open(&*self.storage, &self.path, wanted))
    }

    /// `Attached` was granted. Words from before were for whoever had it then.
    fn begin_turn(&self, files: &FileSet, open: impl FnOnce() -> Result<()>) -> Result<()> {
        self.part.set(Part::Solo);
        self.locks.is_wanted()?;
        files.are_ours(true);
        open()?;
        self.turn.begun.set(self.locks.now());
        Ok(())
    }

    /// Sees to it that the files are open, before one of them is worked on.
    pub(crate) fn be_open(&self, here: Here<'_>) -> Result<()> {
        match !self.takes_turns() || self.hold(here)? {
            true => Ok(()),
            false => Err(self.has_no_turn(ErrorKind::Busy)),
        }
    }

    fn has_no_turn(&self, kind: ErrorKind) -> VfsError {
        let message = format!("another context has {:?} for itself", self.path);
        VfsError::new(kind, Operation::Lock, message)
    }

    /// Keeps the turn or takes it; `false` if another context has it.
    fn hold(&self, here: Here<'_>) -> Result<bool> {
        if self.part.get() == Part::Solo {
            return Ok(true);
        }
        if !self.locks.take(SharedLock::Attached, true, AT_ONCE)? {
            return Ok(false);
        }
        let sides: &[Side] = match self.turn.main.get() {
            Some(_) => &[Side::Wal],
            None => &Side::ALL,
        };
        let opened = self.begin_turn(here.files, || {
            let files = here.files;
            files.open_with(&*self.storage, &self.path, Wanted::Writing, sides)
        });
        match opened {
            Ok(()) => Ok(true),
            Err(error) => self.pass(here).and(Err(error)),
        }
    }

    /// Opens the journal, if it is not open in this turn.
    pub(crate) fn open_journal(&self, here: Here<'_>) -> Result<()> {
        let files = here.files;
        match self.takes_turns() {
            true => files.open_sides(&*self.storage, &self.path, Wanted::Writing),
            false => Ok(()),
        }
    }

    /// Gives the turn to the next context. What SQLite knows from the index and from its pages
    /// counts no longer: it recovers, and that is stamped (S13); in the rollback modes it looks at
    /// the change counter.
    fn pass(&self, here: Here<'_>) -> Result<()> {
        self.part.set(Part::Apart);
        self.turn.is_wanted.set(false);
        self.turn.is_used.set(false);
        if !mutants::on(Mutant::IndexKeptOverTurns) {
            self.follower.forget(here.index);
        }
        here.files.are_ours(false);
        let closed = match mutants::on(Mutant::FilesKeptOverTurns) {
            true => Ok(()),
            false => here.files.shut(),
        };
        closed.and(self.locks.give_back(SharedLock::Attached))
    }

    /// A transaction begins, perhaps: if the turn is wanted and was used, another context is let in
    /// first.
    pub(super) fn let_in(&self, here: Here<'_>) -> Result<()> {
        let may_pass = !self.locks.has_host() && !self.is_withdrawn.get();
        match may_pass && self.turn.is_used.get() {
            true => self.pass_if_wanted(here),
            false => Ok(()),
        }
    }

    /// A transaction has begun in this turn.
    pub(super) fn use_turn(&self) {
        self.turn.is_used.set(true);
    }

    /// Gives the turn away if it is wanted and nothing needs it.
    pub(super) fn pass_if_wanted(&self, here: Here<'_>) -> Result<()> {
        if self.part.get() != Part::Solo {
            return Ok(());
        }
        if self.locks.is_wanted()? {
            self.turn.is_wanted.set(true);
        }
        let is_wanted = self.turn.is_wanted.get() || self.is_withdrawn.get();
        match is_wanted && self.needs_no_turn(here) {
            true => self.pass(here),
            false => Ok(()),
        }
    }

    /// Whether a call that comes at once may find that the turn is to be given away.
    pub(super) fn is_turn_wanted(&self) -> bool {
        self.turn.is_wanted.get()
    }

    /// A connection in WAL keeps SHARED between its transactions, any other nothing.
    fn needs_no_turn(&self, here: Here<'_>) -> bool {
        let index = here.index.borrow();
        match index.is_used() {
            true => index.held().is_empty() && self.levels.held() <= LockLevel::Shared,
            false => self.levels.held() == LockLevel::Unlocked,
        }
    }

    /// Climbs to a level. Between the connections of this context it has been decided already.
    pub(super) fn raise_in_turn(&self, here: Here<'_>, level: LockLevel) -> Result<bool> {
        self.let_in(here)?;
        let granted = self.hold(here)? && (level < LockLevel::Pending || self.exclude()?);
        if granted {
            self.levels.note(level.max(self.levels.held()));
        }
        Ok(granted)
    }

    /// Whether no other context uses the wal-index.
    fn exclude(&self) -> Result<bool> {
        if self.turn.main.get() != Some(false) {
            return Ok(true);
        }
        self.locks.give_back(SharedLock::Main)?;
        self.turn.main.set(None);
        let is_alone = self.locks.take(SharedLock::Main, true, AT_ONCE)?;
        if is_alone {
            self.turn.main.set(Some(true));
        } else {
            self.share_main()?;
        }
        Ok(is_alone)
    }

    /// Whoever has it alone has the turn, so here it can be had.
    fn share_main(&self) -> Result<()> {
        if !self.locks.take(SharedLock::Main, false, AT_ONCE)? {
            let message = "another context excludes all others and has not the turn";
            return Err(VfsError::new(ErrorKind::Io, Operation::Lock, message));
        }
        self.turn.main.set(Some(false));
        Ok(())
    }

    /// Descends to a level.
    pub(super) fn lower_in_turn(&self, level: LockLevel) -> Result<()> {
        self.levels.note(level.min(self.levels.held()));
        self.use_turn();
        if self.turn.main.get() == Some(true) && level < LockLevel::Pending {
            self.locks.weaken(SharedLock::Main)?;
            self.turn.main.set(Some(false));
        }
        Ok(())
    }

    /// Begins to use the wal-index, or goes on.
    pub(super) fn attach_in_turn(&self, here: Here<'_>) -> Result<()> {
        if !self.hold(here)? {
            return Err(self.has_no_turn(ErrorKind::Occupied));
        }
        match self.turn.main.get() {
            None => self.share_main(),
            Some(_) => Ok(()),
        }
    }

    /// No connection here uses the wal-index any more.
    pub(super) fn detach_in_turn(&self) -> Result<()> {
        match self.turn.main.take() {
            Some(_) => self.locks.give_back(SharedLock::Main),
            None => Ok(()),
        }
    }
}
