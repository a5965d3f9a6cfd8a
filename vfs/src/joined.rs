//! A WAL whose frames reach the medium in few writes instead of two each.
//!
//! `database.rs` puts it around a database's `-wal`. SQLite writes a frame as its header and then
//! its page, and a transaction as many frames in a row; one call of the medium costs as much as
//! copying ten pages.
//!
//! ```text
//! frame    24 bytes of header (bytes 4–7: not zero in the last frame of a transaction), one page
//! held     frames that follow each other, until
//!          - the last one of a transaction is complete: it and all before it are written at once
//!          - JOINED_SIZE_MAX bytes are reached
//!          - anything else is asked of the file: reading, cutting, syncing, its size
//! ```
//!
//! Nobody can miss what is held: frames count only once the transaction's last frame is in the
//! wal-index, and SQLite enters it there after the write that ends the holding. So what is held is
//! never needed by a reader or a checkpoint, and closing drops it.
//! When a write fails, SQLite gives its transaction up: then what is held is dropped at once, so
//! that nothing of a transaction that was reported as failed reaches the medium later.
//! Source of the format: <https://sqlite.org/fileformat2.html#walformat>.

use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::mutants::{self, Mutant};
use crate::storage::File;

/// Bytes of a frame's header.
const FRAME_HEADER_SIZE: usize = 24;

/// Where the header says whether the frame ends a transaction: the size of the database then.
const COMMIT_FIELD: std::ops::Range<usize> = 4..8;

/// Bytes held at most before they are written.
const JOINED_SIZE_MAX: usize = 256 * 1024;

/// What the next write is expected to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The header of a frame, right after what is held.
    Header,
    /// The page of the frame whose header is held last.
    Page { ends_transaction: bool },
}

/// The file and what is held of it.
pub(crate) struct JoinedFile {
    file: Box<dyn File>,
    held: Vec<u8>,
    /// Where the held bytes begin in the file.
    offset: u64,
    expected: Expected,
}

impl JoinedFile {
    pub(crate) fn new(file: Box<dyn File>) -> Self {
        Self {
            file,
            held: Vec::new(),
            offset: 0,
            expected: Expected::Header,
        }
    }

    fn write_held(&mut self) -> Result<()> {
        self.expected = Expected::Header;
        if !self.held.is_empty() {
            self.file.write(&self.held, self.offset)?;
            self.held.clear();
        }
        Ok(())
    }

    fn drop_held(&mut self) {
        self.expected = Expected::Header;
        self.held.clear();
    }

    fn hold(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.held.try_reserve(data.len()).map_err(|error| {
            let message = format!("no memory for the frames of a transaction: {error}");
            VfsError::new(ErrorKind::NoMemory, Operation::Write, message)
        })?;
        if self.held.is_empty() {
            self.offset = offset;
        }
        self.held.extend_from_slice(data);
        Ok(())
    }

    /// Where what is held ends; 0 if nothing is.
    fn held_end(&self) -> u64 {
        match self.held.len() as u64 {
            0 => 0,
            size => self.offset + size,
        }
    }

    fn join(&mut self, data: &[u8], offset: u64) -> Result<()> {
        if offset == self.offset && data.len() == FRAME_HEADER_SIZE {
            // The transaction that is held was rolled back, and another one begins at its place.
            self.drop_held();
        }
        if !self.follows(offset) {
            self.write_held()?;
        }
        match self.expected {
            Expected::Header if data.len() == FRAME_HEADER_SIZE => {
                let ends_transaction = ends_transaction(data);
                self.hold(data, offset)?;
                self.expected = Expected::Page { ends_transaction };
                Ok(())
            }
            Expected::Page { ends_transaction } => {
                self.hold(data, offset)?;
                self.expected = Expected::Header;
                self.drop_frames_of_mutant(ends_transaction, data.len());
                if ends_transaction || self.held.len() >= JOINED_SIZE_MAX {
                    return self.write_held();
                }
                Ok(())
            }
            Expected::Header => {
                self.write_held()?;
                self.file.write(data, offset)
            }
        }
    }

    fn drop_frames_of_mutant(&mut self, ends_transaction: bool, page_size: usize) {
        if ends_transaction && mutants::on(Mutant::FramesDropped) {
            let dropped = self.held.len() - FRAME_HEADER_SIZE - page_size;
            self.held.drain(..dropped);
            self.offset += dropped as u64;
        }
    }

    fn follows(&self, offset: u64) -> bool {
        self.held.is_empty() || offset == self.offset + self.held.len() as u64
    }
}

/// Whether a header says that its frame is the last one of a transaction.
fn ends_transaction(header: &[u8]) -> bool {
    header[COMMIT_FIELD].iter().any(|byte| *byte != 0)
}

impl File for JoinedFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if offset < self.held_end() && self.offset < offset + buffer.len() as u64 {
            self.write_held()?;
        }
        self.file.read(buffer, offset)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let joined = self.join(data, offset);
        if joined.is_err() {
            self.drop_held();
        }
        joined
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        if size <= self.offset {
            self.drop_held();
        }
        self.write_held()?;
        self.file.truncate(size)
    }

    fn settle(&mut self) -> Result<()> {
        self.write_held()?;
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        self.write_held()?;
        self.file.sync()
    }

    fn size(&mut self) -> Result<u64> {
        Ok(self.file.size()?.max(self.held_end()))
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.file.close()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::{FRAME_HEADER_SIZE, JoinedFile};
    use crate::error::{ErrorKind, Operation, Result, VfsError};
    use crate::memory::MemoryFile;
    use crate::storage::File;

    /// Notes the offset and the length of each write.
    type Writes = Rc<RefCell<Vec<(u64, usize)>>>;

    #[derive(Default)]
    struct Noting {
        file: MemoryFile,
        writes: Writes,
        full: Rc<Cell<bool>>,
    }

    impl File for Noting {
        fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
            self.file.read(buffer, offset)
        }
        fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
            if self.full.get() {
                return Err(VfsError::new(ErrorKind::Full, Operation::Write, "full"));
            }
            self.writes.borrow_mut().push((offset, data.len()));
            self.file.write(data, offset)
        }
        fn truncate(&mut self, size: u64) -> Result<()> {
            self.file.truncate(size)
        }
        fn settle(&mut self) -> Result<()> {
            Ok(())
        }
        fn sync(&mut self) -> Result<()> {
            Ok(())
        }
        fn size(&mut self) -> Result<u64> {
            self.file.size()
        }
        fn close(self: Box<Self>) -> Result<()> {
            Ok(())
        }
    }

    const PAGE: [u8; 512] = [7; 512];
    const FRAME_SIZE: usize = FRAME_HEADER_SIZE + PAGE.len();

    fn header(ends_transaction: bool) -> [u8; FRAME_HEADER_SIZE] {
        let mut header = [1; FRAME_HEADER_SIZE];
        header[4..8].copy_from_slice(&u32::from(ends_transaction).to_be_bytes());
        header
    }

    fn frame(file: &mut JoinedFile, offset: u64, ends_transaction: bool) {
        file.write(&header(ends_transaction), offset).expect("held");
        let page_offset = offset + FRAME_HEADER_SIZE as u64;
        file.write(&PAGE, page_offset).expect("held or written");
    }

    fn joined() -> (JoinedFile, Writes, Rc<Cell<bool>>) {
        let file = Noting::default();
        let (writes, full) = (file.writes.clone(), file.full.clone());
        (JoinedFile::new(Box::new(file)), writes, full)
    }

    #[test]
    fn a_transaction_of_three_frames_is_one_write() {
        let (mut file, writes, _) = joined();
        for (index, ends) in [(0, false), (1, false), (2, true)] {
            frame(&mut file, 32 + index * FRAME_SIZE as u64, ends);
        }
        assert_eq!(*writes.borrow(), [(32, 3 * FRAME_SIZE)]);
        let mut back = [0; FRAME_SIZE];
        let start = 32 + 2 * FRAME_SIZE as u64;
        assert_eq!(file.read(&mut back, start).expect("reads"), FRAME_SIZE);
        assert_eq!(back[..FRAME_HEADER_SIZE], header(true));
        assert_eq!(back[FRAME_HEADER_SIZE..], PAGE);
    }

    #[test]
    fn whatever_else_is_asked_sees_what_is_held() {
        let (mut file, writes, _) = joined();
        frame(&mut file, 32, false);
        assert!(writes.borrow().is_empty());
        assert_eq!(file.size().expect("asks"), 32 + FRAME_SIZE as u64);
        frame(&mut file, 32 + FRAME_SIZE as u64, false);
        file.sync().expect("writes what is held");
        frame(&mut file, 32, true);
        assert_eq!(*writes.borrow(), [(32, 2 * FRAME_SIZE), (32, FRAME_SIZE)]);
    }

    #[test]
    fn nothing_of_a_transaction_that_was_refused_is_written_later() {
        let (mut file, writes, full) = joined();
        full.set(true);
        frame(&mut file, 32, false);
        let second = 32 + FRAME_SIZE as u64;
        file.write(&header(true), second).expect("held");
        file.write(&PAGE, second + FRAME_HEADER_SIZE as u64)
            .expect_err("refused");
        full.set(false);
        assert_eq!(file.size().expect("asks"), 0);
        file.sync().expect("nothing is held");
        assert!(writes.borrow().is_empty());
        frame(&mut file, 32, true);
        assert_eq!(*writes.borrow(), [(32, FRAME_SIZE)]);
    }

    #[test]
    fn others_can_read_while_the_medium_refuses_what_is_held() {
        let (mut file, writes, full) = joined();
        frame(&mut file, 32, true);
        full.set(true);
        let second = 32 + FRAME_SIZE as u64;
        frame(&mut file, second, false);
        let mut page = [0; 512];
        assert_eq!(file.read(&mut page, 56).expect("reads"), 512);
        file.read(&mut page, second).expect_err("held, and refused");
        full.set(false);
        frame(&mut file, second + FRAME_SIZE as u64, true);
        assert_eq!(writes.borrow()[1..], [(second, 2 * FRAME_SIZE)]);
    }

    #[test]
    fn what_was_rolled_back_is_dropped_when_its_place_is_taken_cut_off_or_closed() {
        let (mut file, writes, _) = joined();
        frame(&mut file, 32, false);
        frame(&mut file, 32, true);
        assert_eq!(*writes.borrow(), [(32, FRAME_SIZE)]);
        let second = 32 + FRAME_SIZE as u64;
        frame(&mut file, second, false);
        file.truncate(0).expect("cuts");
        frame(&mut file, 32, false);
        Box::new(file).close().expect("closes");
        assert_eq!(writes.borrow().len(), 1);
    }

    #[test]
    fn other_writes_go_straight_through() {
        let (mut file, writes, _) = joined();
        file.write(&[0; 32], 0).expect("writes");
        file.write(&PAGE, 600).expect("writes");
        assert_eq!(*writes.borrow(), [(0, 32), (600, 512)]);
    }
}
