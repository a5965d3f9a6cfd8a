//! Values that go in and come out of the client, and the parameters of a statement.
//!
//! Used by applications and by both ends of `client`; it must not know how a value travels.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// A value as SQLite stores it.
///
/// ```
/// use anchorite::Value;
///
/// assert_eq!(Value::from(true), Value::Integer(1));
/// assert_eq!(Value::from(None::<&str>), Value::Null);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit float. As a parameter one without a fraction is taken as an INTEGER where that is
    /// exact, for such are the numbers of JavaScript: write `CAST(?1 AS REAL)` where it matters, as
    /// in a division; a column that is REAL makes it one again. NaN is refused.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// What its kind is called in an error.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer(_) => "INTEGER",
            Self::Real(_) => "REAL",
            Self::Text(_) => "TEXT",
            Self::Blob(_) => "BLOB",
        }
    }
}

macro_rules! from {
    ($($from:ty => $kind:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        })*
    };
}

from! {
    bool => Integer, i8 => Integer, i16 => Integer, i32 => Integer, i64 => Integer,
    u8 => Integer, u16 => Integer, u32 => Integer, f32 => Real, f64 => Real,
    &str => Text, String => Text, &[u8] => Blob, Vec<u8> => Blob,
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Whatever a column has.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of SQLite")
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Integer).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(Value::Blob(bytes))
    }
}

/// The parameters of one statement: whatever is made into them by `into()`.
///
/// By position from `()`, an array, a `Vec`, a tuple of up to eight values, or
/// [`params!`](crate::params); by name from [`named_params!`](crate::named_params).
///
/// ```
/// use anchorite::{Params, Value, named_params, params};
///
/// let by_position = Params::Positional(vec![Value::Integer(1), Value::Text("a".into())]);
/// assert_eq!(by_position, (1, "a").into());
/// assert_eq!(by_position, params![1, "a"]);
/// let by_name = named_params! { "id": 1, "text": "a" };
/// assert!(matches!(by_name, Params::Named(list) if list.len() == 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Params {
    /// For `?` and `?NNN`, in the order of their numbers.
    Positional(Vec<Value>),
    /// For `:name`, `@name` and `$name`; each with its mark or without.
    Named(Vec<(String, Value)>),
}

impl From<()> for Params {
    fn from((): ()) -> Self {
        Self::Positional(Vec::new())
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Params {
    fn from(values: [V; N]) -> Self {
        Self::Positional(values.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>> From<Vec<V>> for Params {
    fn from(values: Vec<V>) -> Self {
        Self::Positional(values.into_iter().map(Into::into).collect())
    }
}

macro_rules! from_tuple {
    ($($name:ident)*) => {
        impl<$($name: Into<Value>),*> From<($($name,)*)> for Params {
            #[expect(non_snake_case, reason = "a value is called as its type")]
            fn from(($($name,)*): ($($name,)*)) -> Self {
                Self::Positional(vec![$($name.into()),*])
            }
        }
    };
}

from_tuple!(A);
from_tuple!(A B);
from_tuple!(A B C);
from_tuple!(A B C D);
from_tuple!(A B C D E);
from_tuple!(A B C D E F);
from_tuple!(A B C D E F G);
from_tuple!(A B C D E F G H);

/// Parameters by position, of any number and kinds.
///
/// ```
/// let blob = vec![1_u8, 2];
/// let params = anchorite::params![1, "text", None::<i64>, blob];
/// # drop(params);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        $crate::Params::Positional(vec![$($crate::Value::from($value)),*])
    };
}

/// Parameters by name, for `:name`, `@name` and `$name`; the mark may be left out.
///
/// ```
/// let params = anchorite::named_params! { "id": 1, ":text": "first" };
/// # drop(params);
/// ```
#[macro_export]
macro_rules! named_params {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::Params::Named(vec![$(($name.to_owned(), $crate::Value::from($value))),*])
    };
}
