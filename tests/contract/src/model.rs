//! What a VFS is, in as few lines as possible: the model that `machine.rs` compares with.
//!
//! Three files of one database, four connections, the five lock levels, eight slots.

use rusqlite::ffi::{
    SQLITE_BUSY, SQLITE_IOERR_SHORT_READ, SQLITE_LOCK_EXCLUSIVE, SQLITE_LOCK_PENDING,
    SQLITE_LOCK_RESERVED, SQLITE_LOCK_SHARED, SQLITE_OK,
};

use crate::machine::{Answer, File, Step, offset};

/// What one connection holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    pub(crate) is_open: bool,
    pub(crate) has_side: [bool; 3],
    pub(crate) level: i32,
    pub(crate) is_mapped: bool,
    pub(crate) shared: u8,
    pub(crate) exclusive: u8,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) files: [Vec<u8>; 3],
    pub(crate) connections: [Connection; 4],
    /// The first byte of each region.
    pub(crate) regions: Vec<u8>,
}

impl Model {
    /// Changes the state as the step should, and says what it should answer.
    pub(crate) fn take(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Open(c) => self.connections[c].is_open = true,
            Step::Close(c) => {
                self.connections[c] = Connection::default();
                self.forget_regions();
            }
            Step::OpenSide(c, file) => self.connections[c].has_side[file as usize] = true,
            Step::CloseSide(c, file) => self.connections[c].has_side[file as usize] = false,
            Step::Read(_, file, offset, size) => return self.read(file, offset, size),
            Step::Write(_, file, offset, size, byte) => {
                let content = &mut self.files[file as usize];
                content.resize(content.len().max(offset + size), 0);
                content[offset..offset + size].fill(byte);
            }
            Step::Truncate(_, file, size) => self.files[file as usize].resize(size, 0),
            Step::Sync(..) => {}
            Step::Size(_, file) => return Answer::number(offset(self.files[file as usize].len())),
            Step::Lock(c, level) => return Answer::code(self.lock(c, level)),
            Step::Unlock(c, level) => self.connections[c].level = level,
            Step::IsReserved(_) => {
                let mut levels = self.connections.iter().map(|it| it.level);
                return Answer::number(levels.any(|it| it >= SQLITE_LOCK_RESERVED).into());
            }
            Step::Map(c, region, extend) => return self.map(c, region, extend),
            Step::SetRegion(_, region, byte) => self.regions[region] = byte,
            Step::GetRegion(_, region) => return Answer::number(self.regions[region].into()),
            Step::Unmap(c) => {
                let it = &mut self.connections[c];
                (it.is_mapped, it.shared, it.exclusive) = (false, 0, 0);
                self.forget_regions();
            }
            Step::Share(c, slots) => {
                if self.others(c).any(|it| it.exclusive & slots != 0) {
                    return Answer::code(SQLITE_BUSY);
                }
                self.connections[c].shared |= slots;
            }
            Step::Exclude(c, slots) => {
                if self
                    .others(c)
                    .any(|it| (it.exclusive | it.shared) & slots != 0)
                {
                    return Answer::code(SQLITE_BUSY);
                }
                self.connections[c].exclusive |= slots;
            }
            Step::GiveShared(c, slots) => self.connections[c].shared &= !slots,
            Step::GiveExclusive(c, slots) => self.connections[c].exclusive &= !slots,
            Step::Delete(file) => self.files[file as usize].clear(),
            Step::IsThere(file) => {
                return Answer::number((!self.files[file as usize].is_empty()).into());
            }
        }
        Answer::code(SQLITE_OK)
    }

    fn read(&self, file: File, offset: usize, size: usize) -> Answer {
        let content = &self.files[file as usize];
        let range = offset.min(content.len())..(offset + size).min(content.len());
        let mut bytes = content[range].to_vec();
        let whole = bytes.len() == size;
        bytes.resize(size, 0);
        let code = if whole {
            SQLITE_OK
        } else {
            SQLITE_IOERR_SHORT_READ
        };
        Answer {
            code,
            number: 0,
            bytes,
        }
    }

    fn lock(&mut self, c: usize, level: i32) -> i32 {
        let others = self.others(c).map(|it| it.level).max().unwrap_or(0);
        let too_strong = match level {
            SQLITE_LOCK_SHARED => SQLITE_LOCK_PENDING,
            SQLITE_LOCK_RESERVED => SQLITE_LOCK_RESERVED,
            _ => SQLITE_LOCK_SHARED,
        };
        let held = &mut self.connections[c].level;
        if others < too_strong {
            *held = level;
            return SQLITE_OK;
        }
        if level == SQLITE_LOCK_EXCLUSIVE && *held >= SQLITE_LOCK_RESERVED {
            *held = SQLITE_LOCK_PENDING;
        }
        SQLITE_BUSY
    }

    fn map(&mut self, c: usize, region: usize, extend: bool) -> Answer {
        self.connections[c].is_mapped = true;
        if extend && self.regions.len() <= region {
            self.regions.resize(region + 1, 0);
        }
        Answer::number((region < self.regions.len()).into())
    }

    fn forget_regions(&mut self) {
        if self.connections.iter().all(|it| !it.is_mapped) {
            self.regions.clear();
        }
    }

    fn others(&self, c: usize) -> impl Iterator<Item = &Connection> {
        let all = self.connections.iter().enumerate();
        all.filter(move |(number, _)| *number != c)
            .map(|(_, it)| it)
    }
}
