//! Maps and sets as sorted vectors: for tens of entries, and a hundredth of the code.
//!
//! Used by `vfs`, `crates/engine` and `crates/wasm` in the place of the standard library's B-trees,
//! of which each pair of types costs a download several kilobytes. An entry comes or goes in time
//! that grows with the number of entries, and is found in the logarithm of it. It must not know
//! what it holds.

mod map;
mod set;

pub use map::Map;
pub use set::Set;
