//! What the worker of an application has for the SQL of every connection: functions, aggregates and
//! collations, which JavaScript carries out at once. Used by `jobs.rs` and `files.rs`; declared by
//! js/src/worker/engine.ts before anything is opened, by exports that stand here.
//!
//! A function may answer a promise, too, as one of the page does (`functions.rs`). The others
//! cannot: they answer in the same turn, or fail.

use std::cell::RefCell;
use std::cmp::Ordering;

use anchorite_engine::{Aggregate, Declared, EngineError, Failure, Session, Value};
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

use crate::convert::Integers;
use crate::functions::{self, arguments, failed, value};
use crate::turns;

thread_local! {
    static GIVEN: RefCell<Vec<Given>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
enum Given {
    Function {
        number: u32,
        declared: Declared,
    },
    Aggregate {
        declared: Declared,
        methods: Methods,
    },
    Collation {
        name: String,
        compare: Function,
    },
}

/// Of an aggregate. The state is whatever `start` and `step` answer.
#[derive(Clone)]
struct Methods {
    start: Function,
    step: Function,
    inverse: Option<Function>,
    result: Function,
}

fn give(given: Given) {
    GIVEN.with_borrow_mut(|all| all.push(given));
}

/// A function of every connection, which is carried out under `number`; without `arity` it takes
/// any number of arguments.
#[wasm_bindgen]
pub fn declare_function(
    number: u32,
    name: String,
    arity: Option<u8>,
    deterministic: bool,
    direct_only: bool,
) {
    let declared = Declared {
        name,
        arity,
        deterministic,
        direct_only,
    };
    give(Given::Function { number, declared });
}

/// `methods` is `{start, step, inverse, result}`: `start()` answers a state, `step(state,
/// arguments)` and `inverse(state, arguments)` the next one, `result(state)` a value. What they
/// throw are words. With `inverse` it is for windows, too.
#[wasm_bindgen]
pub fn declare_aggregate(
    name: String,
    arity: Option<u8>,
    deterministic: bool,
    direct_only: bool,
    methods: &JsValue,
) {
    let declared = Declared {
        name,
        arity,
        deterministic,
        direct_only,
    };
    let method = |name: &str| Reflect::get(methods, &name.into()).unwrap_or_default();
    let inverse = method("inverse");
    let methods = Methods {
        start: method("start").unchecked_into(),
        step: method("step").unchecked_into(),
        inverse: inverse.is_function().then(|| inverse.unchecked_into()),
        result: method("result").unchecked_into(),
    };
    give(Given::Aggregate { declared, methods });
}

/// `compare(left, right)` answers a number: negative, zero or positive. What it throws are words.
#[wasm_bindgen]
pub fn declare_collation(name: String, compare: Function) {
    give(Given::Collation { name, compare });
}

/// Makes all of them known to a connection.
pub(crate) fn install(session: &Session, integers: Integers) -> Result<(), EngineError> {
    for given in GIVEN.with_borrow(Clone::clone) {
        match given {
            Given::Function { number, declared } => {
                functions::create(session, number, &declared, integers)?;
            }
            Given::Aggregate { declared, methods } => {
                let (name, of_windows) = (declared.name.clone(), methods.inverse.is_some());
                let hosted = Hosted {
                    name,
                    methods,
                    integers,
                };
                session.create_aggregate(&declared, of_windows, hosted)?;
            }
            Given::Collation { name, compare } => {
                let called = format!("collation \"{name}\"");
                let compare = move |left: &str, right: &str| order(&called, &compare, left, right);
                session.create_collation(&name, compare)?;
            }
        }
    }
    Ok(())
}

/// What it has failed for is of no use any more: it is stopped as soon as it asks.
fn order(called: &str, compare: &Function, left: &str, right: &str) -> Result<Ordering, Failure> {
    let answer = compare.call2(&JsValue::UNDEFINED, &left.into(), &right.into());
    let answer = answer.and_then(|answer| {
        let order = answer.as_f64().and_then(|it| it.partial_cmp(&0.0));
        order.ok_or_else(|| "its answer is not a number".into())
    });
    answer.map_err(|thrown| {
        turns::pace().stop();
        failed(called, &thrown)
    })
}

/// An aggregate of one connection.
struct Hosted {
    name: String,
    methods: Methods,
    integers: Integers,
}

impl Hosted {
    fn call<T>(&self, answer: Result<T, JsValue>) -> Result<T, Failure> {
        answer.map_err(|thrown| failed(&format!("aggregate \"{}\"", self.name), &thrown))
    }

    fn change(
        &self,
        method: &Function,
        state: &mut JsValue,
        values: &[Value],
    ) -> Result<(), Failure> {
        let values = arguments(values, self.integers);
        *state = self.call(method.call2(&JsValue::UNDEFINED, state, &values))?;
        Ok(())
    }
}

impl Aggregate for Hosted {
    type State = JsValue;

    fn start(&self) -> Result<JsValue, Failure> {
        self.call(self.methods.start.call0(&JsValue::UNDEFINED))
    }

    fn step(&self, state: &mut JsValue, values: &[Value]) -> Result<(), Failure> {
        self.change(&self.methods.step, state, values)
    }

    fn inverse(&self, state: &mut JsValue, values: &[Value]) -> Result<(), Failure> {
        let method = self.methods.inverse.as_ref();
        method.map_or(Ok(()), |method| self.change(method, state, values))
    }

    fn result(&self, state: &JsValue) -> Result<Value, Failure> {
        let answer = self.methods.result.call1(&JsValue::UNDEFINED, state);
        self.call(answer.and_then(|answer| value(&answer)))
    }
}
