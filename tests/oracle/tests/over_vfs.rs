//! The engine over our VFS on memory: what lies in the files, and who may open them.

use std::rc::Rc;

use anchorite_engine::{OpenOptions, Params, Session, Value};
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::{Creation, Options, Storage, register, take_last_error};

/// Each test has a VFS of its own: registrations last as long as the program.
fn storage(vfs: &str) -> MemoryStorage {
    let storage = MemoryStorage::default();
    register(vfs, Rc::new(storage.clone()), Options::default()).expect("registers");
    storage
}

fn put(storage: &MemoryStorage, path: &str, bytes: &[u8]) {
    let mut file = storage
        .open(path, Creation::IfMissing)
        .expect("memory opens");
    file.write(bytes, 0).expect("memory writes");
}

fn open(path: &str, vfs: &str) -> Session {
    Session::open(path, Some(vfs), &OpenOptions::default()).expect("opens")
}

#[test]
fn a_new_database_is_wal_and_closing_leaves_it_whole_by_itself() {
    let storage = storage("new");
    let session = open("dir/a.db", "new");
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("runs");
    assert!(storage.bytes("dir/a.db-wal").is_some());
    session.close().expect("closes");
    assert_eq!(storage.bytes("dir/a.db-wal"), Some(vec![]));
    assert_eq!(storage.bytes("dir/a.db-journal"), Some(vec![]));
    let bytes = storage.bytes("dir/a.db").expect("is there");
    assert_eq!(bytes[18..20], [2, 2], "the WAL mark");
    assert_eq!(u16::from_be_bytes([bytes[16], bytes[17]]), 4096);
}

#[test]
fn an_existing_database_keeps_its_journal_mode_and_its_bytes() {
    let storage = storage("existing");
    let session = open("a.db", "existing");
    session
        .exec("CREATE TABLE t (a); PRAGMA journal_mode = DELETE")
        .expect("runs");
    session.close().expect("closes");
    let before = storage.bytes("a.db").expect("is there");
    let session = open("a.db", "existing");
    let mode = session
        .query("PRAGMA journal_mode", &Params::NONE)
        .expect("asks");
    assert_eq!(mode.values, [Value::Text("delete".to_owned())]);
    assert_eq!(session.export(false).expect("exports"), before);
    session.close().expect("closes");
    assert_eq!(storage.bytes("a.db"), Some(before));
}

#[test]
fn committed_rows_survive_when_a_connection_is_never_closed() {
    let storage = storage("killed");
    let session = open("a.db", "killed");
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .expect("runs");
    session
        .exec("BEGIN; INSERT INTO t VALUES (2)")
        .expect("runs");
    // What a killed tab leaves: the files as they are, in a medium that nobody owns.
    let survivor = self::storage("survivor");
    for path in ["a.db", "a.db-wal"] {
        put(&survivor, path, &storage.bytes(path).expect("is there"));
    }
    let recovered = open("a.db", "survivor");
    let rows = recovered
        .query("SELECT a FROM t", &Params::NONE)
        .expect("reads");
    assert_eq!(rows.values, [Value::Integer(1)]);
}

#[test]
fn a_database_that_another_context_owns_is_busy_until_it_lets_go() {
    let storage = storage("busy");
    let other = storage.acquire("a.db").expect("free");
    let error = Session::open("a.db", Some("busy"), &OpenOptions::default()).expect_err("owned");
    assert_eq!(error.code, "SQLITE_BUSY");
    let cause = take_last_error().expect("the cause is kept");
    assert!(cause.message.contains("another owner"), "{cause}");
    other.release().expect("lets go");
    open("a.db", "busy").close().expect("closes");
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_was() {
    let storage = storage("foreign");
    let foreign = vec![b'x'; 8192];
    put(&storage, "a.db", &foreign);
    let error =
        Session::open("a.db", Some("foreign"), &OpenOptions::default()).expect_err("foreign");
    assert_eq!(error.code, "SQLITE_NOTADB");
    assert_eq!(storage.bytes("a.db"), Some(foreign));
    storage
        .acquire("a.db")
        .expect("nobody owns it after the failure");
}

#[test]
fn a_check_finds_damage_and_changes_nothing() {
    let storage = storage("check");
    let session = open("a.db", "check");
    session
        .exec("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(20000))")
        .expect("runs");
    session.close().expect("closes");
    Session::check("a.db", Some("check"), |_| Ok(())).expect("sound");
    let sound = storage.bytes("a.db").expect("is there");
    put(&storage, "b.db", &sound[..sound.len() - 4096]);
    let error = Session::check("b.db", Some("check"), |_| Ok(())).expect_err("a page is missing");
    assert_eq!(error.code, "SQLITE_CORRUPT");
    assert_eq!(storage.bytes("a.db"), Some(sound));
    let all = ["a.db", "a.db-journal", "a.db-wal", "b.db"];
    assert_eq!(storage.list("").expect("lists"), all);
}
