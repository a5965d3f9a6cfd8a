//! How often a lock is asked for, how large a WAL may be, and what a schedule once found; tests.

use std::time::Duration;

use anchorite_vfs::SharedLock;
use rusqlite::{Connection, ErrorCode};

use crate::ledger::FIRST_LIFE;
use crate::schedule::Stage;
use crate::workload::{self, DATABASE, WAL_MAX};
use crate::world::World;

const INSERT: &str = "INSERT INTO log VALUES (?1, ?2, zeroblob(?3))";

fn insert(connection: &Connection, life: u32, count: u32) {
    let mut statement = connection.prepare(INSERT).expect("prepares");
    for seq in 0..count {
        statement.execute((life, seq, 40)).expect("inserts");
    }
}

fn count(connection: &Connection) -> u32 {
    let count = connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0));
    count.expect("counts")
}

#[test]
fn whoever_is_alone_asks_for_no_lock() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let alone = workload::open(0).expect("opens");
    insert(&alone, 1, 1);
    let before = world.asked();
    insert(&alone, 2, 100);
    assert_eq!(count(&alone), 101);
    assert_eq!(world.asked(), before);
}

/// The clock stands still, so the leases last.
#[test]
fn small_transactions_beside_an_idle_tab_ask_for_few_locks() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (writer, other) = (workload::open(0).expect("opens"), workload::open(1));
    let other = other.expect("opens");
    insert(&writer, 1, 1);
    let refused = other.query_row("SELECT n FROM counter", [], |_| Ok(()));
    refused.expect_err("the first tab has it for itself until its next lock");
    insert(&writer, 2, 1);
    assert_eq!(count(&other), 2);
    insert(&writer, 3, 1);
    let before = world.asked();
    insert(&writer, 4, 100);
    assert!(world.asked() - before < 10, "{}", world.asked() - before);
    assert_eq!(count(&other), 103);
}

/// Two tabs that both have the database open, each with a row of its own, and without a lease.
fn both_together(stage: &Stage) -> (Connection, Connection) {
    let (first, other) = (workload::open(0).expect("opens"), workload::open(1));
    let other = other.expect("opens");
    insert(&first, 1, 1);
    let refused = other.query_row("SELECT n FROM counter", [], |_| Ok(()));
    refused.expect_err("the first tab has it for itself until its next lock");
    stage.vfs(0).rest().expect("gives way");
    insert(&other, 2, 1);
    stage.vfs(0).rest().expect("gives its leases back");
    stage.vfs(1).rest().expect("gives its leases back");
    (first, other)
}

/// As a host has them, when it knows that a statement writes.
#[test]
fn writers_by_turns_ask_for_one_lock_a_turn() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, other) = both_together(&stage);
    for turn in 0..20 {
        for (tab, connection) in [(0, &first), (1, &other)] {
            let asked = world.asked();
            for number in 0..5 {
                stage.vfs(tab).reserve(DATABASE).expect("nobody has it");
                insert(
                    connection,
                    10 + 10 * turn + 5 * u32::from(tab == 1) + number,
                    1,
                );
            }
            assert_eq!(world.asked() - asked, 1, "WRITE");
            stage.vfs(tab).rest().expect("gives it back");
        }
    }
    assert_eq!(count(&first), 202);
}

/// To move one takes two requests more.
#[test]
fn readers_share_a_mark_that_is_not_old() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, other) = both_together(&stage);
    for turn in 0..10 {
        stage.vfs(0).reserve(DATABASE).expect("nobody has it");
        insert(&first, 10 + turn, 1);
        stage.vfs(0).rest().expect("gives it back");
        let asked = world.asked();
        assert_eq!(count(&other), 3 + turn);
        assert_eq!(world.asked() - asked, 1, "a mark");
        stage.vfs(1).rest().expect("gives it back");
    }
}

/// While a commit of another was seen within a second, nobody looks whether the others have gone.
#[test]
fn whoever_sees_others_commit_does_not_look_around() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, other) = both_together(&stage);
    for turn in 0..10 {
        for (tab, connection) in [(0, &first), (1, &other)] {
            world.pass(400_000);
            stage.vfs(tab).refresh().expect("a job begins");
            let asked = world.asked();
            stage.vfs(tab).reserve(DATABASE).expect("nobody has it");
            insert(connection, 10 + 2 * turn + u32::from(tab == 1), 1);
            assert_eq!(world.asked() - asked, 1, "WRITE");
            stage.vfs(tab).rest().expect("gives it back");
        }
    }
}

/// A job that was to write has failed before it began; the next one reads for long, and a writer of
/// another tab does not wait for that.
#[test]
fn what_was_reserved_in_vain_covers_no_later_job() {
    let stage = Stage::new().expect("a stage");
    let _world = stage.two_tabs();
    let (reader, other) = both_together(&stage);
    stage.vfs(0).reserve(DATABASE).expect("nobody has it");
    for _ in 0..2 {
        stage.vfs(0).refresh().expect("a job begins");
    }
    reader.execute_batch("BEGIN").expect("begins");
    assert_eq!(count(&reader), 2);
    stage.vfs(0).rest().expect("gives WRITE back");
    other.busy_timeout(Duration::ZERO).expect("sets");
    insert(&other, 3, 1);
    assert_eq!(count(&reader), 2);
}

/// The writer needs no mark, and takes WRITE along when it ends; the reader goes on (S20).
#[test]
fn whoever_reads_beside_a_writer_of_its_own_tab_holds_its_mark() {
    let stage = Stage::new().expect("a stage");
    let _world = stage.two_tabs();
    let (writer, other) = both_together(&stage);
    let reader = workload::open(0).expect("opens");
    assert_eq!(count(&reader), 2);
    stage.vfs(0).rest().expect("gives its leases back");
    stage.vfs(0).reserve(DATABASE).expect("nobody has it");
    writer.execute_batch("BEGIN IMMEDIATE").expect("begins");
    reader.execute_batch("BEGIN").expect("begins");
    assert_eq!(count(&reader), 2);
    insert(&writer, 3, 1);
    writer.execute_batch("COMMIT").expect("commits");
    stage.vfs(0).rest().expect("gives WRITE back");
    insert(&other, 4, 200);
    other.busy_timeout(Duration::ZERO).expect("sets");
    let cut = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = other.query_row(cut, [], |row| row.get::<_, i64>(0));
    assert_ne!(busy, Ok(0), "it is still read");
    stage.vfs(1).rest().expect("gives its leases back");
    insert(&other, 5, 200);
    assert_eq!(count(&reader), 2);
    reader.execute_batch("COMMIT").expect("ends");
    assert_eq!(count(&reader), 403);
}

#[test]
fn a_word_counts_only_for_what_is_open_here() {
    let stage = Stage::new().expect("a stage");
    let _world = stage.two_tabs();
    let vfs = stage.vfs(0);
    assert!(vfs.wanted(DATABASE).is_none(), "it is not open yet");
    let connection = workload::open(0).expect("opens");
    insert(&connection, 1, 1);
    assert!(vfs.wanted("other.db").is_none());
    assert!(!vfs.may_wait(), "alone, and nobody wants what is open");
    assert_eq!(vfs.wanted(DATABASE), Some(Duration::ZERO), "it is alone");
    assert!(vfs.may_wait());
    connection.close().expect("closes");
    assert!(!vfs.may_wait(), "nothing is left of it");
}

/// Recovery would read hundreds of frames.
#[test]
fn whoever_is_left_alone_goes_on_without_a_recovery() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (stays, leaves) = (workload::open(0).expect("opens"), workload::open(1));
    let leaves = leaves.expect("opens");
    insert(&stays, 1, 1);
    let refused = leaves.query_row("SELECT n FROM counter", [], |_| Ok(()));
    refused.expect_err("the first tab has it for itself until it hears of it");
    stage.vfs(0).rest().expect("gives way");
    insert(&leaves, 2, 100);
    assert_eq!(count(&stays), 101);
    leaves.close().expect("closes");
    // It would have liked to close the WAL; such words are lost at times.
    let _heard = world.take_wanted(FIRST_LIFE + 1);
    world.pass(2_000_000);
    let before = world.calls();
    assert_eq!(count(&stays), 101);
    assert!(
        world.calls() - before < 60,
        "{} calls",
        world.calls() - before
    );
    let asked = world.asked();
    insert(&stays, 3, 10);
    assert_eq!(world.asked(), asked, "is alone");
}

/// Its host rests after each job; nobody hears a word from then on.
#[test]
fn a_context_that_is_withdrawn_delays_nobody() {
    let stage = Stage::new().expect("a stage");
    let _world = stage.two_tabs();
    let (hidden, other) = (workload::open(0).expect("opens"), workload::open(1));
    let other = other.expect("opens");
    hidden.execute_batch("BEGIN IMMEDIATE").expect("begins");
    stage.vfs(0).withdraw(true);
    stage.vfs(0).rest().expect("keeps what it needs");
    other.busy_timeout(Duration::ZERO).expect("sets");
    let read = || other.query_row("SELECT n FROM counter", [], |_| Ok(()));
    read().expect_err("it is in a transaction");
    hidden.execute_batch("COMMIT").expect("commits");
    stage.vfs(0).rest().expect("gives way");
    assert_eq!(read(), Ok(()));
    insert(&other, 1, 5);
    stage.vfs(1).rest().expect("gives its leases back");
    insert(&hidden, 2, 5);
    stage.vfs(0).rest().expect("gives way");
    insert(&other, 3, 5);
    assert_eq!(count(&hidden), 15);
}

/// Two tabs that take turns; the first has written a row, the second has the turn.
fn both_in_turn(stage: &Stage, world: &World) -> (Connection, Connection) {
    world.take_turns();
    let first = workload::open(0).expect("opens");
    insert(&first, 1, 1);
    workload::open(1).expect_err("the first tab has them");
    stage.vfs(0).rest().expect("gives way");
    (first, workload::open(1).expect("opens"))
}

/// It never waits for the other: each gives way when its host hears a word.
#[test]
fn in_turn_each_has_the_files_for_itself() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, other) = both_in_turn(&stage, &world);
    insert(&other, 2, 5);
    let asked = world.asked();
    assert_eq!(count(&other), 6, "keeps its turn while nobody asks");
    assert_eq!(world.asked(), asked);
    let read = || first.query_row("SELECT n FROM counter", [], |_| Ok(()));
    first.busy_timeout(Duration::ZERO).expect("sets");
    read().expect_err("the other tab has its turn");
    other.execute_batch("BEGIN IMMEDIATE").expect("begins");
    stage.vfs(1).rest().expect("keeps what it needs");
    for _ in 0..2 {
        read().expect_err("a transaction is open; and one word of four is lost");
    }
    other.execute_batch("COMMIT").expect("commits");
    stage.vfs(1).rest().expect("gives way");
    assert_eq!((read(), count(&first)), (Ok(()), 6));
}

/// So that it serves for more than one transaction.
#[test]
fn in_turn_a_host_is_told_how_long_to_keep_what_others_want() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (_first, _other) = both_in_turn(&stage, &world);
    let kept = stage.vfs(1).wanted(DATABASE).expect("it is open");
    assert!(kept > Duration::ZERO);
    assert_eq!(stage.vfs(0).wanted(DATABASE), None, "it waits itself");
    world.pass(u64::try_from(kept.as_micros()).expect("short"));
    assert_eq!(stage.vfs(1).wanted(DATABASE), Some(Duration::ZERO));
}

/// Opening a file takes a browser milliseconds, and in WAL nobody uses the journal. What somebody
/// who has died may have emptied and not synced, the first commit of each context syncs.
#[test]
fn in_turn_the_journal_is_opened_once_for_each_that_writes() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, other) = both_in_turn(&stage, &world);
    let journal = || world.is_open(&format!("{DATABASE}-journal"));
    let take_turn = |tab: usize, act: &dyn Fn(&Connection)| {
        let waiting = [&first, &other][tab];
        waiting.busy_timeout(Duration::ZERO).expect("sets");
        stage.vfs(1 - tab).withdraw(true);
        stage.vfs(1 - tab).rest().expect("gives way");
        stage.vfs(tab).withdraw(false);
        act(waiting);
        journal()
    };
    let read = |connection: &Connection| {
        count(connection);
    };
    let write = |connection: &Connection| insert(connection, 9, 1);
    assert!(!take_turn(0, &read), "it has committed in its first turn");
    assert!(take_turn(1, &read), "it has yet to see that this is WAL");
    take_turn(0, &read);
    assert!(!take_turn(1, &read), "it has nothing to sync");
    take_turn(0, &read);
    assert!(take_turn(1, &write), "its first commit");
    take_turn(0, &read);
    let sequel = |connection: &Connection| insert(connection, 10, 1);
    assert!(!take_turn(1, &sequel), "its second one");
}

/// What one believes of the journal mode stays true while it has not the turn.
#[test]
fn in_turn_nobody_leaves_wal_under_another() {
    let stage = Stage::new().expect("a stage");
    let (first, other) = both_in_turn(&stage, &stage.two_tabs());
    other.busy_timeout(Duration::ZERO).expect("sets");
    let leave = || other.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0));
    let busy: rusqlite::Result<String> = leave();
    assert_eq!(
        busy.expect_err("is used").sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy)
    );
    stage.vfs(1).withdraw(true);
    stage.vfs(1).rest().expect("gives way");
    first.close().expect("closes");
    assert_eq!(leave(), Ok("delete".to_owned()));
    insert(&other, 2, 1);
    stage.vfs(1).rest().expect("gives way");
    let again = workload::open(0).expect("opens");
    insert(&again, 3, 1);
    assert_eq!(count(&again), 3);
}

#[test]
fn one_context_at_a_time_opens_the_files() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let making = SharedLock::Making.name(DATABASE);
    assert!(world.try_take(&making, 1, true));
    let busy = workload::open(0).expect_err("another one is making them");
    assert_eq!(
        busy.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy),
        "so that its host waits"
    );
    world.give_back(&making, 1);
    let first = workload::open(0).expect("opens");
    let second = workload::open(1).expect("nobody is opening any more");
    assert_eq!((count(&first), count(&first)), (0, 0));
    drop(second);
}

/// Its frames need three regions of the index, which the other tab makes from the WAL.
#[test]
fn a_large_transaction_is_seen_whole() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (writer, other) = (workload::open(0).expect("opens"), workload::open(1));
    let other = other.expect("opens");
    let no_checkpoint = "PRAGMA wal_autocheckpoint = 0";
    writer.execute_batch(no_checkpoint).expect("sets");
    other.execute_batch(no_checkpoint).expect("sets");
    insert(&writer, 1, 1);
    other
        .query_row("SELECT n FROM counter", [], |_| Ok(()))
        .expect_err("is asked for");
    writer.execute_batch("BEGIN").expect("begins");
    let mut statement = writer.prepare(INSERT).expect("prepares");
    for seq in 0..2500 {
        statement.execute((2, seq, 2000)).expect("inserts");
    }
    writer.execute_batch("COMMIT").expect("commits");
    assert!(
        world.largest_wal() > 10_000 * 536,
        "{}",
        world.largest_wal()
    );
    assert_eq!(count(&other), 2501);
    stage.vfs(0).rest().expect("gives back");
    insert(&other, 3, 20);
    assert_eq!(count(&writer), 2521);
    for connection in [&writer, &other] {
        let answer = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
        let answer: String = answer.expect("checks");
        assert_eq!(answer, "ok");
    }
}

/// Found by a random schedule: the second connection had last seen the header that recovery makes
/// of an empty WAL, took the next recovery for no change, and read its old pages.
#[test]
fn pages_kept_over_a_recovery_are_not_believed() {
    let stage = Stage::new().expect("a stage");
    let world = stage.two_tabs();
    let (first, second) = (workload::open(0).expect("opens"), workload::open(0));
    let second = second.expect("opens");
    assert_eq!((count(&first), count(&second)), (0, 0));
    let other = workload::open(1).expect("opens");
    let read = other.query_row("SELECT n FROM counter", [], |_| Ok(()));
    read.expect_err("the first tab is alone until it hears of it");
    stage.vfs(0).rest().expect("gives back");
    insert(&other, 1, 5);
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let done = other.query_row(checkpoint, [], |row| row.get::<_, i64>(0));
    assert_eq!(done, Ok(0), "is not busy");
    other.close().expect("closes");
    world.pass(2_000_000);
    assert_eq!((count(&first), count(&second)), (5, 5));
}

/// Found by one of a million random schedules, and so in SQLite 3.40 with its own VFS: whoever
/// leaves WAL compares the change counter, which another one's commit to the WAL has not moved, and
/// reads its old pages; what it writes next would take back that commit.
#[test]
fn pages_kept_from_the_wal_are_not_believed_after_leaving_it() {
    let stage = Stage::new().expect("a stage");
    let _world = stage.two_tabs();
    let (first, second) = (workload::open(0).expect("opens"), workload::open(0));
    let second = second.expect("opens");
    let number = |connection: &Connection| -> i64 {
        let sql = "SELECT n FROM counter";
        let read = connection.query_row(sql, [], |row| row.get(0));
        read.expect("reads")
    };
    assert_eq!(number(&first), 0);
    second
        .execute_batch("UPDATE counter SET n = 7")
        .expect("writes");
    second.close().expect("closes");
    let leave = "PRAGMA journal_mode = DELETE";
    let left = first.query_row(leave, [], |row| row.get::<_, String>(0));
    assert_eq!(left.as_deref(), Ok("delete"));
    assert_eq!(number(&first), 7);
}

/// What a host does about a WAL that has grown is enough, whoever reads at the time.
#[test]
fn the_wal_stays_small_under_steady_load() {
    let stage = Stage::new().expect("a stage");
    for seed in 1..=12 {
        let outcome = stage.run_steadily(seed, false);
        assert_eq!(outcome.troubles, []);
        let largest = outcome.largest_wal;
        assert!(largest > WAL_MAX, "seed {seed} writes too little to tell");
        assert!(largest < 4 * WAL_MAX, "seed {seed}: {largest} B");
    }
}

/// A statement that runs for long keeps the WAL from being emptied for as long, and no longer.
#[test]
fn the_wal_grows_by_what_is_written_beside_a_long_statement() {
    let stage = Stage::new().expect("a stage");
    let mut beside = 0;
    for seed in 1..=12 {
        let outcome = stage.run_steadily(seed, true);
        assert_eq!(outcome.troubles, []);
        let (largest, more) = (outcome.largest_wal, outcome.written_beside);
        let bound = 2 * WAL_MAX + usize::try_from(more).expect("small");
        assert!(largest < bound, "seed {seed}: {largest} B, {more} B beside");
        beside = more.max(beside);
    }
    assert!(beside > WAL_MAX as u64, "too little to tell: {beside} B");
}
