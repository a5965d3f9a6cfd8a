// One owner, many tabs: each has connections of its own, waits for the others, and is not harmed by
// their deaths. Chromium, where nobody needs an owner, has one here because it is asked for.
import { open } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';
import { owned, Tab } from '../page/tabs';
import type { TabDatabase } from '../page/tabs';

describe('owner');

/** In every cell of a window: the owner is the same whatever the page does otherwise. */
const ONCE = { contexts: ['window'] } as const;

/** Far less than any time limit. */
const AT_ONCE_MS = 2500;

/** So many tabs, each with a connection to the one database of the test. */
async function tabsOf(t: TestContext, count: number): Promise<[Tab, TabDatabase][]> {
  const tabs: [Tab, TabDatabase][] = [];
  for (let i = 0; i < count; i++) {
    const tab = await Tab.make(t);
    tabs.push([tab, await tab.open(t.name(), owned(t))]);
  }
  return tabs;
}

test('is one for all tabs, on the best handles there are', ONCE, async (t) => {
  const [first, second] = await tabsOf(t, 2);
  const infos = [first, second].map((it) => it?.[1].info);
  const nested = t.cell.browser === 'firefox';
  for (const info of infos) {
    equal(info?.sharing, 'owner');
    equal(info?.engine, t.cell.twin);
    equal(info?.context, nested ? 'dedicated-worker' : 'shared-worker');
    equal(info?.storage, nested ? 'opfs-sync' : 'opfs-async');
  }
});

const WORKER = { contexts: ['worker'], ...SUSPENDING } as const;

test('is chosen where handles cannot be shared', WORKER, async (t) => {
  const { sharing, sharingReason } = (await t.open()).info;
  equal(sharing, t.cell.browser === 'chromium' ? 'shared' : 'owner', sharingReason);
});

const BOTH = { ...ONCE, browsers: ['chromium', 'firefox'] } as const;

test('serves tabs that ask for the other build, and says which one runs', BOTH, async (t) => {
  const [[, a]] = (await tabsOf(t, 1)) as [[Tab, TabDatabase]];
  await a.exec('CREATE TABLE n (i); INSERT INTO n VALUES (1)');
  const engine = t.cell.twin === 'jspi' ? 'asyncify' : 'jspi';
  const b = await (await Tab.make(t)).open(t.name(), { ...owned(t), engine });
  equal(b.info.engine, t.cell.twin);
  match(b.info.reason, /owner/);
  equal(await b.query('SELECT i FROM n'), [{ i: 1 }]);
});

test('lets two tabs write in turn, and each reads what the other wrote', ONCE, async (t) => {
  const [[, a], [, b]] = (await tabsOf(t, 2)) as [[Tab, TabDatabase], [Tab, TabDatabase]];
  await a.exec('CREATE TABLE n (i)');
  for (let i = 0; i < 20; i++) {
    const [writer, reader] = i % 2 === 0 ? [a, b] : [b, a];
    await writer.query('INSERT INTO n VALUES (?)', [i]);
    equal(await reader.query('SELECT max(i) AS i, count(*) AS n FROM n'), [{ i, n: i + 1 }]);
  }
});

test('gives each tab transactions and temporary tables of its own', ONCE, async (t) => {
  const [[, a], [, b]] = (await tabsOf(t, 2)) as [[Tab, TabDatabase], [Tab, TabDatabase]];
  await a.exec('CREATE TABLE n (i); CREATE TEMP TABLE mine (i); BEGIN; INSERT INTO n VALUES (1)');
  equal(await b.query('SELECT count(*) AS n FROM n'), [{ n: 0 }]);
  await rejects(b.query('SELECT * FROM mine'), { code: 'SQLITE_ERROR' });
  let begun = false;
  const waiting = b.exec('BEGIN IMMEDIATE').then(() => (begun = true));
  await a.query('INSERT INTO n VALUES (2)');
  equal(begun, false, 'b waits');
  await a.exec('COMMIT');
  await waiting;
  equal(await b.query('SELECT count(*) AS n, changes() AS c FROM n'), [{ n: 2, c: 0 }]);
  await b.exec('ROLLBACK');
});

async function increment(db: TabDatabase, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) {
      await db.exec('UPDATE n SET i = i + 1');
    } else {
      await db.exec('BEGIN IMMEDIATE');
      const [row] = await db.query('SELECT i FROM n');
      await db.query('UPDATE n SET i = ?', [Number(row?.['i']) + 1]);
      await db.exec('COMMIT');
    }
  }
}

/** Where a commit replaces a file, it takes its time. */
function increments(t: TestContext): number {
  return t.cell.browser === 'firefox' ? 200 : 50;
}

test('counts what four tabs add', ONCE, async (t) => {
  const tabs = await tabsOf(t, 4);
  const dbs = tabs.map(([, db]) => db);
  await dbs[0]?.exec('CREATE TABLE n (i); INSERT INTO n VALUES (0)');
  await Promise.all(dbs.map((db) => increment(db, increments(t))));
  for (const db of dbs) {
    equal(await db.query('SELECT i FROM n'), [{ i: 4 * increments(t) }]);
    equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  }
});

test('rolls back for a tab that is closed inside a transaction', ONCE, async (t) => {
  const [[tab, a], [, b]] = (await tabsOf(t, 2)) as [[Tab, TabDatabase], [Tab, TabDatabase]];
  await a.exec('CREATE TABLE n (i); BEGIN IMMEDIATE; INSERT INTO n VALUES (1)');
  const waiting = b.exec('INSERT INTO n VALUES (2)');
  await a.query('SELECT 1');
  const asked = performance.now();
  tab.close();
  await waiting;
  ok(performance.now() - asked < AT_ONCE_MS, `at once, not after ${performance.now() - asked} ms`);
  equal(await b.query('SELECT i FROM n'), [{ i: 2 }]);
});

test('drops what a closed tab still waits for', ONCE, async (t) => {
  const tabs = await tabsOf(t, 3);
  const [[, a], [tab, b], [, c]] = tabs as [
    [Tab, TabDatabase],
    [Tab, TabDatabase],
    [Tab, TabDatabase],
  ];
  await a.exec('CREATE TABLE n (i); BEGIN IMMEDIATE; INSERT INTO n VALUES (1)');
  void b.exec('INSERT INTO n VALUES (2)').catch(() => undefined);
  void b.exec('INSERT INTO n VALUES (3)').catch(() => undefined);
  await a.query('SELECT 1');
  const { held = [] } = await navigator.locks.query();
  const before = held.filter(({ name }) => name?.startsWith('anchorite-client:')).length;
  tab.close();
  await clientsFall(before - 1);
  await a.exec('COMMIT');
  equal(await c.query('SELECT i FROM n'), [{ i: 1 }]);
});

/** Resolves when so many pages are left that have joined an owner. */
async function clientsFall(count: number): Promise<void> {
  for (;;) {
    const { held = [] } = await navigator.locks.query();
    const now = held.filter(({ name }) => name?.startsWith('anchorite-client:')).length;
    if (now <= count) return;
  }
}

test('goes on while each tab in turn is reloaded', ONCE, async (t) => {
  const tabs = await tabsOf(t, 3);
  await tabs[0]?.[1].exec('CREATE TABLE n (i); INSERT INTO n VALUES (0)');
  for (let turn = 0; turn < tabs.length; turn++) {
    const others = tabs.filter((_, index) => index !== turn).map(([, db]) => increment(db, 10));
    tabs[turn]?.[0].close();
    const tab = await Tab.make(t);
    tabs[turn] = [tab, await tab.open(t.name(), owned(t))];
    await increment(tabs[turn]?.[1] as TabDatabase, 10);
    await Promise.all(others);
  }
  equal(await tabs[0]?.[1].query('SELECT i FROM n'), [{ i: 90 }]);
});

test('cannot be had without a worker', ONCE, async (t) => {
  const asked: Hooked = { ...owned(t), worker: false };
  await rejects(open(t.name(), asked), { code: 'INVALID_OPTION' });
});
