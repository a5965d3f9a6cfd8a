//! All crash images of one workload in one journal mode: made, recovered, judged, counted.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anchorite_vfs::sim::{Choice, CrashImage, Random, Recording, Replay, summary};
use anyhow::{Context, Result};

use crate::configuration::{Configuration, Promise};
use crate::oracle::{Oracle, Verdict};
use crate::record::{Run, run};
use crate::recover::{Depth, Patient, Recovered};
use crate::switch::Switch;
use crate::workloads::Workload;

/// How much to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Everything random follows from it.
    pub(crate) seed: u32,
    /// Seeded choices at each position.
    pub(crate) choices: u64,
    /// One position in so many is used.
    pub(crate) positions: u64,
    /// One image in so many is crashed again during its recovery.
    pub(crate) doubles: u64,
    /// One image in so many is written to after recovery.
    pub(crate) probes: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Hashes of the images that count.
    pub(crate) images: HashSet<u64>,
    pub(crate) doubles: HashSet<u64>,
    /// Images at weaker levels, which do not count.
    pub(crate) weaker: HashSet<u64>,
    /// Images that were opened, doubles among them.
    pub(crate) opened: u64,
    pub(crate) failures: Vec<Failure>,
}

/// An image that breaks a promise.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) lost: bool,
    pub(crate) report: String,
}

/// Enough to see what is wrong.
const FAILURES_MAX: usize = 5;

/// One run and all that is done with it.
struct Campaign<'a> {
    workload: &'a Workload,
    plan: Plan,
    run: &'a Run,
    patient: Patient<'a>,
    tally: &'a mut Tally,
    /// What each image recovered to: equal images are opened once, and judged each time.
    known: &'a mut HashMap<u64, Rc<Recovered>>,
}

/// Where a crash happened: in a report, and for `--reproduce`.
struct Place {
    position: usize,
    choice: Choice,
}

/// Runs a workload in these configurations, which share one way to open a database.
pub(crate) fn torture(
    switch: &Switch,
    workload: &Workload,
    configurations: &[Configuration],
    plan: Plan,
    tally: &mut Tally,
) {
    let mut known = HashMap::new();
    let before = tally.failures.len();
    for configuration in configurations {
        if tally.failures.len() - before >= FAILURES_MAX {
            return;
        }
        let run = match run(switch, &workload.script, *configuration, plan.seed) {
            Ok(run) => run,
            Err(error) => {
                let report = format!("{}/{configuration}: {error:#}", workload.name);
                tally.failures.push(Failure {
                    lost: false,
                    report,
                });
                continue;
            }
        };
        let mut campaign = Campaign {
            workload,
            plan,
            run: &run,
            patient: Patient {
                switch,
                configuration: *configuration,
                files: &workload.script.files,
            },
            tally,
            known: &mut known,
        };
        campaign.every_position(before + FAILURES_MAX);
    }
}

impl Campaign<'_> {
    fn oracle(&self) -> Oracle<'_> {
        Oracle {
            run: self.run,
            files: self.patient.files,
            configuration: self.patient.configuration,
        }
    }

    /// Only images at the levels that promise everything count.
    fn counts(&self) -> bool {
        self.patient.configuration.promise() == Promise::Acknowledged
    }

    fn every_position(&mut self, failures_max: usize) {
        let mut replay = Replay::new(&self.run.recording);
        let name = format!("{}/{}", self.workload.name, self.patient.configuration);
        let mut random = Random::new(u64::from(self.plan.seed) ^ name_seed(&name));
        while replay.advance() && self.tally.failures.len() < failures_max {
            if random.one_in(self.plan.positions) {
                self.position(&replay, &mut random);
            }
        }
    }

    fn position(&mut self, replay: &Replay<'_>, random: &mut Random) {
        self.image(replay, Choice::Nothing);
        if replay.pending() == 0 {
            return;
        }
        self.image(replay, Choice::Everything);
        // A single pending change can be torn or lost in a few ways only.
        let most = match self.counts() {
            true => self.plan.choices,
            false => self.plan.choices / 4,
        };
        let ways = most.min(replay.pending() as u64 * 10);
        for _ in 0..ways {
            self.image(replay, Choice::Seeded(random.bits()));
        }
    }

    fn image(&mut self, replay: &Replay<'_>, choice: Choice) {
        let crash = replay.crash(choice);
        let hash = crash.image.hash();
        let recovered = match self.known.get(&hash) {
            Some(recovered) => recovered.clone(),
            None => self.open(hash, &crash),
        };
        let position = replay.position();
        let place = Place { position, choice };
        self.judge(&place, &crash, &recovered, None);
        let counts = self.counts();
        let list = match counts {
            true => &mut self.tally.images,
            false => &mut self.tally.weaker,
        };
        if list.insert(hash) && counts && hash.is_multiple_of(self.plan.doubles) {
            self.crash_again(&place, &crash);
        }
    }

    fn open(&mut self, hash: u64, crash: &CrashImage) -> Rc<Recovered> {
        let counts = self.patient.configuration.promise() != Promise::Answer;
        let depth = match counts && hash.is_multiple_of(self.plan.probes) {
            true => Depth::Write,
            false => Depth::Read,
        };
        self.tally.opened += 1;
        let recovered = Rc::new(self.patient.recover(&crash.image, depth));
        self.known.insert(hash, recovered.clone());
        recovered
    }

    /// Crashes at every change of the recovery itself.
    fn crash_again(&mut self, place: &Place, first: &CrashImage) {
        let (_, recording) = self.patient.recover_recording(&first.image);
        self.tally.opened += 1;
        let mut random = Random::new(first.image.hash());
        let mut replay = Replay::new(&recording);
        while replay.advance() {
            let mut choices = vec![Choice::Nothing];
            if replay.pending() > 0 {
                choices.extend([Choice::Everything]);
                choices.extend([0; 3].map(|_| Choice::Seeded(random.bits())));
            }
            for choice in choices {
                let second = replay.crash(choice);
                let hash = second.image.hash();
                let recovered = match self.known.get(&hash) {
                    Some(recovered) => recovered.clone(),
                    None => self.open(hash, &second),
                };
                let position = replay.position();
                let again = Place { position, choice };
                self.judge(place, first, &recovered, Some((&again, &second)));
                self.tally.doubles.insert(hash);
            }
        }
    }

    fn judge(
        &mut self,
        place: &Place,
        crash: &CrashImage,
        recovered: &Recovered,
        again: Option<(&Place, &CrashImage)>,
    ) {
        let verdict = self
            .oracle()
            .judge(place.position, &crash.lost_names, recovered);
        if verdict == Verdict::Good {
            return;
        }
        let report = self.report(place, crash, &verdict, recovered, again);
        let lost = verdict == Verdict::Lost;
        self.tally.failures.push(Failure { lost, report });
    }

    fn report(
        &self,
        place: &Place,
        crash: &CrashImage,
        verdict: &Verdict,
        recovered: &Recovered,
        again: Option<(&Place, &CrashImage)>,
    ) -> String {
        let oracle = self.oracle();
        let acknowledged = oracle.acknowledged(place.position);
        let step = |at: usize| self.run.steps.get(at).map_or("none", |step| &step.text);
        let last = acknowledged.checked_sub(1).map_or("none", step);
        let next = step(acknowledged);
        let again = again.map(|(place, _)| place.to_string());
        let again = again.map_or_else(String::new, |again| format!("/{again}"));
        let name = self.workload.name;
        let configuration = self.patient.configuration;
        let seed = self.plan.seed;
        let files: Vec<_> = crash.image.files.iter().collect();
        let files: Vec<_> = files
            .iter()
            .map(|(name, file)| format!("{name} {} B", file.size()))
            .collect();
        format!(
            "{verdict:?}: --reproduce {name}/{configuration}/{seed}/{place}{again}\n  \
             acknowledged: {last}\n  next: {next}\n  found: {recovered:?}\n  \
             allowed: {:?}\n  files: {}\n  {}",
            &self.run.states[acknowledged..(acknowledged + 2).min(self.run.states.len())],
            files.join(", "),
            crash.describe(&self.run.recording).join("\n  "),
        )
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.choice {
            Choice::Nothing => write!(formatter, "{}/nothing", self.position),
            Choice::Everything => write!(formatter, "{}/everything", self.position),
            Choice::Seeded(seed) => write!(formatter, "{}/{seed}", self.position),
        }
    }
}

impl std::str::FromStr for Place {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (position, choice) = text.split_once('/').context("no choice")?;
        let choice = match choice {
            "nothing" => Choice::Nothing,
            "everything" => Choice::Everything,
            seed => Choice::Seeded(seed.parse()?),
        };
        let position = position.parse()?;
        Ok(Self { position, choice })
    }
}

fn name_seed(name: &str) -> u64 {
    name.bytes()
        .fold(0, |seed, byte| seed * 31 % (1 << 40) + u64::from(byte))
}

/// Makes one image again, recovers it and prints everything about it; `true` if it is good.
pub(crate) fn reproduce(
    switch: &Switch,
    workload: &Workload,
    configuration: Configuration,
    seed: u32,
    place: &str,
) -> Result<bool> {
    let run = run(switch, &workload.script, configuration, seed)?;
    let patient = Patient {
        switch,
        configuration,
        files: &workload.script.files,
    };
    let parts: Vec<&str> = place.split('/').collect();
    let places = parts.chunks(2).map(|pair| pair.join("/").parse());
    let places: Vec<Place> = places.collect::<Result<_>>()?;
    let first = places.first().context("no place")?;
    let crash = crash_at(&run.recording, first);
    print_log(&run, first.position);
    println!("{}", crash.describe(&run.recording).join("\n"));
    let (mut recovered, recording) = patient.recover_recording(&crash.image);
    if let Some(second) = places.get(1) {
        let again = crash_at(&recording, second);
        println!("again:\n{}", again.describe(&recording).join("\n"));
        recovered = patient.recover(&again.image, Depth::Write);
    }
    let oracle = Oracle {
        run: &run,
        files: patient.files,
        configuration,
    };
    let verdict = oracle.judge(first.position, &crash.lost_names, &recovered);
    println!("{recovered:?}\n{verdict:?}");
    Ok(verdict == Verdict::Good)
}

fn crash_at(recording: &Recording, place: &Place) -> CrashImage {
    let mut replay = Replay::new(recording);
    while replay.position() < place.position && replay.advance() {}
    replay.crash(place.choice)
}

/// The changes before the crash, under the steps that made them.
fn print_log(run: &Run, position: usize) {
    let mut from = 0;
    for (step, state) in run.steps.iter().zip(&run.states[1..]) {
        println!("{} → {state:?}", step.text);
        for at in from..step.end.min(position) {
            println!("  {at} {}", summary(&run.recording.log[at].change));
        }
        from = step.end;
        if from >= position {
            return;
        }
    }
}
