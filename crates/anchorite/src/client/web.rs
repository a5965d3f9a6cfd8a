//! The client's other end in browsers: the page's side of the npm package, which the application
//! serves, and through it the package's workers.
//!
//! Used by `mod.rs`; `native/` is the same for files. Which context has a database, how calls are
//! given up and what becomes of them is the package's business. It must not know what rows become.

use std::cell::RefCell;
use std::rc::Rc;

use futures_core::Stream;
use futures_util::stream;
use js_sys::futures::JsFuture;
use js_sys::{Array, BigInt, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::rows::{Columns, Row};
use super::value::{Params, Value};
use super::{Changes, OpenOptions};
use crate::error::Error;

#[wasm_bindgen(module = "/src/client/web.js")]
extern "C" {
    #[wasm_bindgen(js_name = open)]
    fn open_database(folder: &str, name: &str, options: &Object) -> Promise;
    #[wasm_bindgen(js_name = importDatabase)]
    fn import_database(folder: &str, name: &str, bytes: &Uint8Array, options: &Object) -> Promise;
    #[wasm_bindgen(js_name = live)]
    fn live_rows(
        folder: &str,
        db: &Handle,
        sql: &str,
        params: &JsValue,
        options: &Object,
    ) -> Promise;
    #[wasm_bindgen(js_name = begin)]
    fn begin_transaction(db: &Handle, options: &Object) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// A database or a transaction of the package.
    #[derive(Clone, Debug)]
    type Handle;
    #[wasm_bindgen(method)]
    fn query(this: &Handle, sql: &str, params: &JsValue, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn get(this: &Handle, sql: &str, params: &JsValue, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn run(this: &Handle, sql: &str, params: &JsValue, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn exec(this: &Handle, sql: &str, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn export(this: &Handle, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn close(this: &Handle) -> Promise;
    #[wasm_bindgen(method, catch)]
    fn iterate(
        this: &Handle,
        sql: &str,
        params: &JsValue,
        options: &Object,
    ) -> Result<RowIterator, JsValue>;

    /// Of rows, or of the results of a live query.
    type RowIterator;
    #[wasm_bindgen(method)]
    fn next(this: &RowIterator) -> Promise;
    #[wasm_bindgen(method, js_name = return)]
    fn leave(this: &RowIterator) -> Promise;

    /// A transaction that has begun.
    type Begun;
    #[wasm_bindgen(method, getter)]
    fn tx(this: &Begun) -> Handle;
    #[wasm_bindgen(method, getter)]
    fn settled(this: &Begun) -> Promise;
    #[wasm_bindgen(method)]
    fn end(this: &Begun, error: &JsValue);

    /// As every error of the package.
    type Failure;
    #[wasm_bindgen(method, getter)]
    fn code(this: &Failure) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = extendedCode)]
    fn extended_code(this: &Failure) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn message(this: &Failure) -> JsValue;

    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);
}

/// Where SQL runs: a database, or a transaction on it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    handle: Handle,
    database: Rc<Opened>,
}

/// A database, until nobody has it any more.
#[derive(Debug)]
struct Opened {
    handle: Handle,
    folder: String,
    /// Iterations that were dropped: what is asked later is asked once they have been ended.
    leaving: RefCell<Vec<JsFuture>>,
}

impl Opened {
    async fn ready(&self) {
        let leaving = self.leaving.take();
        for left in leaving {
            // Whatever became of it.
            drop(left.await);
        }
    }
}

impl Drop for Opened {
    /// What is closed already is closed again.
    fn drop(&mut self) {
        ignore(self.handle.close());
    }
}

/// Gives a call up when it is dropped; one that has ended does not hear it.
struct GivesUp {
    controller: AbortController,
    is_kept: bool,
}

impl GivesUp {
    fn new() -> Self {
        Self {
            controller: AbortController::new(),
            is_kept: false,
        }
    }

    /// From now on it goes on by itself.
    fn keep(mut self) {
        self.is_kept = true;
    }

    /// The options of the call, with more of them.
    fn options(&self, more: &[(&str, JsValue)]) -> Object {
        let options = object(more);
        set(&options, "signal", &self.controller.signal());
        options
    }
}

impl Drop for GivesUp {
    fn drop(&mut self) {
        if !self.is_kept {
            self.controller.abort();
        }
    }
}

impl Place {
    pub(crate) async fn open(options: &OpenOptions) -> Result<Self, Error> {
        let call = GivesUp::new();
        let (folder, name) = (options.package.clone(), &options.name);
        let mut more = vec![("readonly", options.readonly.into())];
        let busy_ms = u32::try_from(options.busy_timeout.as_millis()).unwrap_or(u32::MAX);
        more.push(("busyTimeout", busy_ms.min(LONGEST_MS).into()));
        more.push(("create", options.create.into()));
        let opening = open_database(&folder, name, &call.options(&more));
        let handle: Handle = answer(opening).await?.unchecked_into();
        let database = Rc::new(Opened {
            handle: handle.clone(),
            folder,
            leaving: RefCell::default(),
        });
        Ok(Self { handle, database })
    }

    pub(crate) async fn query(
        &self,
        sql: String,
        params: Params,
        only_first: bool,
    ) -> Result<Vec<Row>, Error> {
        self.database.ready().await;
        let (call, params) = (GivesUp::new(), to_js_params(params));
        let options = call.options(&[shape()]);
        if !only_first {
            let rows = answer(self.handle.query(&sql, &params, &options)).await?;
            return rows_from_js(&rows);
        }
        let row = answer(self.handle.get(&sql, &params, &options)).await?;
        match row.is_undefined() {
            true => Ok(Vec::new()),
            false => Ok(vec![Names::default().row(&row)?]),
        }
    }

    pub(crate) async fn run(&self, sql: String, params: Params) -> Result<Changes, Error> {
        self.database.ready().await;
        let call = GivesUp::new();
        let params = to_js_params(params);
        let done = answer(self.handle.run(&sql, &params, &call.options(&[]))).await?;
        let number = |name: &str| {
            let number = Reflect::get(&done, &name.into()).map_err(|error| failed(&error))?;
            integer(&number)
        };
        Ok(Changes {
            changes: number("changes")?.unsigned_abs(),
            last_insert_rowid: number("lastInsertRowid")?,
        })
    }

    pub(crate) async fn exec(&self, sql: String) -> Result<(), Error> {
        self.database.ready().await;
        let call = GivesUp::new();
        answer(self.handle.exec(&sql, &call.options(&[])))
            .await
            .map(drop)
    }

    pub(crate) async fn export(&self) -> Result<Vec<u8>, Error> {
        self.database.ready().await;
        let call = GivesUp::new();
        let bytes = answer(self.handle.export(&call.options(&[]))).await?;
        Ok(Uint8Array::unchecked_from_js(bytes).to_vec())
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.database.ready().await;
        answer(self.handle.close()).await.map(drop)
    }

    /// A transaction that writes, and its end.
    pub(crate) async fn begin(&self) -> Result<(Self, Ending), Error> {
        self.database.ready().await;
        let call = GivesUp::new();
        let ending = Ending {
            begun: None,
            call: Some(call),
        };
        ending.begin(self).await
    }

    pub(crate) fn rows(
        &self,
        sql: String,
        params: Params,
    ) -> impl Stream<Item = Result<Row, Error>> + use<> {
        let place = self.clone();
        let start = async move {
            place.database.ready().await;
            let call = GivesUp::new();
            let options = call.options(&[shape()]);
            let rows = place.handle.iterate(&sql, &to_js_params(params), &options);
            let iterator = rows.map_err(|error| failed(&error))?;
            Ok(Pulled::new(iterator, call, place))
        };
        pulled(start, |pulled, row| pulled.names.row(row))
    }

    pub(crate) fn live(
        &self,
        sql: String,
        params: Params,
    ) -> impl Stream<Item = Result<Vec<Row>, Error>> + use<> {
        let place = self.clone();
        let start = async move {
            place.database.ready().await;
            let call = GivesUp::new();
            let options = call.options(&[shape()]);
            let (folder, params) = (&place.database.folder, to_js_params(params));
            let rows = live_rows(folder, &place.handle, &sql, &params, &options);
            let iterator = answer(rows).await?.unchecked_into();
            Ok(Pulled::new(iterator, call, place))
        };
        pulled(start, |_, rows| rows_from_js(rows))
    }
}

/// The longest time that the package takes, in ms.
const LONGEST_MS: u32 = i32::MAX.unsigned_abs();

/// How a transaction ends: rolled back, unless it is committed.
pub(crate) struct Ending {
    begun: Option<Begun>,
    /// Gives up its beginning, or all of it as long as it is not being committed.
    call: Option<GivesUp>,
}

impl Ending {
    async fn begin(mut self, place: &Place) -> Result<(Place, Self), Error> {
        let call = self.call.get_or_insert_with(GivesUp::new);
        let options = call.options(&[("name", "Rust client".into())]);
        let begun = answer(begin_transaction(&place.handle, &options)).await?;
        let begun: Begun = begun.unchecked_into();
        let inside = Place {
            handle: begun.tx(),
            database: place.database.clone(),
        };
        self.begun = Some(begun);
        Ok((inside, self))
    }

    /// Also if nobody waits for it.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let Some(begun) = self.begun.take() else {
            return Ok(());
        };
        begun.end(&JsValue::UNDEFINED);
        if let Some(call) = self.call.take() {
            call.keep();
        }
        answer(begun.settled()).await.map(drop)
    }

    /// Resolves when it has happened.
    pub(crate) async fn roll_back(mut self) {
        if let Some(begun) = self.begun.take() {
            begun.end(&JsError::new("rolled back").into());
            drop(answer(begun.settled()).await);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(begun) = self.begun.take() {
            begun.end(&JsError::new("dropped").into());
            ignore(begun.settled());
        }
    }
}

/// An iterator of the package that is under way.
struct Pulled {
    iterator: RowIterator,
    names: Names,
    _call: GivesUp,
    place: Place,
}

impl Pulled {
    fn new(iterator: RowIterator, call: GivesUp, place: Place) -> Self {
        Self {
            iterator,
            names: Names::default(),
            _call: call,
            place,
        }
    }

    async fn next(&mut self) -> Result<Option<JsValue>, Error> {
        let next = answer(self.iterator.next()).await?;
        let get = |name: &str| Reflect::get(&next, &name.into()).map_err(|error| failed(&error));
        match get("done")?.is_truthy() {
            true => Ok(None),
            false => get("value").map(Some),
        }
    }
}

impl Drop for Pulled {
    fn drop(&mut self) {
        let left = JsFuture::from(self.iterator.leave());
        self.place.database.leaving.borrow_mut().push(left);
    }
}

/// The items of an iterator that `start` makes when the first one is asked for.
fn pulled<T, Start, Read>(
    start: Start,
    read: Read,
) -> impl Stream<Item = Result<T, Error>> + use<T, Start, Read>
where
    Start: Future<Output = Result<Pulled, Error>>,
    Read: Fn(&mut Pulled, &JsValue) -> Result<T, Error>,
{
    enum State<Start> {
        Fresh(Start),
        Open(Pulled),
        Over,
    }
    stream::unfold((State::Fresh(start), read), |(state, read)| async move {
        let opened = match state {
            State::Fresh(start) => start.await,
            State::Open(pulled) => Ok(pulled),
            State::Over => return None,
        };
        let mut pulled = match opened {
            Ok(pulled) => pulled,
            Err(error) => return Some((Err(error), (State::Over, read))),
        };
        match pulled.next().await.transpose()? {
            Ok(item) => {
                let item = read(&mut pulled, &item);
                Some((item, (State::Open(pulled), read)))
            }
            Err(error) => Some((Err(error), (State::Over, read))),
        }
    })
}

/// Makes a database of these bytes, if they are one.
pub(crate) async fn import(
    options: &OpenOptions,
    bytes: Vec<u8>,
    overwrite: bool,
) -> Result<(), Error> {
    let call = GivesUp::new();
    let more = call.options(&[("overwrite", overwrite.into())]);
    let bytes = Uint8Array::from(&*bytes);
    let importing = import_database(&options.package, &options.name, &bytes, &more);
    answer(importing).await.map(drop)
}

async fn answer(promise: Promise) -> Result<JsValue, Error> {
    JsFuture::from(promise)
        .await
        .map_err(|error| failed(&error))
}

/// Nobody waits for it, and nobody is to hear of its error.
fn ignore(promise: Promise) {
    drop(JsFuture::from(promise));
}

fn failed(error: &JsValue) -> Error {
    let Some(object) = error.dyn_ref::<Object>() else {
        return Error::new("ENGINE_FAILED", format!("{error:?}"));
    };
    let failure: &Failure = object.unchecked_ref();
    let message = failure.message().as_string();
    let message = message.unwrap_or_else(|| format!("{error:?}"));
    let code = failure.code().as_string();
    let made = Error::new(code.unwrap_or_else(|| "ENGINE_FAILED".to_owned()), message);
    match failure.extended_code().as_string() {
        Some(extended) => Error {
            extended_code: extended.into(),
            ..made
        },
        None => made,
    }
}

/// Rows with the names of their columns, which the package has for us.
fn shape() -> (&'static str, JsValue) {
    ("rows", "named".into())
}

fn object(entries: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in entries {
        set(&object, name, value);
    }
    object
}

fn set(object: &Object, name: &str, value: &JsValue) {
    let is_set = Reflect::set(object, &name.into(), value);
    is_set.expect("an ordinary object takes any property");
}

fn to_js_params(params: Params) -> JsValue {
    match params {
        Params::Positional(values) => values.into_iter().map(to_js).collect::<Array>().into(),
        Params::Named(values) => {
            let object = Object::create(JsValue::NULL.unchecked_ref());
            for (name, value) in values {
                set(&object, &name, &to_js(value));
            }
            object.into()
        }
    }
}

fn to_js(value: Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Integer(integer) => BigInt::from(integer).into(),
        Value::Real(real) => real.into(),
        Value::Text(text) => text.into(),
        Value::Blob(bytes) => Uint8Array::from(&*bytes).into(),
    }
}

/// The names that the rows before had, which are the same array.
#[derive(Default)]
struct Names(Option<(JsValue, Columns)>);

impl Names {
    /// From `[names, values]`.
    fn row(&mut self, row: &JsValue) -> Result<Row, Error> {
        let row: &Array = row.unchecked_ref();
        let columns = self.columns(row.get(0));
        let values = Array::unchecked_from_js(row.get(1));
        let values = values.iter().map(from_js).collect::<Result<_, _>>()?;
        Ok(Row { columns, values })
    }

    fn columns(&mut self, names: JsValue) -> Columns {
        match &self.0 {
            Some((known, columns)) if *known == names => columns.clone(),
            _ => {
                let list: &Array = names.unchecked_ref();
                let columns: Columns = list.iter().filter_map(|it| it.as_string()).collect();
                self.0 = Some((names, columns.clone()));
                columns
            }
        }
    }
}

fn rows_from_js(rows: &JsValue) -> Result<Vec<Row>, Error> {
    let rows: &Array = rows.unchecked_ref();
    let mut names = Names::default();
    rows.iter().map(|row| names.row(&row)).collect()
}

/// The package was asked for every INTEGER as a bigint.
fn from_js(value: JsValue) -> Result<Value, Error> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    if let Some(real) = value.as_f64() {
        return Ok(Value::Real(real));
    }
    match value.dyn_into::<Uint8Array>() {
        Ok(bytes) => Ok(Value::Blob(bytes.to_vec())),
        Err(value) => integer(&value).map(Value::Integer),
    }
}

/// From a bigint, or a number without a fraction.
fn integer(value: &JsValue) -> Result<i64, Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the package's numbers are exact"
    )]
    let number = value.as_f64().map(|number| number as i64);
    let integer = number.or_else(|| i64::try_from(value.clone()).ok());
    integer.ok_or_else(|| Error::new("ENGINE_FAILED", format!("{value:?} is no value of SQLite")))
}
