//! One schedule: a few tabs, each a fiber, of which exactly one runs at a time; the seed chooses
//! which at every call of the medium, and who is killed where.

use std::collections::BTreeMap;
use std::rc::Rc;

#[cfg(test)]
use anchorite_vfs::Vfs;
use anchorite_vfs::hooks;
use anchorite_vfs::sim::Random;

use crate::fiber::Fiber;
use crate::ledger::{FIRST_LIFE, Ledger, Trouble};
use crate::medium::{self, TABS, TabMedium};
use crate::workload::{self, Tab};
use crate::world::{Life, Time, World};

/// The files that a schedule begins with.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// How many images were left by tabs that died.
const CRASHED: usize = 3;

/// No schedule needs a tenth of it.
const TIME_MAX: Time = 3000 * 1_000_000;
const CALLS_MAX: u64 = 200_000;

/// When the locks of a tab are free that was killed while it was at work.
const FREEING: Time = 2_000_000;

/// What became of a schedule.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Differs with the choices.
    pub(crate) hash: u64,
    /// At least two tabs have committed, and a lock was contended or a tab killed.
    pub(crate) counts: bool,
    pub(crate) calls: u64,
    pub(crate) was_killed: bool,
    /// How often a lock was asked for.
    pub(crate) asked: u64,
    /// Bytes of the WAL, at its largest.
    pub(crate) largest_wal: usize,
    /// The most that was written to it while one and the same long statement ran.
    #[cfg(test)]
    pub(crate) written_beside: u64,
    pub(crate) troubles: Vec<(Trouble, String)>,
    /// What was called, if it was asked for.
    pub(crate) trace: Vec<String>,
}

/// The process's tabs, and the images to begin with.
pub(crate) struct Stage {
    tabs: Vec<TabMedium>,
    images: Vec<Image>,
}

impl Stage {
    /// Registers the VFSes and makes the images.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let tabs = medium::register_all()?;
        hooks::seed(1);
        let world = Rc::new(World::default());
        medium::enter(&world);
        workload::prepare()?;
        // The first opening of a VFS calls more than later ones; a schedule shall follow from its
        // seed.
        (0..TABS).try_for_each(|tab| workload::open(tab)?.execute_batch("SELECT 1"))?;
        let images = vec![world.image()];
        let mut stage = Self { tabs, images };
        stage.add_crashed()?;
        Ok(stage)
    }

    /// Images that tabs have left which died in the middle: a WAL with transactions, and a `-shm`.
    fn add_crashed(&mut self) -> anyhow::Result<()> {
        for seed in 1..=CRASHED as u64 {
            let mut run = Run::new(self, seed, false);
            run.begin_all();
            let calls = 150 + 100 * seed;
            while run.world.calls() < calls && run.step() {}
            let image = run.world.image();
            run.drain();
            self.images.push(image);
        }
        Ok(())
    }

    /// A hundred small transactions and reads in each tab.
    #[cfg(test)]
    pub(crate) fn run_steadily(&self, seed: u64, computes: bool) -> Outcome {
        let mut run = Run::new(self, seed, false);
        run.is_steady = true;
        run.computes = computes;
        run.whole()
    }

    /// Two tabs that nobody interleaves, on a new copy of the database; for tests.
    #[cfg(test)]
    pub(crate) fn two_tabs(&self) -> Rc<World> {
        let world = Rc::new(World::new(&self.images[0]));
        medium::enter(&world);
        self.tabs[0].begin(FIRST_LIFE + 1);
        self.tabs[1].begin(FIRST_LIFE + 2);
        world
    }

    /// A tab's VFS, for its host.
    #[cfg(test)]
    pub(crate) fn vfs(&self, tab: usize) -> Vfs {
        self.tabs[tab].vfs()
    }

    /// Runs one in which tabs change the journal mode often, which one in eight is of itself.
    pub(crate) fn run_changing(&self, seed: u64) -> Outcome {
        let mut run = Run::new(self, seed, false);
        run.changes_modes = true;
        run.whole()
    }

    /// Runs the schedule of a seed.
    pub(crate) fn run(&self, seed: u64, with_trace: bool) -> Outcome {
        Run::new(self, seed, with_trace).whole()
    }
}

struct Run<'stage> {
    stage: &'stage Stage,
    random: Random,
    world: Rc<World>,
    ledger: Rc<Ledger>,
    fibers: BTreeMap<Life, (usize, Fiber)>,
    last_life: Life,
    /// Once in so many calls another tab may run; 1 is at every call.
    stickiness: u64,
    running: Option<Life>,
    /// After so many calls a tab is killed, wherever it is.
    next_kill: Option<u64>,
    is_steady: bool,
    computes: bool,
    changes_modes: bool,
    hash: u64,
}

impl<'stage> Run<'stage> {
    fn new(stage: &'stage Stage, seed: u64, with_trace: bool) -> Self {
        let mut random = Random::new(seed);
        let low = random.bits().to_le_bytes();
        hooks::seed(u32::from_le_bytes(*low.first_chunk().expect("eight bytes")));
        let image = usize::try_from(random.below(stage.images.len() as u64)).expect("few");
        let world = Rc::new(World::new(&stage.images[image]));
        if with_trace {
            world.keep_trace();
        }
        if random.one_in(3) {
            world.take_turns();
        }
        medium::enter(&world);
        let stickiness = [1, 2, 4, 16][usize::try_from(random.below(4)).expect("small")];
        Self {
            stage,
            next_kill: random.one_in(2).then(|| random.below(1500)),
            random,
            world,
            ledger: Rc::default(),
            fibers: BTreeMap::new(),
            // Those before have left rows in the images.
            last_life: FIRST_LIFE * u32::from(stage.images.len() > CRASHED),
            stickiness,
            running: None,
            is_steady: false,
            computes: false,
            changes_modes: seed.is_multiple_of(8),
            hash: 0,
        }
    }

    /// From the beginning of all tabs to the end of the last one.
    fn whole(mut self) -> Outcome {
        self.begin_all();
        while self.step() {}
        self.end()
    }

    fn begin_all(&mut self) {
        let count = 2 + self.random.below(TABS as u64 - 1);
        for tab in 0..usize::try_from(count).expect("few") {
            self.begin(tab);
        }
    }

    fn begin(&mut self, number: usize) {
        self.last_life += 1;
        let life = self.last_life;
        self.stage.tabs[number].begin(life);
        self.world.begin(life);
        let tab = Tab {
            number,
            vfs: self.stage.tabs[number].vfs(),
            life,
            transactions: self.transactions(),
            is_steady: self.is_steady,
            computes: self.computes,
            changes_modes: self.changes_modes,
            random: Random::new(self.random.bits()),
            world: self.world.clone(),
            ledger: self.ledger.clone(),
            seen: 0,
            seq: 0,
            is_withdrawn: false,
        };
        self.fibers
            .insert(life, (number, Fiber::new(|| tab.live())));
    }

    fn transactions(&mut self) -> u32 {
        match self.is_steady {
            true => 100,
            false => u32::try_from(2 + self.random.below(4)).expect("few"),
        }
    }

    /// One tab runs until its next call; `false` when all are done.
    fn step(&mut self) -> bool {
        if self.fibers.is_empty() {
            return false;
        }
        let is_late = self.world.now() > TIME_MAX || self.world.calls() > CALLS_MAX;
        if is_late || !self.some_can_run() {
            let words = format!("after {} calls", self.world.calls());
            self.ledger.trouble(Trouble::Stuck, words);
            self.drain();
            return false;
        }
        if self
            .next_kill
            .is_some_and(|calls| self.world.calls() >= calls)
        {
            self.kill_one();
            return true;
        }
        let life = self.choose();
        self.chose(u64::from(life));
        self.resume(life);
        true
    }

    fn chose(&mut self, what: u64) {
        self.hash = (self.hash ^ what).wrapping_mul(0x0100_0000_01b3);
    }

    /// A tab dies, whatever it does; another may begin in its place, and perhaps die too.
    fn kill_one(&mut self) {
        let number = self.random.below(self.fibers.len() as u64);
        let number = usize::try_from(number).expect("few");
        let life = *self.fibers.keys().nth(number).expect("there are as many");
        let delay = if self.random.one_in(2) { FREEING } else { 0 };
        self.chose(u64::from(life) << 32);
        let tab = self.kill(life, self.world.now() + delay);
        if self.random.one_in(2) {
            self.begin(tab);
        }
        let later = self.world.calls() + self.random.below(500);
        self.next_kill = self.random.one_in(2).then_some(later);
    }

    /// Ends a life: all its calls fail from here on. Gives its tab.
    fn kill(&mut self, life: Life, freed: Time) -> usize {
        let (tab, mut fiber) = self.fibers.remove(&life).expect("it lives");
        self.world.kill(life, freed);
        self.world.set_current(Some(life));
        while fiber.resume() {}
        self.world.set_current(None);
        self.world.end(life);
        tab
    }

    fn some_can_run(&mut self) -> bool {
        if self.random.one_in(64) {
            self.world.dawdle(&mut self.random);
        }
        while self.world.ready().is_empty() {
            if !self.world.pass_time() {
                return false;
            }
        }
        true
    }

    fn choose(&mut self) -> Life {
        let ready = self.world.ready();
        let stays = self.running.filter(|life| ready.contains(life));
        if let Some(life) = stays.filter(|_| !self.random.one_in(self.stickiness)) {
            return life;
        }
        let chosen = self.random.below(ready.len() as u64);
        ready[usize::try_from(chosen).expect("few")]
    }

    fn resume(&mut self, life: Life) {
        self.running = Some(life);
        self.world.set_current(Some(life));
        let (_, fiber) = self.fibers.get_mut(&life).expect("it is ready");
        let goes_on = fiber.resume();
        self.world.set_current(None);
        if !goes_on {
            self.fibers.remove(&life);
            self.world.end(life);
        }
    }

    /// Kills all that still live.
    fn drain(&mut self) {
        let lives: Vec<Life> = self.fibers.keys().copied().collect();
        for life in lives {
            self.kill(life, self.world.now());
        }
    }

    fn end(self) -> Outcome {
        self.world.bury();
        let is_first = self.ledger.troubles().is_empty();
        if is_first && let Err(error) = workload::inspect(&self.ledger) {
            let cause = anchorite_vfs::take_last_error();
            let words = format!("in the end: {error} ({cause:?})");
            self.ledger.trouble(Trouble::Torn, words);
        }
        let (contended, kills) = (self.world.contended(), self.world.kills());
        Outcome {
            hash: self.hash,
            counts: self.ledger.committing() >= 2 && contended + kills > 0,
            calls: self.world.calls(),
            was_killed: kills > 0,
            asked: self.world.asked(),
            largest_wal: self.world.largest_wal(),
            #[cfg(test)]
            written_beside: self.world.written_beside(),
            troubles: self.ledger.troubles(),
            trace: self.world.trace(),
        }
    }
}
