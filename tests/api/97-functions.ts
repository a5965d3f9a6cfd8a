// SQL functions that the page carries out, by message: their values, their errors and their time,
// while other calls wait; in both builds, and with an owner.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';

describe('functions of the page', SUSPENDING);

/** Resolves in another task: the engine has to wait. */
const later = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function openOne(t: TestContext): Promise<Database> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2), (3)');
  return db;
}

test('are called with what rows have, and answer what parameters may be', async (t) => {
  const db = await openOne(t);
  equal(db.info.can.asyncFunctions, true);
  const seen: unknown[] = [];
  await db.createFunction('same', async (value) => {
    await later();
    seen.push(value);
    return value;
  });
  const values = [null, 7, 2n ** 62n, 0.5, 'é😀', new Uint8Array([0, 255])];
  const each = values.map(() => 'same(?)').join(', ');
  const rows = await db.query(`SELECT ${each}`, values, { rows: 'array' });
  equal(rows, [values]);
  equal(seen, values);
  await db.createFunction('answer', (kind) => {
    const answers = { nothing: undefined, yes: true, bytes: new Uint16Array([258]).buffer };
    return answers[kind as keyof typeof answers];
  });
  const sql = `SELECT answer('nothing'), answer('yes'), answer('bytes')`;
  equal(await db.get(sql, [], { rows: 'array' }), [null, 1, new Uint8Array([2, 1])]);
  const doubled = 'SELECT same(b) * 2 FROM a WHERE same(b) > 1';
  equal(await db.query(doubled, [], { rows: 'scalar' }), [4, 6]);
});

test('are called while a statement writes, in a transaction and in a batch', async (t) => {
  const db = await openOne(t);
  await db.createFunction('twice', async (value) => {
    await later();
    return Number(value) * 2;
  });
  equal(await db.run('UPDATE a SET b = twice(b)'), { changes: 3, lastInsertRowid: 3 });
  await db.transaction(async (tx) => {
    await tx.run('INSERT INTO a VALUES (twice(10))');
  });
  await db.batch([{ sql: 'INSERT INTO a VALUES (twice(?))', params: [20] }]);
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [2, 4, 6, 20, 40]);
});

test('a question that calls one is answered anew each time', async (t) => {
  const db = await openOne(t);
  let calls = 0;
  await db.createFunction('count_calls', () => (calls += 1), { arity: 0 });
  for (const expected of [1, 2, 3, 4]) {
    equal(await db.get('SELECT count_calls()', [], { rows: 'scalar' }), expected);
  }
  equal(calls, 4);
});

test('an error of one fails its statement, with its name and its words', async (t) => {
  const db = await openOne(t);
  await db.createFunction('fails', async () => {
    throw new TypeError('not today');
  });
  await db.createFunction('odd', () => ({}) as never);
  const failed = await rejects(db.run('INSERT INTO a SELECT fails(b) FROM a'), {
    code: 'SQLITE_ERROR',
    message: /function "fails" failed: TypeError: not today/,
  });
  match((failed['cause'] as Error).message, /TypeError: not today/);
  await rejects(db.query('SELECT odd()'), { message: /function "odd" failed: .*its answer/ });
  equal(await db.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 3);
  await db.transaction(async (tx) => {
    await tx.run('INSERT INTO a VALUES (4)');
    await rejects(tx.run('INSERT INTO a VALUES (5), (fails())'), { code: 'SQLITE_ERROR' });
  });
  equal(await db.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 4);
});

test('one that takes too long fails its statement, and the next one runs', async (t) => {
  const db = await openOne(t);
  await db.createFunction('never', () => new Promise<number>(() => {}), { functionTimeout: 50 });
  await rejects(db.query('SELECT never()'), { message: /function "never" failed: .*50 ms/ });
  await db.createFunction('itself', () => db.get<number>('SELECT 1', [], { rows: 'scalar' }), {
    functionTimeout: 100,
  });
  await rejects(db.query('SELECT itself()'), { message: /function "itself" .*waits for itself/ });
  equal(await db.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 3);
});

test('a call is given up while one is waited for', async (t) => {
  const db = await openOne(t);
  let called = () => {};
  const begun = new Promise<void>((resolve) => {
    called = resolve;
  });
  await db.createFunction('never', () => {
    called();
    return new Promise<number>(() => {});
  });
  const controller = new AbortController();
  const { signal } = controller;
  const running = db.run('INSERT INTO a SELECT never()', [], { signal });
  await begun;
  const reason = new Error('enough');
  controller.abort(reason);
  equal(await running.catch((error: unknown) => error), reason);
  await rejects(db.query('SELECT never()', [], { timeout: 50 }), { code: 'TIMEOUT' });
  equal(await db.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 3);
});

test('are of one connection, and cannot be called by a schema', async (t) => {
  const db = await openOne(t);
  const other = await t.open();
  await db.createFunction('mine', () => 1);
  equal(await db.get('SELECT mine()', [], { rows: 'scalar' }), 1);
  await rejects(other.query('SELECT mine()'), { message: /no such function: mine/ });
  await db.exec('CREATE VIEW v AS SELECT mine() AS n');
  await rejects(db.query('SELECT n FROM v'), { message: /unsafe use of mine\(\)/ });
  await db.createFunction('mine', () => 2);
  equal(await db.get('SELECT mine()', [], { rows: 'scalar' }), 2, 'made anew');
});

test('what is wrong with one is said at once', async (t) => {
  const db = await openOne(t);
  const make = (name: unknown, answer: unknown, options?: unknown) =>
    db.createFunction(name as string, answer as () => number, options as object);
  await rejects(make('', () => 1), { code: 'INVALID_NAME' });
  await rejects(make(5, () => 1), { code: 'INVALID_NAME' });
  await rejects(make('f'.repeat(256), () => 1), { code: 'INVALID_NAME' });
  await rejects(make('f', 'SELECT'), { message: /function/ });
  for (const wrong of [{ arity: -1 }, { arity: 128 }, { functionTimeout: 0 }, { directOnly: 1 }]) {
    await rejects(make('f', () => 1, wrong), { code: 'INVALID_OPTION' });
  }
  await make('one', (a: number) => a, { arity: 1, deterministic: true });
  await rejects(db.query('SELECT one(1, 2)'), { message: /wrong number of arguments/ });
  await db.close();
  await rejects(make('f', () => 1), { code: 'CLOSED' });
  ok(db.closed, 'it is closed');
});

// Each one that was made again was kept until the connection closed.
test('one that is made again takes the place of the former', async (t) => {
  const db = await t.open();
  for (const answer of [1, 2, 3]) await db.createFunction('f', () => answer);
  equal(await db.get('SELECT f()', [], { rows: 'scalar' }), 3);
  await rejects(db.createFunction('f', () => 4, { arity: 1000 }), { code: 'INVALID_OPTION' });
  equal(await db.get('SELECT f()', [], { rows: 'scalar' }), 3, 'also after one that was refused');
  await db.createFunction('f', (i) => i, { arity: 1 });
  equal(await db.query('SELECT f(), f(7)', [], { rows: 'array' }), [[3, 7]], 'beside another');
});
