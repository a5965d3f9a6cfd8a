//! Which strings can name a database, decided once for every storage; pure.
//!
//! Called by the boundary crate for names that come from outside, by `opened.rs` for every path.
//!
//! ```text
//! name     = segment *("/" segment)      at most 400 bytes of UTF-8
//! segment  = 1 to 200 bytes, not "." or "..", no "\", no control character
//! database = name, not below ".anchorite", not ending in -wal, -journal or -shm
//! ```

use crate::error::{ErrorKind, Operation, Result, VfsError};

/// The directory in OPFS that is ours: imports under way, the probe for access handles.
pub const PRIVATE_DIRECTORY: &str = ".anchorite";

/// The endings of the files that SQLite keeps beside a database.
pub const SIDE_FILES: [&str; 3] = ["-wal", "-journal", "-shm"];

/// Engines limit a segment to 250–300 bytes; "-journal" must still fit.
const SEGMENT_SIZE_MAX: usize = 200;

/// Below SQLite's limit on a path ([`PATH_SIZE_MAX`]) with room for "-journal".
const NAME_SIZE_MAX: usize = 400;

/// What the VFS tells SQLite as its longest path, side files included.
pub(crate) const PATH_SIZE_MAX: usize = 512;

const _: () = assert!(NAME_SIZE_MAX + "-journal".len() < PATH_SIZE_MAX);

/// Checks a database name that comes from a caller.
///
/// # Errors
/// `InvalidName` with a message that says what is wrong with it.
pub fn check_database_name(name: &str) -> Result<()> {
    check(name)?;
    if name.split('/').next() == Some(PRIVATE_DIRECTORY) {
        return invalid(name, "is reserved");
    }
    match SIDE_FILES.iter().find(|ending| name.ends_with(*ending)) {
        Some(ending) => invalid(name, &format!("ends in {ending}, which names a side file")),
        None => Ok(()),
    }
}

/// Checks any path, side files and private ones included.
pub(crate) fn check(name: &str) -> Result<()> {
    if name.is_empty() {
        return invalid(name, "is empty");
    }
    if name.len() > NAME_SIZE_MAX + "-journal".len() {
        return invalid(name, &format!("is longer than {NAME_SIZE_MAX} bytes"));
    }
    name.split('/')
        .try_for_each(|segment| check_segment(name, segment))
}

fn check_segment(name: &str, segment: &str) -> Result<()> {
    match segment {
        "" => invalid(name, "has an empty segment"),
        "." | ".." => invalid(name, &format!("has a segment {segment:?}")),
        _ if segment.len() > SEGMENT_SIZE_MAX + "-journal".len() => invalid(
            name,
            &format!("has a segment longer than {SEGMENT_SIZE_MAX} bytes"),
        ),
        _ if segment.contains('\\') => invalid(name, "has a backslash"),
        _ if segment.contains(char::is_control) => invalid(name, "has a control character"),
        _ => Ok(()),
    }
}

fn invalid(name: &str, why: &str) -> Result<()> {
    let shown: String = name.chars().take(60).collect();
    let message = format!("the database name {shown:?} {why}");
    Err(VfsError::new(
        ErrorKind::InvalidName,
        Operation::Open,
        message,
    ))
}

/// The full form of a path as SQLite passes it on from a caller or a URI: from the root, without
/// empty segments and `.`, with `..` resolved.
///
/// # Errors
/// `InvalidName` for a path that leaves the root or names a directory.
pub(crate) fn full(path: &str) -> Result<String> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                if segments.pop().is_none() {
                    invalid(path, "leaves the root")?;
                }
            }
            _ => segments.push(segment),
        }
    }
    if path.ends_with('/') || segments.is_empty() {
        invalid(path, "names a directory")?;
    }
    Ok(segments.join("/"))
}

/// Whether a path names a journal, a WAL or a super-journal: files that SQLite makes beside a
/// database.
pub(crate) fn is_beside_a_database(path: &str) -> bool {
    SIDE_FILES.iter().any(|ending| path.ends_with(ending)) || is_super_journal(path)
}

/// `<database>-mj` and nine hexadecimal digits, of which the seventh is a 9.
fn is_super_journal(path: &str) -> bool {
    let Some((_, digits)) = path.rsplit_once("-mj") else {
        return false;
    };
    digits.len() == 9
        && digits.as_bytes()[6] == b'9'
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Whether a path lies below a directory; all do below `""`, the root.
pub(crate) fn is_below(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory);
    directory.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

/// The directories and the file name of a checked path.
#[must_use]
pub fn split(path: &str) -> (Vec<&str>, &str) {
    let mut segments: Vec<&str> = path.split('/').collect();
    let file = segments.pop().unwrap_or(path);
    (segments, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(name: &str, why: &str) {
        let error = check_database_name(name).expect_err(name);
        assert_eq!(error.kind, ErrorKind::InvalidName);
        assert!(error.message.contains(why), "{error}");
    }

    #[test]
    fn ordinary_names_pass() {
        for name in [
            "a",
            "a.db",
            "apps/notes/main.sqlite",
            "données 漢字 😀.db",
            "...",
            "a-walk",
        ] {
            check_database_name(name).expect(name);
        }
    }

    #[test]
    fn names_that_leave_the_root_or_hide_side_files_are_refused() {
        refuses("", "empty");
        refuses("..", "segment");
        refuses("a/../b", "segment");
        refuses("./a", "segment");
        refuses("/a", "empty segment");
        refuses("a//b", "empty segment");
        refuses("a/", "empty segment");
        refuses("a\\b", "backslash");
        refuses("a\0b", "control");
        refuses("a.db-wal", "-wal");
        refuses("a.db-journal", "-journal");
        refuses("a.db-shm", "-shm");
        refuses(".anchorite/x", "reserved");
    }

    #[test]
    fn lengths_are_counted_in_bytes() {
        check_database_name(&"x".repeat(SEGMENT_SIZE_MAX)).expect("the longest segment");
        refuses(&"漢".repeat(80), "longer");
        refuses(&"ab/".repeat(200), "longer");
    }

    #[test]
    fn full_paths_start_at_the_root() {
        assert_eq!(full("/a//b/./c.db").expect("resolves"), "a/b/c.db");
        assert_eq!(full("a/../b.db").expect("resolves"), "b.db");
        full("../a.db").expect_err("leaves the root");
        full("a/").expect_err("a directory");
        full("/").expect_err("a directory");
    }

    #[test]
    fn files_that_sqlite_makes_are_known_by_their_names() {
        assert!(is_beside_a_database("a.db-wal"));
        assert!(is_beside_a_database("a.db-mj0123AB9CD"));
        assert!(!is_beside_a_database("a.db-mj0123AB8CD"));
        assert!(!is_beside_a_database("a.db") && !is_beside_a_database("a-mjé"));
    }

    #[test]
    fn splits_directories_from_the_file() {
        assert_eq!(split("a/b/c.db"), (vec!["a", "b"], "c.db"));
        assert_eq!(split("c.db"), (vec![], "c.db"));
    }
}
