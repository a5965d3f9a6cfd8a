//! What one process does: its part of the schedules, or all for one mutant, or one again.
//!
//! Tells its parent in lines: `H` and the hash of a schedule that counts, `T` and a trouble,
//! `C` and numbers at the end, `M` and what became of a mutant.

use std::collections::HashSet;
use std::io::Write;

use anchorite_vfs::mutants::{self, Mutant};
use anyhow::{Context, Result};

use crate::Options;
use crate::schedule::Stage;

/// Seeds that a mutant is looked for in.
const HUNT_MAX: u64 = 20_000;

/// It shows only where the journal mode is changed.
const OF_MODES: Mutant = Mutant::EmptyWalHidden;

/// One schedule more for so many, in place of those that two processes have both run.
const BOTH_RAN: u64 = 500;

/// Every `of`th seed, until there are enough that count and differ.
pub(crate) fn run(options: &Options, part: &str) -> Result<bool> {
    let (number, of) = part.split_once('/').context("a slice is number/of")?;
    let (number, of): (u64, u64) = (number.parse()?, of.parse()?);
    let wanted = (options.wanted() + options.wanted() / BOTH_RAN).div_ceil(of);
    let stage = Stage::new()?;
    let mut out = std::io::stdout().lock();
    let (mut seed, mut calls, mut killed) = (options.seed + number, 0, 0);
    let mut hashes = HashSet::new();
    let mut is_good = true;
    while (hashes.len() as u64) < wanted {
        let outcome = stage.run(seed, false);
        calls += outcome.calls;
        killed += u64::from(outcome.was_killed);
        if outcome.counts && hashes.insert(outcome.hash) {
            writeln!(out, "H {:x}", outcome.hash)?;
        }
        for (kind, words) in outcome.troubles {
            is_good = false;
            let words = words.replace('\n', "; ");
            writeln!(out, "T {kind:?} seed {seed}: {words}")?;
        }
        seed += of;
    }
    writeln!(
        out,
        "C {} {calls} {killed}",
        (seed - options.seed).div_ceil(of)
    )?;
    Ok(is_good)
}

fn mutant(name: &str) -> Result<Mutant> {
    let found = mutants::SHARED
        .into_iter()
        .find(|mutant| format!("{mutant:?}") == name);
    found.with_context(|| format!("there is no mutant {name:?}"))
}

/// Looks for a schedule that notices the mutant; fails if there is one.
pub(crate) fn hunt(options: &Options, name: &str) -> Result<bool> {
    let stage = Stage::new()?;
    let mutant = mutant(name)?;
    mutants::set(Some(mutant));
    for seed in options.seed..options.seed + HUNT_MAX {
        let outcome = match mutant == OF_MODES {
            true => stage.run_changing(seed),
            false => stage.run(seed, false),
        };
        if let Some((kind, words)) = outcome.troubles.first() {
            println!("M killed {name} by seed {seed}: {kind:?}: {words}");
            return Ok(false);
        }
    }
    println!("M survived {name}");
    Ok(true)
}

/// Prints every call of one schedule.
pub(crate) fn reproduce(seed: u64, name: Option<&str>) -> Result<bool> {
    let stage = Stage::new()?;
    mutants::set(name.map(mutant).transpose()?);
    let outcome = stage.run(seed, true);
    let mut out = std::io::stdout().lock();
    for line in &outcome.trace {
        writeln!(out, "{line}")?;
    }
    for (kind, words) in &outcome.troubles {
        writeln!(out, "{kind:?}: {words}")?;
    }
    writeln!(
        out,
        "seed {seed}: {} calls, {} of them for locks, a WAL of up to {} B, hash {:x}",
        outcome.calls, outcome.asked, outcome.largest_wal, outcome.hash
    )?;
    Ok(outcome.troubles.is_empty())
}
