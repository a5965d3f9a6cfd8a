//! What a tab does: a few transactions of every kind, each judged by the ledger.
//!
//! `schedule.rs` runs it on a fiber. It speaks SQL only.

use std::rc::Rc;
use std::time::Duration;

use anchorite_vfs::sim::Random;
use anchorite_vfs::{ErrorKind, Vfs, VfsError};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ledger::{Ledger, Row, Trouble};
use crate::medium;
use crate::world::{Life, Time, World};

pub(crate) const DATABASE: &str = "tabs.db";

/// The sum of all accounts at all times.
const MONEY: i64 = 24 * 100;

/// How long SQLite tries before it gives up, in virtual time: nobody here needs a tenth of it.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long a statement may take: longer than SQLite tries to begin to read.
const COMPUTING: Time = 12 * 1_000_000;

/// How long a tab has nothing to do: until it looks whether it is alone, or longer than anybody
/// waits.
const IDLE: [Time; 2] = [1_100_000, 60 * 1_000_000];

/// How long an open may take, and the pause between two tries.
const OPENING: Time = 20 * 1_000_000;
const OPENING_PAUSE: Time = 10_000;

/// Some of what a tab chooses from.
const AUTOCOMMIT: u64 = 2;
const CHANGE_MODE: u64 = 30;
const CONNECT: u64 = 33;

/// The size from which on a WAL is emptied.
pub(crate) const WAL_MAX: usize = 64 * 1024;

/// How long a checkpoint waits.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(100);

const SCHEMA: &str = "
    PRAGMA page_size = 512;
    PRAGMA journal_mode = WAL;
    CREATE TABLE counter(n INTEGER);
    INSERT INTO counter VALUES (0);
    CREATE TABLE log(life INTEGER, seq INTEGER, pad BLOB, PRIMARY KEY (life, seq));
    CREATE TRIGGER counted AFTER INSERT ON log BEGIN UPDATE counter SET n = n + 1; END;
    CREATE TABLE account(id INTEGER PRIMARY KEY, money INTEGER, pad BLOB);
    WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 24)
        INSERT INTO account SELECT x, 100, zeroblob(150) FROM i;
";

/// Opens the database in a tab.
pub(crate) fn open(tab: usize) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let vfs = std::ffi::CString::new(medium::vfs(tab)).expect("a name without NUL");
    let connection = Connection::open_with_flags_and_vfs(DATABASE, flags, &*vfs)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Makes the database.
pub(crate) fn prepare() -> rusqlite::Result<()> {
    let connection = open(0)?;
    connection.execute_batch(SCHEMA)?;
    connection.close().map_err(|(_, error)| error)
}

/// One life of a tab.
pub(crate) struct Tab {
    pub(crate) number: usize,
    pub(crate) vfs: Vfs,
    pub(crate) life: Life,
    pub(crate) transactions: u32,
    /// Nothing but small transactions and short reads.
    pub(crate) is_steady: bool,
    /// And now and then a long statement.
    pub(crate) computes: bool,
    /// Much changing of the journal mode, and coming and going, which is when tabs meet in it.
    pub(crate) changes_modes: bool,
    pub(crate) random: Random,
    pub(crate) world: Rc<World>,
    pub(crate) ledger: Rc<Ledger>,
    /// The counter when it was last seen, and the number of the last own row.
    pub(crate) seen: i64,
    pub(crate) seq: u32,
    pub(crate) is_withdrawn: bool,
}

/// Why a transaction ended without being committed.
enum Refused {
    /// Somebody else was in the way.
    Busy,
    /// The tab is dead, or the ledger has been told.
    Over,
}

type Outcome<T> = Result<T, Refused>;

impl Tab {
    /// Lives, and tells the ledger.
    pub(crate) fn live(mut self) {
        self.vfs.withdraw(false);
        // Whatever ends a life early has been told.
        let _over = self.transact();
    }

    fn transact(&mut self) -> Outcome<()> {
        let mut connection = self.connect()?;
        let second = match self.random.one_in(4) {
            true => Some(self.connect()?),
            false => None,
        };
        for _ in 0..self.transactions {
            self.begin_job()?;
            let kind = self.choose();
            match kind {
                0 => self.idle(),
                1 => self.compute(&connection),
                2..=4 if second.is_some() => self.write_beside(&connection, second.as_ref()),
                AUTOCOMMIT..=6 => self.autocommit(&connection),
                7..=15 => self.move_money(&connection),
                16..=24 => self.read(&connection),
                25..=26 => self.upgrade(&connection),
                27..=29 => {
                    let modes = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"];
                    let mode = self.random.below(4);
                    self.checkpoint(&connection, modes[usize::try_from(mode).expect("small")])
                }
                CHANGE_MODE => self.change_mode(&connection),
                31..=32 => self.withdraw(),
                _ => {
                    drop(connection);
                    connection = self.connect()?;
                    Ok(())
                }
            }?;
            if self.is_withdrawn {
                self.rest()?;
            }
        }
        drop(second);
        connection
            .close()
            .map_err(|(_, error)| self.told("close", &error))
    }

    fn choose(&mut self) -> u64 {
        let computes = self.may_compute();
        match self.is_steady {
            true if computes => 1,
            true => 2 + self.random.below(23),
            false if self.changes_modes && self.random.one_in(2) => {
                let kinds = [CHANGE_MODE, CHANGE_MODE, AUTOCOMMIT, CONNECT];
                kinds[usize::try_from(self.random.below(4)).expect("small")]
            }
            false => self.random.below(CONNECT + 1),
        }
    }

    /// One at a time: while they overlap for ever, SQLite has no moment to begin the WAL anew.
    fn may_compute(&mut self) -> bool {
        self.computes && !self.world.is_read() && self.random.one_in(20)
    }

    /// What a host does before a job; it may leave it out.
    fn begin_job(&mut self) -> Outcome<()> {
        if self.random.one_in(2) {
            return Ok(());
        }
        self.vfs
            .refresh()
            .map_err(|error| self.failed("refresh", &error))
    }

    /// What a host does before a statement that it knows to write; it may leave it out.
    fn reserve(&mut self) -> Outcome<()> {
        if self.random.one_in(2) {
            return Ok(());
        }
        match self.vfs.reserve(DATABASE) {
            // It would be parked now; so SQLite waits.
            Err(error) if error.kind == ErrorKind::Busy => Ok(()),
            reserved => reserved.map_err(|error| self.failed("reserve", &error)),
        }
    }

    /// Nothing is asked of the tab; its host hears when another one wants something.
    fn idle(&mut self) -> Outcome<()> {
        let duration = IDLE[usize::from(self.random.one_in(4))];
        let until = self.world.now() + duration;
        while self.world.now() < until && !self.world.is_dead(self.life) {
            self.rest()?;
            self.world.doze(until);
        }
        Ok(())
    }

    /// The page is hidden, and may be frozen for longer than anybody waits; or it is shown again.
    fn withdraw(&mut self) -> Outcome<()> {
        self.is_withdrawn = !self.is_withdrawn;
        self.vfs.withdraw(self.is_withdrawn);
        if self.is_withdrawn {
            self.rest()?;
            if self.random.one_in(2) {
                self.world.sleep(IDLE[1]);
            }
        }
        Ok(())
    }

    fn rest(&self) -> Outcome<()> {
        let rested = self.vfs.rest();
        rested.map_err(|error| self.failed("rest", &error))
    }

    /// A long statement: its progress handler hears what others want, or, in one tab and once,
    /// nobody does.
    fn compute(&mut self, connection: &Connection) -> Outcome<()> {
        self.sure("begin to compute", connection.execute_batch("BEGIN"))?;
        let first = connection.query_row("SELECT n FROM counter", [], |_| Ok(()));
        self.sure("compute", first)?;
        let duration = match self.world.takes_turns() {
            true => COMPUTING / 12,
            false => COMPUTING,
        };
        self.world.begins_to_read(self.life);
        let until = self.world.now() + duration;
        let is_heard = self.random.one_in(2) || !self.world.be_deaf_once();
        while self.world.now() < until && !self.world.is_dead(self.life) {
            self.rest()?;
            match is_heard {
                true => self.world.doze(until),
                false => self.world.sleep(duration),
            }
        }
        self.world.ends_reading(self.life);
        self.sure("end computing", connection.execute_batch("COMMIT"))
    }

    /// One connection of the tab reads, the other one writes: the reader sees nothing of it.
    fn write_beside(
        &mut self,
        connection: &Connection,
        second: Option<&Connection>,
    ) -> Outcome<()> {
        self.sure("begin beside", connection.execute_batch("BEGIN"))?;
        let count = || connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0));
        let before: i64 = self.sure("count before", count())?;
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0));
        let mode: String = self.sure("ask for the mode", mode)?;
        // With a rollback journal, nobody can write beside a reader.
        if let Some(second) = second.filter(|_| mode == "wal") {
            self.autocommit(second)?;
        }
        let after: i64 = self.sure("count after", count())?;
        self.sure("end beside", connection.execute_batch("COMMIT"))?;
        if before != after {
            let words = format!("life {} saw {before} rows, then {after}", self.life);
            self.ledger.trouble(Trouble::Torn, words);
        }
        Ok(())
    }

    fn failed(&self, doing: &str, error: &VfsError) -> Refused {
        if !self.world.is_dead(self.life) {
            let words = format!("life {} {doing}: {error}", self.life);
            self.ledger.trouble(Trouble::Failed, words);
        }
        Refused::Over
    }

    /// While another tab opens the files this one is refused; its host tries again.
    fn connect(&self) -> Outcome<Connection> {
        let until = self.world.now() + OPENING;
        let mut opened = open(self.number);
        while self.world.now() < until && matches!(&opened, Err(error) if is_busy(error)) {
            self.world.sleep(OPENING_PAUSE);
            opened = open(self.number);
        }
        let connection = self.sure("open", opened)?;
        let pragmas = "PRAGMA cache_size = 6; PRAGMA synchronous = FULL;";
        self.sure("set up", connection.execute_batch(pragmas))?;
        Ok(connection)
    }

    /// An error ends the life; every error but the one of a dead tab is told.
    fn told(&self, doing: &str, error: &rusqlite::Error) -> Refused {
        if !self.world.is_dead(self.life) {
            let kind = match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::FileLockingProtocolFailed) => {
                    Trouble::Stuck
                }
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Torn,
                _ => Trouble::Failed,
            };
            let cause = anchorite_vfs::take_last_error();
            let words = format!("life {} {doing}: {error} ({cause:?})", self.life);
            self.world.note(|| words.clone());
            self.ledger.trouble(kind, words);
        }
        Refused::Over
    }

    fn sure<T>(&self, doing: &str, result: rusqlite::Result<T>) -> Outcome<T> {
        result.map_err(|error| self.told(doing, &error))
    }

    /// As [`sure`](Self::sure), where another tab may rightly be in the way.
    fn perhaps<T>(&self, doing: &str, result: rusqlite::Result<T>) -> Outcome<T> {
        match result {
            Err(error) if is_busy(&error) && !self.world.is_dead(self.life) => Err(Refused::Busy),
            result => self.sure(doing, result),
        }
    }

    fn next_row(&mut self) -> Row {
        self.seq += 1;
        let row = (self.life, self.seq);
        self.ledger.attempt(row);
        row
    }

    fn insert(&mut self, connection: &Connection, row: Row) -> rusqlite::Result<usize> {
        let size = u32::try_from(self.random.below(900)).expect("small");
        let sql = "INSERT INTO log VALUES (?1, ?2, zeroblob(?3))";
        connection
            .prepare_cached(sql)?
            .execute((row.0, row.1, size))
    }

    fn autocommit(&mut self, connection: &Connection) -> Outcome<()> {
        self.reserve()?;
        let row = self.next_row();
        let inserted = self.insert(connection, row);
        self.sure("insert", inserted)?;
        self.committed(connection, row)
    }

    /// A host empties a WAL that has grown: by itself SQLite begins it anew only when a writer
    /// finds all of it in the database, and nobody reading.
    fn committed(&self, connection: &Connection, row: Row) -> Outcome<()> {
        self.world.note(|| format!("has committed {row:?}"));
        self.ledger.acknowledge(row);
        match self.world.wal_size() > WAL_MAX {
            true => self.checkpoint(connection, "TRUNCATE"),
            false => Ok(()),
        }
    }

    /// Money is moved between accounts on many pages, so that the cache spills.
    fn move_money(&mut self, connection: &Connection) -> Outcome<()> {
        self.reserve()?;
        self.sure("begin", connection.execute_batch("BEGIN IMMEDIATE"))?;
        let row = self.next_row();
        for _ in 0..=self.random.below(8) {
            let amount = self.random.below(50);
            let (from, to) = (1 + self.random.below(24), 1 + self.random.below(24));
            let moved = move_once(connection, amount, from, to);
            self.sure("move", moved)?;
        }
        let inserted = self.insert(connection, row);
        self.sure("insert in a transaction", inserted)?;
        if self.random.one_in(5) {
            self.sure("roll back", connection.execute_batch("ROLLBACK"))?;
            self.ledger.give_up(row);
            return Ok(());
        }
        self.sure("commit", connection.execute_batch("COMMIT"))?;
        self.committed(connection, row)
    }

    /// Two statements in one transaction see one state, no older than what was acknowledged.
    fn read(&mut self, connection: &Connection) -> Outcome<()> {
        self.sure("begin to read", connection.execute_batch("BEGIN"))?;
        let least = i64::try_from(self.ledger.acknowledged()).expect("few");
        let number = |sql: &str| -> rusqlite::Result<i64> {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([], |row| row.get(0))
        };
        let counter = self.sure("read", number("SELECT n FROM counter"))?;
        let money = self.sure("read on", number("SELECT sum(money) FROM account"))?;
        let rows = self.sure("count", number("SELECT count(*) FROM log"))?;
        let again = self.sure("read again", number("SELECT n FROM counter"))?;
        self.sure("end reading", connection.execute_batch("COMMIT"))?;
        if money != MONEY || rows != counter || again != counter {
            let words = format!(
                "life {} saw {counter} transactions, then {again}, {rows} rows and {money} in all",
                self.life
            );
            self.ledger.trouble(Trouble::Torn, words);
        }
        if counter < self.seen || counter < least {
            let (life, seen) = (self.life, self.seen);
            let words = format!("life {life} saw {counter} after {seen}, and {least} were told");
            self.ledger.trouble(Trouble::Lost, words);
        }
        self.seen = counter;
        Ok(())
    }

    /// A reader wants to write: in vain if somebody has written meanwhile.
    fn upgrade(&mut self, connection: &Connection) -> Outcome<()> {
        let row = self.next_row();
        let begun = connection.execute_batch("BEGIN; SELECT count(*) FROM account; ");
        self.sure("begin as a reader", begun)?;
        let inserted = self.insert(connection, row);
        match self.perhaps("become a writer", inserted) {
            Ok(_) => {}
            Err(Refused::Busy) => {
                self.sure("leave", connection.execute_batch("ROLLBACK"))?;
                self.ledger.give_up(row);
                return Ok(());
            }
            Err(over) => return Err(over),
        }
        self.sure("commit late", connection.execute_batch("COMMIT"))?;
        self.committed(connection, row)
    }

    /// All but PASSIVE keep writers out while they wait for readers, so they wait for a moment.
    fn checkpoint(&self, connection: &Connection, mode: &str) -> Outcome<()> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        self.sure("wait less", connection.busy_timeout(CHECKPOINT_PATIENCE))?;
        let done = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
        self.sure("wait again", connection.busy_timeout(PATIENCE))?;
        match self.perhaps("checkpoint", done) {
            Ok(_) | Err(Refused::Busy) => Ok(()),
            Err(over) => Err(over),
        }
    }

    /// Only one who is alone can; the others keep the WAL.
    fn change_mode(&mut self, connection: &Connection) -> Outcome<()> {
        let (patience, times) = match self.changes_modes {
            true => (CHECKPOINT_PATIENCE, 2),
            false => (Duration::ZERO, 1),
        };
        for mode in ["DELETE", "WAL"].repeat(times) {
            let sql = format!("PRAGMA journal_mode = {mode}");
            self.sure("wait less", connection.busy_timeout(patience))?;
            let changed = connection.query_row(&sql, [], |_| Ok(()));
            self.sure("wait again", connection.busy_timeout(PATIENCE))?;
            if let Err(Refused::Over) = self.perhaps("change the mode", changed) {
                return Err(Refused::Over);
            }
        }
        Ok(())
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn move_once(connection: &Connection, amount: u64, from: u64, to: u64) -> rusqlite::Result<()> {
    let amount = i64::try_from(amount).expect("small");
    let sql = "UPDATE account SET money = money + ?1 WHERE id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute((-amount, i64::try_from(from).expect("small")))?;
    statement.execute((amount, i64::try_from(to).expect("small")))?;
    Ok(())
}

/// What is in the database when all is over.
pub(crate) fn inspect(ledger: &Ledger) -> rusqlite::Result<()> {
    let connection = open(0)?;
    let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        ledger.trouble(Trouble::Torn, integrity);
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let (counter, money) = (
        number("SELECT n FROM counter")?,
        number("SELECT sum(money) FROM account")?,
    );
    let mut statement = connection.prepare("SELECT life, seq FROM log")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<Row> = rows.collect::<rusqlite::Result<_>>()?;
    if usize::try_from(counter) != Ok(rows.len()) || money != MONEY {
        let words = format!(
            "{counter} transactions, {} rows, {money} in all",
            rows.len()
        );
        ledger.trouble(Trouble::Torn, words);
    }
    ledger.judge(&rows);
    Ok(())
}
