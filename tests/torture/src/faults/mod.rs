//! The fault sweep: every operation of a workload goes wrong in every way, one at a time, once
//! and from then on; and so does every allocation of SQLite.
//!
//! Called by `main.rs`. It must not know how the VFS works: it lets the disk below fail and speaks
//! SQL above.
//!
//! ```text
//! kind.rs       what goes wrong with which operation, and the result codes that may come of it
//! injection.rs  lets the N-th operation go wrong       ../malloc.rs  and the N-th allocation
//! session.rs    plays a workload up to the error       judge.rs      what must hold then
//! content.rs    what an application would read         table.rs      the codes, for the docs
//! ```

mod content;
mod injection;
mod judge;
mod kind;
mod session;
mod socket;
mod table;

use std::collections::BTreeSet;

use anchorite_vfs::sim::{Image, Random};
use anchorite_vfs::{Operation, hooks};
use anyhow::{Context, Result, ensure};

use self::injection::{Census, Injection, Lasting, Target};
use self::judge::{Case, Report};
use self::kind::{KINDS, Kind};
use self::session::Session;
use self::socket::{Socket, VFS};
pub(crate) use self::table::markdown as table;
use crate::configuration::{JOURNALS, Journal};
use crate::malloc;
use crate::script::{Action, Script};
use crate::workloads::{self, Workload};

/// How much to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Which operations and allocations are taken, if not all.
    pub(crate) seed: u32,
    /// Only operations of this kind, if not all.
    pub(crate) operation: Option<Operation>,
    /// One operation in so many goes wrong.
    pub(crate) operations: u64,
    /// One allocation in so many fails.
    pub(crate) allocations: u64,
    /// Only runs whose `workload/journal` contains this text.
    pub(crate) filter: String,
    /// This process's share: every `of`-th workload in a journal mode, from `number` on.
    pub(crate) share: (usize, usize),
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct FaultCounts {
    /// Runs in which a fault was met.
    pub(crate) faults: u64,
    /// Each with what it takes to run it again.
    pub(crate) failures: Vec<String>,
    /// `(fault, extended result code)`, as they surfaced.
    pub(crate) codes: BTreeSet<(String, i32)>,
}

/// A workload has shown enough when this many of its runs went wrong.
const FAILURES_MAX: usize = 5;

/// Midnight, 22 November 2026, UTC; names of temporary files contain the time.
const CLOCK_MS: i64 = 1_795_305_600_000;

/// Workloads for what the crash images have no use for.
const WORKLOADS: &str = include_str!("../../workloads/faults.sql");

/// Does the share of the plan. Allocations fail where [`malloc::install`] came first.
pub(crate) fn run(plan: &Plan, mut tell: impl FnMut(&FaultCounts) -> Result<()>) -> Result<()> {
    let socket = &Socket::register(VFS)?;
    let (number, of) = plan.share;
    for (workload, journal) in units()?.into_iter().skip(number).step_by(of) {
        let name = format!("{}/{}", workload.name, journal.sql());
        if name.contains(&plan.filter) {
            let case = case(socket, &name, &workload.script, journal)
                .with_context(|| format!("{name} without a fault"))?;
            let mut counts = FaultCounts::default();
            sweep(&case, plan, &mut counts);
            tell(&counts)?;
        }
    }
    Ok(())
}

/// Every workload in every journal mode that keeps promises.
fn units() -> Result<Vec<(Workload, Journal)>> {
    let mut all = workloads::all()?;
    // A crash in the middle is no matter of faults.
    all.retain(|workload| !workload.script.actions.contains(&Action::Abandon));
    all.extend(workloads::parse(WORKLOADS)?);
    let with_all = |journal| all.iter().map(move |it: &Workload| (it.clone(), journal));
    let pairs = JOURNALS.into_iter().flat_map(with_all);
    let fitting = pairs.filter(|(workload, journal)| workload.runs_in(*journal));
    Ok(fitting.collect())
}

/// Plays the workload undisturbed and notes its states.
fn case<'a>(
    socket: &'a Socket,
    name: &'a str,
    script: &'a Script,
    journal: Journal,
) -> Result<Case<'a>> {
    hooks::seed(1);
    hooks::fix_clock(CLOCK_MS);
    socket.plug(&Image::default(), false);
    let mut session = Session::new(socket, script, journal);
    let empty = Some(content::empty()?);
    let mut states = vec![vec![empty; script.files.len()]];
    let mut error = None;
    let stop =
        session.play(
            |session, _| match session.state(states.last().expect("begins with one")) {
                Ok(state) => states.push(state),
                Err(problem) => error = Some(problem),
            },
        );
    ensure!(stop.is_none() && error.is_none(), "{stop:?} {error:?}");
    Ok(Case {
        socket,
        name,
        script,
        journal,
        states,
    })
}

/// Lets each operation and each allocation of a workload go wrong.
fn sweep(case: &Case<'_>, plan: &Plan, counts: &mut FaultCounts) {
    let disk = case.socket.plug(&Image::default(), false);
    let census = Census::of(&disk);
    let before = malloc::count();
    Session::new(case.socket, case.script, case.journal).play(|_, _| {});
    let allocations = malloc::count() - before;
    disk.set_hook(None);
    let mut random = Random::new(u64::from(plan.seed) ^ allocations);
    let failures_max = counts.failures.len() + FAILURES_MAX;
    let names = |it: &Action| matches!(it, Action::Import { .. } | Action::Delete { .. });
    let names = case.script.actions.iter().any(names);
    let wanted = |kind: &Kind| plan.operation.is_none_or(|only| only == kind.operation);
    // That a side file is not there is an answer that whole-file functions must believe.
    let believed = |kind: &Kind| names && kind.lies();
    for kind in KINDS.into_iter().filter(|it| wanted(it) && !believed(it)) {
        let last = census.count(kind.operation);
        let each = one_in(&mut random, plan.operations, last);
        runs(case, Target::Disk(kind), &each, failures_max, counts);
    }
    let each = one_in(&mut random, plan.allocations, allocations);
    runs(case, Target::Memory, &each, failures_max, counts);
}

/// Those of the numbers from 1 to `last` that are taken; if all are, also the one behind them, at
/// which nothing must go wrong.
fn one_in(random: &mut Random, among: u64, last: u64) -> Vec<u64> {
    let taken = (1..=last).filter(|_| random.one_in(among));
    taken.chain((among == 1).then_some(last + 1)).collect()
}

fn runs(
    case: &Case<'_>,
    target: Target,
    numbers: &[u64],
    failures_max: usize,
    counts: &mut FaultCounts,
) {
    for number in numbers {
        for lasting in [Lasting::Once, Lasting::UntilLifted] {
            if counts.failures.len() >= failures_max {
                return;
            }
            let injection = Injection {
                target,
                number: *number,
                lasting,
            };
            one(case, injection, counts);
        }
    }
}

fn one(case: &Case<'_>, injection: Injection, counts: &mut FaultCounts) {
    let label = format!(
        "{}/{}/{}/{:?}",
        case.name,
        injection.name(),
        injection.number,
        injection.lasting
    );
    hooks::seed(1);
    match case.run(injection) {
        Ok(Report { met, code }) => {
            counts.faults += u64::from(met);
            counts
                .codes
                .extend(code.map(|code| (injection.name().to_owned(), code)));
        }
        Err(problem) => counts.failures.push(format!("{label}: {problem}")),
    }
}

#[cfg(test)]
mod tests {
    use anchorite_vfs::mutants::{self, Mutant};

    use super::*;

    const DURABILITY: &str = include_str!("../../../../docs/durability.md");

    fn swept(filter: &str, operation: Option<Operation>, operations: u64) -> FaultCounts {
        let plan = Plan {
            seed: 3,
            operation,
            operations,
            allocations: 40 * operations,
            filter: filter.to_owned(),
            share: (0, 1),
        };
        let mut all = FaultCounts::default();
        run(&plan, |counts| {
            all.faults += counts.faults;
            all.failures.extend(counts.failures.iter().cloned());
            all.codes.extend(counts.codes.iter().cloned());
            Ok(())
        })
        .unwrap();
        all
    }

    /// One test, because SQLite's allocator and the VFS belong to the process.
    #[test]
    fn a_sweep_finds_nothing_but_mutants_and_what_the_docs_say() {
        malloc::install().unwrap();
        let filters = [
            "update-in-place",
            "attach-one-transaction",
            "import-new/wal",
        ];
        for filter in filters {
            let counts = swept(filter, None, 12);
            assert!(counts.faults > 30, "{filter}: {} faults", counts.faults);
            assert!(counts.failures.is_empty(), "{:?}", counts.failures);
            for (fault, code) in &counts.codes {
                let name = table::name(*code);
                let row = DURABILITY
                    .lines()
                    .find(|line| line.starts_with(&format!("| {fault} |")));
                let row = row.expect(fault);
                assert!(row.contains(&format!("`{name}`")), "{fault} gave {name}");
            }
        }
        // A failed flush of the journal that a change to WAL has emptied is nothing to SQLite.
        let syncs = swept("insert-autocommit/wal", Some(Operation::Sync), 1);
        assert!(syncs.faults > 30 && syncs.failures.is_empty(), "{syncs:?}");
        for mutant in [Mutant::SyncErrorSwallowed, Mutant::ShortReadUnreported] {
            mutants::set(Some(mutant));
            let counts = swept("small-cache-spills/wal", None, 4);
            mutants::set(None);
            assert!(!counts.failures.is_empty(), "{mutant:?} survives");
        }
    }
}
