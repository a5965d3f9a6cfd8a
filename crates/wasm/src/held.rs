//! Blobs, recordings and changesets, one way from JavaScript and back; used by `calls.rs`. What
//! they mean is in the engine's `blobs.rs`, `recordings.rs` and `changesets.rs`.

use anchorite_engine::{
    Action, Applied, Applying, BlobPlace, Change, Conflict, ConflictKind, EngineError, Known,
    Policy, Session, Take, Value, concat, invert,
};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::{self, Integers, Refusal, object};
use crate::error::JobError;
use crate::jobs;

/// What is to be done with what the connection keeps under a key.
pub(crate) struct Held {
    key: String,
    act: Act,
}

enum Act {
    OpenBlob {
        place: BlobPlace,
        writes: bool,
    },
    ReadBlob {
        from: usize,
        count: usize,
    },
    WriteBlob {
        from: usize,
        bytes: Vec<u8>,
    },
    Record {
        tables: Option<Vec<String>>,
    },
    Recorded {
        take: Take,
    },
    /// What is to be applied is taken out at the first try.
    Apply {
        begin: Option<Applying>,
        answers: Vec<Action>,
    },
    Invert {
        bytes: Vec<u8>,
    },
    Concat {
        bytes: Vec<u8>,
        more: Vec<u8>,
    },
    Release,
}

/// A request of js/src/protocol.ts, whose operation is one of these.
pub(crate) fn from_js(request: &JsValue) -> Result<Held, Refusal> {
    let request = Request(request);
    let act = match &*request.text("operation") {
        "blobOpen" => Act::OpenBlob {
            place: request.place()?,
            writes: request.get("writes").is_truthy(),
        },
        "blobRead" => Act::ReadBlob {
            from: request.size("from"),
            count: request.size("count"),
        },
        "blobWrite" => Act::WriteBlob {
            from: request.size("from"),
            bytes: request.bytes()?,
        },
        "record" => Act::Record {
            tables: request.tables(),
        },
        "recorded" => Act::Recorded {
            take: match request.get("patchset").is_truthy() {
                true => Take::Patchset,
                false => Take::Changeset,
            },
        },
        "apply" => Act::Apply {
            begin: request.applying()?,
            answers: request.answers(),
        },
        "invert" => Act::Invert {
            bytes: request.bytes()?,
        },
        "concat" => Act::Concat {
            bytes: request.bytes()?,
            more: request.bytes_of("more")?,
        },
        _ => Act::Release,
    };
    Ok(Held {
        key: request.text("key"),
        act,
    })
}

/// Does it.
pub(crate) fn attempt((number, inside): (u32, bool), held: &mut Held) -> Result<JsValue, JobError> {
    let integers = jobs::integers(number);
    let Held { key, act } = held;
    jobs::with_session_inside((number, inside), "", |session| {
        run(session, (key, inside), act, integers)
    })
}

fn run(
    session: &mut Session,
    (key, inside): (&str, bool),
    act: &mut Act,
    integers: Integers,
) -> Result<JsValue, EngineError> {
    match act {
        Act::OpenBlob { place, writes } => {
            let size = session.open_blob(key, place, *writes, inside)?;
            Ok(convert::count_to_js(size as u64))
        }
        Act::ReadBlob { from, count } => {
            let bytes = session.read_blob(key, *from, *count)?;
            Ok(bytes_to_js(&bytes))
        }
        Act::WriteBlob { from, bytes } => {
            session.write_blob(key, bytes, *from)?;
            Ok(JsValue::UNDEFINED)
        }
        Act::Record { tables } => {
            let left_out = session.record(key, tables.as_deref(), inside)?;
            Ok(names_to_js(&left_out))
        }
        Act::Recorded { take } => Ok(bytes_to_js(&session.recorded(key, *take)?)),
        Act::Apply { begin, answers } => {
            if let Some(applying) = begin.take() {
                session.begin_apply(key, applying);
            }
            let applied = session.apply(key, answers)?;
            Ok(applied_to_js(&applied, integers))
        }
        Act::Invert { bytes } => Ok(bytes_to_js(&invert(bytes)?)),
        Act::Concat { bytes, more } => Ok(bytes_to_js(&concat(bytes, more)?)),
        Act::Release => {
            session.release(key);
            Ok(JsValue::UNDEFINED)
        }
    }
}

/// What the page has sent, and checked.
struct Request<'a>(&'a JsValue);

impl Request<'_> {
    fn get(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &name.into()).unwrap_or_default()
    }

    fn text(&self, name: &str) -> String {
        self.get(name).as_string().unwrap_or_default()
    }

    /// Within a blob, so far below 2^31.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked by the page; a size that SQLite does not have is refused by it"
    )]
    fn size(&self, name: &str) -> usize {
        self.get(name).as_f64().unwrap_or_default() as usize
    }

    fn bytes(&self) -> Result<Vec<u8>, Refusal> {
        self.bytes_of("bytes")
    }

    fn bytes_of(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        let bytes = self.get(name);
        let bytes = bytes.dyn_ref::<Uint8Array>().ok_or(Refusal::NoValue)?;
        convert::bytes_from_js(bytes)
    }

    fn place(&self) -> Result<BlobPlace, Refusal> {
        let Value::Integer(rowid) = convert::value_from_js(&self.get("rowid"))? else {
            return Err(Refusal::NoValue);
        };
        Ok(BlobPlace {
            schema: self.text("schema"),
            table: self.text("table"),
            column: self.text("column"),
            rowid,
        })
    }

    fn tables(&self) -> Option<Vec<String>> {
        let tables = self.get("tables").dyn_into::<Array>().ok()?;
        Some(tables.iter().filter_map(|name| name.as_string()).collect())
    }

    /// None if it was sent before.
    fn applying(&self) -> Result<Option<Applying>, Refusal> {
        if self.get("bytes").is_undefined() {
            return Ok(None);
        }
        let policy = self.get("policy");
        let policy = Request(&policy);
        let action = |kind: &str| action(&policy.text(kind));
        let policy = Policy {
            data: action("data"),
            not_found: action("notFound"),
            conflict: action("conflict"),
            constraint: action("constraint"),
            foreign_key: action("foreignKey"),
        };
        Ok(Some(Applying::new(self.bytes()?, self.tables(), policy)))
    }

    fn answers(&self) -> Vec<Action> {
        let answers: Array = self.get("answers").unchecked_into();
        let answers = answers.iter().map(|it| it.as_string().unwrap_or_default());
        answers.filter_map(|name| action(&name)).collect()
    }
}

fn action(name: &str) -> Option<Action> {
    match name {
        "omit" => Some(Action::Omit),
        "replace" => Some(Action::Replace),
        "abort" => Some(Action::Abort),
        _ => None,
    }
}

fn bytes_to_js(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn names_to_js(names: &[String]) -> JsValue {
    names.iter().map(JsValue::from).collect::<Array>().into()
}

/// `{omitted, replaced}`, or `{kept, questions}`
fn applied_to_js(applied: &Applied, integers: Integers) -> JsValue {
    match applied {
        Applied::Done { omitted, replaced } => object(&[
            ("omitted", (*omitted).into()),
            ("replaced", (*replaced).into()),
        ]),
        Applied::Asks { kept, questions } => {
            let question = |it: &Conflict| conflict_to_js(it, integers);
            let questions: Array = questions.iter().map(question).collect();
            object(&[
                ("kept", convert::count_to_js(*kept as u64)),
                ("questions", questions.into()),
            ])
        }
    }
}

fn conflict_to_js(conflict: &Conflict, integers: Integers) -> JsValue {
    let kind = match conflict.kind {
        ConflictKind::Data => "data",
        ConflictKind::NotFound => "notFound",
        ConflictKind::Conflict => "conflict",
        ConflictKind::Constraint => "constraint",
        ConflictKind::ForeignKey => "foreignKey",
    };
    let Some(change) = &conflict.change else {
        let violations = conflict.violations.into();
        return object(&[("kind", kind.into()), ("violations", violations)]);
    };
    let keys = change.columns.iter().zip(&change.key);
    let keys = keys.filter(|(_, is_key)| **is_key);
    let keys = keys.map(|(name, _)| JsValue::from(name));
    object(&[
        ("kind", kind.into()),
        ("table", (&*change.table).into()),
        ("operation", change.operation.into()),
        ("primaryKey", keys.collect::<Array>().into()),
        ("old", row_to_js(change, &change.old, integers)),
        ("new", row_to_js(change, &change.new, integers)),
        ("current", row_to_js(change, &change.current, integers)),
    ])
}

/// What is known of a row, by column; `undefined` if nothing is.
fn row_to_js(change: &Change, row: &Known, integers: Integers) -> JsValue {
    if row.iter().all(Option::is_none) {
        return JsValue::UNDEFINED;
    }
    let values = change.columns.iter().zip(row).filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some((&**name, convert::value_to_js(value, integers)))
    });
    object(&values.collect::<Vec<_>>())
}
