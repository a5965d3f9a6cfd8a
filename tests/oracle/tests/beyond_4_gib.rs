//! A database beyond 4 GiB through our VFS, on the simulated disk, which keeps holes as holes.
//!
//! It is small, then grown by hand: every page that was added is on the list of free ones, those
//! beyond 4 GiB first. The browsers do the same in `tests/page/large/sparse.ts`.

use std::rc::Rc;

use anchorite_vfs::sim::{Medium, SimDisk};
use anchorite_vfs::{Creation, File, Options, Storage, register};
use rusqlite::{Connection, OpenFlags};

const PAGE_SIZE: u64 = 65536;

/// The first page beyond 4 GiB; pages count from 1.
const FIRST_FAR_PAGE: u32 = 65537;

/// How many there shall be: 64 MiB.
const FAR_PAGES: u32 = 1024;

/// The page with SQLite's lock bytes is never used.
const LOCK_PAGE: u32 = 16385;

/// A trunk page and its leaves, of which it could hold 16382.
const GROUP: usize = 16_001;

const ROWS: u32 = 100;

fn open(path: &str, vfs: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, flags, vfs).expect("opens")
}

fn close(connection: Connection) {
    connection
        .close()
        .map_err(|(_, error)| error)
        .expect("closes");
}

fn write_numbers(file: &mut dyn File, offset: u64, numbers: &[u32]) {
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect();
    file.write(&bytes, offset).expect("writes");
}

fn start_of(page: u32) -> u64 {
    u64::from(page - 1) * PAGE_SIZE
}

/// Source: <https://sqlite.org/fileformat2.html#the_freelist>.
fn grow(file: &mut dyn File) {
    let used = u32::try_from(file.size().expect("has a size") / PAGE_SIZE).expect("is small");
    let last = FIRST_FAR_PAGE - 1 + FAR_PAGES;
    let far: Vec<u32> = (FIRST_FAR_PAGE..=last).collect();
    let near: Vec<u32> = (used + 1..FIRST_FAR_PAGE)
        .filter(|page| *page != LOCK_PAGE)
        .collect();
    let groups: Vec<&[u32]> = [&far[..]].into_iter().chain(near.chunks(GROUP)).collect();
    file.truncate(start_of(last + 1)).expect("grows");
    for (index, group) in groups.iter().enumerate() {
        let next = groups.get(index + 1).map_or(0, |next| next[0]);
        let count = u32::try_from(group.len() - 1).expect("fits a page");
        let trunk = [&[next, count], &group[1..]].concat();
        write_numbers(file, start_of(group[0]), &trunk);
    }
    let free = u32::try_from(far.len() + near.len()).expect("fits the header");
    // The header: pages of the database, first trunk, free pages.
    write_numbers(file, 28, &[last, far[0], free]);
}

/// A row of about a page, written so that it can be told from every other.
fn insert(connection: &Connection) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {ROWS})
         INSERT INTO far (a) SELECT printf('%060000d', i) FROM n"
    );
    let inserted = connection.execute(&sql, []).expect("inserts");
    assert_eq!(inserted, ROWS as usize);
}

#[test]
fn rows_beyond_4_gib_are_written_and_read_in_both_kinds_of_journal() {
    let disk = SimDisk::new(Medium::default());
    register("far", Rc::new(disk.clone()), Options::default()).expect("registers");
    let made = open("a.db", "far");
    made.execute_batch("PRAGMA page_size = 65536; CREATE TABLE far (id INTEGER PRIMARY KEY, a)")
        .expect("makes a table");
    close(made);
    let mut file = disk.open("a.db", Creation::Never).expect("is there");
    grow(&mut *file);
    file.close().expect("closes");
    for mode in ["delete", "wal"] {
        let connection = open("a.db", "far");
        let pragma = format!("PRAGMA journal_mode = {mode}");
        let now: String = connection
            .query_row(&pragma, [], |row| row.get(0))
            .expect("changes");
        assert_eq!(now, mode);
        insert(&connection);
        close(connection);
    }
    let connection = open("a.db", "far");
    let right =
        format!("SELECT count(*) FROM far WHERE a = printf('%060000d', (id - 1) % {ROWS} + 1)");
    let pages = "SELECT count(*) FROM dbstat WHERE name = 'far' AND pgoffset >= 4294967296";
    for sql in [right.as_str(), pages] {
        let count: u32 = connection
            .query_row(sql, [], |row| row.get(0))
            .expect("reads");
        assert!(count >= 2 * ROWS, "{count} for {sql}");
    }
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checks");
    assert_eq!(found, "ok");
}
