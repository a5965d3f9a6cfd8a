// run(), get(), the shapes of rows, integers, dates, prepared statements: what each answers.
import { equal, match, ok, rejects } from '../page/assert';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('calls', SAME_IN_SYNC);

test('run answers what a statement has changed', async (t) => {
  const db = await t.open();
  equal(await db.run('CREATE TABLE a (b)'), { changes: 0, lastInsertRowid: 0 });
  const two = await db.run('INSERT INTO a VALUES (?), (?)', [1, 2]);
  equal(two, { changes: 2, lastInsertRowid: 2 });
  equal((await db.run('UPDATE a SET b = b + :by', { by: 1 })).changes, 2);
  equal((await db.run('SELECT * FROM a')).changes, 0, 'not those of the UPDATE');
  equal((await db.run('DELETE FROM a WHERE b = 9')).changes, 0);
  const big = await db.run('INSERT INTO a (rowid, b) VALUES (?, 1)', [2n ** 62n]);
  equal(big, { changes: 1, lastInsertRowid: 2n ** 62n });
  await rejects(db.run('DELETE FROM a; DELETE FROM a'), { code: 'INVALID_SQL' });
  await rejects(db.run('DELETE FROM a WHERE b = ?'), { code: 'INVALID_PARAMETER' });
  await rejects(db.run('DELETE FROM a WHERE nope'), { code: 'SQLITE_ERROR', offset: 20 });
  equal(await db.get('SELECT count(*) AS n FROM a'), { n: 3 });
});

test('get answers the first row, and the statement changes all it would', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2)');
  for (let again = 0; again < 3; again++) {
    equal(await db.get('SELECT b FROM a ORDER BY b'), { b: 1 });
    equal(await db.get('SELECT b FROM a WHERE b > ?', [5]), undefined);
  }
  equal(await db.get('UPDATE a SET b = b + 10 RETURNING b'), { b: 11 });
  equal(await db.query('SELECT b FROM a', [], { rows: 'scalar' }), [11, 12]);
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  equal(await db.get(endless), { i: 1 }, 'the others are not computed');
  equal(await db.get(endless), { i: 1 }, 'nor when it is compiled already');
});

test('rows are objects, arrays or single values', async (t) => {
  const db = await t.open(':memory:');
  const sql = 'SELECT 1 AS a, 2 AS b, 3 AS a UNION ALL SELECT 4, 5, 6';
  equal(await db.query(sql), [
    { a: 3, b: 2 },
    { a: 6, b: 5 },
  ]);
  equal(await db.query(sql, undefined, { rows: 'array' }), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  equal(await db.query(sql, undefined, { rows: 'scalar' }), [1, 4]);
  equal(await db.get(sql, undefined, { rows: 'array' }), [1, 2, 3]);
  equal(await db.get(sql, undefined, { rows: 'scalar' }), 1);
  equal(await db.get('SELECT 1 WHERE 0', undefined, { rows: 'scalar' }), undefined);
  const near = db.query(sql, undefined, { row: 'array' } as never);
  match((await rejects(near, { code: 'INVALID_OPTION' })).message, /did you mean "rows"/);
  await rejects(db.query(sql, undefined, { rows: 'list' as never }), { code: 'INVALID_OPTION' });
});

const LARGE = 2n ** 53n;

test('an INTEGER is a number where that is exact, always a bigint, or an error', async (t) => {
  const sql = 'SELECT 7 AS small, ? AS large, 0.5 AS real';
  const auto = await t.open(':memory:');
  equal(await auto.get(sql, [LARGE]), { small: 7, large: LARGE, real: 0.5 });
  const big = await t.open(':memory:', { int64: 'bigint' });
  await big.exec('CREATE TABLE a (b)');
  equal((await big.run('INSERT INTO a VALUES (1)')).lastInsertRowid, 1n);
  const strict = await t.open(':memory:', { int64: 'throw' });
  await strict.exec('CREATE TABLE a (b)');
  for (let again = 0; again < 3; again++) {
    equal(await big.get(sql, [LARGE]), { small: 7n, large: LARGE, real: 0.5 });
    equal(await strict.get(sql, [LARGE - 1n]), { small: 7, large: 2 ** 53 - 1, real: 0.5 });
    const error = await rejects(strict.get(sql, [LARGE]), { code: 'UNSAFE_INTEGER' });
    match(error.message, /9007199254740992/);
  }
  await rejects(strict.query('INSERT INTO a VALUES (?) RETURNING b', [-LARGE]), {
    code: 'UNSAFE_INTEGER',
  });
  equal(await strict.get('SELECT count(*) AS n FROM a'), { n: 1 }, 'what it changed is changed');
});

test('a Date is refused unless an option says what it becomes', async (t) => {
  const when = new Date(Date.UTC(2001, 1, 3, 4, 5, 6, 789));
  const plain = await t.open(':memory:');
  const error = await rejects(plain.query('SELECT ?', [when]), { code: 'INVALID_PARAMETER' });
  match(error.message, /Date.*"dates"/);
  const texts = await t.open(':memory:', { dates: 'text' });
  equal(await texts.get('SELECT :d AS d', { d: when }), { d: '2001-02-03T04:05:06.789Z' });
  const numbers = await t.open(':memory:', { dates: 'ms' });
  equal(await numbers.get('SELECT ? AS d', [when]), { d: when.getTime() });
  await rejects(numbers.get('SELECT ? AS d', [new Date(NaN)]), { code: 'INVALID_PARAMETER' });
});

test('a prepared statement says what it is, and runs until it is finalized', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b INTEGER PRIMARY KEY, c VARCHAR(9))');
  const insert = await db.prepare('INSERT INTO a VALUES (:b, ?)');
  equal(insert.columns, []);
  equal(insert.parameters, [':b', undefined]);
  equal(insert.onlyReads, false);
  equal(await insert.run([1, 'x']), { changes: 1, lastInsertRowid: 1 });
  equal(await insert.run([2, 'y']), { changes: 1, lastInsertRowid: 2 });
  const select = await db.prepare('SELECT b AS id, c, b + 1 AS next FROM a WHERE b >= $from');
  const none = { database: undefined, table: undefined, column: undefined };
  equal(select.columns, [
    { name: 'id', declaredType: 'INTEGER', database: 'main', table: 'a', column: 'b' },
    { name: 'c', declaredType: 'VARCHAR(9)', database: 'main', table: 'a', column: 'c' },
    { name: 'next', declaredType: undefined, ...none },
  ]);
  equal(select.parameters, ['$from']);
  ok(select.onlyReads, 'it only reads');
  equal(await select.query({ from: 2 }), [{ id: 2, c: 'y', next: 3 }]);
  equal(await select.get({ from: 0 }, { rows: 'array' }), [1, 'x', 2]);
  select.finalize();
  select.finalize();
  await rejects(select.query({ from: 2 }), { code: 'CLOSED' });
  await rejects(db.prepare('SELECT nope FROM a'), { code: 'SQLITE_ERROR', offset: 7 });
  await rejects(db.prepare('SELECT 1; SELECT 2'), { code: 'INVALID_SQL' });
  await db.close();
  await rejects(insert.run([3, 'z']), { code: 'CLOSED' });
});

test('memory is asked for, and no database is made where none is wanted', async (t) => {
  const one = await t.open(t.name('in memory'), { storage: 'memory' });
  equal([one.name, one.info.storage], [t.name('in memory'), 'memory']);
  await one.exec('CREATE TABLE a (b)');
  const other = await t.open(t.name('in memory'), { storage: 'memory' });
  await rejects(other.query('SELECT * FROM a'), { code: 'SQLITE_ERROR' });
  await rejects(t.open(':memory:', { storage: 'opfs' }), { code: 'INVALID_OPTION' });
  await rejects(t.open(t.name(), { create: false }), { code: 'SQLITE_CANTOPEN' });
  const made = await t.open(t.name(), { cacheSize: 1_048_576 });
  equal(await made.get('PRAGMA cache_size'), { cache_size: -1024 });
  await made.close();
  await (await t.open(t.name(), { create: false })).exec('CREATE TABLE a (b)');
});
