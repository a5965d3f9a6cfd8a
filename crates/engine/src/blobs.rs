//! Blobs that are read and written a part at a time; called by `crates/wasm` and by tests.
//!
//! An open blob is a statement that is not done: it keeps the connection at the snapshot it reads.
//! Writing needs a transaction. Without one, what other statements of the connection commit would
//! wait, unsaid, for the blob to be closed.

use anchorite_sorted::Set;

use crate::changes::{Tables, Written};
use crate::error::EngineError;
pub use crate::handles::blob::BlobPlace;
use crate::handles::blob::RawBlob;
use crate::held::Thing;
use crate::session::Session;
use crate::value;

impl Session {
    /// Opens the blob at `place`, to be known by `key`; answers its size in bytes. `inside`: it is
    /// closed when the transaction ends.
    ///
    /// # Errors
    /// `SQLITE_ERROR` where there is no such row, or its value is neither text nor a blob;
    /// `TRANSACTION_ABORTED` for writing outside of a transaction; `SQLITE_BUSY`.
    pub fn open_blob(
        &mut self,
        key: &str,
        place: &BlobPlace,
        writes: bool,
        inside: bool,
    ) -> Result<usize, EngineError> {
        if writes {
            self.require_transaction()?;
        }
        self.waits.clear();
        let opened = RawBlob::open(&self.connection, place, writes);
        let blob = opened.map_err(|error| self.waits.judge(error.into()))?;
        if writes {
            let tables = Tables::Named(Set::from([place.table.clone()]));
            let written = Written::from([(place.schema.clone(), tables)]);
            self.changes.ran(&written, false, true);
        }
        let size = blob.size();
        self.held.keep(key, inside, Thing::Blob(blob));
        Ok(size)
    }

    /// So many bytes of an open blob, from `offset` on; it must have them.
    ///
    /// # Errors
    /// `SQLITE_ABORT` when the row has changed since, which closes the blob; `CLOSED`.
    pub fn read_blob(
        &mut self,
        key: &str,
        offset: usize,
        count: usize,
    ) -> Result<Vec<u8>, EngineError> {
        let mut bytes = value::with_room(count)?;
        bytes.resize(count, 0);
        self.use_blob(key, |blob| blob.read(&mut bytes, offset))?;
        Ok(bytes)
    }

    /// Writes to an open blob at `offset`, within its size.
    ///
    /// # Errors
    /// As [`read_blob`](Self::read_blob); `SQLITE_FULL`.
    pub fn write_blob(
        &mut self,
        key: &str,
        bytes: &[u8],
        offset: usize,
    ) -> Result<(), EngineError> {
        self.use_blob(key, |blob| blob.write(bytes, offset))
    }

    fn use_blob(
        &mut self,
        key: &str,
        work: impl FnOnce(&mut RawBlob) -> rusqlite::Result<()>,
    ) -> Result<(), EngineError> {
        let Thing::Blob(blob) = self.held.get(key)? else {
            return Err(EngineError::plain("CLOSED", "there is no blob of this key"));
        };
        let outcome = work(blob).map_err(EngineError::from);
        match outcome {
            Err(error) if error.code == "SQLITE_ABORT" => {
                self.held.drop_one(key);
                let message = "the row has changed, or is gone, since its blob was opened";
                Err(EngineError::plain("SQLITE_ABORT", message))
            }
            outcome => outcome,
        }
    }
}
