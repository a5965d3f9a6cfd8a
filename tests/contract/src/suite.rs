//! The test suite that the crate `rsqlite-vfs` has for VFS authors, run on our x-methods.
//!
//! It wants a `VfsStore`; this is one whose every call goes through the C tables of the VFS under
//! test. It covers reading, sparse writing, truncating, size hints, open modes, reopening,
//! DELETEONCLOSE, files apart from each other, names used again and unnamed files; locks, shared
//! memory and durability it leaves out.

use rsqlite_vfs::test_suite::test_vfs_store;
use rsqlite_vfs::{
    AccessMode, LockLevel, OpenAccess, OpenOptions, OpenRequest, OpenedFile, SyncMode, SyncOptions,
    VfsAppData, VfsError, VfsErrorCode, VfsFile, VfsResult, VfsStore,
};
use rusqlite::ffi;

use crate::check::Outcome;
use crate::raw::{Code, Handle, Vfs};

/// All of the suite, in its own order.
pub(crate) fn the_suite_of_rsqlite_vfs_passes(vfs: &Vfs) -> Outcome {
    let outcome = test_vfs_store::<Store>(VfsAppData::new(vfs.clone()));
    outcome.map_err(|error| error.to_string())
}

struct Store;

struct StoredFile(Handle);

impl VfsStore for Store {
    type File = StoredFile;
    type AppData = Vfs;

    fn open_file(vfs: &Vfs, request: OpenRequest<'_>) -> VfsResult<OpenedFile<StoredFile>> {
        let name = request.filename.map(|name| vfs.path(name.path()));
        let flags = request.options.raw_flags();
        let file = done(vfs.open_other(name.as_deref(), flags))?;
        let access = if file.flags_out & ffi::SQLITE_OPEN_READONLY == 0 {
            OpenAccess::ReadWrite
        } else {
            OpenAccess::ReadOnly
        };
        let file = StoredFile(file);
        Ok(OpenedFile { file, access })
    }

    fn close_file(_: &Vfs, _: Option<&str>, file: StoredFile, _: OpenOptions) -> VfsResult<()> {
        ok(file.0.close())
    }

    fn access(vfs: &Vfs, name: &str, mode: AccessMode) -> VfsResult<bool> {
        let flags = match mode {
            AccessMode::Exists => ffi::SQLITE_ACCESS_EXISTS,
            AccessMode::Read => ffi::SQLITE_ACCESS_READ,
            AccessMode::ReadWrite => ffi::SQLITE_ACCESS_READWRITE,
        };
        done(vfs.access(&vfs.path(name), flags))
    }

    fn full_pathname(vfs: &Vfs, name: &str) -> VfsResult<String> {
        done(vfs.full_pathname(&vfs.path(name), vfs.path_size_max()))
    }

    fn delete_file(vfs: &Vfs, name: &str, _: bool) -> VfsResult<()> {
        ok(vfs.delete(&vfs.path(name)))
    }
}

impl VfsFile for StoredFile {
    fn size_hint(&mut self, size: u64) -> VfsResult<bool> {
        match self.0.control(ffi::SQLITE_FCNTL_SIZE_HINT, &mut int(size)?) {
            ffi::SQLITE_NOTFOUND => Ok(false),
            code => ok(code).map(|()| true),
        }
    }

    /// The suite wants the count, SQLite a code and zeros.
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        match self.0.read(buffer, int(offset)?) {
            ffi::SQLITE_IOERR_SHORT_READ => {
                let present = self.size()?.saturating_sub(offset);
                Ok(usize::try_from(present).expect("less than the buffer"))
            }
            code => ok(code).map(|()| buffer.len()),
        }
    }

    fn write(&mut self, data: &[u8], offset: u64) -> VfsResult<()> {
        ok(self.0.write(data, int(offset)?))
    }

    fn truncate(&mut self, size: u64) -> VfsResult<()> {
        ok(self.0.truncate(int(size)?))
    }

    fn sync(&mut self, options: SyncOptions) -> VfsResult<()> {
        ok(self.0.sync(match options.mode {
            SyncMode::Full => ffi::SQLITE_SYNC_FULL,
            _ => ffi::SQLITE_SYNC_NORMAL,
        }))
    }

    fn size(&self) -> VfsResult<u64> {
        let size = done(self.0.size())?;
        u64::try_from(size).map_err(|_| error(ffi::SQLITE_IOERR_FSTAT))
    }

    fn lock(&mut self, level: LockLevel) -> VfsResult<()> {
        ok(self.0.lock(level as Code))
    }

    fn unlock(&mut self, level: LockLevel) -> VfsResult<()> {
        ok(self.0.unlock(level as Code))
    }

    fn check_reserved_lock(&self) -> VfsResult<bool> {
        done(self.0.is_reserved())
    }
}

fn done<T>(result: Result<T, Code>) -> VfsResult<T> {
    result.map_err(error)
}

fn ok(code: Code) -> VfsResult<()> {
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(error(code))
}

fn error(code: Code) -> VfsError {
    let kind = VfsErrorCode::from_raw(code).unwrap_or(VfsErrorCode::Io);
    VfsError::new(kind, format!("answered {code}").into())
}

fn int(size: u64) -> VfsResult<i64> {
    i64::try_from(size).map_err(|_| error(ffi::SQLITE_FULL))
}
