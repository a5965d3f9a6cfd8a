//! How a connection is opened; read by `session.rs`, filled by `crates/wasm` and by tests.

use crate::error::EngineError;

/// Where a transaction is kept until it is in the database file.
/// Source: <https://sqlite.org/pragma.html#pragma_journal_mode>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalMode {
    /// Write-ahead log: readers beside one writer.
    Wal,
    /// Rollback journal, deleted at each commit.
    Delete,
    /// Rollback journal, cut to nothing at each commit.
    Truncate,
    /// Rollback journal, its header overwritten at each commit.
    Persist,
    /// Rollback journal in memory: a crash in a commit may leave the database damaged.
    Memory,
    /// No journal: a crash in a transaction may leave the database damaged, ROLLBACK does not work.
    Off,
}

impl JournalMode {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Wal, "wal"),
        (Self::Delete, "delete"),
        (Self::Truncate, "truncate"),
        (Self::Persist, "persist"),
        (Self::Memory, "memory"),
        (Self::Off, "off"),
    ];

    /// As `PRAGMA journal_mode` takes and answers it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entry = Self::NAMES.iter().find(|(mode, _)| *mode == self);
        entry.map_or("", |(_, name)| name)
    }

    /// The mode of this name, in lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let entry = Self::NAMES.iter().find(|(_, known)| *known == name);
        entry.map(|(mode, _)| *mode)
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// `synchronous=FULL`: a commit is synced before it is acknowledged.
    #[default]
    Full,
    /// In WAL, `synchronous=NORMAL`: a loss of power may take back the latest commits, each as a
    /// whole. In any other mode as `Full`, because NORMAL could damage the database there.
    Relaxed,
}

/// How a connection is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// The journal mode to change to. `None`: WAL for a new database; any other keeps its own.
    pub journal_mode: Option<JournalMode>,
    /// What a commit waits for.
    pub durability: Durability,
    /// Whether nothing may be changed; the database must be there.
    pub readonly: bool,
    /// Whether a database is made where there is none.
    pub create: bool,
    /// The most that the page cache takes, in bytes; `None`: as SQLite has it.
    pub cache_size: Option<u64>,
    /// The page size of a new database, in bytes; any other keeps its own.
    pub page_size: Option<u32>,
    /// How long the host tries again what waits for another connection, in ms; 0 for not at all.
    pub busy_timeout_ms: u32,
    /// Whether foreign keys are enforced.
    pub foreign_keys: bool,
    /// Bounds on what SQL may ask for, by the names that `safety.rs` knows; others as they are.
    pub limits: Vec<(String, u32)>,
    /// Whether the medium replaces a whole file at each sync, so that the WAL has to stay small.
    pub syncs_replace_files: bool,
}

impl OpenOptions {
    /// How long is waited for another connection unless something else is asked for, in ms.
    pub const BUSY_TIMEOUT_MS: u32 = 5000;
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            journal_mode: None,
            durability: Durability::Full,
            readonly: false,
            create: true,
            cache_size: None,
            page_size: None,
            busy_timeout_ms: Self::BUSY_TIMEOUT_MS,
            foreign_keys: true,
            limits: Vec::new(),
            syncs_replace_files: false,
        }
    }
}

/// After how many pages in the WAL a checkpoint costs least, where each commit copies the WAL and
/// each checkpoint the database: `w` pages for a commit, since a WAL that begins anew keeps its
/// size, and `page_count` pages once in `w` commits of a page; together least at the root of
/// `page_count`. Never more than SQLite's own 1000, nor fewer than a database needs that grows.
pub(crate) fn wal_pages(page_count: u32) -> u32 {
    page_count.isqrt().clamp(128, 1000)
}

/// A page size that SQLite knows: a power of two from 512 to 65536.
pub(crate) fn check_page_size(page_size: u32) -> Result<u32, EngineError> {
    if (512..=65536).contains(&page_size) && page_size.is_power_of_two() {
        return Ok(page_size);
    }
    let message = format!("a page size is a power of two from 512 to 65536, not {page_size}");
    Err(EngineError::option(message))
}
