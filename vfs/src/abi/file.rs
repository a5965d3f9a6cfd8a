//! `sqlite3_io_methods`: what SQLite does with an open file, locks included.

use std::ffi::{c_int, c_void};

use super::codes::{code, status};
use super::{FileSlot, OpenFile, begin, control, ffi, opened, position, shm, size};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::fileset::Side;
use crate::lock::LockLevel;
use crate::mutants::{self, Mutant};
use crate::opened::Opened;
use crate::storage::File;

/// The one table, for files of every kind: SQLite asks for locks and shared memory of main files
/// only.
pub(super) static IO_METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(control::x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: Some(shm::x_shm_map),
    xShmLock: Some(shm::x_shm_lock),
    xShmBarrier: Some(shm::x_shm_barrier),
    xShmUnmap: Some(shm::x_shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite calls every io method with a file that `x_open` of this table filled.
    let slot = unsafe { &mut *file.cast::<FileSlot>() };
    // SAFETY: `open` came from `Box::into_raw`; SQLite closes a file once and not after.
    let open = unsafe { Box::from_raw(slot.open) };
    slot.open = std::ptr::null_mut();
    slot.base.pMethods = std::ptr::null();
    let OpenFile {
        opened,
        registered,
        deleted_at_close,
        ..
    } = *open;
    let closed = opened.close();
    let deleted = deleted_at_close.map_or(Ok(()), |name| registered.medium.delete(&name));
    status(closed.and(deleted))
}

unsafe extern "C" fn x_read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `buffer` has room for `amount` bytes and is SQLite's alone to give during the call.
    // A storage that suspends fills it only after it has resumed, from bytes on the heap.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), size(amount)) };
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match open
        .opened
        .with(|file| read(file, buffer, position(offset)))
    {
        Ok(count) if count == buffer.len() => {
            if let Some(connection) = open.opened.connection() {
                connection.doubt_version(buffer, position(offset));
            }
            ffi::SQLITE_OK
        }
        Ok(count) => {
            // SQLite wants the missing part as zeros.
            buffer[count..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(error) => code(&error),
    }
}

/// Reads; fewer bytes than asked for are an error unless the file ends there, because SQLite takes
/// the zeros after them for the page.
fn read(file: &mut dyn File, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let count = file.read(buffer, offset)?;
    if count == buffer.len() || mutants::on(Mutant::ShortReadUnreported) {
        return Ok(buffer.len());
    }
    let (end, size) = (offset + count as u64, file.size()?);
    if end >= size {
        return Ok(count);
    }
    let message = format!("read {count} of {} B at {offset} of {size} B", buffer.len());
    Err(VfsError::new(ErrorKind::Io, Operation::Read, message))
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `data` holds `amount` bytes that stay unchanged during the call.
    let mut data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), size(amount)) };
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    if open.is_read_only {
        return ffi::SQLITE_READONLY;
    }
    if mutants::on(Mutant::ShortWriteIgnored) {
        data = &data[..data.len().div_ceil(2)];
    }
    status(open.opened.write(data, position(offset)))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    if open.is_read_only {
        return ffi::SQLITE_READONLY;
    }
    if mutants::on(Mutant::TruncationForgotten) {
        return ffi::SQLITE_OK;
    }
    status(open.opened.truncate(position(size)))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match sync(&mut open.opened) {
        Err(_) if mutants::on(Mutant::SyncErrorSwallowed) => ffi::SQLITE_OK,
        outcome => status(outcome),
    }
}

fn sync(opened: &mut Opened) -> Result<()> {
    if mutants::on(Mutant::FlushDoesNothing) {
        return Ok(());
    }
    if mutants::on(Mutant::JournalSyncedLate) {
        return sync_late(opened);
    }
    opened.sync()
}

fn sync_late(opened: &mut Opened) -> Result<()> {
    match opened {
        Opened::Side(_, Side::Journal) => Ok(()),
        Opened::Main(connection) => {
            let database = connection.database();
            database.with_main(|file| file.sync())?;
            database.with_side(Side::Journal, |file| file.sync())
        }
        _ => opened.sync(),
    }
}

unsafe extern "C" fn x_file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match open.opened.with(|file| file.size()) {
        Ok(bytes) => {
            let bytes = i64::try_from(bytes).expect("no file has 2^63 bytes");
            // SAFETY: SQLite passes a valid place for the answer.
            unsafe { size.write(bytes) }
            ffi::SQLITE_OK
        }
        Err(error) => code(&error),
    }
}

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match (open.opened.connection(), LockLevel::from_sqlite(level)) {
        (Some(connection), Some(level)) => {
            status(begin(Operation::Lock).and_then(|()| connection.lock(level)))
        }
        _ => ffi::SQLITE_MISUSE,
    }
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    match (open.opened.connection(), LockLevel::from_sqlite(level)) {
        (Some(connection), Some(level)) => status(connection.unlock(level)),
        _ => ffi::SQLITE_MISUSE,
    }
}

unsafe extern "C" fn x_check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    reserved: *mut c_int,
) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    let Some(connection) = open.opened.connection() else {
        return ffi::SQLITE_MISUSE;
    };
    match connection.is_reserved() {
        Ok(is_reserved) => {
            // SAFETY: SQLite passes a valid place for the answer.
            unsafe { reserved.write(c_int::from(is_reserved)) }
            ffi::SQLITE_OK
        }
        Err(error) => code(&error),
    }
}

unsafe extern "C" fn x_sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    c_int::try_from(open.registered.guarantees.sector_size).unwrap_or(c_int::MAX)
}

/// What each bit would promise, and why only this one is claimed, is in docs/durability.md.
unsafe extern "C" fn x_device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `file` is open, as for every io method.
    let open = unsafe { opened(file) };
    if open.is_powersafe {
        return ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE;
    }
    0
}
