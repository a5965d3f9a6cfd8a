//! Web Locks as the locks of a database that several contexts use at once.
//!
//! Made by `mod.rs`, where access handles can be shared, or for contexts that take turns. The names
//! are in `crate::sharing`.

use std::cell::RefCell;
use std::time::Duration;

use anchorite_sorted::Map;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing::{SharedLock, Sharing};
use crate::stolen;
use crate::suspend;
use crate::waiting::{self, Refused};

use super::OpfsStorage;
use super::locks::{HeldLock, WebLock};
use super::{versions, web};

/// What this context holds of one database.
pub(super) struct WebLocks {
    path: String,
    part: WebLock,
    /// Set where files exclude each other: whoever gets the turn puts right what a dead one left.
    in_turn: Option<OpfsStorage>,
    /// That the database is shared by this protocol, and in this way.
    speaks: WebLock,
    held: RefCell<Map<SharedLock, WebLock>>,
}

impl WebLocks {
    /// Takes part in the use of a database, if nobody owns it; suspends.
    pub(super) fn share(path: &str, in_turn: Option<OpfsStorage>) -> Result<Self> {
        let part = WebLock::take_part(path)?;
        let (speaks, held) = match versions::enter(path, in_turn.is_some()) {
            Ok(entered) => entered,
            Err(error) => return part.release().and(Err(error)),
        };
        if in_turn.is_none()
            && let Err(error) = knock(path, &held)
        {
            return speaks.release().and(part.release()).and(Err(error));
        }
        Ok(Self {
            path: path.to_owned(),
            part,
            in_turn,
            speaks,
            held: RefCell::default(),
        })
    }

    fn remove(&self, lock: SharedLock) -> Option<WebLock> {
        self.held.borrow_mut().remove(&lock)
    }
}

/// How long an open waits here for whoever is alone with the database: the host has told it before,
/// and it needs about 2 ms. To begin again takes longer.
const KNOCK: Duration = Duration::from_millis(20);

/// Whoever is alone with a database has to make room before this context can use it: that is waited
/// for before the files are opened, which takes a while and would be in vain.
fn knock(path: &str, held: &[HeldLock]) -> Result<()> {
    let name = SharedLock::Attached.name(path);
    if !held.iter().any(|lock| lock.alone && lock.name == name) {
        return Ok(());
    }
    if let Some(lock) = WebLock::take(&name, false, KNOCK)? {
        return lock.release();
    }
    waiting::refused(Refused {
        database: path.to_owned(),
        name,
        alone: false,
        queues: true,
    });
    let message = format!("another context is alone with {path:?}");
    Err(VfsError::new(ErrorKind::Busy, Operation::Lock, message))
}

impl Sharing for WebLocks {
    fn files_are_shared(&self) -> bool {
        self.in_turn.is_none()
    }

    fn has_host(&self) -> bool {
        true
    }

    fn may_wait(&self) -> bool {
        !suspend::is_at_once()
    }

    fn take(&self, lock: SharedLock, alone: bool, patience: Duration) -> Result<bool> {
        let name = lock.name(&self.path);
        let Some(taken) = WebLock::take(&name, alone, patience)? else {
            waiting::refused(Refused {
                database: self.path.clone(),
                name,
                alone,
                queues: !(alone && lock == SharedLock::Main && self.files_are_shared()),
            });
            return Ok(false);
        };
        let begins_turn = lock == SharedLock::Attached;
        if let Some(storage) = self.in_turn.as_ref().filter(|_| begins_turn)
            && let Err(error) = storage.recover(&self.path)
        {
            return taken.release().and(Err(error));
        }
        self.held.borrow_mut().insert(lock, taken);
        Ok(true)
    }

    fn weaken(&self, lock: SharedLock) -> Result<()> {
        if let Some(alone) = self.remove(lock) {
            let shared = alone.weaken()?;
            self.held.borrow_mut().insert(lock, shared);
        }
        Ok(())
    }

    fn give_back(&self, lock: SharedLock) -> Result<()> {
        self.remove(lock).map_or(Ok(()), WebLock::release)
    }

    /// The browser does not say who waits for a lock; the other context does, to the host.
    fn is_wanted(&self) -> Result<bool> {
        Ok(waiting::take_wanted(&self.path))
    }

    fn now(&self) -> Duration {
        Duration::from_secs_f64(web::elapsed_ms() / 1000.0)
    }

    fn end(self: Box<Self>) -> Result<()> {
        stolen::forget(&self.path);
        let held = self.held.into_inner().into_values();
        let released = held.map(WebLock::release).fold(Ok(()), Result::and);
        let ended = self.speaks.release();
        self.part.release().and(ended).and(released)
    }
}
