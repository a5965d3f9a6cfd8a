// Values in both directions: every kind SQLite has comes back as what was bound.
import type { Params, SqlValue } from 'anchorite';
import { equal } from '../page/assert';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('values', SAME_IN_SYNC);

const ROUND_TRIPS: readonly SqlValue[] = [
  null,
  0,
  -1,
  1.5,
  -1e300,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  9007199254740992n,
  -9007199254740992n,
  9223372036854775807n,
  -9223372036854775808n,
  Infinity,
  -Infinity,
  '',
  'plain',
  'é漢😀',
  'a\0b\0',
  '\uFEFF mark',
  new Uint8Array(),
  new Uint8Array([0, 1, 254, 255]),
  new Uint8Array(100_000).fill(7),
  'long '.repeat(20_000),
];

test('come back as they went, through a parameter and through a table', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, v)');
  for (const [id, value] of ROUND_TRIPS.entries()) {
    equal(await db.query('SELECT ? AS v', [value]), [{ v: value }], `parameter ${id}`);
    await db.query('INSERT INTO a VALUES (?, ?)', [id, value]);
  }
  await db.close();
  const again = await t.open();
  const rows = await again.query('SELECT v FROM a ORDER BY id');
  for (const [id, value] of ROUND_TRIPS.entries()) equal(rows[id]?.['v'], value, `stored ${id}`);
});

test('integers are numbers when safe, else bigints', async (t) => {
  const db = await t.open();
  const [row] = await db.query(
    'SELECT 9007199254740991 AS a, 9007199254740992 AS b, -9007199254740991 AS c, ' +
      '-9007199254740992 AS d, 9223372036854775807 AS e, 1 AS f, 1.0 AS g',
  );
  equal(row, {
    a: 9007199254740991,
    b: 9007199254740992n,
    c: -9007199254740991,
    d: -9007199254740992n,
    e: 9223372036854775807n,
    f: 1,
    g: 1,
  });
});

test('a whole number binds as INTEGER, a small bigint too, the rest as REAL', async (t) => {
  const db = await t.open();
  const types = await db.query(
    'SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, typeof(?) AS d, typeof(?) AS e',
    [1, 1n, 1.5, Infinity, -7],
  );
  equal(types, [{ a: 'integer', b: 'integer', c: 'real', d: 'real', e: 'integer' }]);
});

test('booleans bind as 1 and 0, buffers and views as blobs', async (t) => {
  const db = await t.open();
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const middle = new Uint8Array([2, 3]);
  const rows = await db.query('SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f', [
    true,
    false,
    buffer,
    new Uint8Array(buffer, 1, 2),
    new DataView(buffer, 1, 2),
    new Uint16Array(buffer, 2, 1),
  ]);
  const whole = new Uint8Array(buffer);
  equal(rows, [{ a: 1, b: 0, c: whole, d: middle, e: middle, f: new Uint8Array([3, 4]) }]);
  equal(buffer.byteLength, 8, 'the buffer stays with its owner');
});

const NAMED: readonly (readonly [string, Params])[] = [
  ['SELECT :a AS a, :b AS b', { a: 1, b: 2 }],
  ['SELECT :a AS a, :b AS b', { ':b': 2, ':a': 1 }],
  ['SELECT @a AS a, $b AS b', { a: 1, b: 2 }],
  ['SELECT @a AS a, $b AS b', { '@a': 1, $b: 2 }],
  ['SELECT ?2 AS a, ?1 AS b', [2, 1]],
  ['SELECT ? AS a, ? AS b', [1, 2]],
  ['SELECT :a AS a, :a + 1 AS b', { a: 1 }],
];

test('named and numbered parameters', async (t) => {
  const db = await t.open();
  for (const [sql, params] of NAMED) equal(await db.query(sql, params), [{ a: 1, b: 2 }], sql);
});

test('of two columns with one name the last wins', async (t) => {
  const db = await t.open();
  equal(await db.query('SELECT 1 AS a, 2 AS b, 3 AS a'), [{ a: 3, b: 2 }]);
});

test('a column may be called __proto__', async (t) => {
  const db = await t.open();
  const [row] = await db.query('SELECT 1 AS "__proto__", 2 AS "constructor"');
  equal(Object.keys(row ?? {}), ['__proto__', 'constructor']);
});

test('clients in other languages get rows with the names of their columns', async (t) => {
  const db = await t.open();
  const options = { rows: 'named' } as unknown as { rows: 'array' };
  const names = ['a', 'b', 'a'];
  const few: unknown = await db.query('SELECT 1 AS a, NULL AS b, 3 AS a', [], options);
  equal(few, [[names, [1, null, 3]]]);
  const many: unknown[] = await db.query(
    `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 500)
     SELECT i AS a, 'x' AS b, i AS a FROM c`,
    [],
    options,
  );
  equal(many.at(-1), [names, [500, 'x', 500]]);
});
