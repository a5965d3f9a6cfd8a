//! `PRAGMA integrity_check`, natively, over databases that a browser wrote.
//!
//! The browser tests export databases into a folder; `cargo xtask test` then calls this.
//! It must not know how the files came there, and it repairs nothing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags};

/// Checks every `*.sqlite` and `*.db` directly in `folder`; names the good ones on `out`.
///
/// # Errors
///
/// Names every database that did not pass; a folder without any is an error, too.
pub(crate) fn check_folder(folder: &Path, out: &mut impl Write) -> Result<()> {
    let databases = databases_in(folder)?;
    ensure!(!databases.is_empty(), "no database in {}", folder.display());
    let mut bad = Vec::new();
    for database in &databases {
        match integrity_check(database) {
            Ok(()) => writeln!(out, "ok {}", database.display())?,
            Err(error) => bad.push(format!("{}: {error:#}", database.display())),
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    bail!(
        "{} of {} databases are bad:\n{}",
        bad.len(),
        databases.len(),
        bad.join("\n")
    )
}

fn databases_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut databases = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|end| end == "sqlite" || end == "db")
        {
            databases.push(path);
        }
    }
    databases.sort();
    Ok(databases)
}

fn integrity_check(database: &Path) -> Result<()> {
    // SQLite takes an empty file for an empty database; an export is never that.
    ensure!(fs::metadata(database)?.len() > 0, "the file is empty");
    // READ_WRITE, because opening may have to recover a journal that lies beside the file.
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    ensure!(
        lines == ["ok"],
        "integrity_check says: {}",
        lines.join("; ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("anchorite-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (file, bytes) in files {
            fs::write(folder.join(file), bytes).unwrap();
        }
        folder
    }

    fn good_database() -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t(a, b); CREATE INDEX i ON t(b);
            INSERT INTO t SELECT value, value % 7 FROM json_each('[3,1,4,1,5,9,2,6]')";
        connection.execute_batch(sql).unwrap();
        connection.serialize("main").unwrap().to_vec()
    }

    fn message_for(name: &str, files: &[(&str, &[u8])]) -> Option<String> {
        let folder = folder_of(name, files);
        let result = check_folder(&folder, &mut Vec::new());
        fs::remove_dir_all(&folder).unwrap();
        result.err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn a_good_database_passes() {
        assert_eq!(message_for("good", &[("a.sqlite", &good_database())]), None);
    }

    #[test]
    fn an_empty_folder_fails() {
        assert!(
            message_for("none", &[("notes.txt", b"x")])
                .unwrap()
                .contains("no database")
        );
    }

    #[test]
    fn bad_databases_are_named() {
        let good = good_database();
        let mut torn = good.clone();
        // The last page is the index: without its rows it disagrees with the table.
        let page = torn.len() - 4096;
        torn[page + 3..page + 5].copy_from_slice(&[0, 0]);
        let files: [(&str, &[u8]); 4] = [
            ("a.sqlite", &good),
            ("b.db", &torn),
            ("c.sqlite", b"no database"),
            ("d.db", b""),
        ];
        let message = message_for("bad", &files).unwrap();
        assert!(message.starts_with("3 of 4 databases are bad"), "{message}");
        for name in ["b.db", "c.sqlite", "d.db"] {
            assert!(message.contains(name), "{message}");
        }
    }
}
