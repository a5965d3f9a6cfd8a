// Rows one by one: what is asked for, what is held meanwhile, and what ends it.
import type { Database, RowIterator } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('iterate', SHOWN_ELSEWHERE);

/** Numbers from 1 on in a table. */
async function numbers(t: TestContext, count: number): Promise<Database> {
  const db = await t.open();
  await db.exec(`CREATE TABLE n (i INTEGER PRIMARY KEY, text);
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${count})
    INSERT INTO n SELECT i, 'number ' || i FROM c`);
  return db;
}

async function all<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const list: R[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const SCALAR = { rows: 'scalar', batchRows: 10 } as const;

const ALL = 'SELECT i FROM n ORDER BY i';

/** The first row, and the rest to be asked for. */
async function begin(db: Pick<Database, 'iterate'>): Promise<RowIterator<unknown>> {
  const rows = db.iterate(ALL, [], SCALAR);
  equal(await rows.next(), { value: 1, done: false }, 'the first row');
  return rows;
}

/** Succeeds only once no statement of the connection reads the table. */
const DROP = 'DROP TABLE n';

const LOCKED = { code: 'SQLITE_LOCKED' };

test('gives the rows that query gives, whatever is in a batch', async (t) => {
  const db = await numbers(t, 2500);
  const sql = 'SELECT i, text, i + 0.5 AS half FROM n WHERE i > ? ORDER BY i';
  for (const rows of ['object', 'array', 'scalar'] as const) {
    const shape = { rows } as { rows: 'object' };
    const expected = await db.query(sql, [0], shape);
    for (const batchRows of [1000, 2500, 10_000]) {
      equal(await all(db.iterate(sql, [0], { ...shape, batchRows })), expected, `${batchRows}`);
    }
    const few = await all(db.iterate(sql, [2490], { ...shape, batchRows: 1 }));
    equal(few, expected.slice(2490), 'one by one');
    equal(await all(db.iterate(sql, [2500], shape)), [], 'none');
  }
  const statement = await db.prepare(sql);
  equal((await all(statement.iterate([2400]))).length, 100, 'prepared');
});

test('needs no end: what is not asked for is not computed', async (t) => {
  const db = await t.open();
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  let sum = 0;
  for await (const i of db.iterate<number>(endless, [], { rows: 'scalar' })) {
    sum += i;
    if (i === 2345) break;
  }
  equal(sum, (2345 * 2346) / 2);
});

test('has no more than two batches at hand', async (t) => {
  const db = await numbers(t, 100);
  const rows = await begin(db);
  await db.exec('DELETE FROM n WHERE i > 20');
  equal(
    await all(rows),
    Array.from({ length: 19 }, (_, index) => index + 2),
  );
});

test('ends early by a break, a throw or a return, and lets go of the table', async (t) => {
  const db = await numbers(t, 100);
  for (const leave of ['break', 'throw', 'return'] as const) {
    const rows = await begin(db);
    await rejects(db.exec(DROP), LOCKED, 'while it reads');
    if (leave === 'return') await rows.return?.(undefined);
    const loop = (async () => {
      for await (const _ of rows) {
        if (leave === 'break') break;
        throw new RangeError('enough');
      }
    })();
    const thrown = await loop.catch((error: Error) => error.message);
    equal(thrown, leave === 'throw' ? 'enough' : undefined);
    await db.exec(`BEGIN; ${DROP}; ROLLBACK`);
    equal(await rows.next(), { value: undefined, done: true }, leave);
  }
});

test('goes on beside other calls, other iterations and transactions', async (t) => {
  const db = await numbers(t, 200);
  const found: unknown[] = [];
  let inner = 0;
  for await (const i of db.iterate(ALL, [], SCALAR)) {
    found.push(i);
    if (i === 15) await db.run('INSERT INTO n VALUES (1000, NULL)');
    if (i === 30) inner = (await all(db.iterate(ALL, [], SCALAR))).length;
    if (i === 45) await db.transaction((tx) => tx.run('DELETE FROM n WHERE i = 1000'));
  }
  equal(found, await db.query(ALL, [], { rows: 'scalar' }));
  equal(inner, 201);
});

test('is of one snapshot, which another connection writes beside', async (t) => {
  const [db, other] = [await numbers(t, 100), await t.open()];
  const rows = await begin(db);
  await other.exec('DELETE FROM n WHERE i > 5');
  const late = db.run('DELETE FROM n WHERE i = 1');
  await rejects(late, { code: 'SQLITE_BUSY', extendedCode: 'SQLITE_BUSY_SNAPSHOT' });
  equal((await all(rows)).length, 99, 'as it was');
  equal((await db.run('DELETE FROM n WHERE i = 1')).changes, 1, 'after it');
  equal(await other.query(ALL, [], { rows: 'scalar' }), [2, 3, 4, 5]);
});

test('is ended by a rollback', async (t) => {
  const db = await numbers(t, 100);
  const rows = await begin(db);
  const undone = db.transaction(() => Promise.reject(new RangeError('no')));
  equal(await undone.catch((error: Error) => error.message), 'no');
  const ended = { code: 'SQLITE_ABORT', extendedCode: 'SQLITE_ABORT_ROLLBACK' };
  await rejects(all(rows), ended);
  await db.exec(DROP);
});

test('in a transaction sees what that has written, and ends with it', async (t) => {
  const db = await numbers(t, 100);
  const rows = await db.transaction(async (tx) => {
    await tx.run('UPDATE n SET text = ?', ['changed']);
    const texts = await all(tx.iterate('SELECT DISTINCT text FROM n', [], { rows: 'scalar' }));
    equal(texts, ['changed']);
    return begin(tx);
  });
  await rejects(all(rows), { code: 'CLOSED' });
  await db.exec(DROP);
});

test('is ended when its database is closed', async (t) => {
  const db = await numbers(t, 100);
  const rows = await begin(db);
  await db.close();
  await rejects(all(rows), { code: 'CLOSED' });
  await rejects(all(db.iterate(ALL)), { code: 'CLOSED' });
});

test('is ended when nobody asks for more, and says so', async (t) => {
  const name = t.name();
  const db = await t.open(name, { testHooks: { cursorTimeout: 0 } });
  await db.exec('CREATE TABLE n (i); INSERT INTO n VALUES (1), (2), (3), (4), (5), (6)');
  const rows = db.iterate(ALL, [], { rows: 'scalar', batchRows: 1 });
  equal((await rows.next()).value, 1);
  for (;;) {
    const dropped = await db.exec(DROP).then(
      () => true,
      () => false,
    );
    if (dropped) break;
  }
  await rejects(all(rows), { code: 'CURSOR_EXPIRED' });
});

test('rejects with the reason of its signal, and lets go', async (t) => {
  const db = await numbers(t, 100);
  const before = db.iterate(ALL, [], { signal: AbortSignal.abort('early') });
  equal(await before.next().catch((reason: unknown) => reason), 'early');
  const abort = new AbortController();
  const rows = db.iterate(ALL, [], { ...SCALAR, signal: abort.signal });
  await rows.next();
  abort.abort('later');
  equal(await all(rows).catch((reason: unknown) => reason), 'later');
  await db.exec(DROP);
});

test('rejects with the reason of its signal while it waits its turn', async (t) => {
  const db = await numbers(t, 100);
  const abort = new AbortController();
  await db.transaction(async () => {
    const rows = all(db.iterate(ALL, [], { signal: abort.signal }));
    abort.abort('waiting');
    equal(await rows.catch((reason: unknown) => reason), 'waiting');
  });
  await db.exec(DROP);
});

test('is a stream, which ends it when it is cancelled', async (t) => {
  const db = await numbers(t, 100);
  const reader = db.iterate(ALL, [], SCALAR).toStream().getReader();
  for (let i = 1; i <= 100; i++) equal((await reader.read()).value, i);
  ok((await reader.read()).done, 'done');
  const second = db.iterate(ALL, [], SCALAR).toStream().getReader();
  await second.read();
  await second.cancel();
  await db.exec(DROP);
  await rejects(db.iterate(ALL).toStream().getReader().read(), { code: 'SQLITE_ERROR' });
});

test('refuses what writes, what has no rows, and what it does not know', async (t) => {
  const db = await numbers(t, 1);
  for (const sql of ['INSERT INTO n VALUES (2, 2) RETURNING i', 'BEGIN', 'SELECT 1; SELECT 2']) {
    await rejects(all(db.iterate(sql)), { code: 'INVALID_SQL' }, sql);
  }
  await rejects(all(db.iterate('SELECT ?')), { code: 'INVALID_PARAMETER' });
  await rejects(all(db.iterate('SELECT nope FROM n')), { code: 'SQLITE_ERROR' });
  const wrong = async () => all(db.iterate(ALL, [], { batchRows: 0 }));
  await rejects(wrong(), { code: 'INVALID_OPTION' });
  equal(await db.query(ALL), [{ i: 1 }]);
});

test('takes few rows at once where they are large', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE n (i INTEGER PRIMARY KEY, b);
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 12)
    INSERT INTO n SELECT i, randomblob(1000000) FROM c`);
  const rows = db.iterate('SELECT i, b FROM n', [], { rows: 'array' });
  await rows.next();
  await db.exec('DELETE FROM n WHERE i > 10');
  equal((await all(rows)).length, 9, 'what was left of two batches of 5');
});
