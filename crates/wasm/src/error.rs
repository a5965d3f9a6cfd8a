//! Errors as JavaScript sees them: one shape, whatever layer they come from; made by `jobs.rs`,
//! looked at by `parked.rs` for whether a job may be tried again.

use anchorite_engine::EngineError;
use anchorite_vfs::waiting::{self, InTheWay, Refused};
use anchorite_vfs::{ErrorKind, VfsError, take_last_error};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::convert::{self, Refusal};
use crate::functions;

/// Who is in the way of a job that may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A connection of this instance.
    Here,
    /// Another context, or whoever keeps a file of it open.
    Elsewhere,
    /// Nobody any more: another context has committed between SQLite's look at the database and its
    /// lock for writing.
    Nobody,
}

/// What is used by a newer version of this library.
const OUTDATED: &str = "OUTDATED";

/// What would have to wait where nothing can.
const CANNOT_SUSPEND: &str = "ENGINE_CANNOT_SUSPEND";

/// A failed job.
#[derive(Debug)]
pub(crate) struct JobError {
    /// Set when nothing was done that trying again would do twice.
    pub(crate) holder: Option<Holder>,
    /// The lock to wait for, where a holder elsewhere has one.
    pub(crate) lock: Option<Refused>,
    code: &'static str,
    extended_code: &'static str,
    message: String,
    /// UTF-16 units from the start of the SQL text.
    offset: Option<u32>,
    /// The medium's own words, where SQLite passed on only a number.
    cause: Option<String>,
    /// Whether the transaction that the job belonged to is over.
    ended: bool,
}

impl JobError {
    /// A number that names no session or import: it was closed.
    pub(crate) fn closed(what: &str) -> Self {
        let message = format!("the {what} is closed");
        Self {
            holder: None,
            lock: None,
            code: "CLOSED",
            extended_code: "CLOSED",
            message,
            offset: None,
            cause: None,
            ended: false,
        }
    }

    /// The same, and whether the transaction that the job belonged to is over.
    #[cold]
    pub(crate) fn ending(self, ended: bool) -> Self {
        Self { ended, ..self }
    }

    /// An INTEGER that the caller does not want.
    pub(crate) fn unsafe_integer(integer: i64) -> Self {
        let code = "UNSAFE_INTEGER";
        let message = format!("an INTEGER of the result is not exact as a number: {integer}");
        Self {
            code,
            extended_code: code,
            message,
            ..Self::closed("result")
        }
    }

    /// What SQLite says when its own allocations fail.
    pub(crate) fn no_memory() -> Self {
        let code = "SQLITE_NOMEM";
        Self {
            code,
            extended_code: code,
            message: "no memory for the result".to_owned(),
            ..Self::closed("result")
        }
    }

    /// Bytes that are not what packed.rs reads.
    pub(crate) fn not_packed() -> Self {
        let code = "INVALID_PARAMETER";
        Self {
            code,
            extended_code: code,
            message: "not a batch of values".to_owned(),
            ..Self::closed("batch")
        }
    }

    /// What an engine cannot do that does not suspend, and the way out.
    pub(crate) fn cannot_suspend(message: &str) -> Self {
        Self {
            code: CANNOT_SUSPEND,
            extended_code: CANNOT_SUSPEND,
            message: message.to_owned(),
            ..Self::closed("database")
        }
    }

    /// A newer version has the database.
    pub(crate) fn outdated(message: String) -> Self {
        Self {
            code: OUTDATED,
            extended_code: OUTDATED,
            message,
            ..Self::closed("database")
        }
    }

    /// Whether SQL has failed to open a database, before it has done anything else.
    pub(crate) fn is_attach(&self) -> bool {
        is_attach(&self.message)
    }

    /// An error of the engine, without a text to point into.
    pub(crate) fn engine(error: EngineError) -> Self {
        Self::in_text(error, "")
    }

    /// An error of the engine while it opened a database: when that is busy, it can be tried again
    /// whoever is in the way, since nothing is open.
    pub(crate) fn opening(error: EngineError) -> Self {
        let mut error = Self::engine(error);
        if error.code == "SQLITE_BUSY" && error.holder.is_none() {
            error.holder = Some(Holder::Elsewhere);
        }
        error
    }

    /// An error of the engine in `sql`, with the medium's last error as its cause.
    #[cold]
    pub(crate) fn in_text(error: EngineError, sql: &str) -> Self {
        let offset = error.offset_bytes.map(|offset| utf16_offset(sql, offset));
        let cause = take_last_error();
        let error = if_schema_is_known(error, cause.as_ref());
        let (holder, lock) = match (holder(&error, cause.as_ref()), waiting::take_in_the_way()) {
            (Some(Holder::Here), Some(InTheWay::Elsewhere(lock))) => {
                (Some(Holder::Elsewhere), Some(lock))
            }
            (Some(Holder::Here), None) => (Some(Holder::Nobody), None),
            (holder, Some(InTheWay::Elsewhere(lock))) => (holder, Some(lock)),
            (holder, _) => (holder, None),
        };
        let EngineError {
            code,
            extended_code,
            mut message,
            ..
        } = error;
        match &cause {
            Some(cause) if cause.kind == ErrorKind::Outdated => {
                return Self::outdated(cause.message.clone());
            }
            Some(cause) if cause.kind == ErrorKind::CannotSuspend => {
                return Self::cannot_suspend(&cause.message);
            }
            _ => {}
        }
        if let (Some(Holder::Here), Some(cause)) = (holder, &cause) {
            // SQLite says only that a database is locked; the lock table knows which, and by whom.
            message = format!("{message}: {cause}");
        }
        let thrown = functions::take_thrown();
        if thrown.as_deref() == Some(functions::CANNOT_WAIT) {
            return Self::cannot_suspend(&message);
        }
        Self {
            holder,
            lock,
            code,
            extended_code,
            message,
            offset,
            cause: thrown.or(cause.map(|cause| cause.message)),
            ended: false,
        }
    }
}

/// What the compiler does not find may have been made by another context: it looks whether the
/// schema it knows is the latest one, and if that is refused, it takes it for the latest.
fn if_schema_is_known(error: EngineError, cause: Option<&VfsError>) -> EngineError {
    let is_refused = cause.is_some_and(|it| is_busy(it.kind));
    let may_be = ["SQLITE_ERROR", "SQLITE_BUSY"].contains(&error.code);
    if !(error.compiling && is_refused && may_be) {
        return error;
    }
    EngineError {
        code: "SQLITE_BUSY",
        extended_code: "SQLITE_BUSY",
        message: "database is locked".to_owned(),
        offset_bytes: None,
        would_wait: true,
        ..error
    }
}

/// SQLite itself never waits for a file that cannot be opened yet. ATTACH is the one statement that
/// opens a database, and it is refused before it has done anything.
fn holder(error: &EngineError, cause: Option<&VfsError>) -> Option<Holder> {
    if error.would_wait {
        return Some(Holder::Here);
    }
    let is_busy = error.code == "SQLITE_BUSY" && cause.is_some_and(|it| is_busy(it.kind));
    (is_attach(&error.message) && is_busy).then_some(Holder::Elsewhere)
}

/// One of several statements is named before that.
fn is_attach(message: &str) -> bool {
    message.contains("unable to open database: ")
}

fn is_busy(kind: ErrorKind) -> bool {
    use ErrorKind::{Busy, BusyTimeout, Occupied};
    matches!(kind, Busy | BusyTimeout | Occupied)
}

/// The lock that another context would not give.
fn refused() -> Option<Refused> {
    match waiting::take_in_the_way() {
        Some(InTheWay::Elsewhere(lock)) => Some(lock),
        _ => None,
    }
}

impl From<Refusal> for JobError {
    #[cold]
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::NoValue => ("INVALID_PARAMETER", "not a value SQLite can store"),
            Refusal::NoMemory => ("SQLITE_NOMEM", "no memory for a parameter"),
        };
        Self {
            holder: None,
            lock: None,
            code,
            extended_code: code,
            message: message.to_owned(),
            offset: None,
            cause: None,
            ended: false,
        }
    }
}

impl From<VfsError> for JobError {
    #[cold]
    fn from(error: VfsError) -> Self {
        let code = match error.kind {
            kind if is_busy(kind) => "SQLITE_BUSY",
            ErrorKind::Outdated => OUTDATED,
            ErrorKind::CannotSuspend => CANNOT_SUSPEND,
            ErrorKind::NotFound => "SQLITE_CANTOPEN",
            ErrorKind::Exists => "EXISTS",
            ErrorKind::Full => "SQLITE_FULL",
            ErrorKind::NoMemory => "SQLITE_NOMEM",
            ErrorKind::InvalidName => "INVALID_NAME",
            ErrorKind::NotADatabase => "SQLITE_NOTADB",
            ErrorKind::Unavailable => "OPFS_UNAVAILABLE",
            _ => "SQLITE_IOERR",
        };
        Self {
            holder: is_busy(error.kind).then_some(Holder::Elsewhere),
            lock: refused(),
            code,
            extended_code: code,
            message: error.message,
            offset: None,
            cause: None,
            ended: false,
        }
    }
}

impl From<JobError> for JsValue {
    fn from(error: JobError) -> Self {
        let object = Object::new();
        let set = |name: &str, value: JsValue| {
            Reflect::set(&object, &name.into(), &value).expect("a fresh object takes properties");
        };
        set("code", error.code.into());
        set("extendedCode", error.extended_code.into());
        set("message", error.message.into());
        set("offset", error.offset.into());
        set("cause", error.cause.into());
        set("ended", error.ended.into());
        set("lock", error.lock.map_or(JsValue::UNDEFINED, convert::lock));
        object.into()
    }
}

/// From bytes of UTF-8 to units of UTF-16, both from the start of the text.
fn utf16_offset(text: &str, offset_bytes: usize) -> u32 {
    let before = text
        .char_indices()
        .take_while(|(start, _)| *start < offset_bytes);
    let units: usize = before.map(|(_, character)| character.len_utf16()).sum();
    u32::try_from(units).unwrap_or(u32::MAX)
}
