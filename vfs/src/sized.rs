//! A file whose size is remembered, for as long as nobody else can change it.
//!
//! `fileset.rs` puts it around the files of a database. SQLite asks for a size at every read
//! transaction, and to ask a browser takes as long as the rest of it. When nobody else can change
//! a file is decided by whoever holds the [`Term`]; it must not be known here why.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Result;
use crate::storage::File;

/// A time in which nobody else can change a file, or the time between two such.
#[derive(Debug, Default)]
pub(crate) struct Term {
    /// Grows whenever one begins or ends; odd within one.
    changes: Cell<u64>,
}

impl Term {
    /// Begins, or goes on.
    pub(crate) fn begin(&self) {
        self.changes.set(self.changes.get() | 1);
    }

    /// From now on others may change the file: what was remembered does not count any more.
    pub(crate) fn end(&self) {
        self.changes.set(self.changes.get().next_multiple_of(2));
    }

    /// Which one it is; none between two.
    pub(crate) fn current(&self) -> Option<u64> {
        Some(self.changes.get()).filter(|changes| changes % 2 == 1)
    }
}

/// The file.
pub(crate) struct SizedFile {
    file: Box<dyn File>,
    term: Rc<Term>,
    /// The size in bytes, and the term in which it was seen.
    known: Option<(u64, u64)>,
}

impl SizedFile {
    pub(crate) fn new(file: Box<dyn File>, term: Rc<Term>) -> Self {
        let known = None;
        Self { file, term, known }
    }

    fn known_size(&self) -> Option<u64> {
        let (size, seen_in) = self.known?;
        (self.term.current() == Some(seen_in)).then_some(size)
    }

    fn remember(&mut self, size: u64) {
        self.known = self.term.current().map(|term| (size, term));
    }
}

impl File for SizedFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read(buffer, offset)
    }

    /// What failed may have been done in part.
    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let size = self.known_size();
        self.known = None;
        self.file.write(data, offset)?;
        if let Some(size) = size {
            self.remember(size.max(offset + data.len() as u64));
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.known = None;
        self.file.truncate(size)?;
        self.remember(size);
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    fn size(&mut self) -> Result<u64> {
        if let Some(size) = self.known_size() {
            return Ok(size);
        }
        let size = self.file.size()?;
        self.remember(size);
        Ok(size)
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.file.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStorage;
    use crate::storage::{Creation, Storage};

    #[test]
    fn a_size_is_remembered_within_a_term_only() {
        let storage = MemoryStorage::default();
        let open = || storage.open("a", Creation::IfMissing).expect("opens");
        let term = Rc::new(Term::default());
        let (mut file, mut other) = (SizedFile::new(open(), term.clone()), open());
        let mut grow = |size| other.truncate(size).expect("grows");
        grow(10);
        assert_eq!(file.size(), Ok(10));
        grow(20);
        assert_eq!(file.size(), Ok(20), "others may change it");
        term.begin();
        assert_eq!(file.size(), Ok(20));
        grow(30);
        assert_eq!(file.size(), Ok(20), "nobody can have changed it");
        file.write(&[0; 8], 16).expect("writes");
        assert_eq!(file.size(), Ok(24));
        file.truncate(4).expect("cuts");
        assert_eq!(file.size(), Ok(4));
        term.end();
        term.begin();
        grow(50);
        assert_eq!(file.size(), Ok(50), "another term");
    }
}
