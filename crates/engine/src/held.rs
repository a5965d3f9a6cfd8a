//! What a connection keeps open between two calls, by the key of whoever asked for it; used by
//! `blobs.rs`, `recordings.rs` and `changesets.rs`. It must not know what is done with it.

use std::rc::Rc;

use anchorite_sorted::Map;
use rusqlite::Connection;

use crate::changesets::Applying;
use crate::error::EngineError;
use crate::handles::blob::RawBlob;
use crate::handles::recording::RawRecording;
use crate::session::Session;

/// One of them.
#[derive(Debug)]
pub(crate) enum Thing {
    Blob(RawBlob),
    Recording(RawRecording),
    Applying(Applying),
}

/// All of one connection.
#[derive(Debug, Default)]
pub(crate) struct Held(Map<String, Entry>);

#[derive(Debug)]
struct Entry {
    thing: Thing,
    /// Whether it is a part of the transaction that is open.
    inside: bool,
}

impl Held {
    pub(crate) fn keep(&mut self, key: &str, inside: bool, thing: Thing) {
        self.0.insert(key.to_owned(), Entry { thing, inside });
    }

    pub(crate) fn get(&mut self, key: &str) -> Result<&mut Thing, EngineError> {
        let entry = self.0.get_mut(key).map(|entry| &mut entry.thing);
        entry.ok_or_else(|| {
            let message = "it was closed, or its transaction or its connection is over";
            EngineError::plain("CLOSED", message)
        })
    }

    pub(crate) fn drop_one(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A connection of which nothing is held.
pub(crate) fn unshared(connection: &mut Rc<Connection>) -> Result<&mut Connection, EngineError> {
    Rc::get_mut(connection).ok_or_else(|| {
        let message = "the connection has an open blob, a recording or an iteration";
        EngineError::plain("SQLITE_LOCKED", message)
    })
}

impl Session {
    /// Ends what is kept under a key, if anything is.
    pub fn release(&mut self, key: &str) {
        self.held.drop_one(key);
    }

    /// Ends what belonged to a transaction that is over; to be called after each use.
    pub fn release_ended(&mut self) {
        if !self.held.is_empty() && !self.in_transaction() {
            self.held.0.retain(|_, entry| !entry.inside);
        }
    }
}
