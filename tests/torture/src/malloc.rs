//! SQLite's memory, so that the N-th allocation can fail.
//!
//! Called before SQLite is used for the first time; `faults/` arms it. It hands everything through
//! to SQLite's own allocator.
#![expect(
    unsafe_code,
    reason = "SQLite takes an allocator as a table of C functions"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use anyhow::{Result, ensure};
use rusqlite::{Connection, ffi};

/// What SQLite's own allocator does.
struct System {
    allocate: Option<unsafe extern "C" fn(c_int) -> *mut c_void>,
    reallocate: Option<unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void>,
}

static SYSTEM: OnceLock<System> = OnceLock::new();

thread_local! {
    /// Allocations until the one that fails; 0: none will.
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static LASTS: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Puts the table in place, once in a process, whichever thread is the first to ask.
pub(crate) fn install() -> Result<()> {
    static INSTALLED: OnceLock<c_int> = OnceLock::new();
    let code = *INSTALLED.get_or_init(replace);
    ensure!(code == ffi::SQLITE_OK, "sqlite3_config answered {code}");
    Ok(())
}

fn replace() -> c_int {
    let mut methods = ffi::sqlite3_mem_methods {
        xMalloc: None,
        xFree: None,
        xRealloc: None,
        xSize: None,
        xRoundup: None,
        xInit: None,
        xShutdown: None,
        pAppData: std::ptr::null_mut(),
    };
    // SAFETY: this option takes a pointer to a table to fill, and SQLite is not initialised yet.
    let code = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods) };
    if code != ffi::SQLITE_OK {
        return code;
    }
    let ours = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xRealloc: Some(reallocate),
        ..methods
    };
    SYSTEM.get_or_init(|| System {
        allocate: methods.xMalloc,
        reallocate: methods.xRealloc,
    });
    // SAFETY: this option takes a pointer to a table that SQLite copies.
    unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const ours) }
}

unsafe extern "C" fn allocate(size: c_int) -> *mut c_void {
    let system = SYSTEM.get().and_then(|system| system.allocate);
    match system {
        // SAFETY: the arguments are SQLite's own.
        Some(system) if !fails() => unsafe { system(size) },
        _ => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn reallocate(old: *mut c_void, size: c_int) -> *mut c_void {
    let system = SYSTEM.get().and_then(|system| system.reallocate);
    match system {
        // SAFETY: the arguments are SQLite's own.
        Some(system) if !fails() => unsafe { system(old, size) },
        _ => std::ptr::null_mut(),
    }
}

fn fails() -> bool {
    COUNT.set(COUNT.get() + 1);
    let left = LEFT.get();
    match left {
        0 => return false,
        1 if LASTS.get() => {}
        _ => LEFT.set(left - 1),
    }
    if left == 1 {
        FAILED.set(FAILED.get() + 1);
    }
    left == 1
}

/// The `number`-th allocation of this thread from now on fails, and all later ones if it `lasts`.
pub(crate) fn fail(number: u64, lasts: bool) {
    LEFT.set(number);
    LASTS.set(lasts);
    FAILED.set(0);
}

/// All allocations succeed again.
pub(crate) fn lift() {
    LEFT.set(0);
}

/// How many have failed since [`fail`].
pub(crate) fn failed() -> u64 {
    FAILED.get()
}

/// How many there were in this thread.
pub(crate) fn count() -> u64 {
    COUNT.get()
}

/// Lets a connection take each piece of memory from the allocator, not from its own reserve.
pub(crate) fn without_reserve(connection: &Connection) {
    // SAFETY: the handle is that of an open connection, borrowed for the call.
    let handle = unsafe { connection.handle() };
    // SAFETY: this option takes a pointer, a size and a count.
    let code = unsafe {
        ffi::sqlite3_db_config(
            handle,
            ffi::SQLITE_DBCONFIG_LOOKASIDE,
            std::ptr::null_mut::<c_void>(),
            0 as c_int,
            0 as c_int,
        )
    };
    debug_assert!(
        code == ffi::SQLITE_OK,
        "nothing of the reserve is in use yet"
    );
}
