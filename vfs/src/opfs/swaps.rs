//! What a killed Chromium leaves of a writable: its swap file, beside the file it was to replace.
//!
//! Used by `mod.rs`. Chromium removes none of them, takes the next free name for the next
//! writable, and gives up after some; and one may begin as a database does.
//!
//! ```text
//! <name>.crswap, <name>.1.crswap, <name>.2.crswap …
//! ```

use anchorite_sorted::Set;

use crate::error::{ErrorKind, Operation, Result};
use crate::path::{self, SIDE_FILES};
use crate::storage::Creation;

use super::{OpfsStorage, wait};

const ENDING: &str = ".crswap";

/// Removes those of a database, but for what a writable that was given up still holds.
pub(super) fn remove(storage: &OpfsStorage, database: &str) -> Result<()> {
    let (segments, name) = path::split(database);
    let directory = match storage.directory(&segments, Creation::Never, Operation::Open) {
        Ok(directory) => directory,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for ending in std::iter::once("").chain(SIDE_FILES) {
        let file = format!("{name}{ending}");
        for number in 0.. {
            let swap_file = swap_file(&file, number);
            let removed = wait(
                || directory.remove_entry(&swap_file),
                Operation::Open,
                &swap_file,
            );
            match removed {
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Busy => {}
                Err(error) if error.kind == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
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

/// Leaves out the swap files of files that are listed too.
pub(super) fn hide(paths: Vec<String>) -> Vec<String> {
    let all: Set<String> = paths.into_iter().collect();
    let shown = all.iter().filter(|path| !is_swap_file(path, &all));
    shown.cloned().collect()
}

fn is_swap_file(path: &str, all: &Set<String>) -> bool {
    let Some(rest) = path.strip_suffix(ENDING) else {
        return false;
    };
    let numbered = rest.rsplit_once('.').filter(|(_, number)| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        digits && !number.is_empty()
    });
    all.contains(rest) || numbered.is_some_and(|(file, _)| all.contains(file))
}
