//! From the browser's exceptions to our errors; used by the files of this folder.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{ErrorKind, Operation, VfsError};
use crate::suspend;

/// The largest offset or size that survives the way through a JavaScript number.
const POSITION_MAX: u64 = 1 << 53;

/// Turns an exception or rejection into an error that says what was done to what.
pub(super) fn from_js(error: &JsValue, operation: Operation, path: &str) -> VfsError {
    let name = property(error, "name");
    let message = property(error, "message");
    let kind = kind(&name);
    let verb = verb(operation);
    VfsError::new(
        kind,
        operation,
        format!("{verb} {path:?}: {name}: {message}"),
    )
}

fn verb(operation: Operation) -> String {
    format!("{operation:?}").to_lowercase()
}

/// Refuses what has to wait where nothing can, before any of it is done.
pub(super) fn may_wait(operation: Operation, path: &str) -> Result<(), VfsError> {
    if suspend::is_in_job() {
        return Ok(());
    }
    let verb = verb(operation);
    let message = format!("{verb} {path:?}: this has to wait for the browser, and cannot here");
    Err(VfsError::new(ErrorKind::CannotSuspend, operation, message))
}

fn kind(name: &str) -> ErrorKind {
    match name {
        "NotFoundError" => ErrorKind::NotFound,
        "NoModificationAllowedError" => ErrorKind::Busy,
        "QuotaExceededError" => ErrorKind::Full,
        "SecurityError" | "NotAllowedError" => ErrorKind::Unavailable,
        _ => ErrorKind::Io,
    }
}

/// A property as text; what is thrown need not be an `Error`.
fn property(error: &JsValue, name: &str) -> String {
    let value = error
        .dyn_ref::<Object>()
        .and_then(|object| Reflect::get(object, &JsValue::from_str(name)).ok());
    match value.and_then(|value| value.as_string()) {
        Some(text) => text,
        None if name == "message" => error.as_string().unwrap_or_else(|| format!("{error:?}")),
        None => "Error".to_owned(),
    }
}

/// An offset or size as JavaScript takes it.
pub(super) fn to_js(position: u64, operation: Operation, path: &str) -> Result<f64, VfsError> {
    if position > POSITION_MAX {
        let message = format!("{path:?}: position {position} is beyond 2^53");
        return Err(VfsError::new(ErrorKind::Full, operation, message));
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53, checked above")]
    Ok(position as f64)
}

/// A size that the browser reports.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the browser counts bytes in integers from 0 to 2^53"
)]
pub(super) fn sized(bytes: f64) -> u64 {
    bytes as u64
}
