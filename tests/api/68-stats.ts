// stats(): what it counts, checked against what was done.
import type { Stats } from 'anchorite';
import { equal, match, ok } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('stats', SHOWN_ELSEWHERE);

/** How much more was counted. */
function more(before: Stats['files'], after: Stats['files']): Stats['files'] {
  const names = Object.keys(before) as (keyof Stats['files'])[];
  const counts = names.map((name) => [name, after[name] - before[name]] as const);
  return Object.fromEntries(counts) as unknown as Stats['files'];
}

test('a commit writes and flushes; what is cached is not read again', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  const first = await db.stats();
  ok(first.suspensions > 0, 'it has waited while it opened');
  ok(first.memory.bytes >= 2 ** 20 && first.schema.bytes > 0, 'it takes memory');
  await db.run('INSERT INTO a VALUES (zeroblob(10000))');
  const second = await db.stats();
  const { writtenBytes, flushes } = more(first.files, second.files);
  ok(writtenBytes >= 10_000 && flushes >= 1, `${writtenBytes} B and ${flushes} flushes`);
  const question = 'SELECT sum(length(b)) AS n FROM a';
  await db.query(question);
  const third = await db.stats();
  for (let again = 0; again < 10; again++) equal(await db.get(question), { n: 10_000 });
  const fourth = await db.stats();
  equal(fourth.cache.misses, third.cache.misses, 'nothing is missing in the cache');
  ok(fourth.cache.hits >= third.cache.hits + 10, 'all is found in it');
  if (t.cell.context === 'worker') {
    // Elsewhere other tests use the same engine.
    equal(more(third.files, fourth.files).writes, 0, 'no writes');
  }
  ok(fourth.cache.bytes > 10_000 && fourth.statements.bytes > 0, 'and it is there');
});

test('a cache that is too small spills', async (t) => {
  const db = await t.open(t.name(), { cacheSize: 100_000 });
  await db.exec(`CREATE TABLE a (b); BEGIN;
    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)
    INSERT INTO a SELECT randomblob(4000) FROM n`);
  const { cache } = await db.stats();
  ok(cache.spills > 0 && cache.writes >= cache.spills, `${cache.spills} spills`);
  await db.exec('ROLLBACK');
});

test('the WAL, how far it is checkpointed, and its oldest reader', async (t) => {
  const db = await t.open();
  const reader = await t.open(t.name());
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await reader.exec('BEGIN');
  equal(await reader.query('SELECT b FROM a'), [{ b: 1 }]);
  const before = (await db.stats()).wal;
  await db.exec('INSERT INTO a VALUES (2)');
  const { wal } = await db.stats();
  ok(before !== undefined && wal !== undefined, 'a WAL');
  ok(wal.frames > before.frames && wal.bytes >= wal.frames * 4096, `${wal.frames} frames`);
  equal(wal.oldestReader, before.frames, 'where it began to read');
  await reader.exec('COMMIT');
  await db.query('PRAGMA wal_checkpoint(FULL)');
  const after = (await db.stats()).wal;
  equal(after?.checkpointed, after?.frames, 'all of it');
});

test('calls that wait for a lock, and who holds which', async (t) => {
  const db = await t.open();
  const other = await t.open(t.name());
  await db.exec('CREATE TABLE a (b)');
  const { lockWaits, holders } = await db.stats();
  const open = holders.find(({ lock }) => lock === 'database');
  match(open?.who, /sharing "/, 'who has it open');
  await other.exec('BEGIN IMMEDIATE');
  equal([(await other.stats()).transaction, (await db.stats()).transaction], [true, false]);
  const waiting = db.run('INSERT INTO a VALUES (1)');
  await other.exec('INSERT INTO a VALUES (2)');
  await other.exec('COMMIT');
  equal((await other.stats()).transaction, false);
  await waiting;
  ok((await db.stats()).lockWaits > lockWaits, 'one more wait');
});

test('a database in memory has no WAL, and nobody holds a lock of it', async (t) => {
  const db = await t.open(':memory:');
  const { wal, holders, cache } = await db.stats();
  equal([wal, holders], [undefined, []]);
  ok(cache.bytes >= 0, 'a cache');
});
