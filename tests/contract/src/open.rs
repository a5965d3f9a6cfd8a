//! xOpen, xDelete, xAccess, xFullPathname: names, and the files behind them.
//!
//! <https://sqlite.org/c3ref/vfs.html>. Side files are special here: `-journal` and `-wal` come and
//! stay with their database, deleting one empties it, and one that is empty is not there.

use rusqlite::ffi::{
    SQLITE_ACCESS_EXISTS, SQLITE_ACCESS_READWRITE, SQLITE_CANTOPEN, SQLITE_IOERR_DELETE_NOENT,
    SQLITE_OK, SQLITE_OPEN_CREATE, SQLITE_OPEN_DELETEONCLOSE, SQLITE_OPEN_EXCLUSIVE,
    SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_SUBJOURNAL, SQLITE_OPEN_SUPER_JOURNAL,
    SQLITE_OPEN_TEMP_DB, SQLITE_OPEN_TEMP_JOURNAL, SQLITE_OPEN_TRANSIENT_DB, SQLITE_READONLY,
};

use crate::check::{Outcome, done, equal, fails, is_code, is_kind, ok, same_bytes, that};
use crate::raw::{Handle, Vfs};

pub(crate) const NEW: i32 = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
pub(crate) const OLD: i32 = SQLITE_OPEN_READWRITE;
pub(crate) const TEMPORARY: i32 = NEW | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;

/// Opens a database of the case's own.
pub(crate) fn database(vfs: &Vfs, label: &str) -> Result<Handle, String> {
    done("open", vfs.open(&vfs.path(label), NEW))
}

/// Writes and reads back.
pub(crate) fn holds(file: &Handle, bytes: &[u8]) -> Outcome {
    ok("write", file.write(bytes, 0))?;
    contains(file, bytes)
}

/// The file begins with these bytes.
pub(crate) fn contains(file: &Handle, bytes: &[u8]) -> Outcome {
    let mut read = vec![0xff; bytes.len()];
    ok("read", file.read(&mut read, 0))?;
    same_bytes("content", &read, bytes)
}

/// A file is made when that is asked for, empty, and only then.
pub(crate) fn creates_a_file_only_when_asked(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    fails("without CREATE", vfs.open(&path, OLD), SQLITE_CANTOPEN)?;
    equal("there", vfs.access(&path, SQLITE_ACCESS_EXISTS), Ok(false))?;
    let file = done("with CREATE", vfs.open(&path, NEW))?;
    equal("size", file.size(), Ok(0))?;
    // Whether an empty file counts as one is left to the VFS.
    ok("write", file.write(b"x", 0))?;
    equal("there", vfs.access(&path, SQLITE_ACCESS_EXISTS), Ok(true))
}

/// An existing file is opened with its content, with and without CREATE.
pub(crate) fn opens_what_is_there(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let file = done("new", vfs.open(&path, NEW))?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    for flags in [OLD, NEW, SQLITE_OPEN_READONLY] {
        let file = done("again", vfs.open(&path, flags))?;
        equal("size", file.size(), Ok(7))?;
        contains(&file, b"content")?;
        ok("close", file.close())?;
    }
    Ok(())
}

/// With EXCLUSIVE a file must be new.
pub(crate) fn exclusive_creation_wants_a_new_file(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let file = done("new", vfs.open(&path, NEW | SQLITE_OPEN_EXCLUSIVE))?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    let again = vfs.open(&path, NEW | SQLITE_OPEN_EXCLUSIVE);
    fails("again", again, SQLITE_CANTOPEN)?;
    contains(&done("old", vfs.open(&path, OLD))?, b"content")
}

/// The flags that come out say how the file can be used.
pub(crate) fn tells_how_a_file_was_opened(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let file = done("new", vfs.open(&path, NEW))?;
    that("READWRITE", file.flags_out & SQLITE_OPEN_READWRITE != 0)?;
    that("not READONLY", file.flags_out & SQLITE_OPEN_READONLY == 0)?;
    ok("close", file.close())?;
    let file = done("old", vfs.open(&path, SQLITE_OPEN_READONLY))?;
    that("READONLY", file.flags_out & SQLITE_OPEN_READONLY != 0)?;
    that("not READWRITE", file.flags_out & SQLITE_OPEN_READWRITE == 0)
}

/// A file opened for reading only cannot be changed.
pub(crate) fn a_read_only_file_cannot_be_changed(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let file = done("new", vfs.open(&path, NEW))?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    let file = done("old", vfs.open(&path, SQLITE_OPEN_READONLY))?;
    is_kind("write", file.write(b"x", 0), SQLITE_READONLY)?;
    is_kind("truncate", file.truncate(0), SQLITE_READONLY)?;
    contains(&file, b"content")
}

/// A reader and a writer of one file share it, each with its own rights.
pub(crate) fn a_read_only_file_shows_what_others_write(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let writer = done("writer", vfs.open(&path, NEW))?;
    let reader = done("reader", vfs.open(&path, SQLITE_OPEN_READONLY))?;
    holds(&writer, b"content")?;
    contains(&reader, b"content")?;
    is_kind("write", reader.write(b"x", 0), SQLITE_READONLY)?;
    holds(&writer, b"CONTENT")
}

/// Connections of one instance share one file, whoever came first and whoever goes.
pub(crate) fn connections_share_a_file(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let first = done("first", vfs.open(&path, NEW))?;
    let second = done("second", vfs.open(&path, OLD))?;
    holds(&first, b"from the first")?;
    contains(&second, b"from the first")?;
    ok("truncate", second.truncate(4))?;
    equal("size", first.size(), Ok(4))?;
    ok("close", first.close())?;
    holds(&second, b"from the second")?;
    let third = done("third", vfs.open(&path, OLD))?;
    contains(&third, b"from the second")
}

/// The four kinds of file that lie beside a database or stand for several of them.
pub(crate) fn opens_every_kind_of_named_file(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let main = done("main", vfs.open(&path, NEW))?;
    let journal = done("journal", vfs.open_journal(&path, NEW))?;
    let wal = done("wal", vfs.open_wal(&path, NEW))?;
    let name = vfs.path("a.db-mj0123456789");
    let flags = NEW | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_SUPER_JOURNAL;
    let super_journal = done("super-journal", vfs.open_other(Some(&name), flags))?;
    let files = [&main, &journal, &wal, &super_journal];
    for (number, file) in (0_u8..).zip(files) {
        holds(file, &[number; 5000])?;
    }
    for (number, file) in (0_u8..).zip(files) {
        contains(file, &[number; 5000])?;
        equal("size", file.size(), Ok(5000))?;
    }
    ok("close", super_journal.close())?;
    ok("delete", vfs.delete(&name))
}

const UNNAMED: [i32; 4] = [
    SQLITE_OPEN_TEMP_DB,
    SQLITE_OPEN_TRANSIENT_DB,
    SQLITE_OPEN_TEMP_JOURNAL,
    SQLITE_OPEN_SUBJOURNAL,
];

/// The four kinds of file without a name, each by itself, several at once.
pub(crate) fn opens_every_kind_of_temporary_file(vfs: &Vfs) -> Outcome {
    let mut files = Vec::new();
    for kind in UNNAMED.into_iter().chain(UNNAMED) {
        files.push(done("open", vfs.open_other(None, TEMPORARY | kind))?);
    }
    for (number, file) in (0_u8..).zip(&files) {
        equal("size", file.size(), Ok(0))?;
        holds(file, &[number; 5000])?;
    }
    for (number, file) in (0_u8..).zip(&files) {
        contains(file, &[number; 5000])?;
        ok("truncate", file.truncate(100))?;
        ok("sync", file.sync(ffi_sync()))?;
        equal("size", file.size(), Ok(100))?;
    }
    files
        .into_iter()
        .try_for_each(|file| ok("close", file.close()))
}

fn ffi_sync() -> i32 {
    rusqlite::ffi::SQLITE_SYNC_NORMAL
}

/// A temporary file that has a name is gone when it is closed.
pub(crate) fn a_named_temporary_file_is_gone_after_close(vfs: &Vfs) -> Outcome {
    let name = vfs.path("temp");
    let file = done(
        "open",
        vfs.open_other(Some(&name), TEMPORARY | SQLITE_OPEN_TEMP_DB),
    )?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    equal("there", vfs.access(&name, SQLITE_ACCESS_EXISTS), Ok(false))
}

/// A name may go through directories, which are made as needed.
pub(crate) fn directories_are_part_of_a_name(vfs: &Vfs) -> Outcome {
    let path = vfs.path("one/two/a.db");
    let missing = vfs.open(&path, OLD);
    fails("no directory", missing, SQLITE_CANTOPEN)?;
    let answer = vfs.access(&path, SQLITE_ACCESS_EXISTS);
    equal("there", answer, Ok(false))?;
    let file = done("open", vfs.open(&path, NEW))?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    contains(&done("again", vfs.open(&path, OLD))?, b"content")
}

/// Names that cannot name a file are refused, and never cut short.
pub(crate) fn impossible_names_are_refused(vfs: &Vfs) -> Outcome {
    let long = vfs.path(&"x".repeat(vfs.path_size_max()));
    for name in [
        "..", ".", "/a.db", "a//b.db", "../a.db", "a/./b.db", "a\\b", &long,
    ] {
        let shown: String = name.chars().take(20).collect();
        fails(&shown, vfs.open(name, NEW), SQLITE_CANTOPEN)?;
    }
    Ok(())
}

/// xFullPathname keeps a name, and refuses one for which there is no room.
pub(crate) fn a_full_pathname_is_whole_or_refused(vfs: &Vfs) -> Outcome {
    let path = vfs.path("dir/a.db");
    let size = vfs.path_size_max();
    equal("full", vfs.full_pathname(&path, size), Ok(path.clone()))?;
    let just = path.len() + 1;
    equal("just", vfs.full_pathname(&path, just), Ok(path.clone()))?;
    let cut = vfs.full_pathname(&path, just - 1);
    fails("one byte less", cut, SQLITE_CANTOPEN)
}

/// A deleted file is gone, and its name is free for a new, empty one.
pub(crate) fn a_deleted_file_is_gone(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let file = done("new", vfs.open(&path, NEW))?;
    holds(&file, &[7; 9000])?;
    ok("close", file.close())?;
    ok("delete", vfs.delete(&path))?;
    equal("there", vfs.access(&path, SQLITE_ACCESS_EXISTS), Ok(false))?;
    fails("old", vfs.open(&path, OLD), SQLITE_CANTOPEN)?;
    let file = done("new", vfs.open(&path, NEW))?;
    equal("size", file.size(), Ok(0))?;
    ok("write", file.write(b"x", 600))?;
    let mut expected = vec![0; 600];
    expected.push(b'x');
    contains(&file, &expected)
}

/// Deleting what is not there says so, which SQLite takes for success where it may.
pub(crate) fn deleting_what_is_missing_says_so(vfs: &Vfs) -> Outcome {
    let missing = vfs.delete(&vfs.path("super-mj01"));
    is_code("delete", missing, SQLITE_IOERR_DELETE_NOENT)?;
    let missing = vfs.delete(&vfs.path("no/such/directory/super-mj01"));
    is_code("delete", missing, SQLITE_IOERR_DELETE_NOENT)
}

/// A journal or WAL that nobody wrote to is not there for SQLite: an empty one means nothing.
pub(crate) fn side_files_are_there_once_they_are_written(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let main = database(vfs, "a.db")?;
    for side in ["-journal", "-wal"] {
        let name = format!("{path}{side}");
        let there = |what: &str, expected: bool| {
            equal(what, vfs.access(&name, SQLITE_ACCESS_EXISTS), Ok(expected))
        };
        there("before", false)?;
        let file = done("side file", open_side(vfs, &path, side))?;
        holds(&file, b"content")?;
        there("written", true)?;
        ok("close", file.close())?;
        there("closed", true)?;
        is_deleted("delete", vfs.delete(&name))?;
        there("deleted", false)?;
        let file = done("again", open_side(vfs, &path, side))?;
        equal("size", file.size(), Ok(0))?;
    }
    ok("close", main.close())
}

fn open_side(vfs: &Vfs, database: &str, side: &str) -> Result<Handle, i32> {
    if side == "-wal" {
        vfs.open_wal(database, NEW)
    } else {
        vfs.open_journal(database, NEW)
    }
}

/// xDelete of a side file that is empty already is success, or says that there is none.
pub(crate) fn side_files_can_be_deleted_twice(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let _main = database(vfs, "a.db")?;
    for side in ["-journal", "-wal"] {
        let file = done("side file", open_side(vfs, &path, side))?;
        holds(&file, b"content")?;
        ok("close", file.close())?;
        let name = format!("{path}{side}");
        ok("first", vfs.delete(&name))?;
        is_deleted("second", vfs.delete(&name))?;
    }
    Ok(())
}

fn is_deleted(what: &str, code: i32) -> Outcome {
    match code {
        SQLITE_IOERR_DELETE_NOENT => Ok(()),
        code => is_code(what, code, SQLITE_OK),
    }
}

/// Closing a database keeps what its side files hold: a leftover WAL is found by the next opener.
pub(crate) fn side_files_outlive_their_connection(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    for side in ["-journal", "-wal"] {
        let main = database(vfs, "a.db")?;
        let file = done("side file", open_side(vfs, &path, side))?;
        holds(&file, b"content")?;
        ok("close", file.close())?;
        ok("close", main.close())?;
        let name = format!("{path}{side}");
        equal("there", vfs.access(&name, SQLITE_ACCESS_EXISTS), Ok(true))?;
        let main = database(vfs, "a.db")?;
        let file = done("side file", open_side(vfs, &path, side))?;
        contains(&file, b"content")?;
        ok("close", file.close())?;
        ok("delete", vfs.delete(&name))?;
        ok("close", main.close())?;
    }
    Ok(())
}

/// xAccess answers for files of all kinds, and READWRITE like EXISTS.
pub(crate) fn access_answers_for_files(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let asks = [SQLITE_ACCESS_EXISTS, SQLITE_ACCESS_READWRITE];
    for flags in asks {
        equal("before", vfs.access(&path, flags), Ok(false))?;
    }
    let file = database(vfs, "a.db")?;
    ok("write", file.write(b"content", 0))?;
    for flags in asks {
        equal("after", vfs.access(&path, flags), Ok(true))?;
    }
    Ok(())
}

/// An open that failed holds nothing: the next one works, and so does a delete.
pub(crate) fn a_failed_open_leaves_nothing_behind(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    for _ in 0..3 {
        fails("missing", vfs.open(&path, OLD), SQLITE_CANTOPEN)?;
    }
    let file = done("new", vfs.open(&path, NEW))?;
    fails("other", vfs.open(&vfs.path("b.db"), OLD), SQLITE_CANTOPEN)?;
    holds(&file, b"content")?;
    ok("close", file.close())?;
    ok("delete", vfs.delete(&path))
}
