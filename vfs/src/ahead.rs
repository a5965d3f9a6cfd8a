//! A WAL that is read from front to back in few reads instead of one for each frame.
//!
//! `fileset.rs` puts it below `joined.rs`. Recovery reads every frame of the WAL in order; where a
//! context takes turns it begins each turn, and one call of the medium costs as much as copying ten
//! pages.
//!
//! ```text
//! a read that begins where the last one ended, and is as long: AHEAD_SIZE bytes are read at once
//! kept until  another kind of read, any change, the end of the term (sized.rs)
//! ```
//!
//! Outside of a term others may write to the file, so nothing is read ahead then.

use std::rc::Rc;

use crate::error::Result;
use crate::sized::Term;
use crate::storage::File;

/// Bytes read at once.
const AHEAD_SIZE: usize = 256 * 1024;

/// The file and what was read of it before it was asked for.
pub(crate) struct AheadFile {
    file: Box<dyn File>,
    term: Rc<Term>,
    /// The term in which it was read.
    read_in: Option<u64>,
    /// Where the last read ended, and how long it was.
    last: (u64, usize),
    ahead: Vec<u8>,
    /// Where that begins in the file.
    offset: u64,
}

impl AheadFile {
    pub(crate) fn new(file: Box<dyn File>, term: Rc<Term>) -> Self {
        Self {
            file,
            term,
            read_in: None,
            last: (0, 0),
            ahead: Vec::new(),
            offset: 0,
        }
    }

    fn forget(&mut self) {
        self.ahead = Vec::new();
        self.read_in = None;
    }

    /// The part of what was read ahead that begins there, if it has this length.
    fn find(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.ahead.get(start..start.checked_add(length)?)
    }

    /// Reads ahead from there; `false` where there is no memory for it.
    fn fill(&mut self, offset: u64) -> Result<bool> {
        self.ahead.clear();
        if self.ahead.try_reserve_exact(AHEAD_SIZE).is_err() {
            return Ok(false);
        }
        self.ahead.resize(AHEAD_SIZE, 0);
        let read = self.file.read(&mut self.ahead, offset);
        self.ahead.truncate(*read.as_ref().unwrap_or(&0));
        self.offset = offset;
        read.map(|_| true)
    }
}

impl File for AheadFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let goes_on = self.last == (offset, buffer.len());
        self.last = (offset + buffer.len() as u64, buffer.len());
        let term = self.term.current();
        if !goes_on || term.is_none() {
            self.forget();
            return self.file.read(buffer, offset);
        }
        let is_there = self.read_in == term && self.find(offset, buffer.len()).is_some();
        if !is_there && !self.fill(offset)? {
            return self.file.read(buffer, offset);
        }
        self.read_in = term;
        if let Some(found) = self.find(offset, buffer.len()) {
            buffer.copy_from_slice(found);
            return Ok(buffer.len());
        }
        // The file ends here, or the medium has read less than it could.
        self.forget();
        self.file.read(buffer, offset)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.forget();
        self.file.write(data, offset)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.forget();
        self.file.truncate(size)
    }

    fn settle(&mut self) -> Result<()> {
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    fn size(&mut self) -> Result<u64> {
        self.file.size()
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.file.close()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::memory::MemoryStorage;
    use crate::storage::{Creation, Storage};

    /// Counts the reads.
    struct Counting {
        file: Box<dyn File>,
        reads: Rc<Cell<u32>>,
    }

    impl File for Counting {
        fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
            self.reads.set(self.reads.get() + 1);
            self.file.read(buffer, offset)
        }
        fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
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

    const FRAME: usize = 4120;
    const FRAMES: usize = 200;

    /// The file, the same opened elsewhere, its term, and how often it was read.
    fn opened() -> (AheadFile, Box<dyn File>, Rc<Term>, Rc<Cell<u32>>) {
        let storage = MemoryStorage::default();
        let open = || storage.open("a", Creation::IfMissing).expect("opens");
        let (file, mut other) = (open(), open());
        for frame in 0..FRAMES {
            let bytes = [u8::try_from(frame).expect("few"); FRAME];
            other.write(&bytes, at(frame)).expect("writes");
        }
        let (term, reads) = (Rc::new(Term::default()), Rc::default());
        let counting = Counting {
            file,
            reads: Rc::clone(&reads),
        };
        let ahead = AheadFile::new(Box::new(counting), term.clone());
        (ahead, other, term, reads)
    }

    fn at(frame: usize) -> u64 {
        32 + (frame * FRAME) as u64
    }

    /// The first byte of each frame, up to the end.
    fn read_all(file: &mut AheadFile) -> Vec<u8> {
        let mut bytes = [0; FRAME];
        let mut frames = (0..).map_while(|frame| {
            let count = file.read(&mut bytes, at(frame)).expect("reads");
            (count == FRAME).then_some(bytes[0])
        });
        frames.by_ref().collect()
    }

    fn all_frames() -> Vec<u8> {
        (0..u8::try_from(FRAMES).expect("few")).collect()
    }

    #[test]
    fn frames_in_a_row_take_few_reads_where_nobody_else_writes() {
        let (mut file, _, term, reads) = opened();
        assert_eq!(read_all(&mut file), all_frames());
        assert!(reads.get() as usize > FRAMES, "others may write");
        term.begin();
        reads.set(0);
        assert_eq!(read_all(&mut file), all_frames());
        assert!(reads.get() < 10, "{}", reads.get());
    }

    #[test]
    fn nothing_is_read_ahead_over_a_change() {
        let (mut file, mut other, term, _) = opened();
        term.begin();
        let mut bytes = [0; FRAME];
        let mut read = |file: &mut AheadFile, frame| {
            let count = file.read(&mut bytes, at(frame)).expect("reads");
            (count, bytes[0])
        };
        assert_eq!(
            (read(&mut file, 0), read(&mut file, 1)),
            ((FRAME, 0), (FRAME, 1))
        );
        file.write(&[99; FRAME], at(2)).expect("writes");
        assert_eq!(read(&mut file, 2), (FRAME, 99));
        assert_eq!(read(&mut file, 3), (FRAME, 3));
        term.end();
        other.write(&[98; FRAME], at(4)).expect("writes");
        term.begin();
        assert_eq!(read(&mut file, 4), (FRAME, 98));
        file.truncate(at(5)).expect("cuts");
        assert_eq!(read(&mut file, 5).0, 0);
    }
}
