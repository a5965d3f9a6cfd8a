//! Temporary files: in memory up to a bound that all of an instance share, then on the medium.
//!
//! Opened by `opened.rs` for files without a name: sorts, temporary tables, statement journals,
//! the copy that VACUUM makes. Nobody else sees them and they need no durability.
//!
//! ```text
//! .anchorite/temp-<unix ms>-<16 hex digits>    one spilled file; removed when it is closed
//! ```
//!
//! A spilled file is owned (`Storage::acquire`) while it is open. One that nobody owns was left
//! behind by a context that died, and is removed when a database is opened the next time.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::beforehand;
use crate::error::{ErrorKind, Result};
use crate::files;
use crate::path::PRIVATE_DIRECTORY;
use crate::storage::{Creation, File, Ownership, Storage};

/// Bytes of memory are taken in pieces of this size, so that a file grows without being copied.
const CHUNK_SIZE: usize = 64 * 1024;

/// What begins the name of a spilled file.
const PREFIX: &str = "temp";

/// Bytes written to a spilled file before the medium is asked to take them off our memory.
const SETTLE_AFTER: u64 = 32 * 1024 * 1024;

/// Where temporary files of one VFS live, and how much memory is left for them.
pub(crate) struct TemporarySpace {
    storage: Rc<dyn Storage>,
    limit: u64,
    used: Cell<u64>,
}

impl TemporarySpace {
    /// Temporary files may hold `limit` bytes in memory together.
    pub(crate) fn new(storage: Rc<dyn Storage>, limit: u64) -> Rc<Self> {
        let used = Cell::new(0);
        Rc::new(Self {
            storage,
            limit,
            used,
        })
    }

    fn take_chunk(&self) -> bool {
        let after = self.used.get() + CHUNK_SIZE as u64;
        let fits = after <= self.limit;
        if fits {
            self.used.set(after);
        }
        fits
    }

    fn give_back(&self, chunks: usize) {
        self.used
            .set(self.used.get() - chunks as u64 * CHUNK_SIZE as u64);
    }
}

/// Removes those of these private files that are spilled and that nobody owns.
pub(crate) fn clean(storage: &dyn Storage, private: &[String]) -> Result<()> {
    let beginning = format!("{PRIVATE_DIRECTORY}/{PREFIX}-");
    let spilled = private.iter().filter(|path| path.starts_with(&beginning));
    files::remove_unowned(storage, spilled)
}

/// One temporary file.
pub(crate) struct TemporaryFile {
    space: Rc<TemporarySpace>,
    content: Content,
}

enum Content {
    Memory(Chunks),
    Medium(Spilled),
}

/// A file in memory: whole chunks, and how much of them counts. Bytes beyond the size are zeros.
#[derive(Default)]
struct Chunks {
    chunks: Vec<Box<[u8]>>,
    size: u64,
}

/// A file on the medium, ours alone.
struct Spilled {
    storage: Rc<dyn Storage>,
    path: String,
    file: Box<dyn File>,
    ownership: Box<dyn Ownership>,
    written: u64,
}

impl fmt::Debug for TemporaryFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Memory(chunks) => write!(formatter, "TemporaryFile({} B)", chunks.size),
            Content::Medium(spilled) => write!(formatter, "TemporaryFile({:?})", spilled.path),
        }
    }
}

impl TemporaryFile {
    pub(crate) fn new(space: Rc<TemporarySpace>) -> Self {
        let content = Content::Memory(Chunks::default());
        Self { space, content }
    }

    /// Makes sure that `size` bytes have a place: in memory while there is some to be had, else on
    /// the medium.
    fn reserve(&mut self, size: u64) -> Result<()> {
        while let Content::Memory(memory) = &mut self.content
            && (memory.chunks.len() as u64) < size.div_ceil(CHUNK_SIZE as u64)
        {
            let has_room = self.space.take_chunk();
            if has_room && memory.grow() {
                continue;
            }
            if has_room {
                self.space.give_back(1);
            }
            match self.spill() {
                Err(error) if error.kind == ErrorKind::CannotSuspend && self.grow_beyond() => {}
                outcome => return outcome,
            }
        }
        Ok(())
    }

    /// Where nothing can be opened in the middle of SQL, memory is the only bound.
    fn grow_beyond(&mut self) -> bool {
        let Content::Memory(memory) = &mut self.content else {
            return false;
        };
        let has_grown = memory.grow();
        if has_grown {
            let used = self.space.used.get() + CHUNK_SIZE as u64;
            self.space.used.set(used);
        }
        has_grown
    }

    /// Moves the content to the medium.
    fn spill(&mut self) -> Result<()> {
        let Content::Memory(memory) = &mut self.content else {
            return Ok(());
        };
        let storage = self.space.storage.clone();
        let mut spilled = beforehand::bound(|| Spilled::create(storage))?;
        if let Err(error) = memory.copy_to(&mut *spilled.file) {
            return spilled.remove().and(Err(error));
        }
        self.space.give_back(memory.chunks.len());
        self.content = Content::Medium(spilled);
        Ok(())
    }
}

impl Chunks {
    /// Adds a chunk of zeros; false where there is no memory for it.
    fn grow(&mut self) -> bool {
        let mut chunk = Vec::new();
        if chunk.try_reserve_exact(CHUNK_SIZE).is_err() || self.chunks.try_reserve(1).is_err() {
            return false;
        }
        chunk.resize(CHUNK_SIZE, 0);
        self.chunks.push(chunk.into_boxed_slice());
        true
    }

    fn copy_to(&self, file: &mut dyn File) -> Result<()> {
        for (index, chunk) in self.chunks.iter().enumerate() {
            let offset = index as u64 * CHUNK_SIZE as u64;
            let count = in_memory(self.size.saturating_sub(offset).min(CHUNK_SIZE as u64));
            file.write(&chunk[..count], offset)?;
        }
        file.truncate(self.size)
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let end = self.size.min(offset + buffer.len() as u64);
        for (part, place) in parts(offset, end) {
            let (chunk, start) = place;
            let count = part.len();
            buffer[part].copy_from_slice(&self.chunks[chunk][start..start + count]);
        }
        in_memory(end.saturating_sub(offset))
    }

    fn write(&mut self, data: &[u8], offset: u64) {
        let end = offset + data.len() as u64;
        for (part, place) in parts(offset, end) {
            let (chunk, start) = place;
            let count = part.len();
            self.chunks[chunk][start..start + count].copy_from_slice(&data[part]);
        }
        self.size = self.size.max(end);
    }

    /// Cuts; the number of chunks that are free now.
    fn cut(&mut self, size: u64) -> usize {
        let kept = in_memory(size.div_ceil(CHUNK_SIZE as u64));
        let freed = self.chunks.len().saturating_sub(kept);
        self.chunks.truncate(kept);
        let end = in_memory(size % CHUNK_SIZE as u64);
        if let Some(last) = self.chunks.last_mut().filter(|_| end > 0) {
            last[end..].fill(0);
        }
        self.size = size;
        freed
    }
}

/// `[offset, end)` cut at the borders of chunks: the part of the caller's buffer, and the chunk
/// with the place in it.
fn parts(offset: u64, end: u64) -> impl Iterator<Item = (std::ops::Range<usize>, (usize, usize))> {
    let mut position = offset;
    std::iter::from_fn(move || {
        if position >= end {
            return None;
        }
        let start = in_memory(position % CHUNK_SIZE as u64);
        let count = in_memory((end - position).min((CHUNK_SIZE - start) as u64));
        let done = in_memory(position - offset);
        let chunk = in_memory(position / CHUNK_SIZE as u64);
        position += count as u64;
        Some((done..done + count, (chunk, start)))
    })
}

/// Positions in memory fit `usize`; what does not fit was refused by `reserve`.
fn in_memory(position: u64) -> usize {
    usize::try_from(position).expect("a position in memory")
}

impl Spilled {
    fn create(storage: Rc<dyn Storage>) -> Result<Self> {
        let path = files::private_path(PREFIX)?;
        let ownership = storage.acquire(&path)?;
        let file = match storage.open(&path, Creation::IfMissing) {
            Ok(file) => file,
            Err(error) => return ownership.release().and(Err(error)),
        };
        Ok(Self {
            storage,
            path,
            file,
            ownership,
            written: 0,
        })
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.file.write(data, offset)?;
        self.written += data.len() as u64;
        if self.written < SETTLE_AFTER {
            return Ok(());
        }
        self.written = 0;
        self.file.settle()
    }

    /// Closes and removes it, as far as possible whatever fails.
    fn remove(self) -> Result<()> {
        let closed = self.file.close();
        let deleted = self.storage.delete(&self.path);
        let released = self.ownership.release();
        closed.and(deleted).and(released)
    }
}

impl File for TemporaryFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        match &mut self.content {
            Content::Memory(memory) => Ok(memory.read(buffer, offset)),
            Content::Medium(spilled) => spilled.file.read(buffer, offset),
        }
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        self.reserve(offset + data.len() as u64)?;
        match &mut self.content {
            Content::Memory(memory) => memory.write(data, offset),
            Content::Medium(spilled) => spilled.write(data, offset)?,
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.reserve(size)?;
        match &mut self.content {
            Content::Memory(memory) => {
                let freed = memory.cut(size);
                self.space.give_back(freed);
                Ok(())
            }
            Content::Medium(spilled) => spilled.file.truncate(size),
        }
    }

    /// Nothing of it is needed after this context.
    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    /// As for [`settle`](Self::settle).
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn size(&mut self) -> Result<u64> {
        match &mut self.content {
            Content::Memory(memory) => Ok(memory.size),
            Content::Medium(spilled) => spilled.file.size(),
        }
    }

    fn close(self: Box<Self>) -> Result<()> {
        match self.content {
            Content::Memory(memory) => {
                self.space.give_back(memory.chunks.len());
                Ok(())
            }
            Content::Medium(spilled) => spilled.remove(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beforehand::Beforehand;
    use crate::memory::MemoryStorage;

    fn space(limit: u64) -> (MemoryStorage, Rc<TemporarySpace>) {
        let storage = MemoryStorage::default();
        let space = TemporarySpace::new(Rc::new(storage.clone()), limit);
        (storage, space)
    }

    fn bytes(file: &mut TemporaryFile, size: usize, offset: u64) -> Vec<u8> {
        let mut buffer = vec![9; size];
        let count = file.read(&mut buffer, offset).expect("reads");
        buffer.truncate(count);
        buffer
    }

    #[test]
    fn a_file_moves_to_the_medium_when_memory_is_used_up_and_is_removed() {
        let (storage, space) = space(2 * CHUNK_SIZE as u64);
        let mut file = Box::new(TemporaryFile::new(space.clone()));
        file.write(b"begin", 0).expect("writes");
        let border = CHUNK_SIZE as u64 - 2;
        file.write(b"over", border).expect("writes");
        assert!(storage.list("").expect("lists").is_empty(), "in memory");
        assert_eq!(space.used.get(), 2 * CHUNK_SIZE as u64);
        file.write(b"far", 5 * CHUNK_SIZE as u64).expect("spills");
        assert_eq!(space.used.get(), 0);
        assert_eq!(storage.list("").expect("lists").len(), 1);
        assert_eq!(bytes(&mut file, 5, 0), b"begin");
        assert_eq!(bytes(&mut file, 4, border), b"over");
        assert_eq!(bytes(&mut file, 9, 5 * CHUNK_SIZE as u64), b"far");
        file.close().expect("closes");
        assert!(storage.list("").expect("lists").is_empty());
    }

    #[test]
    fn where_nothing_can_be_opened_in_the_middle_of_sql_a_file_stays_in_memory() {
        let storage = MemoryStorage::default();
        let beforehand = Beforehand::new(Rc::new(storage.clone()));
        let space = TemporarySpace::new(Rc::new(beforehand), 0);
        let mut file = Box::new(TemporaryFile::new(space.clone()));
        file.write(b"far", 5 * CHUNK_SIZE as u64).expect("writes");
        assert_eq!(bytes(&mut file, 9, 5 * CHUNK_SIZE as u64), b"far");
        assert_eq!(space.used.get(), 6 * CHUNK_SIZE as u64);
        file.close().expect("closes");
        assert_eq!(space.used.get(), 0, "none is counted twice");
        assert!(storage.list("").expect("lists").is_empty());
    }

    #[test]
    fn what_is_cut_off_comes_back_as_zeros_and_its_memory_is_free() {
        let (_, space) = space(10 * CHUNK_SIZE as u64);
        let mut file = Box::new(TemporaryFile::new(space.clone()));
        file.write(&[1; 100], 3 * CHUNK_SIZE as u64)
            .expect("writes");
        file.write(&[2; 100], 0).expect("writes");
        file.truncate(50).expect("cuts");
        assert_eq!(space.used.get(), CHUNK_SIZE as u64);
        file.truncate(60).expect("grows");
        assert_eq!(
            bytes(&mut file, 100, 48),
            [vec![2; 2], vec![0; 10]].concat()
        );
        assert_eq!(bytes(&mut file, 4, 1000), b"");
        file.close().expect("closes");
        assert_eq!(space.used.get(), 0);
    }

    #[test]
    fn files_left_behind_are_removed_and_owned_ones_are_not() {
        let (storage, space) = space(0);
        let mut file = Box::new(TemporaryFile::new(space));
        file.write(b"mine", 0).expect("spills");
        let left = ".anchorite/temp-1000-0123456789abcdef";
        let other = storage.open(left, Creation::IfMissing).expect("opens");
        other.close().expect("closes");
        let private = storage.list("").expect("lists");
        clean(&storage, &private).expect("removes");
        let paths = storage.list("").expect("lists");
        assert_eq!(paths.len(), 1);
        assert_ne!(paths[0], left);
        file.close().expect("closes");
    }
}
