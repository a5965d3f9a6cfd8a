//! The two C tables of a registered VFS behind safe functions, one per x-method.
//!
//! Used by the cases, which see numbers, slices and strings only. All `unsafe` of this crate is
//! here. It must not know which VFS it calls: everything is done as SQLite's core does it.
#![expect(unsafe_code, reason = "the C tables are called as SQLite calls them")]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};

use rusqlite::ffi;

/// What a result code other than `SQLITE_OK` is told by.
pub(crate) type Code = c_int;

/// A registered VFS, and a prefix that keeps the names of one case apart from all others.
#[derive(Clone, Debug)]
pub struct Vfs {
    table: *mut ffi::sqlite3_vfs,
    name: String,
    prefix: String,
}

impl Vfs {
    /// The VFS that SQLite knows by this name.
    #[must_use]
    pub fn find(name: &str, prefix: &str) -> Option<Self> {
        let text = c_string(name);
        // SAFETY: `sqlite3_vfs_find` wants a string, and keeps nothing of it.
        let table = unsafe { ffi::sqlite3_vfs_find(text.as_ptr()) };
        (!table.is_null()).then(|| Self {
            table,
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        })
    }

    /// The name to give to `sqlite3_open_v2`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A path of this case's own.
    pub(crate) fn path(&self, label: &str) -> String {
        format!("{}{label}", self.prefix)
    }

    /// Bytes of the longest path, with its terminator.
    pub(crate) fn path_size_max(&self) -> usize {
        amount(self.table().mxPathname)
    }

    /// xOpen of the main file of a database; the names of its side files go with it.
    pub(crate) fn open(&self, path: &str, flags: c_int) -> Result<Handle, Code> {
        self.open_part(path, Part::Main, flags | ffi::SQLITE_OPEN_MAIN_DB)
    }

    /// xOpen of the rollback journal of a database.
    pub(crate) fn open_journal(&self, database: &str, flags: c_int) -> Result<Handle, Code> {
        self.open_part(
            database,
            Part::Journal,
            flags | ffi::SQLITE_OPEN_MAIN_JOURNAL,
        )
    }

    /// xOpen of the WAL of a database.
    pub(crate) fn open_wal(&self, database: &str, flags: c_int) -> Result<Handle, Code> {
        self.open_part(database, Part::Wal, flags | ffi::SQLITE_OPEN_WAL)
    }

    /// xOpen of a file with a name of its own; `None` asks for a temporary one. The flags say
    /// which kind it is.
    pub(crate) fn open_other(&self, path: Option<&str>, flags: c_int) -> Result<Handle, Code> {
        match path {
            None => self.open_named(None, std::ptr::null(), flags),
            Some(path) => self.open_part(path, Part::Main, flags),
        }
    }

    fn open_part(&self, path: &str, part: Part, flags: c_int) -> Result<Handle, Code> {
        let filename = Filename::new(path);
        let name = filename.part(part);
        self.open_named(Some(filename), name, flags)
    }

    fn open_named(
        &self,
        filename: Option<Filename>,
        name: *const c_char,
        flags: c_int,
    ) -> Result<Handle, Code> {
        let open = self.table().xOpen.expect("every VFS has xOpen");
        let size = amount(self.table().szOsFile).div_ceil(size_of::<u64>());
        // Rubbish, so that nothing is taken for granted about memory that xOpen has to fill.
        let mut handle = Handle {
            memory: vec![Cell::new(0xa5a5_a5a5_a5a5_a5a5); size].into_boxed_slice(),
            flags_out: 0,
            is_open: Cell::new(false),
            _filename: filename,
        };
        let (file, flags_out) = (handle.file(), &raw mut handle.flags_out);
        // SAFETY: `szOsFile` bytes, aligned for a u64, and a name that lives as long as the file.
        match unsafe { open(self.table, name, file, flags, flags_out) } {
            ffi::SQLITE_OK => {
                handle.is_open.set(true);
                Ok(handle)
            }
            code => {
                // SQLite closes a file whose open failed if its method table was set all the same.
                handle.is_open.set(!handle.base().pMethods.is_null());
                Err(code)
            }
        }
    }

    /// xDelete.
    pub(crate) fn delete(&self, path: &str) -> Code {
        let delete = self.table().xDelete.expect("every VFS has xDelete");
        let path = c_string(path);
        // SAFETY: a string that lives during the call.
        unsafe { delete(self.table, path.as_ptr(), 1) }
    }

    /// xAccess with one of the `SQLITE_ACCESS_…` flags.
    pub(crate) fn access(&self, path: &str, flags: c_int) -> Result<bool, Code> {
        let access = self.table().xAccess.expect("every VFS has xAccess");
        let (path, mut answer) = (c_string(path), -1);
        // SAFETY: a string that lives during the call, and a place for the answer.
        match unsafe { access(self.table, path.as_ptr(), flags, &raw mut answer) } {
            ffi::SQLITE_OK if answer == -1 => Err(ffi::SQLITE_INTERNAL),
            ffi::SQLITE_OK => Ok(answer != 0),
            code => Err(code),
        }
    }

    /// xFullPathname into a buffer of `size` bytes.
    pub(crate) fn full_pathname(&self, path: &str, size: usize) -> Result<String, Code> {
        let call = self.table().xFullPathname.expect("every VFS has it");
        let (path, mut out) = (c_string(path), vec![b'?'; size + GUARD]);
        let place = out.as_mut_ptr().cast();
        // SAFETY: a string, and a buffer of at least the size that is told.
        match unsafe { call(self.table, path.as_ptr(), int(size), place) } {
            ffi::SQLITE_OK => text_within(&out, size).ok_or(ffi::SQLITE_INTERNAL),
            code => Err(code),
        }
    }

    /// xRandomness; answers how many bytes it claims to have filled.
    pub(crate) fn randomness(&self, buffer: &mut [u8]) -> c_int {
        let call = self.table().xRandomness.expect("every VFS has it");
        // SAFETY: a buffer of the size that is told.
        unsafe { call(self.table, int(buffer.len()), buffer.as_mut_ptr().cast()) }
    }

    /// xSleep; answers for how many microseconds it claims to have slept.
    pub(crate) fn sleep(&self, microseconds: c_int) -> c_int {
        let call = self.table().xSleep.expect("every VFS has it");
        // SAFETY: takes numbers only.
        unsafe { call(self.table, microseconds) }
    }

    /// xCurrentTimeInt64: milliseconds since noon of 24 November 4714 BC.
    pub(crate) fn now_ms(&self) -> Result<i64, Code> {
        let call = self
            .table()
            .xCurrentTimeInt64
            .expect("version 2 of the table");
        let mut now = 0;
        // SAFETY: a place for the answer.
        match unsafe { call(self.table, &raw mut now) } {
            ffi::SQLITE_OK => Ok(now),
            code => Err(code),
        }
    }

    /// xCurrentTime: the same in days.
    pub(crate) fn now_days(&self) -> Result<f64, Code> {
        let call = self.table().xCurrentTime.expect("every VFS has it");
        let mut now = 0.0;
        // SAFETY: a place for the answer.
        match unsafe { call(self.table, &raw mut now) } {
            ffi::SQLITE_OK => Ok(now),
            code => Err(code),
        }
    }

    /// xGetLastError into a buffer of `size` bytes; `None` if it wrote past it or left no end.
    pub(crate) fn last_error(&self, size: usize) -> Option<String> {
        let call = self.table().xGetLastError.expect("every VFS has it");
        let mut out = vec![b'?'; size + GUARD];
        // SAFETY: a buffer of at least the size that is told.
        unsafe { call(self.table, int(size), out.as_mut_ptr().cast()) };
        text_within(&out, size)
    }

    fn table(&self) -> &ffi::sqlite3_vfs {
        // SAFETY: from `sqlite3_vfs_find`; nothing here is ever unregistered.
        unsafe { &*self.table }
    }
}

/// An open file as SQLite holds it.
#[derive(Debug)]
pub(crate) struct Handle {
    /// `szOsFile` bytes, which the VFS changes whenever it is called.
    memory: Box<[Cell<u64>]>,
    /// What xOpen says it opened.
    pub(crate) flags_out: c_int,
    is_open: Cell<bool>,
    /// The name lives as long as the file does.
    _filename: Option<Filename>,
}

impl Handle {
    /// xClose.
    pub(crate) fn close(self) -> Code {
        self.close_once()
    }

    fn close_once(&self) -> Code {
        if !self.is_open.replace(false) {
            return ffi::SQLITE_OK;
        }
        let close = self.methods().xClose.expect("every file has xClose");
        // SAFETY: open until here, and never used again.
        unsafe { close(self.file()) }
    }

    /// xRead: fills the whole buffer, or says `SQLITE_IOERR_SHORT_READ`.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: i64) -> Code {
        let read = self.methods().xRead.expect("every file has xRead");
        let (place, size) = (buffer.as_mut_ptr().cast(), int(buffer.len()));
        // SAFETY: the file is open; a buffer of the size that is told.
        unsafe { read(self.file(), place, size, offset) }
    }

    /// xWrite.
    pub(crate) fn write(&self, data: &[u8], offset: i64) -> Code {
        let write = self.methods().xWrite.expect("every file has xWrite");
        let (place, size) = (data.as_ptr().cast(), int(data.len()));
        // SAFETY: the file is open; as many bytes as are told.
        unsafe { write(self.file(), place, size, offset) }
    }

    /// xTruncate.
    pub(crate) fn truncate(&self, size: i64) -> Code {
        let truncate = self.methods().xTruncate.expect("every file has xTruncate");
        // SAFETY: the file is open.
        unsafe { truncate(self.file(), size) }
    }

    /// xSync.
    pub(crate) fn sync(&self, flags: c_int) -> Code {
        let sync = self.methods().xSync.expect("every file has xSync");
        // SAFETY: the file is open.
        unsafe { sync(self.file(), flags) }
    }

    /// xFileSize.
    pub(crate) fn size(&self) -> Result<i64, Code> {
        let call = self.methods().xFileSize.expect("every file has xFileSize");
        let mut size = -1;
        // SAFETY: the file is open; a place for the answer.
        match unsafe { call(self.file(), &raw mut size) } {
            ffi::SQLITE_OK => Ok(size),
            code => Err(code),
        }
    }

    /// xLock.
    pub(crate) fn lock(&self, level: c_int) -> Code {
        let lock = self.methods().xLock.expect("every file has xLock");
        // SAFETY: the file is open.
        unsafe { lock(self.file(), level) }
    }

    /// xUnlock.
    pub(crate) fn unlock(&self, level: c_int) -> Code {
        let unlock = self.methods().xUnlock.expect("every file has xUnlock");
        // SAFETY: the file is open.
        unsafe { unlock(self.file(), level) }
    }

    /// xCheckReservedLock.
    pub(crate) fn is_reserved(&self) -> Result<bool, Code> {
        let call = self.methods().xCheckReservedLock.expect("every file");
        let mut answer = -1;
        // SAFETY: the file is open; a place for the answer.
        match unsafe { call(self.file(), &raw mut answer) } {
            ffi::SQLITE_OK if answer == -1 => Err(ffi::SQLITE_INTERNAL),
            ffi::SQLITE_OK => Ok(answer != 0),
            code => Err(code),
        }
    }

    /// xFileControl of an operation whose argument is a number.
    pub(crate) fn control(&self, operation: c_int, number: &mut i64) -> Code {
        let control = self.methods().xFileControl.expect("every file");
        let argument: *mut i64 = number;
        // SAFETY: the file is open; operations of numbers read and write at most eight bytes.
        unsafe { control(self.file(), operation, argument.cast()) }
    }

    /// xSectorSize.
    pub(crate) fn sector_size(&self) -> c_int {
        let call = self.methods().xSectorSize.expect("every file");
        // SAFETY: the file is open.
        unsafe { call(self.file()) }
    }

    /// xDeviceCharacteristics.
    pub(crate) fn characteristics(&self) -> c_int {
        let call = self.methods().xDeviceCharacteristics.expect("every file");
        // SAFETY: the file is open.
        unsafe { call(self.file()) }
    }

    /// Whether there is shared memory at all: version 2 of the method table.
    pub(crate) fn has_shared_memory(&self) -> bool {
        self.methods().iVersion >= 2 && self.methods().xShmMap.is_some()
    }

    /// xShmMap; a null region is `None`.
    pub(crate) fn map(&self, region: c_int, extend: bool) -> Result<Option<Region>, Code> {
        let map = self.methods().xShmMap.expect("version 2 of the table");
        let mut place: *mut c_void = std::ptr::null_mut();
        let (extend, out) = (c_int::from(extend), &raw mut place);
        // SAFETY: the file is open; a place for the answer.
        match unsafe { map(self.file(), region, REGION_SIZE, extend, out) } {
            ffi::SQLITE_OK => Ok((!place.is_null()).then(|| Region(place.cast()))),
            code => Err(code),
        }
    }

    /// xShmLock of `count` slots.
    pub(crate) fn shm_lock(&self, slot: c_int, count: c_int, flags: c_int) -> Code {
        let lock = self.methods().xShmLock.expect("version 2 of the table");
        // SAFETY: the file is open.
        unsafe { lock(self.file(), slot, count, flags) }
    }

    /// xShmBarrier.
    pub(crate) fn barrier(&self) {
        let barrier = self.methods().xShmBarrier.expect("version 2 of the table");
        // SAFETY: the file is open.
        unsafe { barrier(self.file()) }
    }

    /// xShmUnmap.
    pub(crate) fn unmap(&self, delete: bool) -> Code {
        let unmap = self.methods().xShmUnmap.expect("version 2 of the table");
        // SAFETY: the file is open; its regions are not used after this by any case.
        unsafe { unmap(self.file(), c_int::from(delete)) }
    }

    fn base(&self) -> &ffi::sqlite3_file {
        // SAFETY: xOpen has filled the first part of this memory, whatever came of it.
        unsafe { &*self.file() }
    }

    fn methods(&self) -> &ffi::sqlite3_io_methods {
        // SAFETY: not null after an open that succeeded, and static in every VFS.
        unsafe { &*self.base().pMethods }
    }

    fn file(&self) -> *mut ffi::sqlite3_file {
        self.memory.as_ptr().cast_mut().cast()
    }
}

impl Drop for Handle {
    /// A case that fails half-way leaves no file open.
    fn drop(&mut self) {
        self.close_once();
    }
}

/// Bytes of a region of the wal-index.
const REGION_SIZE: c_int = 32768;

/// A mapped region, until its connection unmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region(*mut u8);

impl Region {
    /// Bytes in a region.
    pub(crate) const SIZE: usize = 32768;

    pub(crate) fn get(self, index: usize) -> u8 {
        // SAFETY: mapped, by this connection or a sibling; nobody else runs meanwhile.
        unsafe { self.place(index).read_volatile() }
    }

    pub(crate) fn set(self, index: usize, value: u8) {
        // SAFETY: as in `get`.
        unsafe { self.place(index).write_volatile(value) }
    }

    fn place(self, index: usize) -> *mut u8 {
        assert!(index < Self::SIZE, "inside the region");
        self.0.wrapping_add(index)
    }
}

/// A database name as SQLite hands it to xOpen, with the names of its side files behind it.
#[derive(Debug)]
struct Filename(ffi::sqlite3_filename);

#[derive(Clone, Copy)]
enum Part {
    Main,
    Journal,
    Wal,
}

impl Filename {
    fn new(path: &str) -> Self {
        let [main, journal, wal] =
            ["", "-journal", "-wal"].map(|end| c_string(&(path.to_owned() + end)));
        let none = std::ptr::null_mut();
        // SAFETY: three strings, which are copied, and no parameters.
        let name = unsafe {
            ffi::sqlite3_create_filename(main.as_ptr(), journal.as_ptr(), wal.as_ptr(), 0, none)
        };
        assert!(!name.is_null(), "there is memory for a name");
        Self(name)
    }

    fn part(&self, part: Part) -> *const c_char {
        match part {
            Part::Main => self.0,
            // SAFETY: from `sqlite3_create_filename`.
            Part::Journal => unsafe { ffi::sqlite3_filename_journal(self.0) },
            // SAFETY: from `sqlite3_create_filename`.
            Part::Wal => unsafe { ffi::sqlite3_filename_wal(self.0) },
        }
    }
}

impl Drop for Filename {
    fn drop(&mut self) {
        // SAFETY: from `sqlite3_create_filename`, once; the file that used it is closed before,
        // because `Handle` closes itself before its fields are dropped.
        unsafe { ffi::sqlite3_free_filename(self.0) }
    }
}

/// Bytes behind a buffer that must stay as they are.
const GUARD: usize = 16;

/// The string at the start of `out`, if it ends within `size` bytes and nothing lies beyond.
fn text_within(out: &[u8], size: usize) -> Option<String> {
    let (inside, guard) = out.split_at(size);
    if guard.iter().any(|byte| *byte != b'?') {
        return None;
    }
    let text = CStr::from_bytes_until_nul(inside).ok()?;
    text.to_str().ok().map(str::to_owned)
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("paths of the cases hold no zero byte")
}

fn int(size: usize) -> c_int {
    c_int::try_from(size).expect("buffers of the cases are far below 2^31 bytes")
}

fn amount(size: c_int) -> usize {
    usize::try_from(size).expect("sizes in a VFS table are positive")
}
