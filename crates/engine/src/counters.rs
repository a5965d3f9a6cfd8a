//! What SQLite counts of one connection; asked for by `crates/wasm`.

use crate::raw::{Status, status};
use crate::session::Session;

/// Since the connection was opened, but for what is bytes: that is how much there is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pages that were found in the page cache.
    pub cache_hits: u64,
    /// Pages that had to be read.
    pub cache_misses: u64,
    /// Pages that were written from it.
    pub cache_writes: u64,
    /// Those of them that were written before the end of a transaction, for want of room.
    pub cache_spills: u64,
    /// Bytes of the page cache.
    pub cache_bytes: u64,
    /// Bytes of the schema.
    pub schema_bytes: u64,
    /// Bytes of compiled statements, those that are kept among them.
    pub statement_bytes: u64,
}

impl Session {
    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let status = |which| status(&self.connection, which);
        Counters {
            cache_hits: status(Status::CacheHit),
            cache_misses: status(Status::CacheMiss),
            cache_writes: status(Status::CacheWrite),
            cache_spills: status(Status::CacheSpill),
            cache_bytes: status(Status::CacheUsed),
            schema_bytes: status(Status::SchemaUsed),
            statement_bytes: status(Status::StatementUsed),
        }
    }
}
