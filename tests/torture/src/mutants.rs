//! Spoils the VFS, or the medium's word, in one place at a time and looks whether it is noticed.
//!
//! Each mutant runs on workloads where the VFS that ships passes with the same seeds; it is killed
//! when the run itself fails, when an image breaks a promise, or when a failed sync costs what was
//! acknowledged.

use std::cell::Cell;
use std::rc::Rc;

use anchorite_vfs::Operation;
use anchorite_vfs::mutants::{self, Mutant};
use anchorite_vfs::sim::{Choice, Fault, Hook, Image, Recording, Replay, SimDisk};
use anyhow::{Context, Result, ensure};

use crate::campaign::{self, Plan, Tally};
use crate::configuration::Configuration;
use crate::oracle::{Oracle, Verdict};
use crate::record::{run, run_with_faults};
use crate::recover::{Depth, Patient, Recovered};
use crate::switch::{Lie, Switch};
use crate::workloads::{self, Workload};

/// What is spoilt.
#[derive(Clone, Copy, Debug)]
enum Spoilt {
    Vfs(Mutant),
    Medium(Lie),
}

/// Where it is looked for: workload and configuration.
const PLACES: [(&str, &str); 14] = [
    ("insert-transaction", "wal-full-psow-flush"),
    ("update-in-place", "delete-full-psow-flush"),
    ("small-cache-spills", "truncate-full-psow-flush"),
    ("two-writers-collide", "delete-full-psow-flush"),
    ("two-writers-collide", "wal-full-psow-flush"),
    ("wal-checkpoint-beside-a-reader", "wal-full-psow-flush"),
    ("checkpoint-truncate", "wal-full-psow-flush"),
    ("import-over-a-database", "delete-full-psow-flush"),
    (
        "wal-import-over-an-abandoned-database",
        "wal-full-psow-flush",
    ),
    ("page-size-512", "delete-full-nopsow-flush"),
    ("page-size-512", "wal-full-nopsow-flush"),
    ("attach-one-transaction", "delete-full-psow-flush"),
    ("auto-vacuum-full", "persist-full-psow-flush"),
    ("blobs-on-overflow-pages", "wal-full-psow-flush"),
];

/// Where syncs and reads fail as well.
const FAILING: [&str; 2] = ["insert-transaction", "update-in-place"];

fn plan(seed: u32) -> Plan {
    Plan {
        seed,
        choices: 12,
        positions: 1,
        doubles: u64::MAX,
        probes: 64,
    }
}

/// One line for each mutant: `M killed NAME by …` or `M survived NAME`.
pub(crate) fn run_all(seed: u32, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let switch = Switch::register()?;
    let all = workloads::all()?;
    let places = places(&all)?;
    for (workload, configuration) in &places {
        let found = trouble(&switch, workload, *configuration, seed);
        let name = workload.name;
        ensure!(
            found.is_none(),
            "{name}/{configuration} fails without a mutant: {found:?}"
        );
    }
    let wanted = spoilt().filter(|spoilt| wanted(&name(*spoilt)));
    let verdict = |spoilt| hunt(&switch, &places, spoilt, seed);
    Ok(wanted.map(verdict).collect())
}

fn spoilt() -> impl Iterator<Item = Spoilt> {
    let vfs = mutants::ALL.map(Spoilt::Vfs);
    let medium = [Lie::WalChecksumUnchecked, Lie::PowersafeClaimedWrongly].map(Spoilt::Medium);
    vfs.into_iter().chain(medium)
}

/// Switches the mutant of this name on, if there is one.
pub(crate) fn spoil(switch: &Switch, wanted: &str) {
    if let Some(spoilt) = spoilt().find(|spoilt| name(*spoilt) == wanted) {
        switch_on(switch, spoilt);
    }
}

fn switch_on(switch: &Switch, spoilt: Spoilt) {
    match spoilt {
        Spoilt::Vfs(mutant) => mutants::set(Some(mutant)),
        Spoilt::Medium(lie) => switch.lie(Some(lie)),
    }
}

fn places(all: &[Workload]) -> Result<Vec<(&Workload, Configuration)>> {
    let place = |(name, configuration): (&str, &str)| {
        let workload = all.iter().find(|workload| workload.name == name);
        let workload = workload.with_context(|| format!("there is no workload {name:?}"))?;
        Ok((workload, configuration.parse()?))
    };
    PLACES.into_iter().map(place).collect()
}

fn name(spoilt: Spoilt) -> String {
    match spoilt {
        Spoilt::Vfs(mutant) => format!("{mutant:?}"),
        Spoilt::Medium(lie) => format!("{lie:?}"),
    }
}

fn hunt(
    switch: &Switch,
    places: &[(&Workload, Configuration)],
    spoilt: Spoilt,
    seed: u32,
) -> String {
    switch_on(switch, spoilt);
    let name = name(spoilt);
    let killed = places.iter().find_map(|(workload, configuration)| {
        let trouble = trouble(switch, workload, *configuration, seed)?;
        let first = trouble.lines().next().unwrap_or_default().to_owned();
        Some(format!("M killed {name} by {first}"))
    });
    mutants::set(None);
    switch.lie(None);
    killed.unwrap_or_else(|| format!("M survived {name}"))
}

/// The first thing that is wrong with one workload, if anything is.
fn trouble(
    switch: &Switch,
    workload: &Workload,
    configuration: Configuration,
    seed: u32,
) -> Option<String> {
    let mut tally = Tally::default();
    campaign::torture(switch, workload, &[configuration], plan(seed), &mut tally);
    if let Some(failure) = tally.failures.into_iter().next() {
        return Some(failure.report);
    }
    match FAILING.contains(&workload.name) {
        true => faults(switch, workload, configuration, seed),
        false => None,
    }
}

/// Lets each sync fail in turn, and lose what it should have made durable; then each read of a
/// recovery come short.
fn faults(
    switch: &Switch,
    workload: &Workload,
    configuration: Configuration,
    seed: u32,
) -> Option<String> {
    let script = &workload.script;
    let clean = run(switch, script, configuration, seed).ok()?;
    let files = &script.files;
    let oracle = Oracle {
        run: &clean,
        files,
        configuration,
    };
    let patient = Patient {
        switch,
        configuration,
        files,
    };
    let failed = (0..).map_while(|number| {
        let (hook, met) = fault(Operation::Sync, "", Fault::SyncLoses, number);
        let (disk, acknowledged) = run_with_faults(switch, script, configuration, seed, hook);
        met.get()
            .then(|| bad_sync(&oracle, &patient, &disk, acknowledged))
    });
    let name = format!("{}/{configuration}", workload.name);
    if let Some((number, verdict)) = first_bad(failed) {
        return Some(format!("{name} after sync {number} failed: {verdict:?}"));
    }
    let last = clean.steps.len() - 2;
    let image = crash_after(&clean.recording, clean.steps[last].end);
    let short = (0..).map_while(|number| {
        let (hook, met) = fault(Operation::Read, "-wal", Fault::ShortRead, number);
        let recovered = patient.recover_with_faults(&image, hook);
        met.get().then(|| match recovered {
            // An error is an honest answer; another state is not.
            Recovered::Failed(_) => Verdict::Good,
            states @ Recovered::States(_) => oracle.judge(clean.steps[last].end, &[], &states),
        })
    });
    let (number, verdict) = first_bad(short)?;
    Some(format!(
        "{name} after read {number} came short: {verdict:?}"
    ))
}

fn first_bad(mut verdicts: impl Iterator<Item = Verdict>) -> Option<(usize, Verdict)> {
    let bad = |(_, verdict): &(usize, Verdict)| *verdict != Verdict::Good;
    verdicts.by_ref().enumerate().find(bad)
}

/// The image if nothing pending is lost.
fn crash_after(recording: &Recording, position: usize) -> Image {
    let mut replay = Replay::new(recording);
    while replay.position() < position && replay.advance() {}
    replay.crash(Choice::Everything).image
}

/// What a run that ended after a failed sync leaves, with and without what was never synced.
fn bad_sync(
    oracle: &Oracle<'_>,
    patient: &Patient<'_>,
    disk: &SimDisk,
    acknowledged: usize,
) -> Verdict {
    let recording = disk.recording();
    let mut replay = Replay::new(&recording);
    while replay.advance() {}
    let judge = |choice| {
        let recovered = patient.recover(&replay.crash(choice).image, Depth::Read);
        oracle.judge_failed(acknowledged, &recovered)
    };
    let verdicts = [Choice::Nothing, Choice::Everything].map(judge);
    let bad = verdicts
        .into_iter()
        .find(|verdict| *verdict != Verdict::Good);
    bad.unwrap_or(Verdict::Good)
}

/// A hook that spoils one operation of this kind on files with this ending, and whether it has.
fn fault(
    operation: Operation,
    ending: &'static str,
    fault: Fault,
    number: u64,
) -> (Hook, Rc<Cell<bool>>) {
    let met = Rc::new(Cell::new(false));
    let seen = Cell::new(0);
    let done = met.clone();
    let hook: Hook = Rc::new(move |info| {
        if info.operation != operation || !info.path.ends_with(ending) {
            return None;
        }
        seen.set(seen.get() + 1);
        if seen.get() != number + 1 {
            return None;
        }
        done.set(true);
        Some(fault)
    });
    (hook, met)
}
