// Several contexts with one database open at the same time, both builds among them: SQLite's own
// WAL across them. Each context is a worker, as each tab has one of its own.
import type * as Anchorite from 'anchorite';
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked } from '../page/context';
import { count, killOneOfTwo, openMany, wantAlone } from '../page/contexts';
import { describe, SUSPENDING, test } from '../page/registry';
import type { Twin } from '../wire';
import { withWorkerOf } from '../page/workers';

describe('shared by contexts', SUSPENDING);

/** Where handles can be shared. */
const SHARING = { browsers: ['chromium'], contexts: ['worker'] } as const;

/** The library with workers that have no BroadcastChannel. */
const DEAF = '/broken/no-broadcast/index.js';

/** How the holder of a lock is named. */
const HELD = /held by the page \/\S* \(dedicated-worker, sharing "shared", protocol 1, since 2/;

/** With a hook for its engine every open gets a worker of its own. */
function options(engine: Twin): Hooked {
  return { engine, sharing: 'shared', testHooks: { growOnSuspend: false } };
}

test('what one commits the others see, and not before', SHARING, async (t) => {
  const [a, b, c] = (await openMany(t, 3, options)) as [Database, Database, Database];
  await a.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  equal([await count(a), await count(b), await count(c)], [1, 1, 1]);
  await b.exec('BEGIN; SELECT * FROM a');
  await c.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (2)');
  equal([await count(a), await count(b), await count(c)], [1, 1, 2], 'in the transaction');
  await c.exec('COMMIT');
  equal([await count(a), await count(b), await count(c)], [2, 1, 2], 'b keeps its snapshot');
  await b.exec('COMMIT');
  equal(await count(b), 2, 'and then sees all');
  equal(await b.query('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
});

const TABS = 4;
const INCREMENTS = 50;

test('four contexts lose no increment, and read back what they wrote', SHARING, async (t) => {
  const all = await openMany(t, TABS, options);
  await all[0]?.exec('CREATE TABLE n (n); INSERT INTO n VALUES (0); CREATE TABLE a (tab, i, text)');
  await Promise.all(
    all.map(async (db, tab) => {
      for (let i = 0; i < INCREMENTS; i++) {
        await db.exec('BEGIN IMMEDIATE; UPDATE n SET n = n + 1');
        await db.query('INSERT INTO a VALUES (?, ?, ?)', [tab, i, 'x'.repeat(1800)]);
        await db.exec('COMMIT');
        const mine = 'SELECT count(*) AS n FROM a WHERE tab = ?';
        equal(await db.query(mine, [tab]), [{ n: i + 1 }], `of tab ${tab}`);
      }
    }),
  );
  for (const db of all) {
    equal(await db.query('SELECT n FROM n'), [{ n: TABS * INCREMENTS }]);
    equal(await db.query('SELECT count(DISTINCT tab * 1000 + i) AS n FROM a'), [{ n: 200 }]);
    equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  }
});

test('a fresh database may be opened by all at once', SHARING, async (t) => {
  const all = await openMany(t, 8, options);
  const migrate = 'CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)';
  await Promise.all(all.map((db) => db.exec(migrate)));
  for (const db of all) equal(await count(db), 8);
});

test('who is refused EXCLUSIVE is in nobody\'s way while it waits', SHARING, async (t) => {
  const [a] = (await openMany(t, 1, options)) as [Database];
  await a.exec('PRAGMA journal_mode = delete; CREATE TABLE a (b); PRAGMA busy_timeout = 300');
  const main = `anchorite:shared:1:main:${t.name()}`;
  let isOver = false;
  const looks: string[] = [];
  await navigator.locks.request(main, { mode: 'shared' }, async () => {
    const refused = rejects(a.exec('PRAGMA journal_mode = wal'), { code: 'SQLITE_BUSY' });
    const over = refused.finally(() => (isOver = true));
    while (!isOver) {
      const { pending = [] } = await navigator.locks.query();
      looks.push(...pending.flatMap(({ name, mode }) => (name === main ? [String(mode)] : [])));
    }
    match((await over).message, /held by|locked/);
  });
  equal(looks, [], 'a request in the line for SHARED keeps others from it');
  await a.exec('PRAGMA journal_mode = wal; INSERT INTO a VALUES (1)');
  equal(await count(a), 1);
});

test('a second writer waits for the first, up to its time limit', SHARING, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b); BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  await b.exec('PRAGMA busy_timeout = 200');
  const error = await rejects(b.exec('BEGIN IMMEDIATE'), { code: 'SQLITE_BUSY' });
  match(error.message, HELD);
  await b.exec('PRAGMA busy_timeout = 5000');
  const waiting = b.exec('INSERT INTO a VALUES (2)');
  await a.exec('COMMIT');
  await waiting;
  equal(await count(a), 2);
});

test('who is in the way is named to one that wants it alone', SHARING, async (t) => {
  await openMany(t, 1, options);
  const { message } = await rejects(t.open(t.name(), { worker: false, busyTimeout: 100 }), {
    code: 'SQLITE_BUSY',
  });
  match(message, HELD);
});

test('who opens it says so at once, to whoever may be alone with it', SHARING, async (t) => {
  const channel = new BroadcastChannel('anchorite:wanted');
  const said = new Promise<void>((resolve) => {
    channel.onmessage = ({ data }) => data.database === t.name() && resolve();
  });
  const [a] = (await openMany(t, 1, options)) as [Database];
  await a.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await said;
  channel.close();
  const [b] = (await openMany(t, 1, options)) as [Database];
  equal([await count(a), await count(b)], [1, 1]);
});

test('without BroadcastChannel they give way all the same', SHARING, async (t) => {
  const { open: openThere } = (await import(DEAF)) as typeof Anchorite;
  const a = await openThere(t.name(), options(t.cell.twin));
  await a.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  const b = await openThere(t.name(), options('asyncify'));
  await Promise.all([a.exec('INSERT INTO a VALUES (2)'), b.exec('INSERT INTO a VALUES (3)')]);
  equal([await count(a), await count(b)], [3, 3]);
  await Promise.all([a.close(), b.close()]);
});

test('a transaction that stays open keeps nobody from reading', SHARING, async (t) => {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b); BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  const asked = performance.now();
  equal(await count(b), 0);
  ok(performance.now() - asked < 2500, `soon, not after ${performance.now() - asked} ms`);
  await a.exec('COMMIT');
  equal(await count(b), 1);
});

test('one that is killed in its transaction is rolled back', SHARING, (t) =>
  killOneOfTwo(t, options),
);

test('a context that wants it alone is busy until all others have closed', SHARING, (t) =>
  wantAlone(t, options, {}),
);

// Messages of one turn go together at its end, which a frozen page does not come to: the word that
// it freezes was sent after the thaw, and a frozen tab was granted the lock that it waited for.
test('the worker is told within the event that the page freezes', SHARING, async (t) => {
  const told: unknown[] = [];
  const started = () => t.open(t.name(), options(t.cell.twin));
  await withWorkerOf(started, (messages) => told.push(...(messages as unknown[])));
  const states = () =>
    told.flatMap((message) => {
      const { request } = message as { request?: { operation: string; state?: string } };
      return request?.operation === 'pageState' ? [request.state] : [];
    });
  equal(states(), []);
  document.dispatchEvent(new Event('freeze'));
  equal(states(), ['frozen'], 'before the handler returned');
  document.dispatchEvent(new Event('resume'));
  equal(states(), ['frozen', 'visible']);
});
