//! Keeps this context's wal-index and the published one in step; used by `mod.rs`.
//!
//! It must not know locks: when to publish and when to refresh is decided by its caller.
//! The tables of frames are not published. They follow from the WAL, where the header says up to
//! which frame it counts; so a commit publishes the header and little else.

use std::cell::{Cell, RefCell};

use super::index::{self, Header, State};
use super::{Here, published};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::{FileSet, Side};
use crate::shm::WalIndex;
use crate::storage::File;

const WAL_HEADER_SIZE: u64 = 32;
const FRAME_HEADER_SIZE: usize = 24;
/// Where a frame's header repeats the salts of the WAL.
const SALTS: std::ops::Range<usize> = 8..16;

/// How far the frames of the WAL are in the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entered {
    salts: [u8; 8],
    frames: u32,
}

/// What is known of the published index.
#[derive(Default)]
pub(super) struct Follower {
    /// The `-shm`, while anybody here uses the index.
    file: RefCell<Option<Box<dyn File>>>,
    /// What it said when it was last read or written.
    seen: Cell<State>,
    entered: Cell<Entered>,
}

impl Follower {
    pub(super) fn is_open(&self) -> bool {
        self.file.borrow().is_some()
    }

    /// Begins to follow.
    pub(super) fn open(&self, file: Box<dyn File>) {
        self.seen.take();
        self.entered.take();
        self.file.replace(Some(file));
    }

    /// Follows no longer.
    pub(super) fn close(&self) -> Result<()> {
        let file = self.file.take();
        file.map_or(Ok(()), File::close)
    }

    /// Empties the index, so that SQLite makes it anew.
    pub(super) fn forget(&self, index: &RefCell<WalIndex>) {
        index::set_state(index.borrow_mut().regions(), &State::default());
        self.has_published(State::default());
    }

    /// What the file says now.
    pub(super) fn has_published(&self, state: State) {
        self.entered.take();
        self.seen.set(state);
    }

    /// Works on the file, which is in no cell meanwhile.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut dyn File) -> Result<T>) -> Result<T> {
        let mut file = self.file.take().expect("called while the file is open");
        let outcome = work(&mut *file);
        self.file.replace(Some(file));
        outcome
    }

    /// Publishes what SQLite has changed here since.
    pub(super) fn publish(&self, index: &RefCell<WalIndex>) -> Result<()> {
        let was = self.seen.get();
        let mut now = index::state(index.borrow_mut().regions());
        if !now.header.is_whole() {
            // Seen so in the file: whoever wrote it has died, and SQLite will make it anew.
            now.header = was.header;
        }
        if now == was {
            return Ok(());
        }
        self.with(|file| published::write(file, &now, &was))?;
        if now.header != was.header {
            // SQLite has entered the frames of its own transactions itself.
            self.entered.set(Entered {
                salts: now.header.salts(),
                frames: now.header.last_frame(),
            });
        }
        self.seen.set(now);
        Ok(())
    }

    /// Whether the header is the one that was last read or written.
    pub(super) fn is_up_to_date(&self) -> Result<bool> {
        let header = self.with(published::read_header)?;
        Ok(header == self.seen.get().header)
    }

    /// Takes over what others have published; whether that is another header than the last one.
    /// Nothing here may be unpublished.
    ///
    /// The header is the same before and after the words are read (S4): whoever computes with them
    /// may rely on both orders.
    pub(super) fn refresh(&self, index: &RefCell<WalIndex>, files: &FileSet) -> Result<bool> {
        let mut header = self.with(published::read_header)?;
        loop {
            let entered = self.enter(index, files, &header)?;
            let words = self.with(published::read_words)?;
            let again = self.with(published::read_header)?;
            if again == header {
                entered?;
                let state = State { header, words };
                index::set_state(index.borrow_mut().regions(), &state);
                return Ok(self.seen.replace(state).header != header);
            }
            // If the WAL has begun anew, that was published before a frame was overwritten (S5).
            header = again;
        }
    }

    /// Goes on from what is published, without any other user of the index; `false` if that cannot
    /// be relied on.
    pub(super) fn takes_over(&self, here: Here<'_>, path: &str) -> bool {
        let is_there = self.with(|file| published::check(file, path)).is_ok();
        let refreshed = is_there && self.refresh(here.index, here.files).is_ok();
        refreshed && self.seen.get().header.is_valid()
    }

    /// Enters the frames up to the last one of a header; says which one is missing in the WAL.
    fn enter(
        &self,
        index: &RefCell<WalIndex>,
        files: &FileSet,
        header: &Header,
    ) -> Result<std::result::Result<(), VfsError>> {
        if !header.is_valid() {
            self.entered.take();
            return Ok(Ok(()));
        }
        let (salts, last) = (header.salts(), header.last_frame());
        let mut entered = self.entered.get();
        if entered.salts != salts || entered.frames > last {
            entered = Entered { salts, frames: 0 };
        }
        while entered.frames < last {
            let frame = entered.frames + 1;
            let Some(page) = page_of(files, header, frame)? else {
                self.entered.set(entered);
                return Ok(Err(missing(frame, last)));
            };
            index::append(index.borrow_mut().regions(), frame, page)?;
            entered.frames = frame;
        }
        self.entered.set(entered);
        Ok(Ok(()))
    }
}

/// The bytes of the WAL that a header counts.
pub(super) fn wal_size(header: &Header) -> u64 {
    let frame_size = header.page_size() + FRAME_HEADER_SIZE as u64;
    WAL_HEADER_SIZE + u64::from(header.last_frame()) * frame_size
}

/// The page that a frame holds; none if the frame is not of the header's round of the WAL.
fn page_of(files: &FileSet, header: &Header, frame: u32) -> Result<Option<u32>> {
    let frame_size = header.page_size() + FRAME_HEADER_SIZE as u64;
    let offset = WAL_HEADER_SIZE + u64::from(frame - 1) * frame_size;
    let mut bytes = [0; FRAME_HEADER_SIZE];
    let count = files.with_side(Side::Wal, |file| file.read(&mut bytes, offset))?;
    if count < bytes.len() || bytes[SALTS] != header.salts() {
        return Ok(None);
    }
    let page = bytes.first_chunk().expect("a header has 24 bytes");
    Ok(Some(u32::from_be_bytes(*page)))
}

fn missing(frame: u32, last: u32) -> VfsError {
    let message = format!("frame {frame} of {last} of the shared wal-index is not in the WAL");
    VfsError::new(ErrorKind::Io, Operation::Lock, message)
}
