//! The `-shm` file: the part of the wal-index that contexts tell each other; used by `follow.rs`.
//!
//! It must not know locks. It is no image of the wal-index: the tables of frames are not in it.
//!
//! ```text
//! bytes 0–7      "anchorit"
//!       8–11     protocol number
//!       12–15    zero
//!       16–111   both copies of the header, written at once
//!       112–159  six pairs { value, !value }: nBackfill, aReadMark[1…4], nBackfillAttempted
//! ```
//!
//! All numbers are little-endian. A write of eight bytes that another context reads at the same
//! time may be seen in part; the complement shows it, and the value counts as one that is safe for
//! everybody: 0, and the largest number for nBackfillAttempted.

use super::index::{HEADER_WORDS, Header, State, WORD_COUNT};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::sharing;
use crate::storage::File;

const MAGIC: &[u8; 8] = b"anchorit";
const PROTOCOL_OFFSET: usize = MAGIC.len();
const HEADER_OFFSET: usize = PROTOCOL_OFFSET + 8;
const HEADER_SIZE: usize = 4 * HEADER_WORDS;
const WORDS_OFFSET: usize = HEADER_OFFSET + HEADER_SIZE;
const PAIR_SIZE: usize = 8;
const WORDS_SIZE: usize = PAIR_SIZE * WORD_COUNT;
const SIZE: usize = WORDS_OFFSET + WORDS_SIZE;

/// What a pair counts as that was seen in part.
const SAFE_WORDS: [u32; WORD_COUNT] = [0, 0, 0, 0, 0, u32::MAX];

/// Makes the file anew, with nothing published.
pub(super) fn reset(file: &mut dyn File) -> Result<()> {
    let mut bytes = [0; SIZE];
    bytes[..PROTOCOL_OFFSET].copy_from_slice(MAGIC);
    bytes[PROTOCOL_OFFSET..PROTOCOL_OFFSET + 4].copy_from_slice(&sharing::protocol().to_le_bytes());
    for pair in bytes[WORDS_OFFSET..].chunks_exact_mut(PAIR_SIZE) {
        pair.copy_from_slice(&encode(0));
    }
    file.truncate(0)?;
    file.write(&bytes, 0)
}

/// Refuses a file that another protocol has made. An empty one is left by a context that was the
/// only one; whoever asks again will be the first.
pub(super) fn check(file: &mut dyn File, path: &str) -> Result<()> {
    let mut bytes = [0; HEADER_OFFSET];
    let count = file.read(&mut bytes, 0)?;
    let own = sharing::protocol();
    let protocol = word(&bytes[PROTOCOL_OFFSET..]);
    let refuse = |kind, message| Err(VfsError::new(kind, Operation::Lock, message));
    match (count, bytes.starts_with(MAGIC)) {
        (HEADER_OFFSET, true) if protocol == own => Ok(()),
        (HEADER_OFFSET, true) => refuse(
            ErrorKind::Unavailable,
            format!("{path:?} is used in protocol {protocol}, and this is protocol {own}"),
        ),
        _ => refuse(
            ErrorKind::Occupied,
            format!("the last user of {path:?} has just left"),
        ),
    }
}

/// What is published of the header; zeros where nothing is.
pub(super) fn read_header(file: &mut dyn File) -> Result<Header> {
    let mut bytes = [0; HEADER_SIZE];
    file.read(&mut bytes, HEADER_OFFSET as u64)?;
    let mut header = Header::default();
    for (place, bytes) in header.0.iter_mut().zip(bytes.chunks_exact(4)) {
        *place = word(bytes);
    }
    Ok(header)
}

/// What is published of the words.
pub(super) fn read_words(file: &mut dyn File) -> Result<[u32; WORD_COUNT]> {
    let mut bytes = [0; WORDS_SIZE];
    file.read(&mut bytes, WORDS_OFFSET as u64)?;
    let mut words = SAFE_WORDS;
    for (place, pair) in words.iter_mut().zip(bytes.chunks_exact(PAIR_SIZE)) {
        let value = word(pair);
        if *pair == encode(value) {
            *place = value;
        }
    }
    Ok(words)
}

/// Publishes what differs from what was: the words first, each by itself, and then the header, so
/// that whoever sees the header sees the words that were published with it.
pub(super) fn write(file: &mut dyn File, now: &State, was: &State) -> Result<()> {
    for (number, (now, was)) in now.words.into_iter().zip(was.words).enumerate() {
        if now != was {
            let offset = WORDS_OFFSET + PAIR_SIZE * number;
            file.write(&encode(now), offset as u64)?;
        }
    }
    if now.header == was.header {
        return Ok(());
    }
    let mut bytes = [0; HEADER_SIZE];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(now.header.0) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    file.write(&bytes, HEADER_OFFSET as u64)
}

fn encode(value: u32) -> [u8; PAIR_SIZE] {
    let pair = u64::from(value) | (u64::from(!value) << 32);
    pair.to_le_bytes()
}

fn word(bytes: &[u8]) -> u32 {
    let bytes = bytes.first_chunk().expect("whoever calls has four bytes");
    u32::from_le_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryFile;

    #[test]
    fn what_is_published_is_read_back() {
        let mut file = MemoryFile::default();
        reset(&mut file).expect("makes");
        check(&mut file, "a.db").expect("ours");
        let empty = State::default();
        assert_eq!(read_header(&mut file).expect("reads"), empty.header);
        assert_eq!(read_words(&mut file).expect("reads"), empty.words);
        let mut now = empty;
        now.header.0[4] = 17;
        now.words = [1, 2, u32::MAX, 4, 5, 6];
        write(&mut file, &now, &empty).expect("writes");
        assert_eq!(read_header(&mut file).expect("reads"), now.header);
        assert_eq!(read_words(&mut file).expect("reads"), now.words);
    }

    #[test]
    fn a_word_seen_in_part_counts_as_one_that_is_safe() {
        let mut file = MemoryFile::default();
        reset(&mut file).expect("makes");
        file.write(&[1], WORDS_OFFSET as u64).expect("writes");
        file.write(&[1], (SIZE - 1) as u64).expect("writes");
        let words = read_words(&mut file).expect("reads");
        assert_eq!(words, [0, 0, 0, 0, 0, u32::MAX]);
    }

    #[test]
    fn a_file_of_another_protocol_is_refused() {
        let mut file = MemoryFile::default();
        reset(&mut file).expect("makes");
        let other = [99];
        file.write(&other, PROTOCOL_OFFSET as u64).expect("writes");
        let refused = check(&mut file, "a.db").expect_err("not ours");
        assert_eq!(refused.kind, ErrorKind::Unavailable);
        assert!(refused.message.contains("99"));
        let empty = check(&mut MemoryFile::default(), "a.db").expect_err("says nothing");
        assert_eq!(empty.kind, ErrorKind::Occupied);
    }
}
