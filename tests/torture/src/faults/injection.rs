//! Lets the N-th operation of a kind go wrong, once or from then on, and counts.

use std::cell::Cell;
use std::rc::Rc;

use anchorite_vfs::sim::{Fault, Hook, SimDisk};
use anchorite_vfs::{ErrorKind, Operation};

use super::kind::Kind;
use crate::malloc;

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// An operation of the disk.
    Disk(Kind),
    /// An allocation of SQLite.
    Memory,
}

/// How long it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Once,
    UntilLifted,
}

/// One injected fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Injection {
    pub(crate) target: Target,
    /// Which one, from 1.
    pub(crate) number: u64,
    pub(crate) lasting: Lasting,
}

/// A fault that waits on a disk.
pub(crate) struct Armed {
    disk: SimDisk,
    injection: Injection,
    counts: Rc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Operations of the target's kind.
    matching: Cell<u64>,
    met: Cell<u64>,
    all: Cell<u64>,
}

/// A workload that does more operations than this, and it does some hundreds, is not coming to an
/// end.
const OPERATIONS_MAX: u64 = 1_000_000;

impl Injection {
    pub(crate) fn name(&self) -> &'static str {
        match self.target {
            Target::Disk(kind) => kind.name,
            Target::Memory => "out of memory",
        }
    }

    /// Lies in wait on a disk.
    pub(crate) fn arm(self, disk: &SimDisk) -> Armed {
        let counts = Rc::new(Counts::default());
        match self.target {
            Target::Disk(kind) => disk.set_hook(Some(self.hook(kind, counts.clone()))),
            Target::Memory => malloc::fail(self.number, self.lasting == Lasting::UntilLifted),
        }
        Armed {
            disk: disk.clone(),
            injection: self,
            counts,
        }
    }

    fn hook(self, kind: Kind, counts: Rc<Counts>) -> Hook {
        Rc::new(move |info| {
            if add_one(&counts.all) > OPERATIONS_MAX {
                return Some(Fault::Fail(ErrorKind::Io));
            }
            if info.operation != kind.operation {
                return None;
            }
            let number = add_one(&counts.matching);
            let fails = match self.lasting {
                Lasting::Once => number == self.number,
                Lasting::UntilLifted => number >= self.number,
            };
            // Half of nothing, or of one byte, is no fault.
            let halves = matches!(kind.fault, Fault::ShortRead | Fault::ShortWrite);
            if !fails || (halves && info.size < 2) {
                return None;
            }
            counts.met.set(counts.met.get() + 1);
            Some(kind.fault)
        })
    }
}

fn add_one(count: &Cell<u64>) -> u64 {
    count.set(count.get() + 1);
    count.get()
}

impl Armed {
    /// How often the fault was met.
    pub(crate) fn met(&self) -> u64 {
        match self.injection.target {
            Target::Disk(_) => self.counts.met.get(),
            Target::Memory => malloc::failed(),
        }
    }

    pub(crate) fn hangs(&self) -> bool {
        self.counts.all.get() > OPERATIONS_MAX
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn lift(&self) {
        self.disk.set_hook(None);
        malloc::lift();
    }
}

/// Counts the operations of a disk by their kind.
pub(crate) struct Census {
    counts: Rc<std::cell::RefCell<Vec<(Operation, u64)>>>,
}

impl Census {
    pub(crate) fn of(disk: &SimDisk) -> Self {
        let counts = Rc::<std::cell::RefCell<Vec<(Operation, u64)>>>::default();
        let shared = counts.clone();
        disk.set_hook(Some(Rc::new(move |info| {
            let mut counts = shared.borrow_mut();
            match counts
                .iter_mut()
                .find(|(known, _)| *known == info.operation)
            {
                Some((_, count)) => *count += 1,
                None => counts.push((info.operation, 1)),
            }
            None
        })));
        Self { counts }
    }

    pub(crate) fn count(&self, operation: Operation) -> u64 {
        let counts = self.counts.borrow();
        let found = counts.iter().find(|(known, _)| *known == operation);
        found.map_or(0, |(_, count)| *count)
    }
}
