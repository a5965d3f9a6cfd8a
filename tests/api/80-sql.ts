// The tag: values are bound, whatever they look like; names are quoted; pieces nest.
import { sql } from 'anchorite';
import type { Sql } from 'anchorite';
import { equal, match, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('sql', SHOWN_ELSEWHERE);

const HOSTILE = [
  `'; DROP TABLE a; --`,
  `1 OR 1=1`,
  `" OR ""="`,
  `\\'; DELETE FROM a; --`,
  `?1`,
  `:name`,
  `/*`,
  `*/ DROP TABLE a /*`,
  `Robert'); DROP TABLE a;--`,
  `\u2019 OR 1=1 --`,
  '`',
  ']',
];

test('a value is bound, never part of the text', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  for (const value of HOSTILE) {
    const insert = sql`INSERT INTO a VALUES (${value})`;
    equal([insert.text, insert.values], ['INSERT INTO a VALUES (?)', [value]]);
    await db.run(insert);
    equal(await db.get(sql`SELECT b FROM a WHERE b = ${value}`), { b: value });
  }
  await db.exec(sql`UPDATE a SET b = ${'x'}`);
  equal(await db.get('SELECT count(*) AS n FROM a'), { n: HOSTILE.length });
  for (const value of [0, 1n, null, true, new Uint8Array(2)]) {
    equal(await db.get(sql`SELECT ${value} AS v`), await db.get('SELECT ? AS v', [value]));
  }
});

test('a name is quoted, whatever its letters', async (t) => {
  const db = await t.open();
  for (const name of [...HOSTILE, 'SELECT', 'a b', 'é漢😀', '"', '""']) {
    await db.exec(sql`CREATE TABLE ${sql.id(name)} (${sql.id(name)})`);
    await db.run(sql`INSERT INTO ${sql.id('main', name)} VALUES (${1})`);
    const column = sql.id(name, name);
    const rows = await db.query(sql`SELECT ${column} AS v FROM ${sql.id(name)}`);
    equal(rows, [{ v: 1 }], name);
  }
  equal(sql.id('main', 'a"b').text, '"main"."a""b"');
  for (const wrong of [[''], ['a\0b'], [5], [undefined], []]) {
    await rejects((async () => sql.id(...(wrong as string[])))(), { code: 'INVALID_SQL' });
  }
});

test('pieces nest and join, with their values in order', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b, c); INSERT INTO a VALUES (1, 1), (2, 4), (3, 9)');
  const within = (list: number[]) => sql`b IN (${sql.join(list)})`;
  const order = sql`ORDER BY ${sql.id('b')} DESC`;
  const question = sql`SELECT b FROM a WHERE ${within([1, 3])} AND c < ${10} ${order} LIMIT ${9}`;
  equal(question.values, [1, 3, 10, 9]);
  equal(await db.query(question), [{ b: 3 }, { b: 1 }]);
  equal(await db.query(sql`SELECT b FROM a WHERE ${within([])}`), [], 'none of none');
  const parts = [sql`b = ${1}`, sql`c = ${4}`];
  const or = sql`SELECT b FROM a WHERE ${sql.join(parts, sql` OR `)}`;
  equal(await db.query(or, undefined, { rows: 'scalar' }), [1, 2]);
  const sets = sql.join([sql`b = ${7}`, sql`c = ${null}`]);
  equal((await db.run(sql`UPDATE a SET ${sets} WHERE b = ${1}`)).changes, 1);
  equal(await db.get(sql`SELECT c FROM a WHERE b = ${7}`), { c: null });
});

test('what only looks like a piece is a value, and refused', async (t) => {
  const db = await t.open(':memory:');
  const real = sql`1; DROP TABLE a`;
  const forged = [
    { text: '1', values: [] },
    JSON.parse(JSON.stringify(real)),
    Object.create(Object.getPrototypeOf(real)),
    { ...real },
  ];
  for (const piece of forged) {
    await rejects(db.query(sql`SELECT ${piece}`), { code: 'INVALID_PARAMETER' });
    await rejects(db.query(piece as Sql), { code: 'INVALID_SQL' });
  }
  const called = async () => (sql as unknown as (text: string) => Sql)('SELECT 1');
  match((await rejects(called(), { code: 'INVALID_SQL' })).message, /tag/);
  await rejects(db.query(sql`SELECT '${'x'}'`), { code: 'INVALID_PARAMETER' }, 'inside quotes');
  await rejects(db.query(sql`SELECT ${1}`, [1]), { code: 'INVALID_PARAMETER' }, 'others beside');
  await rejects(db.exec(sql`SELECT ${1}; SELECT 2`), { code: 'INVALID_SQL' }, 'two statements');
  await rejects(db.prepare(sql`SELECT ${1}`), { code: 'INVALID_SQL' });
});
