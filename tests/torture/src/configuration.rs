//! One way to run a workload: journal mode, synchronous level, and the medium below.
//!
//! Its text form names it in reports and in `--reproduce`: `wal-full-psow-flush`.

use std::fmt;
use std::str::FromStr;

use anchorite_vfs::Guarantees;
use anchorite_vfs::sim::{Medium, NameLoss};
use anyhow::{Context, Result, bail};

/// `PRAGMA journal_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Journal {
    Delete,
    Truncate,
    Persist,
    Wal,
    Memory,
    Off,
}

/// `PRAGMA synchronous`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synchronous {
    Off,
    Normal,
    Full,
    Extra,
}

/// How a workload is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) journal: Journal,
    pub(crate) synchronous: Synchronous,
    /// The medium keeps, and claims, powersafe overwrite.
    pub(crate) powersafe: bool,
    /// Names may be lost for 30 s.
    pub(crate) late_names: bool,
}

/// What an image may hold at most, after recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What was acknowledged, or what was in flight.
    Acknowledged,
    /// The last commit may be missing.
    AllButLast,
    /// The latest commits may be missing.
    Prefix,
    /// Nothing but an answer.
    Answer,
}

/// How long [`NameLoss::Late`] may lose a name, and how far the clock goes with each change: a
/// workload of some hundred changes has both young and old names.
const WINDOW_MS: u64 = 30_000;
const OPERATION_MS: u64 = 250;

/// The journal modes that count.
pub(crate) const JOURNALS: [Journal; 4] = [
    Journal::Delete,
    Journal::Truncate,
    Journal::Persist,
    Journal::Wal,
];

impl Journal {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Persist => "persist",
            Self::Wal => "wal",
            Self::Memory => "memory",
            Self::Off => "off",
        }
    }
}

impl Synchronous {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Normal => "normal",
            Self::Full => "full",
            Self::Extra => "extra",
        }
    }
}

impl Configuration {
    pub(crate) fn new(journal: Journal, synchronous: Synchronous) -> Self {
        Self {
            journal,
            synchronous,
            powersafe: true,
            late_names: false,
        }
    }

    pub(crate) fn medium(self) -> Medium {
        let guarantees = Guarantees {
            sector_size: 4096,
            powersafe_overwrite: self.powersafe,
            failed_sync_loses: true,
        };
        let names = match self.late_names {
            true => NameLoss::Late {
                window_ms: WINDOW_MS,
            },
            false => NameLoss::UntilFlush,
        };
        Medium {
            guarantees,
            names,
            operation_ms: OPERATION_MS,
        }
    }

    pub(crate) fn promise(self) -> Promise {
        match (self.journal, self.synchronous) {
            (Journal::Memory | Journal::Off, _) | (_, Synchronous::Off) => Promise::Answer,
            (_, Synchronous::Full | Synchronous::Extra) => Promise::Acknowledged,
            (Journal::Wal, Synchronous::Normal) => Promise::Prefix,
            (_, Synchronous::Normal) => Promise::AllButLast,
        }
    }

    /// Whether a transaction over several files is one.
    pub(crate) fn atomic_across_files(self) -> bool {
        self.journal != Journal::Wal
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let overwrite = if self.powersafe { "psow" } else { "nopsow" };
        let names = if self.late_names { "late" } else { "flush" };
        let (journal, synchronous) = (self.journal.sql(), self.synchronous.sql());
        write!(formatter, "{journal}-{synchronous}-{overwrite}-{names}")
    }
}

impl FromStr for Configuration {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        use Journal::{Delete, Memory, Off, Persist, Truncate, Wal};
        let parts: Vec<&str> = text.split('-').collect();
        let [journal, synchronous, overwrite, names] = parts[..] else {
            bail!("{text:?} is not of the form wal-full-psow-flush");
        };
        let journals = [Delete, Truncate, Persist, Wal, Memory, Off];
        let levels = [
            Synchronous::Off,
            Synchronous::Normal,
            Synchronous::Full,
            Synchronous::Extra,
        ];
        let journal = journals.into_iter().find(|known| known.sql() == journal);
        let synchronous = levels.into_iter().find(|known| known.sql() == synchronous);
        Ok(Self {
            journal: journal.with_context(|| format!("unknown journal mode in {text:?}"))?,
            synchronous: synchronous.with_context(|| format!("unknown level in {text:?}"))?,
            powersafe: overwrite == "psow",
            late_names: names == "late",
        })
    }
}
