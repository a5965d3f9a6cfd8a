//! One process's part of the campaign; its result goes to standard output, for `parent.rs`.
//!
//! ```text
//! i <hash>      an image, by its content        o <count>     images that were opened
//! d <hash>      a double crash, likewise        F <text>      a failure; its newlines are tabs
//! w <hash>      an image at a weaker level      M <text>      a mutant: killed or survived
//! f <count>     faults that were met            e <code> <fault>  a result code of one
//! end           all is told
//! ```

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{BufWriter, Write, stdout};

use anyhow::{Context, Result, bail};

use crate::Options;
use crate::campaign::{self, Plan, Tally};
use crate::configuration::{Configuration, JOURNALS, Journal, Synchronous};
use crate::faults::{self, FaultCounts};
use crate::switch::Switch;
use crate::workloads::{self, Workload};
use crate::{malloc, mutants};

/// A workload in one journal mode: what one process does in one piece.
struct Unit {
    workload: Workload,
    journal: Journal,
}

/// How much the full run does, and the sample.
fn plan(options: &Options) -> Plan {
    match options.sample {
        true => Plan {
            seed: options.seed,
            choices: 4,
            positions: 10,
            doubles: 64,
            probes: 64,
        },
        false => Plan {
            seed: options.seed,
            choices: 40,
            positions: 1,
            doubles: 32,
            probes: 64,
        },
    }
}

/// Does every `of`-th unit and tells what came of it.
pub(crate) fn run(options: &Options, part: &str) -> Result<bool> {
    let (number, of) = part.split_once('/').context("not of the form number/of")?;
    let (number, of) = (number.parse::<usize>()?, of.parse::<usize>()?);
    malloc::install()?;
    let mut out = BufWriter::new(stdout().lock());
    if !options.faults {
        images(options, (number, of), &mut out)?;
    }
    let plan = fault_plan(options, (number, of));
    faults::run(&plan, |counts| tell_faults(&mut out, counts))?;
    writeln!(out, "end")?;
    out.flush()?;
    Ok(true)
}

/// Crash images, and the mutants they find.
fn images(options: &Options, (number, of): (usize, usize), out: &mut impl Write) -> Result<()> {
    let switch = Switch::register()?;
    let mine = units()?.into_iter().skip(number).step_by(of);
    for unit in mine {
        let mut tally = Tally::default();
        for powersafe in [true, false] {
            let configurations = configurations(options, &unit, powersafe);
            let plan = plan(options);
            campaign::torture(&switch, &unit.workload, &configurations, plan, &mut tally);
        }
        tell(out, &tally)?;
    }
    for line in mutants(options, number, of)? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Every operation, or for the sample one in so many; an allocation is less of an event.
fn fault_plan(options: &Options, share: (usize, usize)) -> faults::Plan {
    let (operations, allocations) = match options.sample {
        true => (400, 10_000),
        false => (1, 10),
    };
    faults::Plan {
        seed: options.seed,
        operation: None,
        operations,
        allocations,
        filter: options.filter.clone(),
        share,
    }
}

fn tell_faults(out: &mut impl Write, counts: &FaultCounts) -> Result<()> {
    writeln!(out, "f {}", counts.faults)?;
    for (fault, code) in &counts.codes {
        writeln!(out, "e {code} {fault}")?;
    }
    for failure in &counts.failures {
        writeln!(out, "F fault {}", failure.replace('\n', "\t"))?;
    }
    Ok(out.flush()?)
}

/// Every `of`-th mutant.
fn mutants(options: &Options, number: usize, of: usize) -> Result<Vec<String>> {
    let wanted = |name: &str| options.mutants == "all" || name.contains(&options.mutants);
    let index = Cell::new(0);
    let mine = |name: &str| {
        index.set(index.get() + 1);
        index.get() % of == number && wanted(name)
    };
    match options.mutants.as_str() {
        "none" => Ok(Vec::new()),
        _ => mutants::run_all(options.seed, mine),
    }
}

fn units() -> Result<Vec<Unit>> {
    let all = workloads::all()?;
    let journals = JOURNALS.into_iter().chain([Journal::Memory, Journal::Off]);
    let with_all = |journal| all.iter().map(move |workload| (workload.clone(), journal));
    let pairs = journals.flat_map(with_all);
    let fitting = pairs.filter(|(workload, journal)| workload.runs_in(*journal));
    Ok(fitting
        .map(|(workload, journal)| Unit { workload, journal })
        .collect())
}

/// The ways to run a unit. The sample leaves out what differs least.
fn configurations(options: &Options, unit: &Unit, powersafe: bool) -> Vec<Configuration> {
    let counted = JOURNALS.contains(&unit.journal);
    let levels: &[Synchronous] = match (counted, options.sample) {
        (true, true) => &[Synchronous::Full],
        (true, false) => &[
            Synchronous::Full,
            Synchronous::Extra,
            Synchronous::Normal,
            Synchronous::Off,
        ],
        (false, true) => &[],
        (false, false) => &[Synchronous::Full],
    };
    let both = |synchronous| [false, true].map(|late_names| (synchronous, late_names));
    let ways = levels.iter().copied().flat_map(both);
    let all = ways.map(|(synchronous, late_names)| Configuration {
        powersafe,
        late_names,
        ..Configuration::new(unit.journal, synchronous)
    });
    let named = |way: &Configuration| format!("{}/{way}", unit.workload.name);
    all.filter(|way| named(way).contains(&options.filter))
        .collect()
}

fn tell(out: &mut impl Write, tally: &Tally) -> Result<()> {
    let lists: [(&str, &HashSet<u64>); 3] = [
        ("i", &tally.images),
        ("d", &tally.doubles),
        ("w", &tally.weaker),
    ];
    for (mark, hashes) in lists {
        for hash in hashes {
            writeln!(out, "{mark} {hash:x}")?;
        }
    }
    writeln!(out, "o {}", tally.opened)?;
    for failure in &tally.failures {
        let kind = if failure.lost { "lost" } else { "corrupt" };
        writeln!(out, "F {kind} {}", failure.report.replace('\n', "\t"))?;
    }
    out.flush()?;
    Ok(())
}

/// Runs one image again: `workload/configuration/seed/position/choice[/position/choice]`, with a
/// mutant if it is named in full.
pub(crate) fn reproduce(options: &Options, place: &str) -> Result<bool> {
    let mut parts = place.splitn(4, '/');
    let mut part = || parts.next().context("a part of the place is missing");
    let (name, configuration) = (part()?, part()?.parse()?);
    let (seed, crash) = (part()?.parse()?, part()?);
    let all = workloads::all()?;
    let Some(workload) = all.iter().find(|workload| workload.name == name) else {
        bail!("there is no workload {name:?}");
    };
    let switch = Switch::register()?;
    mutants::spoil(&switch, &options.mutants);
    campaign::reproduce(&switch, workload, configuration, seed, crash)
}
