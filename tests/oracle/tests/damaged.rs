//! Damaged databases over our VFS: an error or the rows that native SQLite reads, never a changed
//! file, never an end that does not come.

#[path = "../src/damaged.rs"]
mod damaged;

use std::rc::Rc;

use anchorite_engine::{EngineError, OpenOptions, Params, Session, Value};
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Creation, Options, Storage, register};

const PATH: &str = "a.db";

fn storage(vfs: &str) -> MemoryStorage {
    let storage = MemoryStorage::default();
    register(vfs, Rc::new(storage.clone()), Options::default()).expect("registers");
    storage
}

fn put(storage: &MemoryStorage, bytes: &[u8]) {
    let mut file = storage
        .open(PATH, Creation::IfMissing)
        .expect("memory opens");
    file.truncate(0).expect("memory truncates");
    file.write(bytes, 0).expect("memory writes");
}

fn chinook() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../demo/public/chinook.sqlite"
    );
    std::fs::read(path).expect("is in the repository")
}

fn answer(outcome: Result<Value, EngineError>) -> String {
    match outcome {
        Ok(Value::Text(text)) => text,
        Ok(other) => format!("{other:?}"),
        Err(error) => error.code.to_owned(),
    }
}

fn ask(session: &Session, sql: &str) -> Result<Value, EngineError> {
    let rows = session.query(sql, &Params::NONE)?;
    Ok(rows.values.into_iter().next().unwrap_or(Value::Null))
}

fn all_answers(session: Result<Session, EngineError>) -> Vec<String> {
    match session {
        Ok(session) => damaged::QUERIES
            .iter()
            .map(|sql| answer(ask(&session, sql)))
            .collect(),
        Err(error) => vec![error.code.to_owned()],
    }
}

fn open_readonly(vfs: &str) -> Result<Session, EngineError> {
    let options = OpenOptions {
        readonly: true,
        ..OpenOptions::default()
    };
    Session::open(PATH, Some(vfs), &options)
}

/// The same bytes as SQLite's own database in memory, without our VFS.
fn reference(bytes: &[u8]) -> Result<Session, EngineError> {
    let mut session = Session::open(":memory:", None, &OpenOptions::default())?;
    session.deserialize(bytes, true)?;
    session.query("SELECT count(*) FROM sqlite_schema", &Params::NONE)?;
    Ok(session)
}

/// Reads it as native SQLite does and changes nothing; then lets a writer at a copy.
fn check(storage: &MemoryStorage, vfs: &str, bytes: &[u8], what: &str) {
    put(storage, bytes);
    let (ours, native) = (
        all_answers(open_readonly(vfs)),
        all_answers(reference(bytes)),
    );
    assert!(ours == native, "{what}: {:.300?}\n{:.300?}", ours, native);
    let unchanged = storage.bytes(PATH).as_deref() == Some(bytes);
    assert!(unchanged, "{what}: a reader has changed the file");
    let writer = Session::open(PATH, Some(vfs), &OpenOptions::default());
    if let Ok(writer) = writer {
        // Whether it succeeds depends on the damage; that it ends is what counts.
        let written = writer.exec("UPDATE Track SET Name = Name || 'x'; CREATE TABLE new (a)");
        drop((written, writer));
    }
    storage
        .acquire(PATH)
        .expect("nobody holds it")
        .release()
        .expect("releases");
}

#[test]
fn random_changes_give_an_error_or_the_rows_that_native_sqlite_reads() {
    let (storage, sound) = (storage("random"), chinook());
    for case in 0..damaged::CASES {
        let mut bytes = sound.clone();
        for (place, value) in damaged::changes(case, bytes.len()) {
            bytes[place] = value;
        }
        check(&storage, "random", &bytes, &format!("case {case}"));
    }
}

#[test]
fn cut_files_are_refused_or_read_as_far_as_native_sqlite_reads_them() {
    let (storage, sound) = (storage("cut"), chinook());
    let size = sound.len();
    for end in [
        1,
        15,
        16,
        99,
        100,
        511,
        512,
        1024,
        4095,
        4096,
        8192,
        size / 2,
        size - 4096,
        size - 1,
    ] {
        check(&storage, "cut", &sound[..end], &format!("{end} bytes"));
    }
}

#[test]
fn headers_that_lie_about_the_page_size_or_the_journal_are_found_out() {
    let (storage, sound) = (storage("lie"), chinook());
    for page_size in [
        [0, 0],
        [0, 1],
        [2, 0],
        [3, 0],
        [16, 1],
        [32, 0],
        [128, 0],
        [255, 255],
    ] {
        let mut bytes = sound.clone();
        bytes[16..18].copy_from_slice(&page_size);
        check(&storage, "lie", &bytes, &format!("page size {page_size:?}"));
    }
    for versions in [[2, 2], [1, 2], [2, 1], [3, 1], [0, 0], [255, 255]] {
        let mut bytes = sound.clone();
        bytes[18..20].copy_from_slice(&versions);
        check(&storage, "lie", &bytes, &format!("versions {versions:?}"));
    }
}
