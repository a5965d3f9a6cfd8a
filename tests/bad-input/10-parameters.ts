// Parameters that do not fit: a clear error that names which, or an exact round trip.
import type { Params } from 'anchorite';
import { equal, match, rejects, show } from '../page/assert';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('bad parameter', SAME_IN_SYNC);

const IS_ONE = 'SELECT ? AS v';

/** SQL, parameters, and what the message has to name. */
const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['SELECT ? AS a, ? AS b', [1], /2/],
  ['SELECT ? AS a', [], /1/],
  ['SELECT ? AS a', undefined, /1/],
  ['SELECT ? AS a', [1, 2], /2/],
  ['SELECT 1 AS a', [1], /1|0/],
  ['SELECT :a AS a, :b AS b', { a: 1 }, /b/],
  ['SELECT :a AS a', { a: 1, typo: 2 }, /typo/],
  ['SELECT :a AS a', { a: 1, ':a': 2 }, /a/],
  ['SELECT :a AS a', {}, /a/],
  ['SELECT ? AS a, ? AS b', [1, undefined], /2.*undefined|undefined.*2/s],
  ['SELECT :who AS a', { who: undefined }, /who.*undefined|undefined.*who/s],
  [IS_ONE, [() => 1], /1.*function|function.*1/s],
  [IS_ONE, [Symbol('s')], /1.*symbol|symbol.*1/s],
  [IS_ONE, [{}], /1/],
  [IS_ONE, [[1]], /1/],
  [IS_ONE, [new Date(0)], /1.*Date|Date.*1/s],
  [IS_ONE, [new Map()], /1/],
  [IS_ONE, [9223372036854775808n], /1/],
  [IS_ONE, [-9223372036854775809n], /1/],
  [IS_ONE, 5, /5|number/],
  [IS_ONE, 'text', /text|string/],
];

test('is refused by an error that names it', async (t) => {
  const db = await t.open(':memory:');
  for (const [sql, params, names] of REFUSED) {
    const label = `${sql} with ${show(params)}`;
    const error = await rejects(
      db.query(sql, params as Params),
      { code: 'INVALID_PARAMETER' },
      label,
    );
    match(error.message, names, label);
  }
  equal(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'and the database goes on');
});

const ODD: readonly (number | bigint | string)[] = [
  NaN,
  -0,
  2 ** 53,
  2 ** 60,
  -(2 ** 63),
  2 ** 63,
  1e21,
  'a\uD800b',
  '\uDC00',
  'ends in \uD83D',
];

test('of an odd kind is refused, or comes back exactly', async (t) => {
  const db = await t.open(':memory:');
  for (const value of ODD) {
    const outcome = await db.query(IS_ONE, [value]).catch((error: unknown) => error);
    if (Array.isArray(outcome)) equal(outcome, [{ v: value }], show(value));
    else await rejects(Promise.reject(outcome), { code: 'INVALID_PARAMETER', message: /1/ });
  }
});

test('a refused parameter leaves the statement unrun', async (t) => {
  const db = await t.open(':memory:');
  await db.exec('CREATE TABLE a (b)');
  await rejects(db.query('INSERT INTO a VALUES (1 + ?)', [undefined] as never), {
    code: 'INVALID_PARAMETER',
  });
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 0 }]);
});

test('SQL with a lone surrogate or a NUL is refused', async (t) => {
  const db = await t.open(':memory:');
  for (const sql of ["SELECT '\uD800' AS a", 'SELECT 1 AS a\0; SELECT 2', "SELECT '\uDC00'"]) {
    await rejects(db.query(sql), { code: 'INVALID_SQL' }, show(sql));
    await rejects(db.exec(sql), { code: 'INVALID_SQL' }, show(sql));
  }
  for (const sql of [undefined, null, 5, {}]) {
    await rejects(db.exec(sql as never), { code: 'INVALID_SQL' }, show(sql));
    await rejects(db.query(sql as never), { code: 'INVALID_SQL' }, show(sql));
  }
});
