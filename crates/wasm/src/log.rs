//! What SQLite logs, on its way to JavaScript; set up by `lib.rs` when the instance starts.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static LISTENER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Listens from the beginning on, since SQLite takes a listener only before it is used.
pub(crate) fn begin() {
    let heard = anchorite_vfs::log_to(hear);
    heard.expect("nothing of SQLite was called before the start of the instance");
}

/// From now on `listener` is called.
pub(crate) fn listen(listener: Function) {
    LISTENER.set(Some(listener));
}

fn hear(code: i32, message: &str) {
    LISTENER.with_borrow(|listener| {
        if let Some(listener) = listener {
            let name = JsValue::from(anchorite_engine::code_name(code));
            drop(listener.call2(&JsValue::UNDEFINED, &name, &message.into()));
        }
    });
}
