//! SQL texts by number: a question that comes again crosses as one, and so do the names of its
//! columns. Used by `lib.rs` and `jobs.rs`; js/src/worker/texts.ts gives the numbers.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;

/// A text, and the names of the columns of its last answer.
struct Text {
    sql: Rc<str>,
    columns: Option<(Vec<String>, JsValue)>,
}

thread_local! {
    static TEXTS: RefCell<Vec<Text>> = const { RefCell::new(Vec::new()) };
}

/// From now on the text has this number: the next one, or one that another text has had.
pub(crate) fn keep(number: u32, sql: &str) {
    let text = Text {
        sql: sql.into(),
        columns: None,
    };
    TEXTS.with_borrow_mut(|texts| match texts.get_mut(number as usize) {
        Some(place) => *place = text,
        None => texts.push(text),
    });
}

/// The text of a number.
pub(crate) fn sql(number: u32) -> Option<Rc<str>> {
    TEXTS.with_borrow(|texts| texts.get(number as usize).map(|text| text.sql.clone()))
}

/// The names of its columns as an array, the same one as long as they are the same. Nobody changes
/// it.
pub(crate) fn columns(number: u32, names: &mut dyn Iterator<Item = &str>) -> JsValue {
    let names: Vec<&str> = names.collect();
    TEXTS.with_borrow_mut(|texts| {
        let text = texts.get_mut(number as usize);
        let known = text.and_then(|text| {
            let is_same = text
                .columns
                .as_ref()
                .is_some_and(|(known, _)| known == &names);
            if !is_same {
                let array: Array = names.iter().map(|name| JsValue::from_str(name)).collect();
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                text.columns = Some((names, array.into()));
            }
            text.columns.as_ref().map(|(_, array)| array.clone())
        });
        known.unwrap_or_default()
    })
}
