// Several connections of one page to one database: who waits for whom, how long, in which order.
// They share an instance of the engine, which runs one job at a time: a call that has to wait for
// another connection steps aside, so that the holder can go on.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SAME_IN_SYNC, SUSPENDING, test } from '../page/registry';
import type { Options } from '../page/registry';
import { withWorkerOf } from '../page/workers';

describe('connections');

/** Far less than any time limit, far more than a turn of the engine. */
const AT_ONCE_MS = 2500;

async function openTwo(t: TestContext, extra: Hooked = {}): Promise<[Database, Database]> {
  const first = await t.open(t.name(), extra);
  await first.exec('CREATE TABLE IF NOT EXISTS a (b)');
  return [first, await t.open(t.name(), extra)];
}

/** Notes the order in which calls settle. */
class Log {
  readonly lines: string[] = [];

  async note(line: string, call: Promise<unknown>): Promise<void> {
    const outcome = await call.then(
      () => '',
      (error: unknown) => ` ${String((error as { code?: unknown }).code)}`,
    );
    this.lines.push(line + outcome);
  }
}

test('a second writer waits for the first, and goes on at once', async (t) => {
  const [a, b] = await openTwo(t);
  const log = new Log();
  await a.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  const waiting = log.note('b begins', b.exec('BEGIN IMMEDIATE'));
  for (let i = 0; i < 5; i++) await log.note('a writes', a.exec('INSERT INTO a VALUES (2)'));
  const asked = performance.now();
  const ending = [log.note('a commits', a.exec('COMMIT'))];
  ending.push(log.note('a begins again', a.exec('BEGIN IMMEDIATE')));
  await waiting;
  ok(performance.now() - asked < AT_ONCE_MS, `at once, not after ${performance.now() - asked} ms`);
  await b.exec('INSERT INTO a VALUES (3); COMMIT');
  await Promise.all(ending);
  const writes = Array.from({ length: 5 }, () => 'a writes');
  equal(log.lines, [...writes, 'a commits', 'b begins', 'a begins again']);
  equal(await a.query('SELECT count(*) AS n FROM a'), [{ n: 7 }]);
});

test('eight connections get their turn in the order in which they asked', async (t) => {
  const [first] = await openTwo(t);
  const others = await Promise.all(Array.from({ length: 8 }, () => t.open()));
  await first.exec('BEGIN IMMEDIATE');
  const log = new Log();
  const turns = others.map(async (db, index) => {
    await log.note(String(index), db.exec('BEGIN IMMEDIATE'));
    await db.query('INSERT INTO a VALUES (?)', [index]);
    await db.exec('COMMIT');
  });
  await first.query('SELECT 1');
  equal(log.lines, [], 'nobody before the first has committed');
  await first.exec('COMMIT');
  await Promise.all(turns);
  equal(log.lines.join(' '), '0 1 2 3 4 5 6 7');
  const rows = await first.query('SELECT b FROM a ORDER BY rowid');
  equal(rows.map(({ b }) => b).join(' '), '0 1 2 3 4 5 6 7');
});

test('readers go on beside a writer, each with its snapshot', async (t) => {
  const [writer, reader] = await openTwo(t);
  const fresh = await t.open();
  await writer.exec('INSERT INTO a VALUES (1)');
  await reader.exec('BEGIN; SELECT * FROM a');
  await writer.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (2)');
  const count = async (db: Database) => (await db.query('SELECT count(*) AS n FROM a'))[0]?.['n'];
  equal([await count(reader), await count(fresh), await count(writer)], [1, 1, 2]);
  await writer.exec('COMMIT');
  equal([await count(reader), await count(fresh), await count(writer)], [1, 2, 2]);
  await reader.exec('COMMIT');
  equal(await count(reader), 2);
});

test('a call that would wait for ever is told at once', async (t) => {
  const [a, b] = await openTwo(t);
  await a.exec('BEGIN; SELECT * FROM a');
  await b.exec('BEGIN IMMEDIATE');
  const asked = performance.now();
  await rejects(a.exec('INSERT INTO a VALUES (1)'), { code: 'SQLITE_BUSY' }, 'beside a writer');
  await b.exec('INSERT INTO a VALUES (2); COMMIT');
  const snapshot = { code: 'SQLITE_BUSY', extendedCode: 'SQLITE_BUSY_SNAPSHOT' };
  await rejects(a.exec('INSERT INTO a VALUES (1)'), snapshot, 'after it');
  ok(performance.now() - asked < AT_ONCE_MS, 'no waiting');
  await a.exec('ROLLBACK; INSERT INTO a VALUES (1)');
});

test('a text of several statements waits in its middle, and runs none of them twice', async (t) => {
  const [a, b] = await openTwo(t);
  await a.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  const waiting = b.exec(`
    CREATE TEMP TABLE mine (b); -- é
    INSERT INTO mine VALUES (5);
    INSERT INTO a SELECT b FROM mine;
    INSERT INTO mine VALUES (6)`);
  await a.exec('INSERT INTO a VALUES (2)');
  await a.exec('COMMIT');
  await waiting;
  equal(await b.query('SELECT b FROM a ORDER BY b'), [{ b: 1 }, { b: 2 }, { b: 5 }]);
  equal(await b.query('SELECT b FROM mine'), [{ b: 5 }, { b: 6 }]);
});

test('calls of one connection keep their order while one of them waits', async (t) => {
  const [a, b] = await openTwo(t);
  await a.exec('BEGIN IMMEDIATE');
  const log = new Log();
  const calls = [
    log.note('b writes', b.query('INSERT INTO a VALUES (?)', [new Uint8Array(9)])),
    log.note('b reads', b.query('SELECT * FROM a')),
    log.note('b exports', b.export()),
    log.note('b closes', b.close()),
  ];
  await log.note('a reads', a.query('SELECT * FROM a'));
  await log.note('a commits', a.exec('COMMIT'));
  await Promise.all(calls);
  equal(log.lines, ['a reads', 'a commits', 'b writes', 'b reads', 'b exports', 'b closes']);
  equal(await a.query('SELECT length(b) AS n FROM a'), [{ n: 9 }]);
});

test('closing the holder lets the others go on, and rolls it back', async (t) => {
  const [a, b] = await openTwo(t);
  await a.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  const asked = performance.now();
  const waiting = b.exec('INSERT INTO a VALUES (2)');
  await a.close();
  await waiting;
  ok(performance.now() - asked < AT_ONCE_MS, 'at once');
  equal(await b.query('SELECT b FROM a'), [{ b: 2 }]);
});

async function timesOut(call: Promise<unknown>, limit: number, name: string): Promise<void> {
  const asked = performance.now();
  const error = await rejects(call, { code: 'SQLITE_BUSY' });
  const waited = performance.now() - asked;
  ok(waited > limit - 20 && waited < limit + AT_ONCE_MS, `${limit} ms, not ${waited} ms`);
  match(error.message, /another connection/);
  ok(error.message.includes(name), `the name of the database in: ${error.message}`);
}

test('waiting ends at the time limit, which can be set', async (t) => {
  const a = await t.open();
  await a.exec('CREATE TABLE a (b); BEGIN IMMEDIATE');
  const patient = await t.open(t.name(), { busyTimeout: 300 });
  const impatient = await t.open(t.name(), { busyTimeout: 0 });
  const begin = 'BEGIN IMMEDIATE';
  await timesOut(impatient.exec(begin), 0, t.name());
  await timesOut(patient.exec(begin), 300, t.name());
  await patient.exec('PRAGMA busy_timeout = 40');
  await timesOut(patient.query(begin), 40, t.name());
  await patient.exec('PRAGMA busy_timeout = 0');
  await timesOut(patient.exec(begin), 0, t.name());
  await a.exec('COMMIT');
  await patient.exec('BEGIN IMMEDIATE; COMMIT');
});

test('without an option it waits 5 s', { background: true, ...SAME_IN_SYNC }, async (t) => {
  const [a, b] = await openTwo(t);
  await a.exec('BEGIN IMMEDIATE');
  await timesOut(b.exec('INSERT INTO a VALUES (1)'), 5000, t.name());
  await a.exec('COMMIT');
});

test('with a rollback journal a commit waits for readers, and stays open', async (t) => {
  const [writer, reader] = await openTwo(t, { journalMode: 'delete' });
  const late = await t.open();
  await reader.exec('BEGIN; SELECT * FROM a');
  const log = new Log();
  await writer.exec('BEGIN; INSERT INTO a VALUES (1)');
  const calls = [
    log.note('writer commits', writer.exec('COMMIT')),
    log.note('late reads', late.query('SELECT * FROM a')),
  ];
  await rejects(reader.exec('INSERT INTO a VALUES (2)'), { code: 'SQLITE_BUSY' });
  await log.note('reader ends', reader.exec('COMMIT'));
  await Promise.all(calls);
  equal(log.lines, ['reader ends', 'writer commits', 'late reads']);
  equal(await late.query('SELECT b FROM a'), [{ b: 1 }]);
});

test('a checkpoint waits for readers, then says that it could not', async (t) => {
  const [writer, reader] = await openTwo(t);
  await reader.exec('BEGIN; SELECT * FROM a');
  await writer.exec('INSERT INTO a VALUES (1)');
  const checkpoint = () => writer.query('PRAGMA wal_checkpoint(TRUNCATE)');
  const waiting = checkpoint();
  await reader.exec('COMMIT');
  equal((await waiting)[0]?.['busy'], 0);
  await reader.exec('BEGIN; SELECT * FROM a');
  await writer.exec('INSERT INTO a VALUES (1); PRAGMA busy_timeout = 50');
  equal((await checkpoint())[0]?.['busy'], 1);
});

test('opening waits for a connection that writes', async (t) => {
  const first = await t.open(t.name(), { journalMode: 'delete' });
  await first.exec('CREATE TABLE a (b); BEGIN EXCLUSIVE; INSERT INTO a VALUES (1)');
  await rejects(t.open(t.name(), { busyTimeout: 0 }), { code: 'SQLITE_BUSY' });
  const second = t.open();
  await first.query('SELECT 1');
  await first.exec('COMMIT');
  equal(await (await second).query('SELECT b FROM a'), [{ b: 1 }]);
});

test('databases in memory attach files, and wait for them as well', SUSPENDING, async (t) => {
  const file = await t.open(t.name(), { worker: false });
  await file.exec('CREATE TABLE a (b); BEGIN IMMEDIATE');
  const memory = await t.open(':memory:', { worker: false });
  await memory.query('ATTACH ? AS f', [t.name()]);
  await memory.exec('PRAGMA busy_timeout = 1000');
  const waiting = memory.exec('INSERT INTO f.a VALUES (1)');
  await file.query('SELECT 1');
  await file.exec('COMMIT');
  await waiting;
  equal(await file.query('SELECT b FROM a'), [{ b: 1 }]);
});

const IN_PLACE = { contexts: ['window', 'inside'] } as const;

/** One that no other test uses at that time. */
const ENGINE = { engine: 'auto' } as const;

test('of an engine that fails are all told, also those who wait', IN_PLACE, async (t) => {
  const [a, b] = await openTwo(t, ENGINE);
  await a.exec('BEGIN IMMEDIATE');
  const waiting = rejects(b.exec('INSERT INTO a VALUES (1)'), { code: 'ENGINE_FAILED' }, 'waits');
  const behind = rejects(b.query('SELECT 1'), { code: 'ENGINE_FAILED' }, 'behind it');
  await a.query('SELECT 1');
  const trap = t.name('trap');
  const { prototype } = LockManager;
  const real = prototype.request as (...parts: unknown[]) => Promise<unknown>;
  prototype.request = function request(this: LockManager, ...parts: unknown[]) {
    if (String(parts[0]).includes(trap)) throw new Error('as no browser does');
    return real.apply(this, parts);
  } as typeof prototype.request;
  try {
    await rejects(t.open(trap, ENGINE), { code: 'ENGINE_FAILED' }, 'meets it');
  } finally {
    prototype.request = real as typeof prototype.request;
  }
  await Promise.all([waiting, behind]);
  await rejects(a.query('SELECT 1'), { code: 'ENGINE_FAILED' }, 'later');
  await Promise.all([a.close(), b.close()]);
  const db = await t.open(t.name('new'), ENGINE);
  equal(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'another engine');
});

const WORKER = { contexts: ['worker'] } as const;

/** A worker of this page's own. */
const ALONE = { sharing: 'exclusive' } as const;

test('ATTACH waits for a database that another engine has', WORKER, async (t) => {
  const options = t.cell.browser === 'chromium' ? ALONE : {};
  const a = await t.open(t.name(), options);
  const other = await t.open(t.name('other'), options);
  await other.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await a.exec('PRAGMA busy_timeout = 100');
  const attach = 'ATTACH ? AS o';
  await rejects(a.query(attach, [t.name('other')]), { code: 'SQLITE_BUSY' });
  await a.exec('PRAGMA busy_timeout = 5000');
  const waiting = a.query(attach, [t.name('other')]);
  await other.query('SELECT 1');
  await other.close();
  await waiting;
  equal(await a.query('SELECT b FROM o.a'), [{ b: 1 }]);
});

const SHARING: Options = {
  ...{ browsers: ['chromium'], contexts: ['worker', 'inside'] },
  ...SUSPENDING,
};

test('ATTACH shares what another engine has open', SHARING, async (t) => {
  const other = await t.open(t.name('other'));
  await other.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  for (const name of [t.name(), ':memory:']) {
    const db = await t.open(name);
    await db.query('ATTACH ? AS o', [t.name('other')]);
    await db.exec('UPDATE o.a SET b = b + 1');
    await other.exec('UPDATE a SET b = b + 10');
    equal(await db.query('SELECT b FROM o.a'), await other.query('SELECT b FROM a'), name);
    await db.close();
  }
  equal(await other.query('SELECT b FROM a'), [{ b: 23 }]);
});

test('share one worker, which ends with the last of them', WORKER, async (t) => {
  const [first, worker] = await withWorkerOf(() => t.open(t.name(), ALONE));
  let ended = false;
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    ended = true;
    terminate();
  };
  const second = await t.open(t.name(), ALONE);
  await first.close();
  equal(ended, false, 'the second is open');
  equal(await second.query('SELECT 1 AS a'), [{ a: 1 }]);
  await second.close();
  equal(ended, true, 'nobody is there');
});

test('of a worker that dies are all told, also those who wait', WORKER, async (t) => {
  const [a, worker] = await withWorkerOf(() => t.open(t.name(), ALONE));
  await a.exec('CREATE TABLE a (b)');
  const b = await t.open(t.name(), ALONE);
  await a.exec('BEGIN IMMEDIATE');
  const calls = [b.exec('INSERT INTO a VALUES (1)'), b.query('SELECT 1'), b.close()];
  await a.query('SELECT 1');
  worker.terminate();
  const codes = await Promise.allSettled(calls);
  equal(
    codes.map((it) => (it.status === 'rejected' ? it.reason.code : it.status)),
    ['WORKER_DIED', 'WORKER_DIED', 'fulfilled'],
  );
  await rejects(a.query('SELECT 1'), { code: 'WORKER_DIED' });
  const again = await t.open(t.name(), ALONE);
  equal(await again.query('SELECT b FROM a'), [], 'a new worker');
});
