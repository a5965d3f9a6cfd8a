//! Contexts of different protocols do not have one database open at the same time: the older one
//! lets go, at the end of its transaction, or is refused.
//!
//! Used by `sharing.rs` before a database is shared. Those of one protocol hold a lock together
//! whose name has the number; who comes takes the lock of its own number first and then looks for
//! those of others, so that of two who come at once at least one sees the other.
//!
//! ```text
//! anchorite:speaks:<protocol>:<path>     shared, from before the open to after the close
//! an older one is there                  Busy; the host asks it to let go and waits for its lock
//! a newer one is there                   Outdated, at once
//! ```

use std::time::Duration;

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing;
use crate::waiting::{self, Refused};

use super::locks::{self, WebLock};

const PREFIX: &str = "anchorite:speaks:";

/// Takes part in the use of a database by contexts of this protocol; suspends.
pub(super) fn enter(path: &str) -> Result<WebLock> {
    let own = sharing::protocol();
    let name = format!("{PREFIX}{own}:{path}");
    let Some(lock) = WebLock::take(&name, false, Duration::ZERO)? else {
        return Err(refused(
            path,
            name,
            "a newer version waits for its turn".into(),
        ));
    };
    let others = others(path, own);
    let other = match others {
        Ok(Some(other)) => other,
        Ok(None) => return Ok(lock),
        Err(error) => return lock.release().and(Err(error)),
    };
    lock.release()?;
    Err(refuse(path, own, other))
}

/// The highest other number that is spoken.
fn others(path: &str, own: u32) -> Result<Option<u32>> {
    let held = locks::held()?;
    let numbers = held.iter().filter_map(|name| {
        let (number, of) = name.strip_prefix(PREFIX)?.split_once(':')?;
        (of == path && !locks::is_lent(name)).then_some(number)
    });
    let numbers = numbers.filter_map(|number| number.parse().ok());
    Ok(numbers.filter(|number| *number != own).max())
}

fn refuse(path: &str, own: u32, other: u32) -> VfsError {
    let what = format!("{path:?} is open in protocol {other}, and this is protocol {own}");
    if other < own {
        return refused(path, format!("{PREFIX}{other}:{path}"), what);
    }
    let message = format!("{what}: a newer version of this library is in use, reload the page");
    VfsError::new(ErrorKind::Outdated, Operation::Lock, message)
}

fn refused(path: &str, name: String, message: String) -> VfsError {
    waiting::refused(Refused {
        database: path.to_owned(),
        name,
        alone: true,
    });
    VfsError::new(ErrorKind::Busy, Operation::Lock, message)
}
