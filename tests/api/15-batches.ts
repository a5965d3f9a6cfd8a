// Rows cross in batches of bytes: what is in them is right wherever a batch ends.
import type { SqlValue } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('batches', SHOWN_ELSEWHERE);

/** One of each kind that a batch has, by the number of its row. */
function values(id: number): SqlValue[] {
  return [
    id,
    id % 3 === 0 ? null : id + 0.5,
    id * 2 ** 31,
    BigInt(id) * 2n ** 50n + 2n ** 53n,
    ['\uFEFFmark', 'plain', '', 'é漢😀', 'long '.repeat(id % 40)][id % 5] as string,
    new Uint8Array(id % 70).fill(id),
  ];
}

const COLUMNS = ['id', 'real', 'large', 'big', 'text', 'blob'];
const ROWS = 3000;

test('have every value in its place, in each shape', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (${COLUMNS.join()})`);
  await db.insertMany(
    'a',
    Array.from({ length: ROWS }, (_, id) => values(id)),
  );
  const arrays = await db.query('SELECT * FROM a ORDER BY id', [], {
    rows: 'array',
  });
  const objects = await db.query('SELECT * FROM a ORDER BY id');
  equal([arrays.length, objects.length], [ROWS, ROWS], 'rows');
  for (let id = 0; id < ROWS; id++) {
    equal(arrays[id], values(id), `array ${id}`);
    const object = Object.fromEntries(values(id).map((value, i) => [COLUMNS[i], value]));
    equal(objects[id], object, `object ${id}`);
  }
  const texts = await db.query('SELECT text FROM a ORDER BY id', [], {
    rows: 'scalar',
  });
  equal(
    texts,
    arrays.map((row) => row[4]),
    'scalars',
  );
  const [{ rows } = { rows: [] }] = await db.batch(['SELECT * FROM a ORDER BY id']);
  equal(rows, objects, 'of a batch of statements');
});

test('begin where rows are more than few, wherever that is', async (t) => {
  const db = await t.open();
  const sql = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
               SELECT i, i * 0.5 AS half, iif(i = ?2, ?3, 'v' || i) AS v FROM n`;
  for (const count of [1, 2, 12, 13, 14, 15, 20, 21, 22, 65]) {
    for (const place of [1, 2, 13, 14, 21]) {
      for (const size of [0, 900, 1100, 20_000]) {
        const large = 'é'.repeat(size / 2);
        const rows = await db.query(sql, [count, place, large]);
        const expected = Array.from({ length: count }, (_, index) => {
          const i = index + 1;
          return { i, half: i / 2, v: i === place ? large : `v${i}` };
        });
        equal(rows, expected, `${count} rows, in ${place} a text of ${size} bytes`);
      }
    }
  }
});

test('have the columns that there are, however often they are asked for', async (t) => {
  const name = t.name();
  const [db, other] = [await t.open(name), await t.open(':memory:')];
  const sql = 'SELECT * FROM a';
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await other.exec('CREATE TABLE a (c, d); INSERT INTO a VALUES (2, 3)');
  for (let round = 0; round < 3; round++) {
    equal(await db.query(sql), [{ b: 1 }], `round ${round}`);
    equal(await other.query(sql), [{ c: 2, d: 3 }], `round ${round}, the other one`);
  }
  await db.exec('ALTER TABLE a ADD COLUMN e DEFAULT 4');
  equal(await db.query(sql), [{ b: 1, e: 4 }], 'altered');
  await db.exec('ALTER TABLE a RENAME COLUMN b TO f');
  equal(await db.query(sql), [{ f: 1, e: 4 }], 'renamed');
  for (let number = 0; number < 600; number++) {
    const [asked, again] = [await db.query(`SELECT ${number} AS n`), await db.query(sql)];
    equal([asked, again], [[{ n: number }], [{ f: 1, e: 4 }]], `beside ${number} other texts`);
  }
  const numbers = [3, 300, 599, 3, 300, 599];
  for (const n of numbers) equal(await db.query(`SELECT ${n} AS n`), [{ n }], `text ${n}`);
});

test('leave out what is large, which is whole all the same', async (t) => {
  const db = await t.open();
  const sizes = [16_383, 16_384, 16_385, 70_000];
  const text = (size: number) => `${'é'.repeat(size / 2)}${size}`;
  await db.exec('CREATE TABLE a (text, blob)');
  await db.insertMany(
    'a',
    sizes.map((size) => [text(size), new Uint8Array(size).fill(size)]),
  );
  const rows = await db.query('SELECT 1 AS one, a.*, 2 AS two FROM a ORDER BY rowid');
  for (const [index, size] of sizes.entries()) {
    const blob = new Uint8Array(size).fill(size);
    equal(rows[index], { one: 1, text: text(size), blob, two: 2 }, `${size}`);
  }
});

test('mend text that is not UTF-8, and keep what follows in its place', async (t) => {
  const db = await t.open();
  const bad = "CAST(x'61F09F9862C3A9E6' AS TEXT)";
  const expected = ['a\uFFFDbé\uFFFD', 'after'];
  const few = await db.query(`SELECT ${bad}, 'after'`, [], { rows: 'array' });
  equal(few, [expected], 'few');
  const many = await db.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
     SELECT ${bad}, 'after' FROM n`,
    [],
    { rows: 'array' },
  );
  equal(many.length, 900, 'rows');
  for (const row of many) equal(row, expected, 'many');
  const apart = await db.query(`SELECT CAST(x'FF' || zeroblob(20000) AS TEXT) AS v`, [], {
    rows: 'scalar',
  });
  equal(apart, [`\uFFFD${'\0'.repeat(20_000)}`], 'apart');
});

test('tell −0 from 0, and have infinities', async (t) => {
  const db = await t.open();
  const sql = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
               SELECT -0.0 AS zero, 9e999 AS most, -9e999 AS least FROM n`;
  for (const count of [1, 500]) {
    const rows = await db.query(sql, [count]);
    equal(rows.length, count, 'rows');
    for (const { zero, most, least } of rows) {
      ok(Object.is(zero, -0) && most === Infinity && least === -Infinity, `${count} rows`);
    }
  }
});

test('have no rows where there are none', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b, c)');
  for (const rows of ['object', 'array', 'scalar'] as const) {
    equal(await db.query('SELECT * FROM a', [], { rows } as { rows: 'object' }), [], rows);
    equal(
      await db.query('INSERT INTO a VALUES (1, 2)', [], { rows } as {
        rows: 'object';
      }),
      [],
    );
    await db.exec('DELETE FROM a');
  }
});

test('refuse an INTEGER that is not exact wherever it is, when that is asked for', async (t) => {
  const db = await t.open(t.name(), { int64: 'throw' });
  const sql = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
               SELECT i, iif(i = ?, 1 << 53, i) AS v FROM n`;
  equal((await db.query(sql, [0])).length, 20_000, 'rows');
  for (const place of [1, 15_000, 20_000]) {
    await rejects(db.query(sql, [place]), { code: 'UNSAFE_INTEGER' }, `row ${place}`);
  }
});

test('calls that are made at once are answered each with its own, in order', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, v)');
  const settled: number[] = [];
  const calls = Array.from({ length: 20 }, async (_, id) => {
    const write = db.run('INSERT INTO a VALUES (?, ?)', [id, `v${id}`]);
    const read = db.query('SELECT v, (SELECT count(*) FROM a) AS n FROM a WHERE id = ?', [id]);
    equal((await write).lastInsertRowid, id, `insert ${id}`);
    const [row] = await read;
    ok(row?.['v'] === `v${id}` && row['n'] === id + 1, `read ${id}`);
    settled.push(id);
  });
  const wrong = rejects(db.query('SELECT nope FROM a'), { code: 'SQLITE_ERROR' }, 'one that fails');
  await Promise.all([...calls, wrong]);
  equal(settled, [...calls.keys()], 'order');
  const ids = Array.from({ length: 700 }, (_, index) => index % 20);
  const points = await Promise.all(
    ids.map((id) => db.get('SELECT v FROM a WHERE id = ?', [id], { rows: 'scalar' })),
  );
  const expected = ids.map((id) => `v${id}`);
  equal(points, expected, 'at once');
});
