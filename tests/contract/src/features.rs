//! What SQLite does with whole files: ATTACH, VACUUM, page sizes, backup, serialize, blobs, temp.

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, ffi};
use std::io::{Read, Seek, SeekFrom, Write};

use crate::check::{Outcome, equal, same_bytes, that};
use crate::raw::Vfs;
use crate::sql::{Db, MODES, Side, has_side, main_bytes, put_main, told};

const FILL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v, data);
    CREATE INDEX t_v ON t (v);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60)
    INSERT INTO t SELECT i, 'row ' || (i * 7919 % 61), zeroblob(i * 100) FROM n";
const SUM: &str = "SELECT count(*), sum(length(data)), min(v) FROM t";
const FILLED: &str = "60|183000|row 1";

/// Every page size of up to 4 KiB works with a rollback journal.
pub(crate) fn small_pages_work(vfs: &Vfs) -> Outcome {
    let mut sizes = [512, 1024, 2048, 4096].into_iter();
    sizes.try_for_each(|size| works_in_pages_of(vfs, size, "delete"))
}

/// Every page size beyond that works with a rollback journal.
pub(crate) fn large_pages_work(vfs: &Vfs) -> Outcome {
    let mut sizes = [8192, 16_384, 32_768, 65_536].into_iter();
    sizes.try_for_each(|size| works_in_pages_of(vfs, size, "delete"))
}

/// The smallest and the largest page size work with a WAL.
pub(crate) fn pages_of_every_size_work_in_a_wal(vfs: &Vfs) -> Outcome {
    let mut sizes = [512, 4096, 65_536].into_iter();
    sizes.try_for_each(|size| works_in_pages_of(vfs, size, "wal"))
}

fn works_in_pages_of(vfs: &Vfs, size: usize, mode: &str) -> Outcome {
    let path = vfs.path(&format!("{mode}-{size}.db"));
    let db = Db::open(vfs, &path)?;
    db.exec(&format!("PRAGMA page_size = {size}"))?;
    db.says(&format!("PRAGMA journal_mode = {mode}"), mode)?;
    db.exec(FILL)?;
    db.exec("DELETE FROM t WHERE id % 2 = 0; VACUUM")?;
    db.says("PRAGMA page_size", &size.to_string())?;
    db.is_sound()?;
    db.close()?;
    let bytes = main_bytes(vfs, &path)?;
    equal("size of the file", bytes.len() % size, 0)?;
    let db = Db::open(vfs, &path)?;
    db.says("SELECT count(*), sum(length(data)) FROM t", "30|90000")
}

/// VACUUM changes the page size with a rollback journal, and leaves it in WAL mode.
pub(crate) fn vacuum_changes_the_page_size(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let db = Db::in_mode(vfs, &path, "delete")?;
    db.exec(FILL)?;
    for size in ["512", "65536", "1024"] {
        db.exec(&format!("PRAGMA page_size = {size}; VACUUM"))?;
        db.says("PRAGMA page_size", size)?;
        db.says(SUM, FILLED)?;
        db.is_sound()?;
    }
    db.says("PRAGMA journal_mode = wal", "wal")?;
    db.exec("PRAGMA page_size = 4096; VACUUM")?;
    db.says("PRAGMA page_size", "1024")?;
    db.says(SUM, FILLED)
}

/// VACUUM gives space back, in every mode, and other connections go on.
pub(crate) fn vacuum_gives_space_back(vfs: &Vfs) -> Outcome {
    for mode in MODES {
        let path = vfs.path(&format!("{mode}.db"));
        let db = Db::in_mode(vfs, &path, mode)?;
        db.exec(FILL)?;
        let other = Db::open(vfs, &path)?;
        other.says(SUM, FILLED)?;
        db.exec("DELETE FROM t WHERE id > 10")?;
        let before: i64 = number(&db, "PRAGMA page_count")?;
        db.exec("VACUUM")?;
        let after = number(&db, "PRAGMA page_count")?;
        that(
            &format!("{mode}: {after} of {before} pages"),
            after < before,
        )?;
        other.says("SELECT count(*) FROM t", "10")?;
        other.is_sound()?;
    }
    Ok(())
}

fn number(db: &Db, sql: &str) -> Result<i64, String> {
    db.ask(sql)?
        .parse()
        .map_err(|_| format!("{sql}: no number"))
}

/// VACUUM INTO writes a whole second database beside a writer's connection.
pub(crate) fn vacuum_into_makes_a_copy(vfs: &Vfs) -> Outcome {
    for mode in ["delete", "wal"] {
        let [path, copy] = ["", "-copy"].map(|end| vfs.path(&format!("{mode}{end}.db")));
        let db = Db::in_mode(vfs, &path, mode)?;
        db.exec(FILL)?;
        db.exec(&format!("VACUUM INTO '{copy}'"))?;
        db.exec("DELETE FROM t")?;
        let other = Db::open(vfs, &copy)?;
        other.says(SUM, FILLED)?;
        other.is_sound()?;
        db.fails(&format!("VACUUM INTO '{copy}'"), ErrorCode::Unknown)?;
        other.says(SUM, FILLED)?;
    }
    Ok(())
}

/// auto_vacuum, of both kinds, cuts the file when rows go.
pub(crate) fn auto_vacuum_cuts_the_file(vfs: &Vfs) -> Outcome {
    for (kind, extra) in [("FULL", ""), ("INCREMENTAL", "; PRAGMA incremental_vacuum")] {
        for mode in ["delete", "wal"] {
            let path = vfs.path(&format!("{kind}-{mode}.db"));
            let db = Db::open(vfs, &path)?;
            db.exec(&format!("PRAGMA auto_vacuum = {kind}"))?;
            db.says(&format!("PRAGMA journal_mode = {mode}"), mode)?;
            db.exec(FILL)?;
            let before = number(&db, "PRAGMA page_count")?;
            db.exec(&format!("DELETE FROM t WHERE id > 10{extra}"))?;
            let after = number(&db, "PRAGMA page_count")?;
            that(
                &format!("{kind}, {mode}: {after} of {before}"),
                after < before,
            )?;
            db.is_sound()?;
            db.close()?;
            Db::open(vfs, &path)?.says("SELECT count(*) FROM t", "10")?;
        }
    }
    Ok(())
}

/// A transaction over two attached files is in both or in none.
pub(crate) fn attached_files_commit_together(vfs: &Vfs) -> Outcome {
    for mode in ["delete", "truncate", "persist", "wal"] {
        let [one, two] = ["one", "two"].map(|name| vfs.path(&format!("{mode}-{name}.db")));
        let other = Db::in_mode(vfs, &two, mode)?;
        other.exec("CREATE TABLE u (v)")?;
        let db = Db::in_mode(vfs, &one, mode)?;
        db.exec(&format!("CREATE TABLE t (v); ATTACH '{two}' AS two"))?;
        db.exec("BEGIN; INSERT INTO t VALUES (1); INSERT INTO two.u VALUES (2)")?;
        other.says("SELECT count(*) FROM u", "0")?;
        other.is_busy("INSERT INTO u VALUES (3)")?;
        db.exec("COMMIT")?;
        other.says("SELECT v FROM u", "2")?;
        db.exec("BEGIN; DELETE FROM t; DELETE FROM two.u; ROLLBACK")?;
        db.says("SELECT (SELECT v FROM t) || (SELECT v FROM two.u)", "12")?;
        other.exec("INSERT INTO u VALUES (3)")?;
        db.exec("DETACH two")?;
        other.says("SELECT count(*) FROM u", "2")?;
        db.is_sound()?;
        other.is_sound()?;
        that("no journal is left", !has_journal_in_use(vfs, &one, mode)?)?;
    }
    Ok(())
}

/// A journal that PERSIST leaves has bytes, which mean nothing.
fn has_journal_in_use(vfs: &Vfs, path: &str, mode: &str) -> Result<bool, String> {
    Ok(mode != "persist" && has_side(vfs, path, Side::Journal)?)
}

/// The same file attached to two connections, and twice to one.
pub(crate) fn a_file_may_be_attached_twice(vfs: &Vfs) -> Outcome {
    let (one, two) = (vfs.path("one.db"), vfs.path("two.db"));
    let a = Db::open(vfs, &one)?;
    let b = Db::open(vfs, &two)?;
    b.exec(FILL)?;
    for name in ["x", "y"] {
        a.exec(&format!("ATTACH '{two}' AS {name}"))?;
    }
    for name in ["x", "y"] {
        a.says(&format!("SELECT count(*) FROM {name}.t"), "60")?;
    }
    b.exec("DELETE FROM t WHERE id > 10")?;
    a.says(
        "SELECT (SELECT count(*) FROM x.t) + (SELECT count(*) FROM y.t)",
        "20",
    )
}

/// An image of a database comes out in every mode, and goes in again.
pub(crate) fn serialize_and_deserialize(vfs: &Vfs) -> Outcome {
    for mode in MODES {
        let path = vfs.path(&format!("{mode}.db"));
        let mut db = Db::in_mode(vfs, &path, mode)?;
        db.exec(FILL)?;
        let image = told("serialize", db.connection.serialize(MAIN_DB))?.to_vec();
        let copy = vfs.path(&format!("{mode}-copy.db"));
        put_main(vfs, &copy, &image)?;
        let written = Db::open(vfs, &copy)?;
        written.says(SUM, FILLED)?;
        written.is_sound()?;
        // In memory there is no WAL, so the mark of one must go.
        let mut plain = image;
        plain[18..20].fill(1);
        let mut scratch = Db::open(vfs, &vfs.path(&format!("{mode}-scratch.db")))?;
        let connection = &mut scratch.connection;
        let read = connection.deserialize_read_exact(MAIN_DB, &*plain, plain.len(), false);
        told("deserialize", read)?;
        scratch.says(SUM, FILLED)?;
        scratch.exec("DELETE FROM t")?;
        db.says(SUM, FILLED)?;
    }
    Ok(())
}

/// The backup API copies from file to file, step by step, while the source is written to.
pub(crate) fn backup_copies_a_database(vfs: &Vfs) -> Outcome {
    for mode in ["delete", "wal"] {
        let [path, copy] = ["", "-copy"].map(|end| vfs.path(&format!("{mode}{end}.db")));
        let source = Db::in_mode(vfs, &path, mode)?;
        source.exec(FILL)?;
        let writer = Db::open(vfs, &path)?;
        let mut target = Db::open(vfs, &copy)?;
        copy_slowly(&source.connection, &mut target.connection, &writer)?;
        target.says("SELECT count(*) FROM t", "61")?;
        target.is_sound()?;
        source.says("SELECT count(*) FROM t", "61")?;
    }
    Ok(())
}

fn copy_slowly(source: &Connection, target: &mut Connection, writer: &Db) -> Outcome {
    let backup = told("backup", rusqlite::backup::Backup::new(source, target))?;
    told("step", backup.step(5))?;
    writer.exec("INSERT INTO t (v) VALUES ('while it is copied')")?;
    for _ in 0..1000 {
        if told("step", backup.step(5))? == rusqlite::backup::StepResult::Done {
            return Ok(());
        }
    }
    Err("the backup never ends".to_owned())
}

/// A blob is read and written in place, in parts.
pub(crate) fn blobs_are_read_and_written_in_place(vfs: &Vfs) -> Outcome {
    for mode in MODES {
        let path = vfs.path(&format!("{mode}.db"));
        let db = Db::in_mode(vfs, &path, mode)?;
        db.exec("CREATE TABLE t (v); INSERT INTO t VALUES (zeroblob(100000))")?;
        change_blob(&db.connection).map_err(|error| format!("{mode}: {error}"))?;
        let other = Db::open(vfs, &path)?;
        other.says(
            "SELECT length(v), substr(v, 50001, 6) FROM t",
            "100000|6 bytes",
        )?;
        other.says(
            "SELECT count(*) FROM t WHERE substr(v, 50001, 6) = x'010203040506'",
            "1",
        )?;
        other.is_sound()?;
    }
    Ok(())
}

fn change_blob(connection: &Connection) -> Outcome {
    let words = |error: std::io::Error| error.to_string();
    let mut blob = told("open", connection.blob_open(MAIN_DB, "t", "v", 1, false))?;
    blob.seek(SeekFrom::Start(50_000)).map_err(words)?;
    blob.write_all(&[1, 2, 3, 4, 5, 6]).map_err(words)?;
    blob.seek(SeekFrom::Start(49_998)).map_err(words)?;
    let mut read = [0xff; 10];
    blob.read_exact(&mut read).map_err(words)?;
    same_bytes("blob", &read, &[0, 0, 1, 2, 3, 4, 5, 6, 0, 0])?;
    told("close", blob.close())
}

/// Temporary tables and sorts work wherever `temp_store` puts them, larger than the cache.
pub(crate) fn temporary_files_take_what_does_not_fit(vfs: &Vfs) -> Outcome {
    for store in ["FILE", "MEMORY", "DEFAULT"] {
        let db = Db::open(vfs, &vfs.path(&format!("{store}.db")))?;
        db.exec(&format!(
            "PRAGMA temp_store = {store}; PRAGMA cache_size = 10"
        ))?;
        db.exec(
            "CREATE TEMP TABLE big AS
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)
             SELECT i, (i * 7919) % 3001 AS key, randomblob(300) AS data FROM n",
        )?;
        db.exec("PRAGMA temp.cache_size = 10; BEGIN; UPDATE big SET key = -key; ROLLBACK")?;
        db.exec("CREATE INDEX temp.big_key ON big (key, data)")?;
        db.says(
            "SELECT count(*), min(key), max(key) FROM big",
            "3000|1|3000",
        )?;
        let sorted = "SELECT count(*) FROM (SELECT *, lag(data) OVER (ORDER BY data) AS before
             FROM big) WHERE before > data";
        db.says(sorted, "0")?;
        db.says("PRAGMA temp.integrity_check", "ok")?;
        db.close()?;
    }
    Ok(())
}

/// A file that is no database is refused, and left as it was.
pub(crate) fn a_foreign_file_is_left_alone(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let foreign = vec![b'x'; 10_000];
    put_main(vfs, &path, &foreign)?;
    let db = Db::open(vfs, &path)?;
    db.fails("SELECT * FROM sqlite_schema", ErrorCode::NotADatabase)?;
    db.fails("CREATE TABLE t (v)", ErrorCode::NotADatabase)?;
    db.close()?;
    same_bytes("content", &main_bytes(vfs, &path)?, &foreign)
}

/// A read-only connection opens what is there only, and changes no byte of it.
pub(crate) fn a_read_only_connection_changes_nothing(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let missing = Db::open_as(vfs, &path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let code = missing.err().and_then(|error| error.sqlite_error_code());
    equal("missing", code, Some(ErrorCode::CannotOpen))?;
    let there = vfs.access(&path, ffi::SQLITE_ACCESS_EXISTS);
    equal("made by the attempt", there, Ok(false))?;
    let db = Db::in_mode(vfs, &path, "delete")?;
    db.exec(FILL)?;
    db.close()?;
    let before = main_bytes(vfs, &path)?;
    let db = Db::open_read_only(vfs, &path)?;
    db.says(SUM, FILLED)?;
    db.fails("DELETE FROM t", ErrorCode::ReadOnly)?;
    db.fails("CREATE TABLE u (v)", ErrorCode::ReadOnly)?;
    db.close()?;
    same_bytes("content", &main_bytes(vfs, &path)?, &before)
}

/// A name may carry parameters, which are not part of it.
pub(crate) fn a_uri_may_name_a_database(vfs: &Vfs) -> Outcome {
    let path = vfs.path("a.db");
    let db = Db::open(vfs, &path)?;
    db.exec(FILL)?;
    db.close()?;
    let uri = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let named = |name: String| Db::open_as(vfs, &name, uri);
    let db = told(
        "as a URI",
        named(format!("file:{path}?cache=private&psow=0")),
    )?;
    db.says(SUM, FILLED)?;
    db.exec("UPDATE t SET v = v")?;
    db.close()?;
    let db = told("read-only", named(format!("file:{path}?mode=ro")))?;
    db.fails("DELETE FROM t", ErrorCode::ReadOnly)?;
    db.says(SUM, FILLED)
}
