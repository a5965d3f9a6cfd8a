//! A simulated disk: a [`Storage`](crate::Storage) that remembers every operation and can tell
//! what would be left of it had the power failed.
//!
//! Native tests use it through the seam, below the shipped VFS. It must not know SQLite: only the
//! ending of a super-journal's name, which is the one named exception of [`NameLoss::Late`].
//!
//! ```text
//! SimDisk (disk.rs)    live files; logs operations ──► Recording (log.rs)
//!   faults (fault.rs)  a hook sees each operation and may let it fail
//! Replay (replay.rs)   walks a Recording: what is durable after operation k, what is pending
//!   images (crash.rs)  durable state + a seeded choice over what is pending ──► Image
//! Content (content.rs) sparse bytes, cheap to copy       Random (random.rs) seeded choices
//! ```

mod content;
mod crash;
mod disk;
mod fault;
mod log;
mod random;
mod replay;

pub use content::Content;
pub use crash::{Choice, CrashImage, summary};
pub use disk::SimDisk;
pub use fault::{Fault, Hook, OperationInfo};
pub use log::{Change, Image, Logged, Medium, NameLoss, NodeId, Recording};
pub use random::Random;
pub use replay::Replay;
