// exec() and query(): many statements, many calls at once, two databases at once.
import { equal, ok, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('statements', SHOWN_ELSEWHERE);

test('exec runs any number of them, query exactly one', async (t) => {
  const db = await t.open();
  equal(await db.exec(''), undefined, 'nothing');
  equal(await db.exec(' -- only a comment\n;;'), undefined, 'a comment');
  await db.exec(
    `CREATE TABLE a (b); INSERT INTO a VALUES (1), (2); /* end */ UPDATE a SET b = b * 2`,
  );
  equal(await db.query('SELECT b FROM a ORDER BY b;  -- done'), [{ b: 2 }, { b: 4 }]);
  for (const none of ['', '  ;', '-- only a comment']) {
    await rejects(db.query(none), { code: 'INVALID_SQL' }, none);
  }
  await rejects(db.query('SELECT 1; SELECT 2'), { code: 'INVALID_SQL' });
  await rejects(db.query('DELETE FROM a; DELETE FROM a'), { code: 'INVALID_SQL' });
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 2 }], 'neither DELETE ran');
});

test('a statement that writes gives no rows, RETURNING gives them', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  equal(await db.query('INSERT INTO a VALUES (1)'), []);
  equal(await db.query('INSERT INTO a VALUES (2) RETURNING b'), [{ b: 2 }]);
});

test('statements of an exec before the one that fails stay done', async (t) => {
  const db = await t.open();
  await rejects(
    db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1); SELECT nope; DELETE FROM a'),
    {
      code: 'SQLITE_ERROR',
    },
  );
  equal(await db.query('SELECT b FROM a'), [{ b: 1 }]);
});

test('a transaction spans calls, and rolls back', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  await db.exec('BEGIN');
  await db.exec('INSERT INTO a VALUES (1)');
  await db.exec('ROLLBACK');
  await db.exec('BEGIN; INSERT INTO a VALUES (2); COMMIT');
  equal(await db.query('SELECT b FROM a'), [{ b: 2 }]);
});

test('a question that is asked again sees what was done meanwhile', async (t) => {
  const db = await t.open();
  const other = await t.open(db.name);
  await db.exec('CREATE TABLE a (b)');
  const question = 'SELECT count(*) AS n FROM a';
  for (let n = 1; n <= 20; n++) {
    const writer = n % 2 === 0 ? db : other;
    const inserted = writer.query('INSERT INTO a VALUES (?)', [n]);
    const beside = writer.query(question);
    await inserted;
    equal(await beside, [{ n }], 'asked before the insert was done');
    equal(await db.query(question), [{ n }], 'asked when nothing runs');
    equal(await other.query(question), [{ n }], 'and by the other connection');
  }
  await db.exec('BEGIN; DELETE FROM a');
  equal(await db.query(question), [{ n: 0 }], 'in the transaction');
  equal(await other.query(question), [{ n: 20 }], 'beside it');
  await db.exec('ROLLBACK; ALTER TABLE a RENAME COLUMN b TO c; DROP TABLE a');
  await rejects(db.query(question), { code: 'SQLITE_ERROR', sql: question });
  await other.close();
});

const CALLS = 500;

test('500 un-awaited queries come back in order and right', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (i INTEGER PRIMARY KEY)');
  const finished: number[] = [];
  const calls = Array.from({ length: CALLS }, async (_, i) => {
    const insert = i % 10 === 0;
    const rows = await db.query(
      insert ? 'INSERT INTO a VALUES (?) RETURNING i' : 'SELECT ? AS i, count(*) AS n FROM a',
      [i],
    );
    finished.push(i);
    equal(rows, [insert ? { i } : { i, n: Math.ceil(i / 10) }], `call ${i}`);
  });
  await Promise.all(calls);
  equal(finished, [...Array(CALLS).keys()], 'order');
});

test('errors among un-awaited queries hit only their own call', async (t) => {
  const db = await t.open();
  const calls = Array.from({ length: 60 }, (_, i) =>
    i % 3 === 0
      ? rejects(db.query('SELECT nope'), { code: 'SQLITE_ERROR' })
      : db.query('SELECT ? AS i', [i]).then((rows) => equal(rows, [{ i }])),
  );
  await Promise.all(calls);
});

test('two databases open at once, calls interleaved', async (t) => {
  const [left, right] = [await t.open(t.name('left')), await t.open(t.name('right'))];
  await Promise.all([left.exec('CREATE TABLE a (v)'), right.exec('CREATE TABLE b (v)')]);
  await Promise.all([left.exec('BEGIN'), right.exec('BEGIN')]);
  const calls = Array.from({ length: 100 }, (_, i) => [
    left.query('INSERT INTO a VALUES (?)', [i]),
    right.query('INSERT INTO b VALUES (?)', [-i]),
  ]).flat();
  await Promise.all(calls);
  await Promise.all([left.exec('COMMIT'), right.exec('ROLLBACK')]);
  equal(await left.query('SELECT count(*) AS n, sum(v) AS s FROM a'), [{ n: 100, s: 4950 }]);
  equal(await right.query('SELECT count(*) AS n FROM b'), [{ n: 0 }]);
  await left.close();
  await right.exec('INSERT INTO b VALUES (1)');
  equal(await right.query('SELECT v FROM b'), [{ v: 1 }], 'one goes on when the other is closed');
});

test('a result of 50,000 rows arrives whole', async (t) => {
  const db = await t.open(':memory:');
  const rows = await db.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000)
     SELECT i, 'row ' || i AS text FROM n`,
  );
  equal(
    [rows.length, rows[0], rows[49_999]],
    [50_000, { i: 1, text: 'row 1' }, { i: 50_000, text: 'row 50000' }],
  );
  ok(
    rows.every((row, index) => row['i'] === index + 1),
    'every row in its place',
  );
});
