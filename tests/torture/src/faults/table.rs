//! The result codes of the sweep as the table of docs/durability.md.

use std::collections::BTreeSet;

use rusqlite::ffi;

use super::kind::KINDS;

/// One line a fault, in the order of [`KINDS`], with the codes that surfaced.
pub(crate) fn markdown(codes: &BTreeSet<(String, i32)>) -> String {
    let names = KINDS.iter().map(|kind| kind.name).chain(["out of memory"]);
    let line = |fault: &str| {
        let of_fault = codes.iter().filter(|(name, _)| *name == fault);
        let named: Vec<_> = of_fault
            .map(|(_, code)| format!("`{}`", name(*code)))
            .collect();
        let named = match named.is_empty() {
            true => "none".to_owned(),
            false => named.join(", "),
        };
        format!("| {fault} | {named} |\n")
    };
    let head = "| fault | result codes |\n|---|---|\n".to_owned();
    head + &names.map(line).collect::<String>()
}

macro_rules! names {
    ($($name:ident)*) => { &[$((ffi::$name, stringify!($name))),*] };
}

const NAMES: &[(i32, &str)] = names! {
    SQLITE_ABORT SQLITE_BUSY SQLITE_CANTOPEN SQLITE_CORRUPT SQLITE_ERROR SQLITE_FULL SQLITE_IOERR
    SQLITE_IOERR_ACCESS SQLITE_IOERR_CLOSE SQLITE_IOERR_DELETE SQLITE_IOERR_DELETE_NOENT
    SQLITE_IOERR_FSTAT
    SQLITE_IOERR_FSYNC SQLITE_IOERR_LOCK SQLITE_IOERR_NOMEM SQLITE_IOERR_READ
    SQLITE_IOERR_SHORT_READ SQLITE_IOERR_TRUNCATE SQLITE_IOERR_WRITE SQLITE_NOMEM SQLITE_NOTADB
    SQLITE_READONLY SQLITE_CANTOPEN_FULLPATH
};

/// As SQLite calls it.
pub(super) fn name(code: i32) -> String {
    let named = NAMES.iter().find(|(number, _)| *number == code);
    named.map_or_else(|| code.to_string(), |(_, name)| (*name).to_owned())
}
