// SqliteError: codes, and the place in the text, counted in UTF-16 units of the caller's string.
import { SqliteError } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('errors', SHOWN_ELSEWHERE);

/** SQL with the place marked where SQLite should point. */
const PLACES: readonly string[] = [
  '⟦SELEC 1',
  'SELECT ⟦nope',
  "SELECT 'é', ⟦nope",
  "SELECT '漢', ⟦nope",
  "SELECT '😀', ⟦nope",
  'SELECT \'é漢😀\' AS "é漢😀", ⟦nope',
  '/* é */ SELECT ⟦nope -- 😀',
  'SELECT 1;\nSELECT 2;\n  SELECT ⟦nope',
  "SELECT 'é';\nSELECT '漢😀';\n  SELECT ⟦nope; SELECT 4",
  'CREATE TABLE IF NOT EXISTS "😀" (v);\r\nSELECT \'漢\';\r\n\tSELECT v, ⟦nope FROM "😀"',
  'SELECT 1;;; /* 😀😀😀 */ SELECT (1 + ⟦)',
];

test('exec points at the place in the whole text', async (t) => {
  const db = await t.open();
  for (const marked of PLACES) {
    const sql = marked.replace('⟦', '');
    const error = await rejects(db.exec(sql), { offset: marked.indexOf('⟦'), sql }, marked);
    equal(error['code'], 'SQLITE_ERROR', marked);
  }
});

test('query points at the place too', async (t) => {
  const db = await t.open();
  for (const marked of PLACES.filter((text) => !text.includes(';'))) {
    const sql = marked.replace('⟦', '');
    await rejects(
      db.query(sql),
      { code: 'SQLITE_ERROR', offset: marked.indexOf('⟦'), sql },
      marked,
    );
  }
});

test('are SqliteErrors with a code, an extended code and a message', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b UNIQUE NOT NULL); INSERT INTO a VALUES (1)');
  const error = await rejects(db.query('INSERT INTO a VALUES (?)', [1]), {
    code: 'SQLITE_CONSTRAINT',
    extendedCode: 'SQLITE_CONSTRAINT_UNIQUE',
    message: /UNIQUE constraint failed: a\.b/,
    offset: undefined,
    sql: 'INSERT INTO a VALUES (?)',
  });
  ok(error instanceof SqliteError, 'a SqliteError');
  equal(error.name, 'SqliteError');
  match(error.stack, /\w/, 'stack');
  await rejects(db.exec('INSERT INTO a VALUES (NULL)'), {
    extendedCode: 'SQLITE_CONSTRAINT_NOTNULL',
  });
});

test('of SQL functions and triggers carry their text', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (b);
    CREATE TRIGGER no BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'not é漢😀'); END`);
  await rejects(db.exec('INSERT INTO a VALUES (1)'), {
    code: 'SQLITE_CONSTRAINT',
    extendedCode: 'SQLITE_CONSTRAINT_TRIGGER',
    message: /not é漢😀/,
  });
  await rejects(db.query("SELECT json('{')"), { code: 'SQLITE_ERROR', message: /malformed JSON/ });
});

test('leave the database usable', async (t) => {
  const db = await t.open();
  await rejects(db.query('SELECT nope'), { code: 'SQLITE_ERROR' });
  equal(await db.query('SELECT 1 AS a'), [{ a: 1 }]);
});
