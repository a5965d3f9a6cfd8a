//! Tests of a medium for engines that cannot suspend, over one that has nothing at hand at first.

use super::*;
/// Each question is `Missed` the first time it is asked, as if the host had to wait for it.
struct Hesitant {
    storage: MemoryStorage,
    asked: RefCell<Set<String>>,
}

impl Hesitant {
    fn ask<T>(&self, question: String, answer: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.asked.borrow_mut().insert(question.clone()) {
            return Err(missed(Operation::Open, &question));
        }
        answer()
    }
}

impl Storage for Hesitant {
    fn guarantees(&self) -> Guarantees {
        self.storage.guarantees()
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        let open = || self.storage.open(path, creation);
        self.ask(format!("open {path} {creation:?}"), open)
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.ask(format!("delete {path}"), || self.storage.delete(path))
    }

    fn exists(&self, path: &str) -> Result<bool> {
        self.ask(format!("exists {path}"), || self.storage.exists(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let rename = || self.storage.rename(from, to);
        self.ask(format!("rename {from} {to}"), rename)
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        self.ask(format!("list {below}"), || self.storage.list(below))
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        self.ask(format!("acquire {path}"), || self.storage.acquire(path))
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        self.storage.share(path)
    }
}

fn hesitant() -> (MemoryStorage, Beforehand) {
    let storage = MemoryStorage::default();
    let medium = Hesitant {
        storage: storage.clone(),
        asked: RefCell::default(),
    };
    (storage, Beforehand::new(Rc::new(medium)))
}

/// Tries a job until nothing is missing, and finishes it; answers how often it was tried, too.
fn run<T>(storage: &Beforehand, mut job: impl FnMut(&Beforehand) -> Result<T>) -> (Result<T>, u32) {
    for tries in 1..100 {
        if is_missed(&storage.begin()) {
            continue;
        }
        let outcome = job(storage);
        if storage.has_missed() {
            continue;
        }
        let finished = (0..100).map(|_| storage.finish()).find(|it| !is_missed(it));
        let finished = finished.expect("it comes to an end");
        return (outcome.and_then(|it| finished.map(|()| it)), tries);
    }
    panic!("it is tried for ever");
}

fn is_missed(outcome: &Result<()>) -> bool {
    matches!(outcome, Err(error) if error.kind == ErrorKind::Missed)
}

fn put(storage: &MemoryStorage, path: &str, bytes: &[u8]) {
    let opened = storage.open(path, Creation::IfMissing);
    opened.expect("opens").write(bytes, 0).expect("writes");
}

/// An empty database of one page.
fn database() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..16].copy_from_slice(b"SQLite format 3\0");
    bytes[16..18].copy_from_slice(&512_u16.to_be_bytes());
    bytes
}

#[test]
fn what_is_missing_is_at_hand_for_the_next_try() {
    let (storage, beforehand) = hesitant();
    let (made, tries) = run(&beforehand, |it| {
        let lock = it.acquire("a.db")?;
        let opened = it.open("a.db", Creation::IfMissing);
        lock.release().and(opened)?.close()
    });
    made.expect("makes it");
    assert_eq!(tries, 3, "once for the lock, once for the file");
    assert_eq!(storage.bytes("a.db"), Some(Vec::new()));
    storage.acquire("a.db").expect("it was given back");
}

#[test]
fn names_change_at_the_end_and_are_seen_before() {
    let (storage, beforehand) = hesitant();
    put(&storage, "a", b"a");
    let (seen, _) = run(&beforehand, |it| {
        it.rename("a", "b")?;
        let mut draft = it.open("a", Creation::IfMissing)?;
        draft.write(b"new", 0)?;
        draft.close()?;
        assert_eq!(storage.list("")?, ["a"], "nothing has happened yet");
        Ok((it.exists("a")?, it.exists("b")?, it.list("")?))
    });
    assert_eq!(seen, Ok((true, true, vec!["a".into(), "b".into()])));
    assert_eq!(storage.bytes("a"), Some(b"new".to_vec()));
    assert_eq!(storage.bytes("b"), Some(b"a".to_vec()));
}

#[test]
fn a_database_is_imported_over_another_one_and_removed() {
    let (storage, beforehand) = hesitant();
    put(&storage, "a.db", b"old");
    put(&storage, "a.db-wal", b"frames");
    let mut import = None;
    let (begun, _) = run(&beforehand, |it| {
        import = Some(files::Import::begin(Rc::new(it.clone()), "a.db", true)?);
        Ok(())
    });
    begun.expect("begins");
    let mut import = import.expect("it has begun");
    run(&beforehand, |_| import.append(&database()))
        .0
        .expect("appends");
    run(&beforehand, |_| import.seal()).0.expect("seals");
    run(&beforehand, |_| import.finish()).0.expect("finishes");
    assert_eq!(storage.bytes("a.db"), Some(database()));
    assert_eq!(storage.bytes("a.db-wal"), Some(Vec::new()));
    let deleted = run(&beforehand, |it| files::delete_database(it, "a.db")).0;
    assert_eq!(deleted, Ok(true));
    let left = storage.list("").expect("lists");
    assert!(
        left.iter().all(|path| !path.starts_with("a.db")),
        "{left:?}"
    );
}

#[test]
fn a_database_that_lost_its_name_gets_it_back_first() {
    let (storage, beforehand) = hesitant();
    put(&storage, ".anchorite/replaced/1000/a.db", &database());
    let renamed = run(&beforehand, |it| files::rename_database(it, "a.db", "b.db")).0;
    renamed.expect("renames");
    assert_eq!(storage.bytes("a.db"), None);
    assert_eq!(storage.bytes("b.db"), Some(database()));
}

#[test]
fn what_tidies_up_after_a_vain_attempt_changes_nothing() {
    let (storage, beforehand) = hesitant();
    put(&storage, "aside", b"a");
    put(&storage, "kept", b"k");
    let (read, _) = run(&beforehand, |it| {
        if !it.exists("a")? {
            it.rename("aside", "a")?;
        }
        it.open("kept", Creation::Never)?.close()?;
        // It has its name after the changes only, which are made before the next try.
        let file = it.open("a", Creation::Never);
        let mut file = file.inspect_err(|_| drop(it.delete("kept")))?;
        let size = file.size();
        file.close().and(size)
    });
    assert_eq!(read, Ok(1));
    assert_eq!(
        storage.bytes("kept"),
        Some(b"k".to_vec()),
        "nobody wanted it gone"
    );
}

#[test]
fn what_another_context_has_removed_by_then_is_removed() {
    let (storage, beforehand) = hesitant();
    put(&storage, "old", b"");
    let removed = run(&beforehand, |it| {
        it.delete("old")?;
        drop(storage.delete("old"));
        Ok(())
    });
    assert_eq!(removed.0, Ok(()));
}

#[test]
fn what_is_bound_fails_and_nothing_is_missed() {
    let (_, beforehand) = hesitant();
    let (refused, tries) = run(&beforehand, |it| {
        bound(|| it.open("a.db-mj1", Creation::IfMissing)).map(drop)
    });
    let refused = refused.expect_err("it would have to wait");
    assert_eq!((refused.kind, tries), (ErrorKind::CannotSuspend, 1));
}

#[test]
fn what_cannot_be_closed_any_more_is_said() {
    let (storage, beforehand) = hesitant();
    put(&storage, "a.db", b"");
    let mut open = None;
    let opened = run(&beforehand, |it| {
        open = Some(it.open("a.db", Creation::Never)?);
        Ok(())
    });
    opened.0.expect("opens");
    storage.delete("a.db").expect("is cleared");
    let mut open = open;
    let closed = run(&beforehand, |_| open.take().map_or(Ok(()), File::close)).0;
    assert_eq!(closed.expect_err("it is gone").operation, Operation::Close);
}
