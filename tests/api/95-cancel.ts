// Calls that are given up: by a signal, or at their time limit; while they wait in line, wait for a
// lock, or run. What was given up has not happened, and what has happened is not said to be so.
import { deleteDatabase, importDatabase, listDatabases } from 'anchorite';
import type { Database, Transaction } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import { ENDLESS, ENDLESS_INSERT, openOne } from '../page/endless';
import { describe, SUSPENDING, test } from '../page/registry';

describe('giving up', SUSPENDING);

const count = (db: Database | Transaction) =>
  db.get<number>('SELECT count(*) FROM a', [], { rows: 'scalar' });

const insert = (db: Database | Transaction, value: number, signal?: AbortSignal) =>
  db.run('INSERT INTO a VALUES (?)', [value], { signal });

/** What a promise rejects with, whatever it is. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ok(false, `a rejection, not ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
}

/** A task later, which is when messages that were sent by now have been heard. */
const later = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('a signal stops what runs, with its reason, and the next call is answered', async (t) => {
  const db = await openOne(t);
  equal(db.info.can.cancel, true);
  for (const start of [
    (signal: AbortSignal) => db.query(ENDLESS, [], { signal }),
    (signal: AbortSignal) => db.get(ENDLESS, [], { signal }),
    (signal: AbortSignal) => db.run(ENDLESS_INSERT, [], { signal }),
    (signal: AbortSignal) => db.exec(`${ENDLESS}; ${ENDLESS_INSERT}`, { signal }),
    (signal: AbortSignal) => db.batch(['INSERT INTO a VALUES (1)', ENDLESS_INSERT], { signal }),
    async (signal: AbortSignal) => (await db.prepare(ENDLESS)).query([], { signal }),
    async (signal: AbortSignal) => (await db.prepare(ENDLESS_INSERT)).run([], { signal }),
  ]) {
    const controller = new AbortController();
    const running = start(controller.signal);
    await later();
    const reason = new Error('not needed any more');
    controller.abort(reason);
    equal(await reasonOf(running), reason);
    equal(await count(db), 0, `after ${String(start)}`);
  }
});

test('a time limit stops what runs, and what waits for it goes on', async (t) => {
  const db = await openOne(t);
  const stopped = db.query(ENDLESS, [], { timeout: 50 });
  const next = insert(db, 1);
  const error = await rejects(stopped, { code: 'TIMEOUT' });
  match(error.message, /50 ms/);
  equal((await next).changes, 1);
  equal(await db.query('SELECT b FROM a', [], { timeout: 60_000, rows: 'scalar' }), [1]);
  for (const wrong of [{ timeout: 0 }, { timeout: '5' }, { signal: 1 }, { timeOut: 5 }]) {
    await rejects(db.exec('DELETE FROM a', wrong as never), { code: 'INVALID_OPTION' });
  }
  equal(await count(db), 1);
});

test('a question that was answered before, at once, is stopped as well', async (t) => {
  const db = await openOne(t);
  const sql = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < :n)
    SELECT count(*) FROM c`;
  const ask = (n: number, timeout?: number) =>
    db.query(sql, { n }, { rows: 'scalar', ...(timeout && { timeout }) });
  for (const n of [10, 10, 100_000, 100_000]) equal(await ask(n), [n]);
  await rejects(ask(1e12, 50), { code: 'TIMEOUT' });
  equal(await ask(10), [10]);
});

test('one whose signal is aborted already is not sent', async (t) => {
  const db = await openOne(t);
  const reason = { any: 'value' };
  const aborted = AbortSignal.abort(reason);
  equal(await reasonOf(insert(db, 1, aborted)), reason);
  equal(await reasonOf(db.transaction(() => 1, { signal: aborted })), reason);
  equal(await reasonOf(db.insertMany('a', [[1]], { signal: aborted })), reason);
  equal(await reasonOf(deleteDatabase(t.name(), { ...t.options, signal: aborted })), reason);
  equal(await count(db), 0);
});

test('one that stands in line leaves it at once and never runs', async (t) => {
  const db = await openOne(t);
  const [front, back] = [new AbortController(), new AbortController()];
  const running = db.query(ENDLESS, [], { signal: front.signal });
  const waiting = insert(db, 1, back.signal);
  await later();
  back.abort();
  equal(await reasonOf(waiting), back.signal.reason);
  front.abort();
  await reasonOf(running);
  equal(await count(db), 0);
});

test('one that waits for a transaction of its connection leaves at once', async (t) => {
  const db = await openOne(t);
  const controller = new AbortController();
  const { signal } = controller;
  await db.transaction(async (tx) => {
    await insert(tx, 1);
    const waiting = [insert(db, 2, signal), db.transaction((it) => insert(it, 3), { signal })];
    const inside = tx.transaction(async (part) => {
      const late = [insert(tx, 4, signal)];
      controller.abort();
      equal(await reasonOf(late[0] as Promise<unknown>), signal.reason);
      await insert(part, 5);
    });
    for (const call of waiting) equal(await reasonOf(call), signal.reason);
    await inside;
  });
  equal(await db.query('SELECT b FROM a ORDER BY b', [], { rows: 'scalar' }), [1, 5]);
});

test('one that waits for a lock leaves at once and has begun nothing', async (t) => {
  const db = await openOne(t);
  const other = await t.open(t.name(), { busyTimeout: 60_000 });
  await db.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
  for (const call of [
    (signal: AbortSignal) => insert(other, 2, signal),
    (signal: AbortSignal) => other.exec('INSERT INTO a VALUES (3)', { signal }),
    (signal: AbortSignal) =>
      other.batch(['SELECT 1', 'INSERT INTO a VALUES (4)'], { signal, mode: 'deferred' }),
    (signal: AbortSignal) => other.transaction((tx) => insert(tx, 5), { signal }),
    (signal: AbortSignal) => other.insertMany('a', [[6]], { signal }),
  ]) {
    const controller = new AbortController();
    const waiting = call(controller.signal);
    const settled = waiting.then(
      () => 'done',
      () => 'refused',
    );
    equal(await Promise.race([settled, later(30)]), undefined, 'it waits');
    controller.abort();
    equal(await reasonOf(waiting), controller.signal.reason);
  }
  await rejects(insert(other, 7, AbortSignal.timeout(30)), {});
  await rejects(other.run('INSERT INTO a VALUES (8)', [], { timeout: 30 }), { code: 'TIMEOUT' });
  await db.exec('COMMIT');
  equal(await count(other), 1);
  await insert(other, 9);
  await db.run('DELETE FROM a');
});

test('a question that is given up in a transaction leaves it open', async (t) => {
  const db = await openOne(t);
  await db.transaction(async (tx) => {
    await insert(tx, 1);
    await rejects(tx.query(ENDLESS, [], { timeout: 30 }), { code: 'TIMEOUT' });
    await insert(tx, 2);
  });
  equal(await count(db), 2);
});

test('a write that is stopped in a transaction ends it', async (t) => {
  const db = await openOne(t);
  const reason = new Error('enough');
  const controller = new AbortController();
  const done = db.transaction(async (tx) => {
    await insert(tx, 1);
    const running = tx.run(ENDLESS_INSERT, [], { signal: controller.signal });
    await later();
    controller.abort(reason);
    equal(await reasonOf(running), reason);
    const refused = await rejects(insert(tx, 2), { code: 'TRANSACTION_ABORTED' });
    equal(refused['cause'], reason);
  });
  await rejects(done, { code: 'TRANSACTION_ABORTED' });
  equal(await count(db), 0, 'nothing in autocommit');
  await insert(db, 3);
  equal(await count(db), 1);
});

test('a transaction is given up as a whole, whatever it does just now', async (t) => {
  const db = await openOne(t);
  const works: ((tx: Transaction) => Promise<unknown>)[] = [
    () => new Promise(() => {}),
    (tx) => tx.query(ENDLESS),
    (tx) => tx.run(ENDLESS_INSERT),
    (tx) => tx.transaction((part) => part.query(ENDLESS)),
    (tx) => tx.transaction(() => new Promise(() => {})),
    async (tx) => {
      await rejects(tx.query(ENDLESS), {});
      await insert(tx, 2);
    },
  ];
  for (const work of works) {
    const reason = new Error('the user has left');
    const controller = new AbortController();
    const { signal } = controller;
    const running = db.transaction(
      async (tx) => {
        await insert(tx, 1);
        setTimeout(() => controller.abort(reason));
        await work(tx);
      },
      { signal },
    );
    equal(await reasonOf(running), reason);
    equal(await count(db), 0, String(work));
  }
  const slow = db.transaction((tx) => tx.query(ENDLESS), { timeout: 30 });
  await rejects(slow, { code: 'TIMEOUT' });
  const generous = { timeout: 60_000, signal: AbortSignal.timeout(60_000) };
  await db.transaction((tx) => insert(tx, 1), generous);
  equal(await count(db), 1);
});

test('a part of a transaction is given up, and the rest goes on', async (t) => {
  const db = await openOne(t);
  await db.transaction(async (tx) => {
    await insert(tx, 1);
    const part = tx.transaction(
      async (it) => {
        await insert(it, 2);
        await it.query(ENDLESS);
      },
      { timeout: 30 },
    );
    await rejects(part, { code: 'TIMEOUT' });
    await insert(tx, 3);
  });
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [1, 3]);
});

test('many rows are given up between two of them: none is in', async (t) => {
  const db = await openOne(t);
  const controller = new AbortController();
  function* endless(): Generator<[number]> {
    for (let i = 0; ; i++) yield [i];
  }
  let seen = 0;
  const onProgress = (rows: number) => {
    seen = rows;
    if (rows >= 3000) controller.abort();
  };
  const { signal } = controller;
  const running = db.insertMany('a', endless(), { signal, onProgress });
  equal(await reasonOf(running), signal.reason);
  ok(seen >= 3000, 'some batches before that');
  equal(await count(db), 0);
  await rejects(db.insertMany('a', endless(), { timeout: 50 }), { code: 'TIMEOUT' });
  equal(await count(db), 0);
});

test('the whole database: export, VACUUM and an import are given up, or done', async (t) => {
  const db = await openOne(t);
  await db.exec(`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000)
    INSERT INTO a SELECT randomblob(500) FROM c`);
  const bytes = await db.export({ timeout: 60_000 });
  const outcomes = [];
  for (const timeout of [1, 2, 4, 8]) {
    const vacuum = () => db.vacuum({ timeout, pageSize: 512 });
    for (const call of [() => db.export({ timeout }), vacuum]) {
      outcomes.push(
        await call().then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      equal(await count(db), 5000);
    }
  }
  ok(outcomes.every((it) => it === 'done' || it === 'TIMEOUT'), `only these: ${outcomes.join()}`);
  equal(await db.get('PRAGMA journal_mode', [], { rows: 'scalar' }), 'wal');
  const controller = new AbortController();
  const { signal } = controller;
  const pieces = new ReadableStream<Uint8Array>({
    pull(stream) {
      stream.enqueue(bytes.slice(0, 100_000));
      controller.abort();
    },
  });
  const name = t.name('imported');
  equal(await reasonOf(importDatabase(name, pieces, { ...t.options, signal })), signal.reason);
  ok(!(await listDatabases(t.options)).includes(name), 'no database of that name');
});

const IN_WORKERS = { contexts: ['worker'] } as const;

test('what has happened is not said to be given up', IN_WORKERS, async (t) => {
  const db = await openOne(t);
  const SOME = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < :n)
    INSERT INTO a SELECT i FROM c`;
  let expected = 0;
  const seen = { done: 0, stopped: 0 };
  for (let round = 0; round < 42; round++) {
    const n = 2000 * (1 + (round % 20));
    const timeout = 1 + (round % 7) * 4;
    const calls = [
      () => db.run(SOME, { n }, { timeout }),
      () => db.transaction((tx) => tx.run(SOME, { n }), { timeout }),
      () => db.batch([{ sql: SOME, params: { n } }], { timeout }),
    ];
    const outcome = await (calls[round % 3] as () => Promise<unknown>)().then(
      () => 'done' as const,
      (error: { code: string }) => {
        equal(error.code, 'TIMEOUT');
        return 'stopped' as const;
      },
    );
    seen[outcome] += 1;
    expected += outcome === 'done' ? n : 0;
    equal(await count(db), expected, `after round ${round}, which was ${outcome}`);
  }
  ok(seen.done > 0 && seen.stopped > 0, `both: ${JSON.stringify(seen)}`);
});

const IN_PLACE = { contexts: ['window', 'inside'] } as const;

test('the page lives while an endless statement runs in it', IN_PLACE, async (t) => {
  const db = await openOne(t);
  const controller = new AbortController();
  const { signal } = controller;
  const running = db.query(ENDLESS, [], { signal });
  for (let beat = 0; beat < 20; beat++) await later();
  controller.abort();
  equal(await reasonOf(running), signal.reason);
});

test('the page lives while calls follow one another, however quick they are', async (t) => {
  const db = await openOne(t);
  for (const call of [() => insert(db, 1), () => count(db)]) {
    let isAlive = false;
    setTimeout(() => (isAlive = true));
    const end = performance.now() + 5000;
    while (!isAlive && performance.now() < end) await call();
    ok(isAlive, 'a timer was heard within 5 s');
  }
});
