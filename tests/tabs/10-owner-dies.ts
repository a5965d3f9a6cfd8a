// The owner dies: what was open is lost and said to be, what can go on goes on, and nothing happens
// twice. Each test has an owner of its own, by the name of its database.
import { blobReader } from 'anchorite/blob';
import { record } from 'anchorite/changesets';
import { equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, test } from '../page/registry';
import { killOwner, Tab } from '../page/tabs';
import type { TabDatabase } from '../page/tabs';

describe('owner dies');

const ONCE = { contexts: ['window'] } as const;

async function openIn(t: TestContext): Promise<TabDatabase> {
  const hooks = { worker: true, sharing: 'owner', testHooks: { owner: t.name() } } as const;
  return await (await Tab.make(t)).open(t.name(), { engine: t.cell.twin, ...hooks });
}

test('under idle connections, which go on', ONCE, async (t) => {
  const [a, b] = [await openIn(t), await openIn(t)];
  await a.exec('CREATE TABLE n (i); INSERT INTO n VALUES (1)');
  await killOwner(t.name());
  equal(await b.query('SELECT i FROM n'), [{ i: 1 }]);
  await a.exec('INSERT INTO n VALUES (2)');
  equal(await b.query('SELECT count(*) AS n FROM n'), [{ n: 2 }]);
});

/** Holds a lock until the test ends, or until it is given back by what this resolves to. */
async function hold(t: TestContext, name: string, mode: LockMode): Promise<() => void> {
  const over = new AbortController();
  t.defer(() => over.abort());
  await new Promise<void>((granted) => {
    void navigator.locks.request(name, { mode }, () => {
      granted();
      return new Promise<void>((done) => over.signal.addEventListener('abort', () => done()));
    });
  });
  return () => over.abort();
}

test('whose death somebody still watches: it is not looked for', ONCE, async (t) => {
  await hold(t, `anchorite-owner:2:${t.name()}:7 ${location.origin}/nowhere.js dead`, 'shared');
  const a = await openIn(t);
  equal(await a.query('SELECT 1 AS one'), [{ one: 1 }]);
});

test('whose SharedWorker hangs while it makes one: the next is asked', ONCE, async (t) => {
  const silent = `anchorite-owner:2:${t.name()}:7`;
  await hold(t, `anchorite-making ${silent}`, 'exclusive');
  // It listens to nobody.
  const url = `${location.origin}/anchorite/core.js`;
  const giveBack = await hold(t, `${silent} ${url} dead`, 'exclusive');
  // No limit that a silent one has besides.
  const { setTimeout: real } = globalThis;
  t.defer(() => Object.assign(globalThis, { setTimeout: real }));
  const asked = new Promise<void>((resolve) => {
    const limits = (work: () => void, ms: number): number => {
      if (ms !== 5000) return real(work, ms);
      resolve();
      return 0;
    };
    Object.assign(globalThis, { setTimeout: limits });
  });
  const hooks = { worker: true, sharing: 'owner', testHooks: { owner: t.name() } } as const;
  const opening = t.open(t.name(), hooks);
  await asked;
  giveBack();
  equal(await (await opening).query('SELECT 1 AS one'), [{ one: 1 }]);
});

const ABORTED = { code: 'TRANSACTION_ABORTED' };

const LOST = { code: 'CONNECTION_LOST', mayHaveCommitted: false };

test('under a transaction, which is lost, and said to be once', ONCE, async (t) => {
  const [a, b] = [await openIn(t), await openIn(t)];
  await a.exec('CREATE TABLE n (i); BEGIN; INSERT INTO n VALUES (1)');
  await killOwner(t.name());
  await rejects(a.exec('INSERT INTO n VALUES (2)'), LOST);
  await a.exec('INSERT INTO n VALUES (3)');
  equal(await b.query('SELECT i FROM n'), [{ i: 3 }]);
});

test('under transaction(): nothing of it is done by either owner', ONCE, async (t) => {
  const hooks = { worker: true, sharing: 'owner', testHooks: { owner: t.name() } } as const;
  const db = await t.open(t.name(), hooks);
  await db.exec('CREATE TABLE n (i)');
  const lost = db.transaction(async (tx) => {
    await tx.run('INSERT INTO n VALUES (1)');
    await killOwner(t.name());
    await rejects(tx.run('INSERT INTO n VALUES (2)'), LOST);
    const later = await rejects(tx.run('INSERT INTO n VALUES (3)'), ABORTED);
    equal((later.cause as { code?: unknown }).code, 'CONNECTION_LOST');
  });
  await rejects(lost, ABORTED);
  const committing = db.transaction(async (tx) => {
    await tx.run('INSERT INTO n VALUES (4)');
    await killOwner(t.name());
  });
  await rejects(committing, { code: 'CONNECTION_LOST' });
  await db.transaction((tx) => tx.run('INSERT INTO n VALUES (5)'));
  equal(await db.query('SELECT i FROM n'), [{ i: 5 }]);
});

test('under temporary tables, which are lost, and said to be once', ONCE, async (t) => {
  const a = await openIn(t);
  await a.exec('CREATE TEMP TABLE mine (i); INSERT INTO mine VALUES (1)');
  await killOwner(t.name());
  await rejects(a.query('SELECT i FROM mine'), LOST);
  await rejects(a.query('SELECT i FROM mine'), { code: 'SQLITE_ERROR' });
});

/** Reads what is at hand, and what comes after that. */
async function readOn(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
  let next = await reader.read();
  while (!next.done) next = await reader.read();
}

test('under a recording and streams, which are lost, and said to be', ONCE, async (t) => {
  const hooks = { worker: true, sharing: 'owner', testHooks: { owner: t.name() } } as const;
  const db = await t.open(t.name(), hooks);
  await db.exec('CREATE TABLE n (i INTEGER PRIMARY KEY, b)');
  await db.exec('INSERT INTO n VALUES (1, zeroblob(2999999))');
  const recording = await record(db);
  await killOwner(t.name());
  await rejects(recording.changeset(), LOST);
  await rejects(recording.changeset(), { code: 'CLOSED' });
  const blob = (await blobReader(db, { table: 'n', column: 'b', rowid: 1 })).getReader();
  const stream = (await db.export({ as: 'stream' })).getReader();
  await Promise.all([blob.read(), stream.read()]);
  await killOwner(t.name());
  await Promise.all([
    rejects(readOn(blob), { code: 'CLOSED' }, 'the blob'),
    rejects(readOn(stream), { code: 'CLOSED' }, 'the export'),
  ]);
  equal(await db.query('SELECT i FROM n'), [{ i: 1 }]);
});

test('under calls: reads are made again, and what may have been done is told', ONCE, async (t) => {
  const [a, b, c] = [await openIn(t), await openIn(t), await openIn(t)];
  await a.exec('CREATE TABLE n (i); BEGIN IMMEDIATE; INSERT INTO n VALUES (1)');
  const calls = Promise.allSettled([
    b.exec('INSERT INTO n VALUES (2)'),
    b.query('SELECT count(*) AS n FROM n'),
    b.query('SELECT 1 AS one'),
  ]);
  await c.query('SELECT 1');
  await killOwner(t.name());
  const told = (await calls).map((it) => (it.status === 'rejected' ? it.reason : it.value));
  equal(
    told.map(({ code, mayHaveCommitted }) => [code, mayHaveCommitted]),
    [
      ['CONNECTION_LOST', true],
      ['CONNECTION_LOST', false],
      ['CONNECTION_LOST', false],
    ],
  );
  await rejects(a.exec('COMMIT'), LOST);
  equal(await b.query('SELECT count(*) AS n FROM n'), [{ n: 0 }]);
});

/** Inserts numbers of its own until it is told to stop; what came of each. */
async function insertOn(db: TabDatabase, first: number, stopped: () => boolean) {
  const acknowledged: number[] = [];
  const unknown: number[] = [];
  for (let i = first; !stopped(); i++) {
    try {
      await db.query('INSERT INTO n VALUES (?)', [i]);
      acknowledged.push(i);
    } catch (error) {
      const { code, mayHaveCommitted } = error as Record<string, unknown>;
      if (code !== 'CONNECTION_LOST') throw error;
      if (mayHaveCommitted === true) unknown.push(i);
    }
  }
  return { acknowledged, unknown };
}

const DEATHS = 4;

test('under writers: nothing acknowledged is lost, nothing happens twice', ONCE, async (t) => {
  const writers = [await openIn(t), await openIn(t), await openIn(t)];
  const witness = await openIn(t);
  await witness.exec('CREATE TABLE n (i)');
  let over = false;
  const runs = writers.map((db, index) => insertOn(db, index * 100_000, () => over));
  for (let death = 0; death < DEATHS; death++) {
    const [before] = await witness.query('SELECT count(*) AS n FROM n');
    for (let n = before?.['n']; Number(n) < Number(before?.['n']) + 10; ) {
      n = (await witness.query('SELECT count(*) AS n FROM n'))[0]?.['n'];
    }
    await killOwner(t.name());
  }
  over = true;
  const done = await Promise.all(runs);
  const found = (await witness.query('SELECT i FROM n')).map(({ i }) => Number(i));
  equal(new Set(found).size, found.length, 'nothing twice');
  const acknowledged = done.flatMap((it) => it.acknowledged);
  const missing = acknowledged.filter((i) => !found.includes(i));
  equal(missing, [], 'everything acknowledged');
  const allowed = new Set([...acknowledged, ...done.flatMap((it) => it.unknown)]);
  equal(found.filter((i) => !allowed.has(i)), [], 'nothing that was said not to be');
  ok(found.length >= 10 * DEATHS, `${found.length} rows`);
  equal(await witness.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
});
