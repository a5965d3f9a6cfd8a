// Several contexts with one database open, whose files only one of them can have open at a time:
// they take turns, both builds among them. Each context is a worker, as each tab has one of its
// own, or a tab that has the engine in place, on asynchronous handles.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked } from '../page/context';
import { count, killOneOfTwo, openMany, twin, wantAlone } from '../page/contexts';
import type { Connection } from '../page/contexts';
import { describe, SUSPENDING, test } from '../page/registry';
import type { Twin } from '../wire';
import { Tab } from '../page/tabs';

describe('in turn', SUSPENDING);

/** Everywhere but in WebKitGTK, whose workers have no handles that exclude each other. */
const WORKERS = { browsers: ['chromium', 'firefox'], contexts: ['worker'] } as const;

/** With a hook for its engine every open gets a worker of its own. */
function options(engine: Twin): Hooked {
  return { engine, sharing: 'hand-over', testHooks: { growOnSuspend: false } };
}

const IN_TURN = { sharing: 'hand-over' } as const;

const TABS = 4;
const INCREMENTS = 25;

/** Each adds to a counter, and reads back what it has put in. */
async function addUp(all: readonly Connection[]): Promise<void> {
  await all[0]?.exec('CREATE TABLE n (n); INSERT INTO n VALUES (0); CREATE TABLE a (tab, i)');
  await Promise.all(
    all.map(async (db, tab) => {
      for (let i = 0; i < INCREMENTS; i++) {
        await db.exec('BEGIN IMMEDIATE; UPDATE n SET n = n + 1');
        await db.query('INSERT INTO a VALUES (?, ?)', [tab, i]);
        await db.exec('COMMIT');
        const mine = 'SELECT count(*) AS n FROM a WHERE tab = ?';
        equal(await db.query(mine, [tab]), [{ n: i + 1 }], `of tab ${tab}`);
      }
    }),
  );
  for (const db of all) {
    equal(await db.query('SELECT n FROM n'), [{ n: all.length * INCREMENTS }]);
    equal(await count(db), all.length * INCREMENTS);
    equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  }
}

test('four contexts lose no increment, and read back what they wrote', WORKERS, async (t) => {
  const all = await openMany(t, TABS, options);
  equal(all[0]?.info.sharing, 'hand-over');
  await addUp(all);
});

test('the same with a rollback journal', WORKERS, async (t) => {
  const first = await t.open(t.name(), { ...options(t.cell.twin), journalMode: 'delete' });
  // Before it has a page, whoever opens it next makes it WAL.
  await first.exec('CREATE TABLE page (a)');
  await addUp([first, ...(await openMany(t, 2, options))]);
  equal(await first.query('PRAGMA journal_mode'), [{ journal_mode: 'delete' }]);
});

test('tabs with the engine in place take turns as well', { contexts: ['window'] }, async (t) => {
  const open = async (index: number) => {
    const tab = await Tab.make(t);
    const extra: Hooked = { engine: twin(t, index), worker: false, sharing: 'hand-over' };
    return tab.open(t.name(), extra);
  };
  await addUp(await Promise.all([open(0), open(1)]));
});

test('an open transaction keeps its turn, and who waits is busy in time', WORKERS, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b); BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  await b.exec('PRAGMA busy_timeout = 200');
  const asked = performance.now();
  await rejects(b.exec('BEGIN IMMEDIATE'), { code: 'SQLITE_BUSY' });
  ok(performance.now() - asked < 5000, 'in time');
  await b.exec('PRAGMA busy_timeout = 5000');
  const waiting = b.exec('INSERT INTO a VALUES (2)');
  await a.exec('COMMIT');
  await waiting;
  equal(await count(a), 2);
});

test('one that is killed in its transaction is rolled back', WORKERS, (t) =>
  killOneOfTwo(t, options),
);

test('nobody leaves WAL while another believes in it', WORKERS, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b)');
  await b.exec('INSERT INTO a VALUES (1); PRAGMA busy_timeout = 100');
  await rejects(b.exec('PRAGMA journal_mode = DELETE'), { code: 'SQLITE_BUSY' });
  await a.close();
  equal(await b.query('PRAGMA journal_mode = DELETE'), [{ journal_mode: 'delete' }]);
});

const TURNS = 20;

test('an idle context gives its turn away at once', WORKERS, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  const times: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const asked = performance.now();
    equal(await count(turn % 2 === 0 ? b : a), 1);
    times.push(performance.now() - asked);
  }
  const median = times.sort((one, other) => one - other)[TURNS / 2] ?? 0;
  ok(median < 250, `a median of ${median} ms`);
});

const CALLS = 300;

test('calls that are not awaited keep nobody waiting until all are done', WORKERS, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b)');
  let done = 0;
  const all = Array.from({ length: CALLS }, async (_, i) => {
    await a.query('INSERT INTO a VALUES (?)', [i]);
    done += 1;
  });
  await all[0];
  const found = await count(b);
  ok(done < CALLS, `after all ${CALLS}`);
  ok(Number(found) > 0, 'what was acknowledged before');
  await Promise.all(all);
  equal(await count(b), CALLS);
});

test('a turn that others wait for serves more than one transaction', WORKERS, async (t) => {
  const all = await openMany(t, 2, options);
  await all[0]?.exec('CREATE TABLE a (i INTEGER PRIMARY KEY, tab)');
  await Promise.all(
    all.map(async (db, tab) => {
      for (let i = 0; i < CALLS / 2; i++) await db.query('INSERT INTO a (tab) VALUES (?)', [tab]);
    }),
  );
  const sql = 'SELECT count(*) AS n FROM a AS x, a AS y WHERE y.i = x.i + 1 AND y.tab <> x.tab';
  const [changes] = await all[0]!.query<{ n: number }>(sql);
  const { n = 0 } = changes ?? {};
  ok(n > 0, 'they did take turns');
  ok(n < CALLS / 2, `${n} turns for ${CALLS} transactions`);
});

test('a context that wants it alone is busy until all others have closed', WORKERS, (t) =>
  wantAlone(t, options, { sharing: 'exclusive' }),
);

/** As in a browser that has none. */
async function withoutSharedWorker<T>(action: () => Promise<T>): Promise<T> {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'SharedWorker');
  Reflect.deleteProperty(globalThis, 'SharedWorker');
  try {
    return await action();
  } finally {
    if (descriptor !== undefined) Object.defineProperty(globalThis, 'SharedWorker', descriptor);
  }
}

/** Where an owner is wanted. */
const OWNED = { browsers: ['firefox'], contexts: ['worker'] } as const;

test('is chosen where there is no SharedWorker', OWNED, async (t) => {
  const db = await withoutSharedWorker(() => t.open());
  equal(db.info.sharing, 'hand-over');
  match(db.info.sharingReason, /no SharedWorker/);
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  const other = await (await Tab.make(t)).open(t.name(), { engine: t.cell.twin, ...IN_TURN });
  equal(await count(other), 1);
  await other.exec('INSERT INTO a VALUES (2)');
  equal(await count(db), 2);
});
