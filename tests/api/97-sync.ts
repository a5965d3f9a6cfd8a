// The engine that never suspends: what it can do and says so, what it refuses before it runs, each
// with the way out, and what it does beforehand instead of waiting.
import { open } from 'anchorite';
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked } from '../page/context';
import { ENDLESS, ENDLESS_INSERT, openOne } from '../page/endless';
import { describe, test } from '../page/registry';

describe('an engine that cannot suspend', { twins: ['sync'] });

const CANNOT = 'ENGINE_CANNOT_SUSPEND';

const count = (db: Database) =>
  db.get<number>('SELECT count(*) FROM a', [], { rows: 'scalar' });

test('has a database to itself, or is the owner', async (t) => {
  const { sharing, sharingReason, reason, storage } = (await t.open()).info;
  equal(sharing, t.cell.browser === 'chromium' ? 'exclusive' : 'owner', sharingReason);
  equal([reason, storage], ['the caller asked for it', 'opfs-sync']);
});

test('is refused where handles or locks would have to be waited for', async (t) => {
  const ways: Hooked[] = [{ worker: false }, { sharing: 'hand-over' }, { sharing: 'shared' }];
  for (const way of ways) {
    const opening = open(t.name(), { ...t.options, ...way } as Hooked);
    const refused = await rejects(opening, { code: CANNOT }, JSON.stringify(way));
    match(refused.message, /engine "sync".*another engine/);
  }
  const memory = await t.open(':memory:', { worker: false });
  equal(await memory.get('SELECT 1 AS a'), { a: 1 });
});

test('a function of the page is refused, and nothing else is changed', async (t) => {
  const db = await openOne(t);
  const way = /"answer".*worker of your own.*another engine/;
  await rejects(db.createFunction('answer', () => 1), { code: CANNOT, message: way });
  await rejects(db.query('SELECT answer()'), { code: 'SQLITE_ERROR', message: /no such function/ });
});

test('functions of a worker answer at once, or are refused', async (t) => {
  const db = await t.open(t.name(), { worker: '/page/served.js' });
  equal(db.info.sharing, 'exclusive', db.info.sharingReason);
  equal(await db.query('SELECT twice(21)', [], { rows: 'scalar' }), [42]);
  await db.exec('CREATE TABLE a (b)');
  const late = db.run('INSERT INTO a VALUES (1), (later(2))');
  await rejects(late, { code: CANNOT, message: /"later".*promise/ });
  equal(await count(db), 0);
  const worker = '/page/served.js?as=async';
  const opening = open(t.name('async'), { ...t.options, worker });
  await rejects(opening, { code: CANNOT, message: /"slow" is asynchronous/ });
});

test('a call with a signal is refused before it runs', async (t) => {
  const db = await openOne(t);
  const { signal } = new AbortController();
  for (const call of [
    () => db.run('INSERT INTO a VALUES (1)', [], { signal }),
    () => db.exec('INSERT INTO a VALUES (1)', { signal }),
    () => db.batch(['INSERT INTO a VALUES (1)'], { signal }),
    () => db.query('SELECT 1', [], { signal, timeout: 1000 }),
    () => db.vacuum({ signal }),
    () => db.export({ signal }),
  ]) {
    const refused = await rejects(call(), { code: CANNOT }, String(call));
    match(refused.message, /timeout.*another engine/);
  }
  equal(await count(db), 0);
});

test('a transaction is given up by its signal between two statements', async (t) => {
  const db = await openOne(t);
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const { signal } = controller;
  const given = db.transaction(
    async (tx) => {
      await tx.run('INSERT INTO a VALUES (1)');
      controller.abort(reason);
      await tx.run('INSERT INTO a VALUES (2)');
    },
    { signal },
  );
  equal(await given.catch((error: unknown) => error), reason);
  equal(await count(db), 0);
});

test('what runs is stopped at its time limit', async (t) => {
  const db = await openOne(t);
  const timeout = 100;
  for (const call of [
    () => db.query(ENDLESS, [], { timeout }),
    () => db.run(ENDLESS_INSERT, [], { timeout }),
    () => db.exec(`INSERT INTO a VALUES (0); ${ENDLESS_INSERT}; SELECT 1`, { timeout }),
    () => db.batch(['INSERT INTO a VALUES (1)', ENDLESS_INSERT], { timeout }),
    () => db.transaction((tx) => tx.run(ENDLESS_INSERT), { timeout }),
  ]) {
    const begun = performance.now();
    await rejects(call(), { code: 'TIMEOUT' }, String(call));
    ok(performance.now() - begun < 20 * timeout, `soon: ${String(call)}`);
  }
  equal(await count(db), 1, 'the statement of exec that was done');
  const long = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 1000000)
    SELECT count(*) AS n FROM c`;
  equal(await db.get(long), { n: 1_000_000 }, 'without a limit nothing is stopped');
});

test('SQL opens other databases, and copies into them', async (t) => {
  const db = await openOne(t);
  const [other, copy] = [t.name('other'), t.name('copy')];
  await db.exec(`INSERT INTO a VALUES (1); ATTACH '${other}' AS other;
    CREATE TABLE other.b AS SELECT * FROM a; INSERT INTO a VALUES (2)`);
  equal(await db.query('SELECT a.b FROM a JOIN other.b USING (b)'), [{ b: 1 }]);
  await db.exec('DETACH other');
  const attach = `ATTACH '${t.name('third')}' AS third`;
  await db.batch(['INSERT INTO a VALUES (3)', attach, 'CREATE TABLE third.c (d)']);
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [1, 2, 3], 'each once');
  await db.exec(`VACUUM INTO '${copy}'`);
  equal(await count(await t.open(copy)), 3);
});

test('a transaction of several files is refused where it takes one more', async (t) => {
  const db = await t.open(t.name(), { journalMode: 'delete' });
  await db.exec(`CREATE TABLE a (b); ATTACH '${t.name('other')}' AS other;
    PRAGMA other.journal_mode = delete; CREATE TABLE other.c (d)`);
  const both = db.batch(['INSERT INTO a VALUES (1)', 'INSERT INTO other.c VALUES (1)']);
  await rejects(both, { code: CANNOT, message: /another engine/ });
  equal(await count(db), 0);
  equal(await db.get('SELECT count(*) AS n FROM other.c'), { n: 0 });
});

test('temporary files stay in memory, whatever their bound', async (t) => {
  const db = await t.open(t.name(), { tempMemory: 0, cacheSize: 0 });
  const rows = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 40000)
    SELECT i, hex(randomblob(100)) AS h FROM c ORDER BY h`;
  equal((await db.query(rows)).length, 40_000);
  await db.exec('PRAGMA temp_store = FILE; CREATE TEMP TABLE x AS SELECT hex(randomblob(100000))');
  equal(await db.get('SELECT length(max("hex(randomblob(100000))")) AS n FROM x'), { n: 200_000 });
});
