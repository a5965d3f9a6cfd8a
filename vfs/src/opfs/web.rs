//! The browser interfaces that the OPFS storage uses, as typed bindings; no decisions.
//!
//! Called by the other files of this folder. Written here rather than taken from web-sys, which
//! marks Web Locks as unstable and does not take 64-bit sizes for all of these.
//! Sources: <https://fs.spec.whatwg.org/>, <https://w3c.github.io/web-locks/>.

use js_sys::{Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `FileSystemDirectoryHandle`
    #[derive(Clone, Debug)]
    pub(super) type DirectoryHandle;

    #[wasm_bindgen(method, js_name = getFileHandle)]
    pub(super) fn get_file_handle(
        this: &DirectoryHandle,
        name: &str,
        options: &CreateOptions,
    ) -> Promise;

    #[wasm_bindgen(method, js_name = getDirectoryHandle)]
    pub(super) fn get_directory_handle(
        this: &DirectoryHandle,
        name: &str,
        options: &CreateOptions,
    ) -> Promise;

    #[wasm_bindgen(method, js_name = removeEntry)]
    pub(super) fn remove_entry(this: &DirectoryHandle, name: &str) -> Promise;

    /// Chromium alone has it.
    #[wasm_bindgen(method, getter, js_name = remove)]
    pub(super) fn remove_method(this: &DirectoryHandle) -> Option<Function>;

    /// An asynchronous iterator over `FileSystemHandle`s.
    #[wasm_bindgen(method)]
    pub(super) fn values(this: &DirectoryHandle) -> HandleIterator;

    pub(super) type HandleIterator;

    /// Resolves to an [`IteratorResult`].
    #[wasm_bindgen(method)]
    pub(super) fn next(this: &HandleIterator) -> Promise;

    pub(super) type IteratorResult;

    #[wasm_bindgen(method, getter)]
    pub(super) fn done(this: &IteratorResult) -> bool;

    #[wasm_bindgen(method, getter)]
    pub(super) fn value(this: &IteratorResult) -> FileHandle;

    /// `FileSystemFileHandle`, and as much of `FileSystemHandle` as listing needs.
    #[derive(Clone, Debug)]
    pub(super) type FileHandle;

    #[wasm_bindgen(method, getter)]
    pub(super) fn kind(this: &FileHandle) -> String;

    #[wasm_bindgen(method, getter)]
    pub(super) fn name(this: &FileHandle) -> String;

    #[wasm_bindgen(method, js_name = createSyncAccessHandle)]
    pub(super) fn create_sync_access_handle(this: &FileHandle, options: &AccessOptions) -> Promise;

    #[wasm_bindgen(method, js_name = createWritable)]
    pub(super) fn create_writable(this: &FileHandle, options: &WritableOptions) -> Promise;

    /// Resolves to a [`Snapshot`].
    #[wasm_bindgen(method, js_name = getFile)]
    pub(super) fn get_file(this: &FileHandle) -> Promise;

    /// Chromium, Firefox and WebKit have it; the two-argument form is common to all three.
    #[wasm_bindgen(method, js_name = move)]
    pub(super) fn move_to(this: &FileHandle, directory: &DirectoryHandle, name: &str) -> Promise;

    /// The same method as a value, to be looked at.
    #[wasm_bindgen(method, getter, js_name = move)]
    pub(super) fn move_method(this: &FileHandle) -> Option<Function>;

    /// `File`: the content as it was when it was taken.
    #[derive(Clone, Debug)]
    pub(super) type Snapshot;

    #[wasm_bindgen(method, getter)]
    pub(super) fn size(this: &Snapshot) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn slice(this: &Snapshot, start: f64, end: f64) -> Snapshot;

    #[wasm_bindgen(method, js_name = arrayBuffer)]
    pub(super) fn array_buffer(this: &Snapshot) -> Promise;

    /// `FileSystemWritableFileStream`
    #[derive(Debug)]
    pub(super) type Writable;

    #[wasm_bindgen(method)]
    pub(super) fn write(this: &Writable, parameters: &WriteParams) -> Promise;

    #[wasm_bindgen(method)]
    pub(super) fn truncate(this: &Writable, size: f64) -> Promise;

    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Writable) -> Promise;

    #[wasm_bindgen(method)]
    pub(super) fn abort(this: &Writable) -> Promise;

    /// `FileSystemSyncAccessHandle`
    #[derive(Debug)]
    pub(super) type AccessHandle;

    /// Chromium alone has it.
    #[wasm_bindgen(method, getter)]
    pub(super) fn mode(this: &AccessHandle) -> Option<String>;

    #[wasm_bindgen(method, catch, js_name = read)]
    pub(super) fn read_at(
        this: &AccessHandle,
        buffer: &mut [u8],
        position: &Position,
    ) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch, js_name = write)]
    pub(super) fn write_at(
        this: &AccessHandle,
        data: &[u8],
        position: &Position,
    ) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch, js_name = truncate)]
    pub(super) fn set_size(this: &AccessHandle, size: f64) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = getSize)]
    pub(super) fn get_size(this: &AccessHandle) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn flush(this: &AccessHandle) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = close)]
    pub(super) fn close_handle(this: &AccessHandle) -> Result<(), JsValue>;

    /// `LockManager`
    pub(super) type LockManager;

    #[wasm_bindgen(method)]
    pub(super) fn request(
        this: &LockManager,
        name: &str,
        options: &LockOptions,
        callback: &Function,
    ) -> Promise;

    /// The promise of a lock, to hear of its rejection without making another Rust closure.
    pub(super) type Released;

    #[wasm_bindgen(method, js_name = catch)]
    pub(super) fn on_rejection(this: &Released, callback: &Function) -> Promise;

    #[wasm_bindgen(method)]
    pub(super) fn query(this: &LockManager) -> Promise;

    /// `LockManagerSnapshot`
    pub(super) type LockSnapshot;

    #[wasm_bindgen(method, getter)]
    pub(super) fn held(this: &LockSnapshot) -> Vec<LockInfo>;

    /// `LockInfo`
    pub(super) type LockInfo;

    #[wasm_bindgen(method, getter)]
    pub(super) fn name(this: &LockInfo) -> String;

    #[wasm_bindgen(method, getter)]
    pub(super) fn mode(this: &LockInfo) -> String;

    /// A signal that ends what it was given to, after a time.
    pub(super) type AbortSignal;

    #[wasm_bindgen(static_method_of = AbortSignal)]
    pub(super) fn timeout(duration_ms: f64) -> AbortSignal;

    /// `StorageManager`
    pub(super) type StorageManager;

    #[wasm_bindgen(method, js_name = getDirectory)]
    pub(super) fn get_directory(this: &StorageManager) -> Promise;

    /// The one of whatever context this is; read by this name alone, which the engine for Node
    /// gives another meaning.
    #[wasm_bindgen(js_name = navigator, thread_local_v2)]
    pub(super) static NAVIGATOR: Option<Navigator>;

    /// Reads only what a page without a secure context lacks; hence the options.
    #[derive(Clone)]
    pub(super) type Navigator;

    #[wasm_bindgen(method, getter)]
    pub(super) fn storage(this: &Navigator) -> Option<StorageManager>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn locks(this: &Navigator) -> Option<LockManager>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    pub(crate) fn get_random_values(buffer: &Uint8Array) -> Result<(), JsValue>;

    /// Milliseconds since this context began.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn elapsed_ms() -> f64;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, delay_ms: f64);

    // Dictionaries: plain objects with one setter per member that we use.

    #[wasm_bindgen(extends = Object)]
    #[derive(Debug)]
    pub(super) type CreateOptions;

    #[wasm_bindgen(method, setter)]
    fn set_create(this: &CreateOptions, create: bool);

    #[wasm_bindgen(extends = Object)]
    pub(super) type AccessOptions;

    #[wasm_bindgen(method, setter)]
    fn set_mode(this: &AccessOptions, mode: &str);

    #[wasm_bindgen(extends = Object)]
    pub(super) type WritableOptions;

    #[wasm_bindgen(method, setter, js_name = keepExistingData)]
    fn set_keep_existing_data(this: &WritableOptions, keep: bool);

    #[wasm_bindgen(extends = Object)]
    pub(super) type WriteParams;

    #[wasm_bindgen(method, setter, js_name = type)]
    fn set_type(this: &WriteParams, command: &str);

    #[wasm_bindgen(method, setter)]
    fn set_position(this: &WriteParams, position: f64);

    #[wasm_bindgen(method, setter)]
    fn set_data(this: &WriteParams, data: &Uint8Array);

    #[wasm_bindgen(extends = Object)]
    #[derive(Debug)]
    pub(super) type Position;

    #[wasm_bindgen(method, setter)]
    pub(super) fn set_at(this: &Position, at: f64);

    #[wasm_bindgen(extends = Object)]
    pub(super) type LockOptions;

    #[wasm_bindgen(method, setter, js_name = mode)]
    fn set_lock_mode(this: &LockOptions, mode: &str);

    #[wasm_bindgen(method, setter, js_name = ifAvailable)]
    pub(super) fn set_if_available(this: &LockOptions, if_available: bool);

    #[wasm_bindgen(method, setter)]
    pub(super) fn set_signal(this: &LockOptions, signal: &AbortSignal);
}

/// `{create}`
pub(super) fn create_options(create: bool) -> CreateOptions {
    let options: CreateOptions = Object::new().unchecked_into();
    options.set_create(create);
    options
}

/// `{keepExistingData}`
pub(super) fn writable_options(keep: bool) -> WritableOptions {
    let options: WritableOptions = Object::new().unchecked_into();
    options.set_keep_existing_data(keep);
    options
}

/// `{type: 'write', position, data}`. WebKit has written the whole buffer behind a view, so `data`
/// is all of its buffer.
pub(super) fn write_params(position: f64, data: &Uint8Array) -> WriteParams {
    let params: WriteParams = Object::new().unchecked_into();
    params.set_type("write");
    params.set_position(position);
    params.set_data(data);
    params
}

/// `{at}`
pub(super) fn position() -> Position {
    Object::new().unchecked_into()
}

/// `{mode}` of an access handle that excludes every other one, or none that shares as well.
pub(super) fn access_options(shares: bool) -> AccessOptions {
    let options: AccessOptions = Object::new().unchecked_into();
    options.set_mode(if shares { SHARING } else { "readwrite" });
    options
}

/// The mode of access handles that do not exclude each other.
pub(super) const SHARING: &str = "readwrite-unsafe";

/// `{mode}` of a lock held alone or shared.
pub(super) fn lock_options(alone: bool) -> LockOptions {
    let options: LockOptions = Object::new().unchecked_into();
    options.set_lock_mode(if alone { "exclusive" } else { "shared" });
    options
}
