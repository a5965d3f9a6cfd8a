// What is committed survives the page: reload, close of the tab, kill -9 of the browser. What is
// not committed is gone. The databases are left open on purpose.
import type { Database } from 'anchorite';
import { equal, show } from '../page/assert';
import type { TestContext } from '../page/context';
import { diskState } from '../page/disk';
import { describe, test } from '../page/registry';

describe('survives');

const ROWS = 300;

/** Commits rows, and leaves a transaction open with more. */
async function leaveOpen(t: TestContext): Promise<void> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (i INTEGER PRIMARY KEY, text)');
  for (let i = 0; i < ROWS; i += 100) await insert(db, i, i + 100);
  await db.exec('CREATE INDEX a_text ON a (text); DELETE FROM a WHERE i % 10 = 9');
  await db.exec('BEGIN');
  await insert(db, ROWS, ROWS + 50);
  await db.exec('DELETE FROM a WHERE i < 10');
}

async function insert(db: Database, from: number, to: number): Promise<void> {
  await db.query(
    `WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT INTO a SELECT i, printf('%0500d', i) FROM n`,
    [from, to],
  );
}

async function allCommitted(t: TestContext): Promise<void> {
  const db = await t.open();
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  equal(await db.query('SELECT count(*) AS n, min(i) AS low, max(i) AS high FROM a'), [
    { n: ROWS * 0.9, low: 0, high: ROWS - 2 },
  ]);
  await db.exec('INSERT INTO a VALUES (9999, NULL)');
}

async function closedAndFound(t: TestContext): Promise<void> {
  const db = await t.open(t.name('closed'));
  equal(await db.query('SELECT b FROM a'), [{ b: 'kept' }]);
}

async function closeOne(t: TestContext): Promise<void> {
  const db = await t.open(t.name('closed'));
  await db.exec("CREATE TABLE a (b); INSERT INTO a VALUES ('kept')");
  await db.close();
}

test('a reload', leaveOpen, 'reload', allCommitted);
test('a reload, when closed before', closeOne, 'reload', closedAndFound);
test('the close of its tab', leaveOpen, 'closeTab', allCommitted);
test('a kill -9 of the browser', leaveOpen, 'killBrowser', allCommitted);
test('a kill -9, when closed before', closeOne, 'killBrowser', closedAndFound);

async function writeOnAndOn(t: TestContext): Promise<void> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (i INTEGER PRIMARY KEY)');
  for (let i = 0; i < 20; i++) await db.query('INSERT INTO a VALUES (?)', [i]);
  const goOn = async (i: number): Promise<void> => {
    await db.query('INSERT INTO a VALUES (?)', [i]);
    setTimeout(() => void goOn(i + 1));
  };
  void goOn(20);
}

async function noGap(t: TestContext): Promise<void> {
  const found = show(await diskState(t.name()));
  const db = await t.open();
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  const tables = await db.query('SELECT name FROM sqlite_schema');
  equal(tables, [{ name: 'a' }], `the table, in ${found}`);
  const [row] = await db.query<{ n: number; high: number }>(
    'SELECT count(*) AS n, max(i) AS high FROM a',
  );
  equal(row?.n, (row?.high ?? 0) + 1, 'no gap among the rows');
  equal((row?.n ?? 0) >= 20, true, 'all acknowledged rows are there');
}

test('a kill -9 in the middle of writes', writeOnAndOn, 'killBrowser', noGap);
