//! What may be on a disk after a crash and a recovery, and what may not.
//!
//! After `FULL`: the state of the last acknowledged step or, if a change of the next step had
//! been made, of that one. Weaker levels allow more, `configuration.rs` says which.
//!
//! A file that was renamed or removed may be back under its old name while the medium may still
//! lose that, and one that was created where names are late may be missing: then that database,
//! whole, is allowed to be what it was before.

use std::ops::RangeInclusive;

use anchorite_vfs::sim::Change;

use crate::configuration::{Configuration, Promise};
use crate::digest::Digest;
use crate::record::{Run, State};
use crate::recover::Recovered;

/// The judgement on one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    /// An earlier state than allowed, or a later one.
    Lost,
    /// No state there ever was, or none at all.
    Corrupt(String),
}

/// Knows everything about one run.
pub(crate) struct Oracle<'a> {
    pub(crate) run: &'a Run,
    pub(crate) files: &'a [String],
    pub(crate) configuration: Configuration,
}

impl Oracle<'_> {
    /// Judges what was recovered after a crash behind `position` changes; `lost_names` are those
    /// changes of names that the crash has undone.
    pub(crate) fn judge(
        &self,
        position: usize,
        lost_names: &[usize],
        recovered: &Recovered,
    ) -> Verdict {
        if self.configuration.promise() == Promise::Answer {
            return Verdict::Good;
        }
        self.judge_among(self.allowed(position), lost_names, recovered)
    }

    /// Judges what was recovered after a step has failed: it may have been done or not.
    pub(crate) fn judge_failed(&self, acknowledged: usize, recovered: &Recovered) -> Verdict {
        let next = (acknowledged + 1).min(self.run.states.len() - 1);
        self.judge_among(acknowledged..=next, &[], recovered)
    }

    fn judge_among(
        &self,
        allowed: RangeInclusive<usize>,
        lost_names: &[usize],
        recovered: &Recovered,
    ) -> Verdict {
        let digests = match recovered {
            Recovered::States(digests) => digests,
            Recovered::Failed(error) => return Verdict::Corrupt(error.clone()),
        };
        let excused = self.excused(lost_names);
        if self.matches(allowed, &excused, digests) {
            return Verdict::Good;
        }
        match self.matches(0..=self.run.states.len() - 1, &excused, digests) {
            true => Verdict::Lost,
            false => Verdict::Corrupt("no state there ever was".to_owned()),
        }
    }

    /// How many steps were acknowledged.
    pub(crate) fn acknowledged(&self, position: usize) -> usize {
        self.run.steps.partition_point(|step| step.end <= position)
    }

    /// Indices into the states.
    fn allowed(&self, position: usize) -> RangeInclusive<usize> {
        let acknowledged = self.acknowledged(position);
        let begun = acknowledged.checked_sub(1);
        let begun = begun.map_or(0, |last| self.run.steps[last].end) < position;
        let in_flight = acknowledged < self.run.steps.len() && begun;
        let last = acknowledged + usize::from(in_flight);
        match self.configuration.promise() {
            Promise::Acknowledged => acknowledged..=last,
            Promise::AllButLast => self.before(acknowledged)..=last,
            Promise::Prefix | Promise::Answer => 0..=last,
        }
    }

    /// The last state that differs from that one.
    fn before(&self, index: usize) -> usize {
        let states = &self.run.states;
        let differs = (0..index).rev().find(|at| states[*at] != states[index]);
        differs.unwrap_or(0)
    }

    /// For each database: the state that lost names give back to it.
    fn excused(&self, lost_names: &[usize]) -> State {
        let earliest = |file: &String| lost_names.iter().find(|at| self.is_about(**at, file));
        let before = |(index, file): (usize, &String)| match earliest(file) {
            Some(at) => self.run.states[self.step_of(*at)][index].clone(),
            None => Vec::new(),
        };
        self.files.iter().enumerate().map(before).collect()
    }

    /// The step that made a change.
    fn step_of(&self, change: usize) -> usize {
        self.run.steps.partition_point(|step| step.end <= change)
    }

    /// Whether a change of names may give a database back, or take it, as a whole.
    fn is_about(&self, change: usize, file: &str) -> bool {
        match &self.run.recording.log[change].change {
            Change::Create { name, .. } => self.configuration.late_names && name == file,
            Change::Remove { name } => name == file,
            Change::Rename { to, .. } => to == file,
            _ => false,
        }
    }

    fn matches(
        &self,
        mut states: RangeInclusive<usize>,
        excused: &State,
        digests: &[Digest],
    ) -> bool {
        let one = |at: usize, file: usize| {
            let digest = &digests[file];
            let state = &self.run.states[at][file];
            state.is_empty() || state.contains(digest) || excused[file].contains(digest)
        };
        let mut files = 0..digests.len();
        if self.configuration.atomic_across_files() {
            return states.any(|at| files.clone().all(|file| one(at, file)));
        }
        files.all(|file| states.clone().any(|at| one(at, file)))
    }
}
