// batch() and insertMany(): many statements, many rows, all or none of them.
import { sql } from 'anchorite';
import type { InsertRow } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('bulk', SHOWN_ELSEWHERE);

test('a batch answers for each statement, in one transaction', async (t) => {
  const db = await t.open();
  const answers = await db.batch([
    'CREATE TABLE a (b UNIQUE)',
    { sql: 'INSERT INTO a VALUES (:one), (:two)', params: { one: 1, two: 2 } },
    sql`SELECT b FROM a WHERE b > ${1}`,
  ]);
  equal(answers, [
    { changes: 0, lastInsertRowid: 0, rows: [] },
    { changes: 2, lastInsertRowid: 2, rows: [] },
    { changes: 0, lastInsertRowid: 2, rows: [{ b: 2 }] },
  ]);
  equal(await db.batch([]), []);
});

test('of a batch that fails nothing is done, and its error says where', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1)');
  const insert = 'INSERT INTO a VALUES (3)';
  for (const mode of ['deferred', 'immediate', 'exclusive'] as const) {
    const taken = db.batch([insert, 'INSERT INTO a VALUES (1)'], { mode });
    const error = await rejects(taken, { extendedCode: 'SQLITE_CONSTRAINT_UNIQUE' });
    match(error.message, /^statements\[1\]: /);
  }
  const wrong = await rejects(db.batch([insert, 'SELECT nope FROM a']), { code: 'SQLITE_ERROR' });
  const { sql: text, offset } = wrong as unknown as { sql: string; offset: number };
  match(text.slice(offset), /^nope/, 'its place in the text of all');
  await rejects(db.batch([insert, { sql: insert, params: [1] }]), { code: 'INVALID_PARAMETER' });
  const early = await rejects(db.batch([insert, { sql: insert, params: [undefined] as never }]), {
    code: 'INVALID_PARAMETER',
  });
  match(early.message, /^statements\[1\]: parameter 1 /);
  await rejects(db.batch([insert, 5] as never), { code: 'INVALID_SQL' });
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [1]);
  await rejects(db.batch([insert, 'COMMIT', insert]), { code: 'TRANSACTION_ABORTED' });
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [1, 3], 'but before COMMIT');
  await db.exec('BEGIN');
  await rejects(db.batch(['DELETE FROM a']), { code: 'SQLITE_ERROR' }, 'in one begun by exec');
  await db.exec('INSERT INTO a VALUES (4); COMMIT');
  equal(await db.get('SELECT count(*) AS n FROM a'), { n: 3 });
});

test('a batch tells of its progress, and is one transaction all the same', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b UNIQUE)');
  const other = await t.open();
  const insert = (value: number) => sql`INSERT INTO a VALUES (${value})`;
  const inserts = (count: number, last: number) =>
    Array.from({ length: count }, (_, i) => insert(i === count - 1 ? last : i));
  const told: number[] = [];
  const onProgress = (statements: number) => told.push(statements);
  const answers = await db.batch([...inserts(249, 248), 'SELECT count(*) AS n FROM a'], {
    onProgress,
    mode: 'exclusive',
  });
  equal(told, [100, 200, 250]);
  equal([answers.length, answers[248]?.changes, answers[249]?.rows], [250, 1, [{ n: 249 }]]);
  await other.exec('DELETE FROM a');
  told.length = 0;
  const failed = await rejects(db.batch(inserts(180, 5), { onProgress }), {
    extendedCode: 'SQLITE_CONSTRAINT_UNIQUE',
    message: /^statements\[179\]: /,
  });
  ok(String(failed['sql']).startsWith('INSERT'), 'its text');
  equal(told, [100]);
  const thrown = new Error('enough');
  const enough = () => {
    throw thrown;
  };
  equal(await rejects(db.batch(inserts(3, 2), { onProgress: enough }), {}), thrown);
  equal(await other.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 0);
  await db.transaction(async (tx) => {
    await tx.batch(inserts(101, 100), { onProgress, mode: 'deferred' });
    await rejects(tx.batch(inserts(3, 2), { onProgress }), { code: 'SQLITE_CONSTRAINT' });
  });
  equal(await other.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 101);
  await rejects(db.batch([], { onProgress: 5 as never }), { code: 'INVALID_OPTION' });
});

test('a batch waits for another writer, and is done once', async (t) => {
  for (const journalMode of ['wal', 'delete'] as const) {
    const [db, other] = [
      await t.open(t.name(journalMode), { journalMode }),
      await t.open(t.name(journalMode)),
    ];
    await db.exec('CREATE TABLE a (b)');
    await other.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (1)');
    const waiting = db.batch(['INSERT INTO a VALUES (2)', 'INSERT INTO a VALUES (3)']);
    await other.exec('COMMIT; BEGIN; SELECT * FROM a');
    const [committed] = [waiting, await other.exec('COMMIT')];
    await committed;
    equal(await other.query('SELECT b FROM a', [], { rows: 'scalar' }), [1, 2, 3], journalMode);
  }
});

const MANY = 20_000;

function* numbered(count: number): Generator<InsertRow> {
  for (let i = 0; i < count; i++) yield [i, `row ${i} é漢😀`];
}

test('many rows go in by table and by statement, from lists and from streams', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE "a b" (i INTEGER PRIMARY KEY, "c""d")');
  const told: number[] = [];
  const onProgress = (rows: number) => told.push(rows);
  equal(await db.insertMany('a b', numbered(MANY), { batchRows: 7000, onProgress }), {
    changes: MANY,
  });
  equal(told, [7000, 14_000, MANY]);
  const sum = 'SELECT count(*) AS n, sum(i) AS s, max("c""d") AS t FROM "a b"';
  const s = (MANY * (MANY - 1)) / 2;
  equal(await db.get(sum), { n: MANY, s, t: 'row 9999 é漢😀' });
  await db.insertMany('a b', [{ 'c"d': 1, i: -1 }, { i: -2, 'c"d': null }]);
  const update = await db.prepare('UPDATE "a b" SET "c""d" = :to WHERE i = $i');
  equal(await db.insertMany(update, [{ i: -1, to: 'x' }, { ':to': 'y', $i: -2 }]), { changes: 2 });
  async function* later() {
    for (const i of [-3, -4]) yield await Promise.resolve([i, i]);
  }
  await db.insertMany(sql`INSERT INTO ${sql.id('a b')} VALUES (?, ?)`, later());
  equal(await db.query('SELECT "c""d" FROM "a b" WHERE i < 0 ORDER BY i', [], { rows: 'scalar' }), [
    -4,
    -3,
    'y',
    'x',
  ]);
  equal(await db.insertMany('a b', []), { changes: 0 });
});

test('every kind of value arrives as it does by query', async (t) => {
  const db = await t.open(t.name(), { dates: 'ms' });
  await db.exec('CREATE TABLE a (i INTEGER PRIMARY KEY, v)');
  const values = [
    ...[null, 0, -0, 1.5, -1, 2 ** 53, 2 ** 53 - 1, Infinity, -Infinity, true, false],
    ...[0n, 2n ** 63n - 1n, -(2n ** 63n), '', 'a\0b', 'é漢😀', 'x'.repeat(100_000)],
    ...[new Uint8Array(0), new Uint8Array([0, 255]), new Uint8Array(100_000).fill(7).buffer],
    new Date(5),
  ];
  await db.insertMany('a', values.map((value, i) => [i, value]), { batchRows: 3 });
  for (const [i, value] of values.entries()) {
    const row = await db.get('SELECT v, typeof(v) AS t FROM a WHERE i = ?', [i]);
    equal(row, await db.get('SELECT ?1 AS v, typeof(?1) AS t', [value]), `value ${i}`);
  }
});

test('of many rows all go in or none, and the error says which was wrong', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (i INTEGER PRIMARY KEY, v NOT NULL)');
  const bad: readonly (readonly [readonly unknown[], RegExp, string])[] = [
    [[[1, 1], [2, 2], [1, 3]], /^rows\[2\]: UNIQUE/, 'SQLITE_CONSTRAINT'],
    [[[1, 1], [2, undefined]], /^rows\[1\]: parameter 2 is undefined/, 'INVALID_PARAMETER'],
    [[[1, 1], [2]], /^rows\[1\]: 2 values are wanted, 1 given/, 'INVALID_PARAMETER'],
    [[{ i: 1, v: 1 }, { i: 2, w: 2 }], /^rows\[1\]: .*"v"/, 'INVALID_PARAMETER'],
    [[{ i: 1, v: 1 }, { i: 2, v: 2, w: 3 }], /^rows\[1\]: .*"w"/, 'INVALID_PARAMETER'],
    [[{ i: 1, v: 1 }, [2, 2]], /^rows\[1\]: /, 'INVALID_PARAMETER'],
    [[{ i: 1, v: 'a\uD800' }], /^rows\[0\]: parameter "v" has a lone/, 'INVALID_PARAMETER'],
    [[5], /^rows\[0\]: a row is/, 'INVALID_PARAMETER'],
    [[{ i: 1, nope: 1 }], /nope/, 'SQLITE_ERROR'],
    [[{ i: 1, 'v) VALUES (1, 2); DROP TABLE a; --': 1 }], /no column/, 'SQLITE_ERROR'],
  ];
  for (const [rows, says, code] of bad) {
    for (const batchRows of [1, 2, 1000]) {
      const call = db.insertMany('a', rows as InsertRow[], { batchRows });
      match((await rejects(call, { code })).message, says);
    }
  }
  await rejects(db.insertMany('a; DROP TABLE a', [[1, 2]]), { code: 'SQLITE_ERROR' });
  await rejects(db.insertMany('a', 'text' as never), { code: 'INVALID_PARAMETER' });
  await rejects(db.insertMany('a', [[1, 2]], { batchRows: 0 }), { code: 'INVALID_OPTION' });
  const thrown = new Error('the source has failed');
  function* failing(): Generator<InsertRow> {
    yield [1, 1];
    throw thrown;
  }
  equal(await rejects(db.insertMany('a', failing(), { batchRows: 1 }), {}), thrown);
  const stop = new AbortController();
  const onProgress = () => stop.abort(thrown);
  const aborted = db.insertMany('a', numbered(5), {
    batchRows: 1,
    signal: stop.signal,
    onProgress,
  });
  equal(await rejects(aborted, {}), thrown, 'the reason of the signal');
  equal(await db.get('SELECT count(*) AS n FROM a'), { n: 0 });
});
