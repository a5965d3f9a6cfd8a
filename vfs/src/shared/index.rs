//! The wal-index as SQLite keeps it in memory: which words mean what, and how a frame is entered.
//!
//! Used by `follow.rs`, which fills it from what other contexts have published. It must not know
//! files or locks. Whatever SQLite itself would have written is written here in the same way
//! (`walIndexAppend`, `walCleanupHash`).
//!
//! ```text
//! region 0   words 0–11    header          12–23  its second copy
//!            word  24      nBackfill       25–29  aReadMark[0…4]     (the first is always 0)
//!            words 30–31   (locks)         32     nBackfillAttempted     33  unused
//!            words 34–4095 page numbers of frames 1–4062
//!            words 4096–   hash table: 8192 entries of 16 bits, number of the frame in the region
//! region n   words 0–4095  page numbers of the next 4096 frames, then their hash table
//! ```
//!
//! Source: <https://sqlite.org/walformat.html#the_wal_index_file_format>.

use crate::error::Result;
use crate::shm::{REGION_WORDS, Regions, zeros};

/// Words of both copies of the header.
pub(crate) const HEADER_WORDS: usize = 24;
const COPY_WORDS: usize = HEADER_WORDS / 2;
/// Words that the checksum at the end of a copy is made of.
const CHECKED: usize = COPY_WORDS - 2;
/// Grows by one with each transaction; serves to tell headers apart.
const CHANGE_COUNTER: usize = 2;
/// Words before the first page number.
const PROLOGUE_WORDS: usize = 34;
/// Page numbers in a region without a prologue; the hash table follows them.
const PAGES_MAX: usize = 4096;
/// Entries of a hash table, of 16 bits each.
const HASH_ENTRIES: usize = 2 * (REGION_WORDS - PAGES_MAX);
/// SQLite's `HASHTABLE_HASH_1`.
const HASH_FACTOR: usize = 383;

/// Where the words lie that change without the header: nBackfill, aReadMark[1…4],
/// nBackfillAttempted.
pub(crate) const WORD_PLACES: [usize; WORD_COUNT] = [24, 26, 27, 28, 29, 32];
/// How many they are.
pub(crate) const WORD_COUNT: usize = 6;
/// Those of them that are aReadMark[1…4].
pub(crate) const MARK_WORDS: std::ops::Range<usize> = 1..5;

/// Both copies of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) [u32; HEADER_WORDS]);

impl Header {
    /// Whether both copies agree: otherwise one is being written.
    pub(crate) fn is_whole(&self) -> bool {
        self.0[..COPY_WORDS] == self.0[COPY_WORDS..]
    }

    /// Whether SQLite would accept it.
    pub(crate) fn is_valid(&self) -> bool {
        let is_initialised = self.0[3].to_le_bytes()[0] != 0;
        let checksum = checksum(&self.0[..CHECKED]);
        self.is_whole() && is_initialised && self.0[CHECKED..COPY_WORDS] == checksum
    }

    /// The last frame of the last transaction.
    pub(crate) fn last_frame(&self) -> u32 {
        self.0[4]
    }

    /// How many transactions were committed since a recovery, from the number on that it began at.
    pub(crate) fn change_counter(&self) -> u32 {
        self.0[CHANGE_COUNTER]
    }

    /// What tells the frames of this round of the WAL from older ones, as in a frame's header.
    pub(crate) fn salts(&self) -> [u8; 8] {
        let mut salts = [0; 8];
        salts[..4].copy_from_slice(&self.0[8].to_le_bytes());
        salts[4..].copy_from_slice(&self.0[9].to_le_bytes());
        salts
    }

    /// Bytes of a page: 65536 is kept as 1.
    pub(crate) fn page_size(&self) -> u64 {
        let kept = u64::from(self.0[3] >> 16);
        (kept & 0xfe00) + ((kept & 1) << 16)
    }
}

/// Gives a header that recovery has just made a change counter that no connection has seen, if it
/// has none yet (S13).
pub(crate) fn stamp(regions: &mut Regions, counter: u32) {
    let mut state = state(regions);
    if state.header.0[CHANGE_COUNTER] != 0 || !state.header.is_valid() {
        return;
    }
    let words = &mut state.header.0;
    words[CHANGE_COUNTER] = counter;
    let checksum = checksum(&words[..CHECKED]);
    words[CHECKED..COPY_WORDS].copy_from_slice(&checksum);
    words.copy_within(..COPY_WORDS, COPY_WORDS);
    set_state(regions, &state);
}

/// SQLite's `walChecksumBytes` in the byte order of the machine.
fn checksum(words: &[u32]) -> [u32; 2] {
    let pairs = words.chunks_exact(2);
    pairs.fold([0_u32; 2], |[first, second], pair| {
        let first = first.wrapping_add(pair[0]).wrapping_add(second);
        let second = second.wrapping_add(pair[1]).wrapping_add(first);
        [first, second]
    })
}

/// What contexts must know of each other's index; the rest follows from the WAL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) header: Header,
    pub(crate) words: [u32; WORD_COUNT],
}

/// Takes the state out of the index; zeros where there is none yet.
pub(crate) fn state(regions: &Regions) -> State {
    let mut state = State::default();
    if let Some(first) = regions.first() {
        state.header.0.copy_from_slice(&first[..HEADER_WORDS]);
        state.words = WORD_PLACES.map(|place| first[place]);
    }
    state
}

/// Puts a state into the index, if there is one.
pub(crate) fn set_state(regions: &mut Regions, state: &State) {
    if let Some(first) = regions.first_mut() {
        first[..HEADER_WORDS].copy_from_slice(&state.header.0);
        for (place, word) in WORD_PLACES.into_iter().zip(state.words) {
            first[place] = word;
        }
    }
}

/// Makes the region that the state lies in, if there is none yet.
pub(crate) fn begin(regions: &mut Regions) -> Result<()> {
    if regions.is_empty() {
        regions.push(zeros(REGION_WORDS)?);
    }
    Ok(())
}

/// Where a frame is entered.
struct Place {
    region: usize,
    /// The word of the region's first page number.
    start: usize,
    /// From 1 on within the region.
    number: usize,
}

impl Place {
    fn of(frame: u32) -> Self {
        const FIRST: usize = PAGES_MAX - PROLOGUE_WORDS;
        let before = frame as usize - 1;
        if before < FIRST {
            return Self {
                region: 0,
                start: PROLOGUE_WORDS,
                number: before + 1,
            };
        }
        Self {
            region: 1 + (before - FIRST) / PAGES_MAX,
            start: 0,
            number: 1 + (before - FIRST) % PAGES_MAX,
        }
    }

    fn page_word(&self) -> usize {
        self.start + self.number - 1
    }
}

/// Enters the page of a frame, as SQLite does when it has written one. What a transaction that was
/// not committed has left there goes first.
pub(crate) fn append(regions: &mut Regions, frame: u32, page: u32) -> Result<()> {
    let place = Place::of(frame);
    while regions.len() <= place.region {
        regions.push(zeros(REGION_WORDS)?);
    }
    let region = &mut regions[place.region];
    if place.number == 1 {
        region[place.start..].fill(0);
    }
    if region[place.page_word()] != 0 {
        forget_from(region, &place);
    }
    region[place.page_word()] = page;
    let hash = (page as usize).wrapping_mul(HASH_FACTOR) % HASH_ENTRIES;
    let key = (0..HASH_ENTRIES)
        .map(|step| (hash + step) % HASH_ENTRIES)
        .find(|key| entry(region, *key) == 0)
        .expect("at most half of the entries are taken");
    set_entry(region, key, place.number);
    Ok(())
}

/// Removes a frame and all after it in its region.
fn forget_from(region: &mut [u32], place: &Place) {
    for key in 0..HASH_ENTRIES {
        if entry(region, key) >= place.number {
            set_entry(region, key, 0);
        }
    }
    region[place.page_word()..PAGES_MAX].fill(0);
}

/// The 16 bits lie in memory one after the other, whatever the byte order is.
fn entry_shift(key: usize) -> u32 {
    let is_upper = (key % 2 == 1) == cfg!(target_endian = "little");
    if is_upper { 16 } else { 0 }
}

fn entry(region: &[u32], key: usize) -> usize {
    ((region[PAGES_MAX + key / 2] >> entry_shift(key)) & 0xffff) as usize
}

fn set_entry(region: &mut [u32], key: usize, number: usize) {
    let number = u32::try_from(number).expect("a region holds at most 4096 frames");
    let word = &mut region[PAGES_MAX + key / 2];
    *word = (*word & !(0xffff << entry_shift(key))) | (number << entry_shift(key));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(regions: &Regions, frame: u32, page: u32) -> bool {
        let place = Place::of(frame);
        let region = &regions[place.region];
        let found = (0..HASH_ENTRIES).any(|key| entry(region, key) == place.number);
        region[place.page_word()] == page && found
    }

    #[test]
    fn frames_follow_each_other_over_regions() {
        assert_eq!((Place::of(4062).region, Place::of(4062).number), (0, 4062));
        assert_eq!((Place::of(4063).region, Place::of(4063).number), (1, 1));
        assert_eq!(Place::of(4063 + 4096).region, 2);
        let mut regions = Regions::new();
        for frame in 1..=9000 {
            append(&mut regions, frame, frame % 700 + 1).expect("memory");
        }
        assert_eq!(regions.len(), 3);
        assert!([1, 4062, 4063, 8158, 8159, 9000].iter().all(|frame| find(
            &regions,
            *frame,
            frame % 700 + 1
        )));
    }

    #[test]
    fn what_was_not_committed_is_forgotten() {
        let mut regions = Regions::new();
        for frame in 1..=20 {
            append(&mut regions, frame, 100 + frame).expect("memory");
        }
        append(&mut regions, 11, 7).expect("memory");
        assert!(find(&regions, 10, 110) && find(&regions, 11, 7));
        let numbers = (0..HASH_ENTRIES).map(|key| entry(&regions[0], key));
        assert_eq!(numbers.filter(|number| *number != 0).count(), 11);
        assert!(regions[0][34 + 11..PAGES_MAX].iter().all(|page| *page == 0));
    }

    #[test]
    fn a_header_of_zeros_is_not_valid() {
        assert!(Header::default().is_whole() && !Header::default().is_valid());
    }

    #[test]
    fn a_stamped_header_is_valid_and_another_one() {
        let mut regions = vec![zeros(REGION_WORDS).expect("memory")];
        let mut recovered = State::default();
        recovered.header.0[3] = 1;
        let checksum = checksum(&recovered.header.0[..CHECKED]);
        recovered.header.0[CHECKED..COPY_WORDS].copy_from_slice(&checksum);
        recovered.header.0.copy_within(..COPY_WORDS, COPY_WORDS);
        set_state(&mut regions, &recovered);
        stamp(&mut regions, 7);
        let stamped = state(&regions);
        assert!(stamped.header.is_valid() && stamped != recovered);
        stamp(&mut regions, 8);
        assert_eq!(state(&regions), stamped, "it has one");
    }
}
