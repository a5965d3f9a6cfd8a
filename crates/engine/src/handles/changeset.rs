//! Changesets: what is in one, its inverse, and how it is applied; see
//! <https://sqlite.org/session/intro.html>.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use super::{Allocated, c_size, check, failure, handle};

/// What is wrong with a change that does not fit the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictKind {
    /// The row is there, with other values than before the change.
    Data,
    /// The row to be updated or deleted is not there.
    NotFound,
    /// There is a row with the key of the one to be inserted.
    Conflict,
    /// A constraint of the table is in the way.
    Constraint,
    /// All is applied, and foreign keys have nothing to point to.
    ForeignKey,
}

impl ConflictKind {
    fn from_code(code: c_int) -> Self {
        match code {
            ffi::SQLITE_CHANGESET_DATA => Self::Data,
            ffi::SQLITE_CHANGESET_NOTFOUND => Self::NotFound,
            ffi::SQLITE_CHANGESET_CONFLICT => Self::Conflict,
            ffi::SQLITE_CHANGESET_FOREIGN_KEY => Self::ForeignKey,
            _ => Self::Constraint,
        }
    }
}

/// What becomes of such a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is left out.
    Omit,
    /// It is made all the same; only where a row is in the way.
    Replace,
    /// Nothing is applied.
    Abort,
}

impl Action {
    fn code(self) -> c_int {
        match self {
            Self::Omit => ffi::SQLITE_CHANGESET_OMIT,
            Self::Replace => ffi::SQLITE_CHANGESET_REPLACE,
            Self::Abort => ffi::SQLITE_CHANGESET_ABORT,
        }
    }
}

/// One change of a changeset, for as long as SQLite stands at it.
pub(crate) struct RawChange<'at> {
    iterator: *mut ffi::sqlite3_changeset_iter,
    at: PhantomData<&'at ()>,
}

/// Which of a change's rows a value is of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// Before the change.
    Old,
    /// After it.
    New,
    /// In the database, and in the way.
    Current,
}

impl RawChange<'_> {
    /// The table, and what was done: one of SQLite's codes.
    pub(crate) fn operation(&self) -> (String, c_int) {
        let (mut table, mut columns, mut code) = (std::ptr::null(), 0, 0);
        // SAFETY: SQLite stands at a change; the three places are there, the fourth is not asked
        // for.
        unsafe {
            ffi::sqlite3changeset_op(
                self.iterator,
                &raw mut table,
                &raw mut columns,
                &raw mut code,
                std::ptr::null_mut(),
            );
        }
        if table.is_null() {
            return (String::new(), code);
        }
        // SAFETY: a name that ends in a NUL and is there while SQLite stands at the change.
        let table = unsafe { CStr::from_ptr(table) };
        (table.to_string_lossy().into_owned(), code)
    }

    /// For each column its place in the primary key, from 1 on; 0 if it is not in it.
    pub(crate) fn key(&self) -> Vec<u8> {
        let (mut places, mut columns) = (std::ptr::null_mut(), 0);
        // SAFETY: SQLite stands at a change, and both places are there.
        let code =
            unsafe { ffi::sqlite3changeset_pk(self.iterator, &raw mut places, &raw mut columns) };
        let columns = usize::try_from(columns).unwrap_or(0);
        if code != ffi::SQLITE_OK || places.is_null() {
            return Vec::new();
        }
        // SAFETY: one byte for each column, there while SQLite stands at the change.
        unsafe { std::slice::from_raw_parts(places, columns) }.to_vec()
    }

    /// A value, if the change says what it is.
    pub(crate) fn value(&self, side: Side, column: usize) -> Option<ValueRef<'_>> {
        let read = match side {
            Side::Old => ffi::sqlite3changeset_old,
            Side::New => ffi::sqlite3changeset_new,
            Side::Current => ffi::sqlite3changeset_conflict,
        };
        let column = c_int::try_from(column).ok()?;
        let mut value = std::ptr::null_mut();
        // SAFETY: SQLite stands at a change, and refuses a side or a column that it does not have.
        let code = unsafe { read(self.iterator, column, &raw mut value) };
        (code == ffi::SQLITE_OK && !value.is_null()).then(|| {
            // SAFETY: SQLite's own value, which stays while it stands at the change.
            unsafe { value_of(value) }
        })
    }
}

/// What SQLite has in a value.
///
/// # Safety
/// The value stays as it is for as long as the answer is used.
unsafe fn value_of<'at>(value: *mut ffi::sqlite3_value) -> ValueRef<'at> {
    let bytes = |start: *const u8| {
        // SAFETY: the value stays, as the caller promises; the bytes are asked for before their
        // number, in the encoding that they have.
        let size = unsafe { ffi::sqlite3_value_bytes(value) };
        match usize::try_from(size) {
            // SAFETY: SQLite has said that so many bytes are there.
            Ok(size) if !start.is_null() => unsafe { std::slice::from_raw_parts(start, size) },
            _ => &[],
        }
    };
    // SAFETY: here and below, the value is there.
    match unsafe { ffi::sqlite3_value_type(value) } {
        // SAFETY: as above.
        ffi::SQLITE_INTEGER => ValueRef::Integer(unsafe { ffi::sqlite3_value_int64(value) }),
        // SAFETY: as above.
        ffi::SQLITE_FLOAT => ValueRef::Real(unsafe { ffi::sqlite3_value_double(value) }),
        // SAFETY: as above.
        ffi::SQLITE_TEXT => ValueRef::Text(bytes(unsafe { ffi::sqlite3_value_text(value) })),
        // SAFETY: as above.
        ffi::SQLITE_BLOB => ValueRef::Blob(bytes(unsafe { ffi::sqlite3_value_blob(value) }.cast())),
        _ => ValueRef::Null,
    }
}

/// Calls `each` for every change, in order.
pub(crate) fn for_each(bytes: &[u8], mut each: impl FnMut(&RawChange<'_>)) -> rusqlite::Result<()> {
    let size = c_size(bytes.len())?;
    let mut iterator = std::ptr::null_mut();
    // SAFETY: there are so many bytes, which SQLite only reads; `iterator` is a place for a
    // pointer.
    let code = unsafe {
        ffi::sqlite3changeset_start(&raw mut iterator, size, bytes.as_ptr().cast_mut().cast())
    };
    if code != ffi::SQLITE_OK {
        return Err(failure(code, None));
    }
    loop {
        // SAFETY: the iterator was started and not finalized, and the bytes are still there.
        let code = unsafe { ffi::sqlite3changeset_next(iterator) };
        if code != ffi::SQLITE_ROW {
            break;
        }
        let at = PhantomData;
        each(&RawChange { iterator, at });
    }
    // SAFETY: it was started and is finalized once. An error of `next` is said again here.
    match unsafe { ffi::sqlite3changeset_finalize(iterator) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(failure(code, None)),
    }
}

/// The changes that take back those of a changeset.
pub(crate) fn invert(bytes: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let size = c_size(bytes.len())?;
    let mut made = Allocated::NONE;
    let start = bytes.as_ptr().cast();
    // SAFETY: there are so many bytes, and both places are there for what SQLite allocates.
    let code = unsafe {
        ffi::sqlite3changeset_invert(size, start, &raw mut made.size, &raw mut made.bytes)
    };
    match code {
        ffi::SQLITE_OK => made.copy(),
        code => Err(failure(code, None)),
    }
}

/// The changes of one, and then those of the other.
pub(crate) fn concat(first: &[u8], second: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let (first_size, second_size) = (c_size(first.len())?, c_size(second.len())?);
    let mut made = Allocated::NONE;
    // SAFETY: there are so many bytes of both, which SQLite only reads, and both places are there
    // for what it allocates.
    let code = unsafe {
        ffi::sqlite3changeset_concat(
            first_size,
            first.as_ptr().cast_mut().cast(),
            second_size,
            second.as_ptr().cast_mut().cast(),
            &raw mut made.size,
            &raw mut made.bytes,
        )
    };
    match code {
        ffi::SQLITE_OK => made.copy(),
        code => Err(failure(code, None)),
    }
}

/// What SQLite asks about while it applies a changeset.
pub(crate) trait Judge {
    /// Whether the changes of a table are wanted.
    fn wants(&mut self, table: &str) -> bool;
    /// What becomes of a change that does not fit; there is none to look at for foreign keys, whose
    /// violations are counted instead.
    fn decide(&mut self, kind: ConflictKind, change: Result<&RawChange<'_>, c_int>) -> Action;
}

/// Applies a changeset to the main database; if that fails it has changed nothing.
///
/// What foreign keys have deleted or updated was recorded like all else, so their actions are off
/// meanwhile.
pub(crate) fn apply(
    connection: &Connection,
    bytes: &[u8],
    mut judge: &mut dyn Judge,
) -> rusqlite::Result<()> {
    let size = c_size(bytes.len())?;
    let asked = (&raw mut judge).cast::<c_void>();
    // SAFETY: the connection is open; there are so many bytes, which SQLite only reads; what both
    // functions are handed lives until the call returns, and nobody else uses it meanwhile.
    let code = unsafe {
        ffi::sqlite3changeset_apply_v2(
            handle(connection),
            size,
            bytes.as_ptr().cast_mut().cast(),
            Some(wants),
            Some(decides),
            asked,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            ffi::SQLITE_CHANGESETAPPLY_FKNOACTION,
        )
    };
    check(connection, code)
}

unsafe extern "C" fn wants(asked: *mut c_void, table: *const c_char) -> c_int {
    // SAFETY: `asked` is what `apply` has handed over, which waits for SQLite to return.
    let judge = unsafe { &mut *asked.cast::<&mut dyn Judge>() };
    // SAFETY: SQLite hands over a name that ends in a NUL.
    let table = unsafe { CStr::from_ptr(table) };
    c_int::from(judge.wants(&table.to_string_lossy()))
}

unsafe extern "C" fn decides(
    asked: *mut c_void,
    kind: c_int,
    iterator: *mut ffi::sqlite3_changeset_iter,
) -> c_int {
    // SAFETY: `asked` is what `apply` has handed over, which waits for SQLite to return.
    let judge = unsafe { &mut *asked.cast::<&mut dyn Judge>() };
    let kind = ConflictKind::from_code(kind);
    if kind == ConflictKind::ForeignKey {
        let mut violations = 0;
        // SAFETY: this is the one question that may be asked with this kind.
        unsafe { ffi::sqlite3changeset_fk_conflicts(iterator, &raw mut violations) };
        return judge.decide(kind, Err(violations)).code();
    }
    let at = PhantomData;
    judge.decide(kind, Ok(&RawChange { iterator, at })).code()
}
