//! What the tabs share: files, locks, a clock, and who of them is alive.
//!
//! `medium.rs` calls it for the VFS, `schedule.rs` decides who runs. It must not know SQLite.
//! Locks are those of a browser: whoever asks is served in order, and whoever asks with no patience
//! is refused where it would have to wait.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use anchorite_vfs::sim::Random;

use crate::fiber;

/// One life of a tab.
pub(crate) type Life = u32;

/// Microseconds.
pub(crate) type Time = u64;

/// What a call of the medium takes.
const CALL_TIME: Time = 20;

/// What passes now and then while nobody is at work.
const DAWDLE_MAX: Time = 30_000;

pub(crate) type Content = Rc<RefCell<Vec<u8>>>;

/// Why a tab is not running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// Until a lock is granted, or this moment.
    Waits(Time),
    /// Until this moment.
    Sleeps(Time),
    Dead,
}

#[derive(Debug)]
struct Holder {
    life: Life,
    alone: bool,
}

#[derive(Debug, Default)]
struct Lock {
    holders: Vec<Holder>,
    queue: VecDeque<Holder>,
}

impl Lock {
    fn admits(&self, alone: bool) -> bool {
        match alone {
            true => self.holders.is_empty(),
            false => self.holders.iter().all(|holder| !holder.alone),
        }
    }

    /// Grants what can be granted, in order; gives the lives that have it now.
    fn serve(&mut self) -> Vec<Life> {
        let mut served = Vec::new();
        while let Some(first) = self.queue.pop_front() {
            if !self.admits(first.alone) {
                self.queue.push_front(first);
                break;
            }
            served.push(first.life);
            self.holders.push(first);
        }
        served
    }

    fn holds(&self, life: Life) -> bool {
        self.holders.iter().any(|holder| holder.life == life)
    }

    fn forget(&mut self, life: Life) {
        self.holders.retain(|holder| holder.life != life);
        self.queue.retain(|waiting| waiting.life != life);
    }
}

/// A medium and its users.
#[derive(Default)]
pub(crate) struct World {
    files: RefCell<BTreeMap<String, Content>>,
    locks: RefCell<BTreeMap<String, Lock>>,
    states: RefCell<BTreeMap<Life, State>>,
    clock: Cell<Time>,
    calls: Cell<u64>,
    asked: Cell<u64>,
    wal_size: Cell<usize>,
    largest_wal: Cell<usize>,
    /// Bytes written to the WAL since the beginning.
    written: Cell<u64>,
    /// The lives that have a transaction open, and what was written before.
    reading: RefCell<BTreeMap<Life, u64>>,
    /// The most that was written while one and the same transaction was open.
    written_beside: Cell<u64>,
    /// Locks that were refused, or had to be waited for.
    contended: Cell<u64>,
    /// The life that runs.
    current: Cell<Option<Life>>,
    /// Lives that have been told that another one wants what they hold.
    wanted: RefCell<BTreeSet<Life>>,
    /// Lives that sleep until they are told.
    dozing: RefCell<BTreeSet<Life>>,
    /// The dead whose locks are not free yet, and when they will be.
    dying: RefCell<BTreeMap<Life, Time>>,
    kills: Cell<u64>,
    has_been_deaf: Cell<bool>,
    /// Whether a file can be open in one tab only.
    takes_turns: Cell<bool>,
    /// Then: the lives that have one open.
    open: RefCell<BTreeMap<String, Life>>,
    trace: RefCell<Option<Vec<String>>>,
}

impl World {
    /// With these files.
    pub(crate) fn new(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let copy = |(path, bytes): (&String, &Vec<u8>)| {
            (path.clone(), Rc::new(RefCell::new(bytes.clone())))
        };
        Self {
            files: RefCell::new(files.iter().map(copy).collect()),
            ..Self::default()
        }
    }

    /// From now on a file can be open in one tab only.
    pub(crate) fn take_turns(&self) {
        self.takes_turns.set(true);
    }

    pub(crate) fn takes_turns(&self) -> bool {
        self.takes_turns.get()
    }

    /// A life opens a file; `false` if it must not.
    pub(crate) fn open_file(&self, path: &str, life: Life) -> bool {
        if !self.takes_turns() {
            return true;
        }
        *self
            .open
            .borrow_mut()
            .entry(path.to_owned())
            .or_insert(life)
            == life
    }

    pub(crate) fn close_file(&self, path: &str, life: Life) {
        let mut open = self.open.borrow_mut();
        if open.get(path) == Some(&life) {
            open.remove(path);
        }
    }

    /// Whether a life has it open, where only one can.
    #[cfg(test)]
    pub(crate) fn is_open(&self, path: &str) -> bool {
        self.open.borrow().contains_key(path)
    }

    pub(crate) fn keep_trace(&self) {
        self.trace.replace(Some(Vec::new()));
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.trace.borrow().clone().unwrap_or_default()
    }

    /// For the trace.
    pub(crate) fn note(&self, words: impl FnOnce() -> String) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            let life = self.current.get().unwrap_or_default();
            let words = words();
            trace.push(format!("{:>8} tab {life}: {words}", self.clock.get()));
        }
    }

    pub(crate) fn files(&self) -> &RefCell<BTreeMap<String, Content>> {
        &self.files
    }

    /// A copy of all files.
    pub(crate) fn image(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.files.borrow();
        let copy = |(path, content): (&String, &Content)| (path.clone(), content.borrow().clone());
        files.iter().map(copy).collect()
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.get()
    }

    /// Time passes, and nobody does anything.
    #[cfg(test)]
    pub(crate) fn pass(&self, duration: Time) {
        self.clock.set(self.clock.get() + duration);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// How often a lock was asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// The WAL has this size.
    pub(crate) fn has_wal_of(&self, size: usize) {
        self.wal_size.set(size);
        self.largest_wal.set(self.largest_wal.get().max(size));
    }

    /// So much is about to be written to the WAL.
    pub(crate) fn writes_wal(&self, size: usize) {
        self.written.set(self.written.get() + size as u64);
        let reading = self.reading.borrow();
        let since = reading.values().map(|before| self.written.get() - before);
        let most = since.max().unwrap_or_default();
        self.written_beside.set(self.written_beside.get().max(most));
    }

    /// A transaction begins to read.
    pub(crate) fn begins_to_read(&self, life: Life) {
        self.reading.borrow_mut().insert(life, self.written.get());
    }

    /// Whether such a transaction is open.
    pub(crate) fn is_read(&self) -> bool {
        !self.reading.borrow().is_empty()
    }

    /// It has come to its end.
    pub(crate) fn ends_reading(&self, life: Life) {
        self.reading.borrow_mut().remove(&life);
    }

    /// The most that was written while one and the same transaction was open.
    #[cfg(test)]
    pub(crate) fn written_beside(&self) -> u64 {
        self.written_beside.get()
    }

    /// The size of the WAL.
    pub(crate) fn wal_size(&self) -> usize {
        self.wal_size.get()
    }

    /// The largest size that the WAL has had.
    pub(crate) fn largest_wal(&self) -> usize {
        self.largest_wal.get()
    }

    pub(crate) fn contended(&self) -> u64 {
        self.contended.get()
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills.get()
    }

    /// A new life begins.
    pub(crate) fn begin(&self, life: Life) {
        self.states.borrow_mut().insert(life, State::Ready);
    }

    /// A life has ended, orderly or not.
    pub(crate) fn end(&self, life: Life) {
        let ended = self.states.borrow_mut().remove(&life);
        if ended != Some(State::Dead) {
            self.free(life);
        }
    }

    pub(crate) fn is_dead(&self, life: Life) -> bool {
        self.states.borrow().get(&life) == Some(&State::Dead)
    }

    pub(crate) fn set_current(&self, life: Option<Life>) {
        self.current.set(life);
    }

    /// A call of the medium begins: another tab may run first. `false` if the caller is dead.
    pub(crate) fn call(&self) -> bool {
        let Some(life) = self.current.get() else {
            return true;
        };
        if self.is_dead(life) {
            return false;
        }
        self.calls.set(self.calls.get() + 1);
        self.clock.set(self.clock.get() + CALL_TIME);
        fiber::pause();
        !self.is_dead(life)
    }

    /// From now on every call of this life fails; what it holds becomes free at that moment.
    pub(crate) fn kill(&self, life: Life, freed: Time) {
        self.note(|| format!("tab {life} is killed, and its locks are free at {freed}"));
        self.kills.set(self.kills.get() + 1);
        self.states.borrow_mut().insert(life, State::Dead);
        self.dying.borrow_mut().insert(life, freed);
        for lock in self.locks.borrow_mut().values_mut() {
            lock.queue.retain(|waiting| waiting.life != life);
            self.wake(&lock.serve());
        }
        self.wake_due();
    }

    /// Whatever the dead still hold becomes free.
    pub(crate) fn bury(&self) {
        let dying = self.dying.take();
        dying.into_keys().for_each(|life| self.free(life));
    }

    /// All that a life had becomes free.
    fn free(&self, life: Life) {
        self.open
            .borrow_mut()
            .retain(|_, opened_by| *opened_by != life);
        self.ends_reading(life);
        self.give_back_all(life);
    }

    /// All locks of a life become free.
    pub(crate) fn give_back_all(&self, life: Life) {
        let mut locks = self.locks.borrow_mut();
        for lock in locks.values_mut() {
            lock.forget(life);
            self.wake(&lock.serve());
        }
    }

    fn wake(&self, lives: &[Life]) {
        let mut states = self.states.borrow_mut();
        for life in lives {
            states.insert(*life, State::Ready);
        }
    }

    /// Takes a lock now, or says that it cannot be had now.
    pub(crate) fn try_take(&self, name: &str, life: Life, alone: bool) -> bool {
        self.asked.set(self.asked.get() + 1);
        let mut locks = self.locks.borrow_mut();
        let lock = locks.entry(name.to_owned()).or_default();
        assert!(!lock.holds(life), "{name} is held already by {life}");
        let granted = lock.queue.is_empty() && lock.admits(alone);
        if granted {
            lock.holders.push(Holder { life, alone });
        } else {
            self.contended.set(self.contended.get() + 1);
            self.tell(lock);
        }
        granted
    }

    /// The holders hear that a lock is wanted; once in four times the word is lost.
    fn tell(&self, lock: &Lock) {
        if self.contended.get() % 4 != 3 {
            let holders = lock.holders.iter().map(|holder| holder.life);
            let holders: Vec<Life> = holders.collect();
            let mut dozing = self.dozing.borrow_mut();
            let awake: Vec<Life> = holders
                .iter()
                .copied()
                .filter(|it| dozing.remove(it))
                .collect();
            self.wake(&awake);
            self.wanted.borrow_mut().extend(holders);
        }
    }

    /// Sleeps until then, or until another one wants what this life holds.
    pub(crate) fn doze(&self, until: Time) {
        let Some(life) = self.current.get() else {
            return;
        };
        self.dozing.borrow_mut().insert(life);
        self.sleep(until.saturating_sub(self.now()));
        self.dozing.borrow_mut().remove(&life);
    }

    /// Whether this life has been told since it was last asked.
    pub(crate) fn take_wanted(&self, life: Life) -> bool {
        self.wanted.borrow_mut().remove(&life)
    }

    /// Waits for a lock; another tab runs.
    pub(crate) fn wait_for(&self, name: &str, life: Life, alone: bool, limit: Time) -> bool {
        let until = self.clock.get().saturating_add(limit);
        {
            let mut locks = self.locks.borrow_mut();
            let lock = locks.entry(name.to_owned()).or_default();
            lock.queue.push_back(Holder { life, alone });
        }
        self.states.borrow_mut().insert(life, State::Waits(until));
        fiber::pause();
        let mut locks = self.locks.borrow_mut();
        let lock = locks.get_mut(name).expect("it was asked for");
        if self.is_dead(life) || lock.holds(life) {
            return lock.holds(life);
        }
        lock.queue.retain(|waiting| waiting.life != life);
        self.wake(&lock.serve());
        false
    }

    /// From alone to shared.
    pub(crate) fn weaken(&self, name: &str, life: Life) {
        let mut locks = self.locks.borrow_mut();
        let lock = locks.get_mut(name).expect("it is held");
        let own = lock.holders.iter_mut().find(|holder| holder.life == life);
        own.expect("it is held").alone = false;
        self.wake(&lock.serve());
    }

    pub(crate) fn give_back(&self, name: &str, life: Life) {
        let mut locks = self.locks.borrow_mut();
        let lock = locks.get_mut(name).expect("it is held");
        assert!(lock.holds(life), "{name} is given back and not held");
        lock.holders.retain(|holder| holder.life != life);
        self.wake(&lock.serve());
    }

    /// Another tab runs for as long.
    pub(crate) fn sleep(&self, duration: Time) {
        let Some(life) = self.current.get().filter(|life| !self.is_dead(*life)) else {
            return;
        };
        let until = self.clock.get() + duration;
        self.states.borrow_mut().insert(life, State::Sleeps(until));
        fiber::pause();
    }

    /// `true` for the first who asks.
    pub(crate) fn be_deaf_once(&self) -> bool {
        !self.has_been_deaf.replace(true)
    }

    /// The lives that can run.
    pub(crate) fn ready(&self) -> Vec<Life> {
        let states = self.states.borrow();
        let ready = states.iter().filter(|(_, state)| **state == State::Ready);
        ready.map(|(life, _)| *life).collect()
    }

    /// Time passes while others could run: not so much that anybody gives up.
    pub(crate) fn dawdle(&self, random: &mut Random) {
        self.clock.set(self.clock.get() + random.below(DAWDLE_MAX));
        self.wake_due();
    }

    /// Nobody can run: lets time pass until somebody can; `false` if nobody ever can.
    pub(crate) fn pass_time(&self) -> bool {
        let until = |state: &State| match state {
            State::Waits(until) | State::Sleeps(until) => Some(*until),
            State::Ready | State::Dead => None,
        };
        let next = self.states.borrow().values().filter_map(until).min();
        let freed = self.dying.borrow().values().copied().min();
        let next = next.into_iter().chain(freed).min();
        if let Some(next) = next {
            self.clock.set(self.clock.get().max(next));
            self.wake_due();
        }
        next.is_some()
    }

    fn wake_due(&self) {
        let now = self.clock.get();
        let is_due = |(life, freed): (&Life, &Time)| (*freed <= now).then_some(*life);
        let due: Vec<Life> = self.dying.borrow().iter().filter_map(is_due).collect();
        for life in due {
            self.dying.borrow_mut().remove(&life);
            self.free(life);
        }
        for state in self.states.borrow_mut().values_mut() {
            let is_due =
                matches!(state, State::Waits(until) | State::Sleeps(until) if *until <= now);
            if is_due {
                *state = State::Ready;
            }
        }
    }
}
