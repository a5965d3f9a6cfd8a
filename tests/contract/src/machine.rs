//! The state machine: random calls on up to four connections of one database, each answer compared
//! with that of a small model.
//!
//! Run by native tests, by the torture campaign and in browsers. A failure names the seed and the
//! steps that lead to it: they are the shortest prefix of that seed's steps that fails.

use std::collections::VecDeque;

use rusqlite::ffi::{
    SQLITE_ACCESS_EXISTS, SQLITE_LOCK_EXCLUSIVE, SQLITE_LOCK_NONE, SQLITE_LOCK_RESERVED,
    SQLITE_LOCK_SHARED, SQLITE_OK, SQLITE_SHM_EXCLUSIVE, SQLITE_SHM_LOCK, SQLITE_SHM_SHARED,
    SQLITE_SHM_UNLOCK, SQLITE_SYNC_NORMAL,
};

use crate::check::Outcome;
use crate::model::Model;
use crate::open::NEW;
use crate::random::Random;
use crate::raw::{Code, Handle, Region, Vfs};

/// One of the files of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    Main,
    Journal,
    Wal,
}

const FILES: [File; 3] = [File::Main, File::Journal, File::Wal];

/// One call; the first number is the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Open(usize),
    Close(usize),
    OpenSide(usize, File),
    CloseSide(usize, File),
    Read(usize, File, usize, usize),
    Write(usize, File, usize, usize, u8),
    Truncate(usize, File, usize),
    Sync(usize, File),
    Size(usize, File),
    Lock(usize, i32),
    Unlock(usize, i32),
    IsReserved(usize),
    Map(usize, usize, bool),
    SetRegion(usize, usize, u8),
    GetRegion(usize, usize),
    Unmap(usize),
    Share(usize, u8),
    Exclude(usize, u8),
    GiveShared(usize, u8),
    GiveExclusive(usize, u8),
    Delete(File),
    IsThere(File),
}

/// What a call answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: Code,
    pub(crate) number: i64,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn code(code: Code) -> Self {
        let (number, bytes) = (0, Vec::new());
        Self {
            code,
            number,
            bytes,
        }
    }

    pub(crate) fn number(number: i64) -> Self {
        Self {
            number,
            ..Self::code(SQLITE_OK)
        }
    }

    fn of(result: Result<i64, Code>) -> Self {
        result.map_or_else(Self::code, Self::number)
    }
}

/// Steps on one database before the next one begins, so that what fails has a short history.
const EPISODE: usize = 400;

/// Takes `steps` steps that follow from `seed`.
///
/// # Errors
/// The seed and the steps up to the first answer that is not that of the model.
pub fn state_machine(vfs: &Vfs, steps: usize, seed: u64) -> Outcome {
    for first in (0..steps).step_by(EPISODE) {
        let seed = seed + (first / EPISODE) as u64;
        let count = EPISODE.min(steps - first);
        Machine::new(vfs, seed).run(count)?;
    }
    Ok(())
}

/// As [`state_machine`], natively, on a medium in memory that is made for it: for campaigns.
///
/// # Errors
/// As [`state_machine`].
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub fn state_machine_in_memory(steps: usize, seed: u64) -> Outcome {
    use anchorite_vfs::memory::MemoryStorage;

    let name = format!("state machine {seed}");
    let storage = std::rc::Rc::new(MemoryStorage::default());
    anchorite_vfs::register(&name, storage, anchorite_vfs::Options::default())
        .map_err(|error| error.to_string())?;
    let vfs = Vfs::find(&name, "").ok_or("registered above")?;
    state_machine(&vfs, steps, seed)
}

#[derive(Default)]
struct Connection {
    main: Option<Handle>,
    sides: [Option<Handle>; 3],
    regions: Vec<Option<Region>>,
}

struct Machine<'vfs> {
    vfs: &'vfs Vfs,
    seed: u64,
    path: String,
    random: Random,
    model: Model,
    connections: [Connection; 4],
    /// How many of the connections take part.
    count: usize,
    taken: Vec<Step>,
    /// Steps that belong together: they are taken before another one is drawn.
    ahead: VecDeque<Step>,
}

impl<'vfs> Machine<'vfs> {
    fn new(vfs: &'vfs Vfs, seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            vfs,
            seed,
            path: vfs.path(&format!("machine-{seed}.db")),
            count: 2 + random.below(3),
            random,
            model: Model::default(),
            connections: Default::default(),
            taken: Vec::new(),
            ahead: VecDeque::new(),
        }
    }

    fn run(mut self, count: usize) -> Outcome {
        while self.taken.len() < count || !self.ahead.is_empty() {
            if let Some(step) = self.draw() {
                self.compare(step)?;
            }
        }
        self.end()
    }

    /// Closes everything, and finds the content again.
    fn end(mut self) -> Outcome {
        for c in 0..self.count {
            for file in [File::Journal, File::Wal] {
                if self.model.connections[c].has_side[file as usize] {
                    self.compare(Step::CloseSide(c, file))?;
                }
            }
            while let Some(step) = self.draw_release(c) {
                self.compare(step)?;
            }
            if self.model.connections[c].is_mapped {
                self.compare(Step::Unmap(c))?;
            }
            if self.model.connections[c].is_open {
                self.compare(Step::Close(c))?;
            }
        }
        self.compare(Step::Open(0))?;
        for file in FILES {
            if file != File::Main {
                self.compare(Step::OpenSide(0, file))?;
            }
            let size = self.model.files[file as usize].len();
            self.compare(Step::Size(0, file))?;
            for offset in (0..size).step_by(AT_ONCE) {
                self.compare(Step::Read(0, file, offset, AT_ONCE.min(size - offset)))?;
            }
            if file != File::Main {
                self.compare(Step::CloseSide(0, file))?;
                self.compare(Step::Delete(file))?;
            }
        }
        self.compare(Step::Close(0))?;
        self.compare(Step::IsThere(File::Journal))?;
        self.compare(Step::Delete(File::Main))?;
        self.compare(Step::IsThere(File::Main))
    }

    fn compare(&mut self, step: Step) -> Outcome {
        let expected = self.model.take(&step);
        let actual = self.take(&step);
        self.taken.push(step);
        if actual == expected {
            return Ok(());
        }
        Err(self.story(&actual, &expected))
    }

    fn story(&self, actual: &Answer, expected: &Answer) -> String {
        let told = self.taken.iter().rev().take(TOLD).rev();
        let told: Vec<String> = told.map(|step| format!("  {step:?}")).collect();
        let (seed, count) = (self.seed, self.taken.len());
        let (actual, expected) = (told_answer(actual, expected), told_answer(expected, actual));
        format!(
            "state machine, seed {seed}: step {count} answers {actual}, should answer {expected}; \
             the last steps of these {count}:\n{}",
            told.join("\n")
        )
    }
}

/// Steps that a failure shows.
const TOLD: usize = 25;

/// SQLite reads and writes less than 128 KiB at once.
const AT_ONCE: usize = 65_536;

fn told_answer(answer: &Answer, other: &Answer) -> String {
    let Answer {
        code,
        number,
        bytes,
    } = answer;
    let difference = bytes.iter().zip(&other.bytes).position(|(a, b)| a != b);
    match difference {
        Some(at) => format!("code {code}, byte {at} is {}", bytes[at]),
        None => format!("code {code}, {number}, {} bytes", bytes.len()),
    }
}

// ---- doing it ----------------------------------------------------------------------------

impl Machine<'_> {
    fn take(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Open(c) => match self.vfs.open(&self.path, NEW) {
                Ok(file) => {
                    self.connections[c].main = Some(file);
                    Answer::code(SQLITE_OK)
                }
                Err(code) => Answer::code(code),
            },
            Step::Close(c) => {
                let it = std::mem::take(&mut self.connections[c]);
                Answer::code(it.main.expect("open").close())
            }
            Step::OpenSide(c, file) => self.open_side(c, file),
            Step::CloseSide(c, file) => {
                let side = self.connections[c].sides[file as usize].take();
                Answer::code(side.expect("open").close())
            }
            Step::Delete(file) => Answer::code(self.vfs.delete(&self.name(file))),
            Step::IsThere(file) => {
                let there = self.vfs.access(&self.name(file), SQLITE_ACCESS_EXISTS);
                Answer::of(there.map(i64::from))
            }
            _ => self.take_bytes(step),
        }
    }

    fn open_side(&mut self, c: usize, file: File) -> Answer {
        let opened = if file == File::Wal {
            self.vfs.open_wal(&self.path, NEW)
        } else {
            self.vfs.open_journal(&self.path, NEW)
        };
        match opened {
            Ok(side) => {
                self.connections[c].sides[file as usize] = Some(side);
                Answer::code(SQLITE_OK)
            }
            Err(code) => Answer::code(code),
        }
    }

    fn take_bytes(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Read(c, file, start, size) => {
                let mut bytes = vec![0xee; size];
                let code = self.file(c, file).read(&mut bytes, offset(start));
                Answer {
                    code,
                    number: 0,
                    bytes,
                }
            }
            Step::Write(c, file, start, size, byte) => {
                let bytes = vec![byte; size];
                Answer::code(self.file(c, file).write(&bytes, offset(start)))
            }
            Step::Truncate(c, file, size) => {
                Answer::code(self.file(c, file).truncate(offset(size)))
            }
            Step::Sync(c, file) => Answer::code(self.file(c, file).sync(SQLITE_SYNC_NORMAL)),
            Step::Size(c, file) => Answer::of(self.file(c, file).size()),
            Step::Lock(c, level) => Answer::code(self.main(c).lock(level)),
            Step::Unlock(c, level) => Answer::code(self.main(c).unlock(level)),
            Step::IsReserved(c) => Answer::of(self.main(c).is_reserved().map(i64::from)),
            _ => self.take_index(step),
        }
    }

    fn take_index(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Map(c, number, extend) => {
                let mapped = self.main(c).map(slot(number), extend);
                let regions = &mut self.connections[c].regions;
                regions.resize(regions.len().max(number + 1), None);
                regions[number] = mapped.unwrap_or_default();
                Answer::of(mapped.map(|region| region.is_some().into()))
            }
            Step::SetRegion(c, number, byte) => {
                self.region(c, number).set(0, byte);
                self.main(c).barrier();
                Answer::code(SQLITE_OK)
            }
            Step::GetRegion(c, number) => Answer::number(self.region(c, number).get(0).into()),
            Step::Unmap(c) => {
                self.connections[c].regions.clear();
                Answer::code(self.main(c).unmap(true))
            }
            Step::Share(c, slots) => self.slots(c, slots, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED),
            Step::Exclude(c, slots) => self.slots(c, slots, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE),
            Step::GiveShared(c, slots) => {
                self.slots(c, slots, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
            }
            Step::GiveExclusive(c, slots) => {
                self.slots(c, slots, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE)
            }
            _ => unreachable!("the other steps are taken before"),
        }
    }

    /// A set of adjoining slots, as a first one and a count.
    fn slots(&self, c: usize, slots: u8, flags: i32) -> Answer {
        let (first, count) = (slots.trailing_zeros(), slots.count_ones());
        let (first, count) = (first.cast_signed(), count.cast_signed());
        Answer::code(self.main(c).shm_lock(first, count, flags))
    }

    fn main(&self, c: usize) -> &Handle {
        self.connections[c]
            .main
            .as_ref()
            .expect("open in the model")
    }

    fn file(&self, c: usize, file: File) -> &Handle {
        match file {
            File::Main => self.main(c),
            side => {
                let side = self.connections[c].sides[side as usize].as_ref();
                side.expect("open in the model")
            }
        }
    }

    fn region(&self, c: usize, number: usize) -> Region {
        let region = self.connections[c].regions.get(number).copied().flatten();
        region.expect("mapped by this connection")
    }

    fn name(&self, file: File) -> String {
        let end = ["", "-journal", "-wal"][file as usize];
        format!("{}{end}", self.path)
    }
}

pub(crate) fn offset(position: usize) -> i64 {
    i64::try_from(position).expect("files of the machine are small")
}

fn slot(number: usize) -> i32 {
    i32::try_from(number).expect("there are few regions")
}

// ---- drawing the next step ---------------------------------------------------------------

impl Machine<'_> {
    /// A step that SQLite might take now; none if what was drawn does not fit.
    fn draw(&mut self) -> Option<Step> {
        if let Some(step) = self.ahead.pop_front() {
            return Some(step);
        }
        let c = self.random.below(self.count);
        let it = &self.model.connections[c];
        if !it.is_open {
            return Some(Step::Open(c));
        }
        match self.random.below(100) {
            0 => (it.has_side == [false; 3] && !it.is_mapped).then_some(Step::Close(c)),
            1..5 => self.draw_side(c),
            5..7 => self.draw_name(),
            7..50 => self.draw_bytes(c),
            50..72 => self.draw_lock(c),
            _ => self.draw_index(c),
        }
    }

    fn draw_side(&mut self, c: usize) -> Option<Step> {
        let file = FILES[1 + self.random.below(2)];
        Some(match self.model.connections[c].has_side[file as usize] {
            true => Step::CloseSide(c, file),
            false => Step::OpenSide(c, file),
        })
    }

    /// SQLite removes a side file only when nobody has it open.
    fn draw_name(&mut self) -> Option<Step> {
        let file = FILES[1 + self.random.below(2)];
        let mut connections = self.model.connections.iter();
        let is_open = connections.any(|it| it.has_side[file as usize]);
        let is_there = !self.model.files[file as usize].is_empty();
        if self.random.below(2) == 0 || is_open || !is_there {
            return Some(Step::IsThere(file));
        }
        Some(Step::Delete(file))
    }

    fn draw_bytes(&mut self, c: usize) -> Option<Step> {
        let file = FILES[self.random.below(3)];
        if file != File::Main && !self.model.connections[c].has_side[file as usize] {
            return Some(Step::OpenSide(c, file));
        }
        let random = &mut self.random;
        let end = self.model.files[file as usize].len();
        // At the end, as journals and WALs grow, on a page, or anywhere.
        let start = match random.below(4) {
            0 if end < LARGEST => end,
            1 => 4096 * random.below(LARGEST / 4096),
            2 => random.below(end.clamp(1, LARGEST)),
            _ => random.below(LARGEST / 8),
        };
        let size = match random.below(5) {
            0 => HEADER_SIZE,
            1 | 2 => 4096,
            3 => 1 + random.below(100),
            _ => 1 + random.below(20_000),
        };
        if file == File::Wal && size == HEADER_SIZE {
            return self.draw_transaction(c, start);
        }
        let random = &mut self.random;
        Some(match random.below(20) {
            0 => Step::Truncate(c, file, if random.below(2) == 0 { 0 } else { start }),
            1 => Step::Sync(c, file),
            2 | 3 => Step::Size(c, file),
            4..11 => Step::Read(c, file, start, size),
            _ => Step::Write(c, file, start, size, random.byte()),
        })
    }

    /// Frames as SQLite writes them: header and page by turns, and the last header says that it is
    /// the last. Until then a VFS may hold them back, since no reader looks for them.
    fn draw_transaction(&mut self, c: usize, start: usize) -> Option<Step> {
        let count = 1 + self.random.below(3);
        for number in 0..count {
            let header = start + number * (HEADER_SIZE + PAGE_SIZE);
            let mark = u8::from(number + 1 == count) * (1 + self.random.byte() / 2);
            let (page, fill) = (header + HEADER_SIZE, self.random.byte());
            self.ahead
                .push_back(Step::Write(c, File::Wal, header, HEADER_SIZE, mark));
            self.ahead
                .push_back(Step::Write(c, File::Wal, page, PAGE_SIZE, fill));
        }
        self.ahead.pop_front()
    }

    /// Only the ways up and down that SQLite takes.
    fn draw_lock(&mut self, c: usize) -> Option<Step> {
        let level = self.model.connections[c].level;
        let below = |level| [SQLITE_LOCK_NONE, SQLITE_LOCK_SHARED].map(|to| to.min(level));
        Some(match (self.random.below(6), level) {
            (0, _) => Step::IsReserved(c),
            (1, _) => Step::Unlock(c, below(level)[0]),
            (2, _) => Step::Unlock(c, below(level)[1]),
            (_, SQLITE_LOCK_NONE) => Step::Lock(c, SQLITE_LOCK_SHARED),
            (_, SQLITE_LOCK_SHARED) => Step::Lock(c, SQLITE_LOCK_RESERVED),
            (_, SQLITE_LOCK_EXCLUSIVE) => Step::Lock(c, SQLITE_LOCK_SHARED.max(level)),
            (_, SQLITE_LOCK_RESERVED..) => Step::Lock(c, SQLITE_LOCK_EXCLUSIVE),
            _ => Step::IsReserved(c),
        })
    }

    fn draw_index(&mut self, c: usize) -> Option<Step> {
        let it = &self.model.connections[c];
        let (shared, exclusive, mapped) = (it.shared, it.exclusive, it.is_mapped);
        let random = &mut self.random;
        let number = random.below(4);
        if !mapped {
            return Some(Step::Map(c, number, random.below(2) == 0));
        }
        let one = 1_u8 << random.below(8);
        let range = 0b1_1111_u8 << (3 * random.below(2));
        let free = |slots: u8| (shared | exclusive) & slots == 0;
        match random.below(20) {
            0..3 => (shared | exclusive == 0).then_some(Step::Unmap(c)),
            3 => Some(Step::Map(c, number, random.below(2) == 0)),
            4..7 => self.draw_region(c, number),
            7..10 => (exclusive & one == 0).then_some(Step::Share(c, one)),
            10..12 => free(one).then_some(Step::Exclude(c, one)),
            12 => free(range).then_some(Step::Exclude(c, range)),
            _ => self.draw_release(c),
        }
    }

    /// SQLite gives slots back before it unmaps.
    fn draw_release(&self, c: usize) -> Option<Step> {
        let it = &self.model.connections[c];
        let lowest = |slots: u8| (slots != 0).then(|| 1_u8 << slots.trailing_zeros());
        let shared = lowest(it.shared).map(|slot| Step::GiveShared(c, slot));
        shared.or_else(|| lowest(it.exclusive).map(|slot| Step::GiveExclusive(c, slot)))
    }

    fn draw_region(&mut self, c: usize, number: usize) -> Option<Step> {
        let regions = &self.connections[c].regions;
        regions.get(number).copied().flatten()?;
        Some(match self.random.below(2) {
            0 => Step::SetRegion(c, number, self.random.byte()),
            _ => Step::GetRegion(c, number),
        })
    }
}

/// Bytes of a frame's header in a WAL, and of the page after it.
const HEADER_SIZE: usize = 24;
const PAGE_SIZE: usize = 4096;

/// Where a file of the machine ends at most, but for the last write.
const LARGEST: usize = 200_000;
