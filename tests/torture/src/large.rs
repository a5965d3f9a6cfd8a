//! A database beyond 4 GiB under power loss: a sparse one, so that it costs what is written to it.

use anchorite_vfs::sim::{Change, Choice, Content, Image, Recording, Replay, SimDisk};
use rusqlite::Connection;

use crate::configuration::{Configuration, Journal, Synchronous};
use crate::malloc;
use crate::record::connect;
use crate::switch::Switch;

const FILE: &str = "large.db";
const PAGE_SIZE: u64 = 65_536;
/// 4.27 GiB.
const PAGES: u32 = 70_000;

/// Where a database says how many pages it has; source: <https://sqlite.org/fileformat2.html>.
const PAGES_FIELD: u64 = 28;

/// A small database that claims, and has, many pages that nothing refers to.
fn image(switch: &Switch, configuration: Configuration) -> Image {
    let disk = switch.plug_image(configuration.medium(), &Image::default(), false);
    let connection = connect(switch, FILE).unwrap();
    let journal = configuration.journal.sql();
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE_SIZE}; PRAGMA journal_mode = {journal};
             CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)"
        ))
        .unwrap();
    connection.close().unwrap();
    let mut image = disk.live_image();
    let mut content: Content = image.files[FILE].clone();
    content.write(&PAGES.to_be_bytes(), PAGES_FIELD);
    content.truncate(u64::from(PAGES) * PAGE_SIZE);
    image.files.insert(FILE.to_owned(), content);
    image
}

/// Each row is acknowledged; returns how many changes of the disk there were after each.
fn insert_rows(connection: &Connection, disk: &SimDisk) -> Vec<usize> {
    let mut ends = Vec::new();
    for row in 1..=4_i64 {
        let sql = "INSERT INTO t VALUES (?1, randomblob(150000))";
        connection.execute(sql, [row]).unwrap();
        ends.push(disk.changes());
    }
    ends
}

/// The rows of a recovered database, each of which must be whole.
fn rows(switch: &Switch, configuration: Configuration, image: &Image) -> usize {
    switch.plug_image(configuration.medium(), image, false);
    let connection = connect(switch, FILE).unwrap();
    let sql = "SELECT count(*), ifnull(sum(length(b)), 0) FROM t";
    let (count, bytes): (i64, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(bytes, count * 150_000);
    connection.close().unwrap();
    usize::try_from(count).unwrap()
}

fn has_written_beyond_four_gib(recording: &Recording) -> bool {
    let beyond = |change: &Change| match change {
        Change::Write { offset, .. } => *offset > u64::from(u32::MAX),
        _ => false,
    };
    recording.log.iter().any(|logged| beyond(&logged.change))
}

fn survives(switch: &Switch, journal: Journal) {
    let configuration = Configuration::new(journal, Synchronous::Full);
    let image = image(switch, configuration);
    let disk = switch.plug_image(configuration.medium(), &image, true);
    let connection = connect(switch, FILE).unwrap();
    let sql = format!("PRAGMA journal_mode = {}", journal.sql());
    let mode: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    assert_eq!(mode, journal.sql());
    connection
        .execute_batch("PRAGMA synchronous = FULL")
        .unwrap();
    let ends = insert_rows(&connection, &disk);
    connection.close().unwrap();
    let recording = disk.recording();
    assert!(has_written_beyond_four_gib(&recording));
    let mut replay = Replay::new(&recording);
    while replay.advance() {
        let position = replay.position();
        let acknowledged = ends.partition_point(|end| *end <= position);
        let seeded = Choice::Seeded(position as u64);
        for choice in [Choice::Nothing, Choice::Everything, seeded] {
            let found = rows(switch, configuration, &replay.crash(choice).image);
            let in_flight = (acknowledged + 1).min(ends.len());
            assert!(
                (acknowledged..=in_flight).contains(&found),
                "{found} rows after {acknowledged} at change {position}, {choice:?}"
            );
        }
    }
}

#[test]
fn a_database_beyond_four_gib_survives_power_loss() {
    // Another test of this process needs it, and only the first to use SQLite can put it in place.
    malloc::install().unwrap();
    let switch = Switch::register().unwrap();
    survives(&switch, Journal::Wal);
    survives(&switch, Journal::Truncate);
}
