//! The five lock levels between contexts; used by `mod.rs`. Between the connections of this one,
//! the table in `lock.rs` has decided already.
//!
//! ```text
//! SHARED      Main shared; on the way there Pending shared, so that nobody comes while one waits
//! RESERVED    and Reserved alone
//! PENDING     and Pending alone
//! EXCLUSIVE   and Main alone. A lock cannot be strengthened: Main is given back and taken again.
//!             Nobody can have it alone in between, because that takes Pending; and nobody waits
//!             in line for it (`Refused::queues`), for the line would give it without Pending.
//! ```

use std::cell::Cell;

use super::AT_ONCE;
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::lock::LockLevel;
use crate::sharing::{SharedLock, Sharing};

/// The strongest level of the connections of this context.
#[derive(Default)]
pub(super) struct Levels {
    held: Cell<LockLevel>,
    /// A hot journal is rolled back without RESERVED.
    has_reserved: Cell<bool>,
}

impl Levels {
    /// What is held.
    pub(super) fn held(&self) -> LockLevel {
        self.held.get()
    }

    /// Holds a level that no lock is needed for.
    pub(super) fn note(&self, level: LockLevel) {
        self.held.set(level);
    }

    /// Climbs; `false` if another context is in the way. Then a holder of RESERVED that asked for
    /// EXCLUSIVE may be left with PENDING.
    pub(super) fn raise(&self, locks: &dyn Sharing, to: LockLevel) -> Result<bool> {
        if to <= self.held.get() {
            return Ok(true);
        }
        match to {
            LockLevel::Unlocked | LockLevel::Shared => self.share(locks),
            LockLevel::Reserved => self.reserve(locks),
            LockLevel::Pending | LockLevel::Exclusive => self.exclude(locks),
        }
    }

    fn share(&self, locks: &dyn Sharing) -> Result<bool> {
        if !locks.take(SharedLock::Pending, false, AT_ONCE)? {
            return Ok(false);
        }
        let granted = locks.take(SharedLock::Main, false, AT_ONCE);
        locks.give_back(SharedLock::Pending)?;
        if granted? {
            self.held.set(LockLevel::Shared);
        }
        Ok(self.held.get() == LockLevel::Shared)
    }

    fn reserve(&self, locks: &dyn Sharing) -> Result<bool> {
        let granted = locks.take(SharedLock::Reserved, true, AT_ONCE)?;
        if granted {
            self.has_reserved.set(true);
            self.held.set(LockLevel::Reserved);
        }
        Ok(granted)
    }

    fn exclude(&self, locks: &dyn Sharing) -> Result<bool> {
        let held = self.held.get();
        if held < LockLevel::Pending {
            if !locks.take(SharedLock::Pending, true, AT_ONCE)? {
                return Ok(false);
            }
            self.held.set(LockLevel::Pending);
        }
        locks.give_back(SharedLock::Main)?;
        if locks.take(SharedLock::Main, true, AT_ONCE)? {
            self.held.set(LockLevel::Exclusive);
            return Ok(true);
        }
        // Nobody can have it alone.
        if !locks.take(SharedLock::Main, false, AT_ONCE)? {
            let message = "SHARED was lost on the way to EXCLUSIVE";
            return Err(VfsError::new(ErrorKind::Io, Operation::Lock, message));
        }
        if held < LockLevel::Reserved {
            // A hot journal is to be rolled back: all or nothing.
            self.held.set(held);
            locks.give_back(SharedLock::Pending)?;
        }
        Ok(false)
    }

    /// Descends.
    pub(super) fn lower(&self, locks: &dyn Sharing, to: LockLevel) -> Result<()> {
        let held = self.held.get();
        if to >= held {
            return Ok(());
        }
        self.held.set(to);
        let main = match to {
            LockLevel::Unlocked => locks.give_back(SharedLock::Main),
            _ if held == LockLevel::Exclusive => locks.weaken(SharedLock::Main),
            _ => Ok(()),
        };
        let pending = match held >= LockLevel::Pending {
            true => locks.give_back(SharedLock::Pending),
            false => Ok(()),
        };
        let reserved = match to < LockLevel::Reserved && self.has_reserved.take() {
            true => locks.give_back(SharedLock::Reserved),
            false => Ok(()),
        };
        main.and(pending).and(reserved)
    }

    /// Whether another context intends to write.
    pub(super) fn is_reserved_elsewhere(&self, locks: &dyn Sharing) -> Result<bool> {
        if self.has_reserved.get() {
            return Ok(false);
        }
        let is_free = locks.take(SharedLock::Reserved, false, AT_ONCE)?;
        if is_free {
            locks.give_back(SharedLock::Reserved)?;
        }
        Ok(!is_free)
    }
}
