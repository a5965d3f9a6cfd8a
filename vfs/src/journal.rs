//! A rollback journal that is never valid before what it holds is durable.
//!
//! `fileset.rs` puts it around a database's `-journal`. At `synchronous=NORMAL` SQLite leaves out
//! two syncs, and then a power failure may corrupt a database:
//!
//! ```text
//! records ── (sync) ── 12 bytes that say how many ── sync    without the first one the number may
//!                                                            be durable and the records not; their
//!                                                            checksum samples each 200th byte only
//! cut to 0 ── (sync)                                     without it the old header may come back:
//!                                                            to new records, or beside a database
//!                                                            that was cut meanwhile
//! ```
//!
//! Both are added here. At `FULL` SQLite asks for them itself; then the second one of two has
//! nothing to do and is left out.
//! Source of the format: <https://sqlite.org/fileformat2.html#the_rollback_journal>.

use crate::error::Result;
use crate::mutants::{self, Mutant};
use crate::storage::File;

/// What a header begins with.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// The magic and the number of records, which SQLite writes last.
const VALIDATION_SIZE: usize = 12;

/// The file.
pub(crate) struct JournalFile {
    file: Box<dyn File>,
    /// Changed since its last sync, as far as we know.
    is_changed: bool,
}

impl JournalFile {
    pub(crate) fn new(file: Box<dyn File>) -> Self {
        Self {
            file,
            is_changed: true,
        }
    }
}

fn makes_valid(data: &[u8]) -> bool {
    data.len() == VALIDATION_SIZE && data.starts_with(&MAGIC)
}

impl File for JournalFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read(buffer, offset)
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        if makes_valid(data) {
            self.sync()?;
        }
        self.is_changed = true;
        self.file.write(data, offset)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.is_changed = true;
        self.file.truncate(size)?;
        if mutants::on(Mutant::DeleteUnflushed) {
            return Ok(());
        }
        self.sync()
    }

    fn settle(&mut self) -> Result<()> {
        self.file.settle()
    }

    fn sync(&mut self) -> Result<()> {
        if self.is_changed {
            self.file.sync()?;
            self.is_changed = false;
        }
        Ok(())
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
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::{JournalFile, MAGIC};
    use crate::error::Result;
    use crate::memory::MemoryFile;
    use crate::storage::File;

    /// Notes the order of writes, cuts and syncs.
    #[derive(Default)]
    struct Noting {
        file: MemoryFile,
        calls: Rc<RefCell<String>>,
    }

    impl File for Noting {
        fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
            self.file.read(buffer, offset)
        }
        fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
            self.calls.borrow_mut().push('w');
            self.file.write(data, offset)
        }
        fn truncate(&mut self, size: u64) -> Result<()> {
            self.calls.borrow_mut().push('t');
            self.file.truncate(size)
        }
        fn settle(&mut self) -> Result<()> {
            Ok(())
        }
        fn sync(&mut self) -> Result<()> {
            self.calls.borrow_mut().push('s');
            Ok(())
        }
        fn size(&mut self) -> Result<u64> {
            self.file.size()
        }
        fn close(self: Box<Self>) -> Result<()> {
            Ok(())
        }
    }

    fn journal() -> (JournalFile, Rc<RefCell<String>>) {
        let file = Noting::default();
        let calls = file.calls.clone();
        (JournalFile::new(Box::new(file)), calls)
    }

    fn validation() -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes
    }

    #[test]
    fn records_are_synced_before_the_header_that_counts_them() {
        let (mut file, calls) = journal();
        file.write(&[0; 512], 0).expect("writes");
        file.write(&[1; 100], 512).expect("writes");
        file.write(&validation(), 0).expect("writes");
        file.sync().expect("syncs");
        assert_eq!(*calls.borrow(), "wwsws");
    }

    #[test]
    fn no_sync_is_made_twice() {
        let (mut file, calls) = journal();
        file.write(&[1; 100], 512).expect("writes");
        file.sync().expect("syncs");
        file.write(&validation(), 0).expect("writes");
        file.sync().expect("syncs");
        file.truncate(0).expect("cuts");
        file.sync().expect("has been");
        assert_eq!(*calls.borrow(), "wswsts");
    }

    #[test]
    fn a_cut_is_durable_at_once() {
        let (mut file, calls) = journal();
        file.truncate(0).expect("cuts");
        file.write(&[1; 100], 0).expect("writes");
        assert_eq!(*calls.borrow(), "tsw");
    }
}
