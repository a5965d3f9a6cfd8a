//! Contexts of different protocols, or ways of sharing, do not have one database open at the same
//! time: the older one lets go, at the end of its transaction, or is refused.
//!
//! Used by `sharing.rs` before a database is shared. Those of one kind hold a lock together whose
//! name says it; who comes takes the lock of its own kind first and then looks for those of others,
//! so that of two who come at once at least one sees the other.
//!
//! ```text
//! anchorite:speaks:<protocol>:<way>:<path>   shared, from before the open to after the close
//! a newer one is there                       Outdated, at once
//! an older one, or another way               Busy; the host waits for its lock, and an older one
//!                                            that hears of it lets go
//! ```

use std::time::Duration;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing;
use crate::waiting::{self, Refused};

use super::locks::{self, HeldLock, WebLock};

const PREFIX: &str = "anchorite:speaks:";

/// The way of contexts that have the files open at the same time.
const TOGETHER: &str = "together";
/// The way of contexts that have them open in turn.
const IN_TURN: &str = "in-turn";

/// How a context shares databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'name> {
    protocol: u32,
    way: &'name str,
}

impl<'name> Kind<'name> {
    fn of(lock: &'name str, path: &str) -> Option<Self> {
        let (protocol, rest) = lock.strip_prefix(PREFIX)?.split_once(':')?;
        let (way, of) = rest.split_once(':')?;
        let protocol = protocol.parse().ok()?;
        (of == path).then_some(Self { protocol, way })
    }

    fn lock(self, path: &str) -> String {
        let Self { protocol, way } = self;
        format!("{PREFIX}{protocol}:{way}:{path}")
    }
}

/// Takes part in the use of a database by contexts of this kind; also answers what was held then.
/// Suspends.
pub(super) fn enter(path: &str, in_turn: bool) -> Result<(WebLock, Vec<HeldLock>)> {
    let way = if in_turn { IN_TURN } else { TOGETHER };
    let own = Kind {
        protocol: sharing::protocol(),
        way,
    };
    let name = own.lock(path);
    let Some(lock) = WebLock::take(&name, false, Duration::ZERO)? else {
        return Err(refused(
            path,
            name,
            "others of another kind wait for it".into(),
        ));
    };
    let held = match locks::held() {
        Ok(held) => held,
        Err(error) => return lock.release().and(Err(error)),
    };
    match other(&held, path, own) {
        None => Ok((lock, held)),
        Some(other) => {
            let refused = refuse(path, own, other);
            lock.release().and(Err(refused))
        }
    }
}

/// The newest other kind that has it open.
fn other<'held>(held: &'held [HeldLock], path: &str, own: Kind<'_>) -> Option<Kind<'held>> {
    let kinds = held.iter().filter_map(|lock| Kind::of(&lock.name, path));
    kinds.filter(|kind| *kind != own).max()
}

fn refuse(path: &str, own: Kind<'_>, other: Kind<'_>) -> VfsError {
    let (ours, theirs) = (own.protocol, other.protocol);
    if theirs > ours {
        let message = format!(
            "{path:?} is open in protocol {theirs}, and this is protocol {ours}: a newer version \
             of this library is in use, reload the page"
        );
        return VfsError::new(ErrorKind::Outdated, Operation::Lock, message);
    }
    let message = if theirs == ours {
        format!("{path:?} is shared {}, and here {}", other.way, own.way)
    } else {
        format!("{path:?} is open in protocol {theirs}, and this is protocol {ours}")
    };
    refused(path, other.lock(path), message)
}

fn refused(path: &str, name: String, message: String) -> VfsError {
    waiting::refused(Refused {
        database: path.to_owned(),
        name,
        alone: true,
        queues: true,
    });
    VfsError::new(ErrorKind::Busy, Operation::Lock, message)
}
