//! Rows into structs, tuples and single values, by serde; the same natively and in browsers.
//!
//! Used by `mod.rs` for what either end has answered. It must not know where rows come from.
//!
//! ```text
//! struct, map           by the names of the columns; of two with one name the last one counts
//! tuple, Vec            by their order
//! anything else         the first column
//! ```

use std::fmt;
use std::sync::Arc;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::value::Value;
use crate::error::Error;

/// The names of the columns of a result.
pub(crate) type Columns = Arc<[String]>;

/// One row of a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) columns: Columns,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// What it is in Rust.
    pub(crate) fn into<T: DeserializeOwned>(self) -> Result<T, Error> {
        let columns = self.columns.clone();
        T::deserialize(self).map_err(|Refused { code, message }| match code {
            "INVALID_COLUMN" => Error::new(code, format!("{message}; it has {columns:?}")),
            code => Error::new(code, message),
        })
    }

    /// The first column.
    fn first(self) -> Result<Column, Refused> {
        let first = self.values.into_iter().next();
        let value = first.ok_or_else(|| Refused::column("the row has no column at all"))?;
        Ok(Column {
            columns: self.columns,
            index: 0,
            value,
        })
    }
}

/// Why a row cannot be what it is asked to be.
#[derive(Debug)]
pub(crate) struct Refused {
    code: &'static str,
    message: String,
}

impl Refused {
    fn column(message: impl Into<String>) -> Self {
        Self {
            code: "INVALID_COLUMN",
            message: message.into(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            code: "INVALID_TYPE",
            message: message.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::column(format!("the result has no column {field:?}"))
    }

    fn invalid_length(length: usize, expected: &dyn serde::de::Expected) -> Self {
        Self::column(format!("the result has {length} columns, not {expected}"))
    }
}

/// A value, and where it is from.
struct Column {
    columns: Columns,
    index: usize,
    value: Value,
}

/// The columns of a row, one after the other.
struct Rest {
    columns: Columns,
    values: std::vec::IntoIter<Value>,
    index: usize,
}

impl Rest {
    fn of(row: Row) -> Self {
        Self {
            columns: row.columns,
            values: row.values.into_iter(),
            index: 0,
        }
    }

    fn next(&mut self) -> Option<Column> {
        let value = self.values.next()?;
        let index = self.index;
        self.index += 1;
        Some(Column {
            columns: self.columns.clone(),
            index,
            value,
        })
    }
}

impl<'de> SeqAccess<'de> for Rest {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        self.next().map(|column| column.read(seed)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// By name; `index` is that of the column whose value is next.
impl<'de> MapAccess<'de> for Rest {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        while let Some(name) = self.columns.get(self.index) {
            if !self.columns[self.index + 1..].contains(name) {
                let name: StringDeserializer<Refused> = name.clone().into_deserializer();
                return seed.deserialize(name).map(Some);
            }
            drop(self.next());
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let column = self.next();
        let column =
            column.ok_or_else(|| Refused::column("a row has fewer values than columns"))?;
        column.read(seed)
    }
}

macro_rules! first_column {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            let column = self.first()?;
            column.named(|column| column.$name(visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for Row {
    type Error = Refused;

    first_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_map(Rest::of(self))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_map(Rest::of(self))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_map(Rest::of(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Rest::of(self))
    }

    /// All columns, and no more: one that is left out by mistake would shift the others.
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        size: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match self.values.len() {
            length if length == size => visitor.visit_seq(Rest::of(self)),
            length => Err(Refused::invalid_length(length, &visitor)),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        size: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(size, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let column = self.first()?;
        column.named(|column| column.deserialize_enum(name, variants, visitor))
    }
}

impl Column {
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        self.named(|column| seed.deserialize(column))
    }

    /// What is wrong with it names it.
    fn named<T>(self, read: impl FnOnce(Self) -> Result<T, Refused>) -> Result<T, Refused> {
        let (columns, index) = (self.columns.clone(), self.index);
        read(self).map_err(|error| Refused {
            message: format!("column {:?}: {}", columns[index], error.message),
            ..error
        })
    }

    /// It is of another kind than what is asked for.
    fn mistyped<'de, V: Visitor<'de>>(&self, visitor: &V) -> Refused {
        Refused::custom(format_args!(
            "it is {}, not {}",
            self.value.kind(),
            visitor as &dyn serde::de::Expected
        ))
    }
}

macro_rules! numbers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            match self.value {
                Value::Integer(_) | Value::Real(_) => self.deserialize_any(visitor),
                _ => Err(self.mistyped(&visitor)),
            }
        })*
    };
}

macro_rules! texts {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            match self.value {
                Value::Text(text) => visitor.visit_string(text),
                _ => Err(self.mistyped(&visitor)),
            }
        })*
    };
}

macro_rules! blobs {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            match self.value {
                Value::Blob(bytes) => visitor.visit_byte_buf(bytes),
                _ => Err(self.mistyped(&visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Column {
    type Error = Refused;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    blobs! { deserialize_bytes deserialize_byte_buf }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Integer(integer) => visitor.visit_i64(integer),
            Value::Real(real) => visitor.visit_f64(real),
            Value::Text(text) => visitor.visit_string(text),
            Value::Blob(bytes) => visitor.visit_byte_buf(bytes),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Integer(integer @ 0..=1) => visitor.visit_bool(integer == 1),
            Value::Integer(integer) => {
                let expected = &"0 or 1, a boolean";
                Err(Refused::invalid_value(
                    Unexpected::Signed(integer),
                    expected,
                ))
            }
            _ => Err(self.mistyped(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    /// The bytes of a BLOB.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Blob(bytes) => {
                let bytes = bytes.into_iter();
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(bytes))
            }
            _ => Err(self.mistyped(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _size: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match self.value {
            Value::Text(text) => {
                let text: StringDeserializer<Refused> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            _ => Err(self.mistyped(&visitor)),
        }
    }

    forward_to_deserialize_any! {
        unit unit_struct tuple_struct map struct ignored_any
    }
}
