//! What a killed Chromium leaves of a writable: its swap file, beside the file it was to replace.
//!
//! Used by `mod.rs`. Chromium removes none of them, takes the next free name for the next
//! writable, and gives up after some; and one may begin as a database does.
//!
//! ```text
//! <name>.crswap, <name>.1.crswap, <name>.2.crswap …
//! ```

use std::collections::BTreeSet;

use crate::error::{ErrorKind, Result};
use crate::path::SIDE_FILES;
use crate::storage::Storage;

use super::OpfsStorage;

const ENDING: &str = ".crswap";

/// Removes those of a database that nobody has open.
pub(super) fn remove(storage: &OpfsStorage, database: &str) -> Result<()> {
    let side_files = SIDE_FILES
        .iter()
        .map(|ending| format!("{database}{ending}"));
    for path in std::iter::once(database.to_owned()).chain(side_files) {
        let mut number = 0;
        while delete_if_there(storage, &swap_file(&path, number))? {
            number += 1;
        }
    }
    Ok(())
}

fn swap_file(path: &str, number: u32) -> String {
    match number {
        0 => format!("{path}{ENDING}"),
        _ => format!("{path}.{number}{ENDING}"),
    }
}

fn delete_if_there(storage: &OpfsStorage, path: &str) -> Result<bool> {
    match storage.delete(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Leaves out the swap files of files that are listed too.
pub(super) fn hide(paths: Vec<String>) -> Vec<String> {
    let all: BTreeSet<String> = paths.into_iter().collect();
    let shown = all.iter().filter(|path| !is_swap_file(path, &all));
    shown.cloned().collect()
}

fn is_swap_file(path: &str, all: &BTreeSet<String>) -> bool {
    let Some(rest) = path.strip_suffix(ENDING) else {
        return false;
    };
    let numbered = rest.rsplit_once('.').filter(|(_, number)| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        digits && !number.is_empty()
    });
    all.contains(rest) || numbered.is_some_and(|(file, _)| all.contains(file))
}
