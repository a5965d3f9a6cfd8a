// What keeps a database from harm: by a hostile file, by SQL that would damage it, by SQL that asks
// for too much.
import { importDatabase } from 'anchorite';
import type { Limits, OpenOptions } from 'anchorite';
import { equal, match, rejects, show } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('safety', SHOWN_ELSEWHERE);

test('SQL cannot damage the file', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); CREATE VIRTUAL TABLE f USING fts5 (c)');
  await db.exec('PRAGMA writable_schema = ON');
  for (const harm of [
    'DELETE FROM sqlite_schema',
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE a (x)'",
    'DELETE FROM f_data',
    'UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1',
  ]) {
    await rejects(db.exec(harm), { code: 'SQLITE_ERROR' }, harm);
  }
  const version = await db.get('PRAGMA schema_version');
  await db.exec('PRAGMA schema_version = 77; PRAGMA journal_mode = off');
  equal(await db.get('PRAGMA journal_mode'), { journal_mode: 'wal' }, 'only by the option');
  equal(await db.get('PRAGMA schema_version'), version);
  await db.exec("INSERT INTO f VALUES ('found')");
  equal(await db.get('SELECT c FROM f WHERE f MATCH ?', ['found']), { c: 'found' });
  equal(await db.get('PRAGMA integrity_check'), { integrity_check: 'ok' });
});

test('a name in double quotes that there is not is an error, never a string', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (b); INSERT INTO a VALUES ('nope')`);
  const offset = 'SELECT b FROM a WHERE b = '.length;
  await rejects(db.query('SELECT b FROM a WHERE b = "nope"'), { code: 'SQLITE_ERROR', offset });
  await rejects(db.exec('CREATE INDEX i ON a ("nope")'), { code: 'SQLITE_ERROR' });
  equal(await db.query(`SELECT "b" FROM "a" WHERE b = 'nope'`), [{ b: 'nope' }]);
});

/** What a file may bring along: its views and triggers run with the rights of whoever reads it. */
const HOSTILE = `
  CREATE TABLE a (b);
  INSERT INTO a VALUES (1);
  CREATE VIEW v AS SELECT * FROM pragma_database_list;
  CREATE TRIGGER tr AFTER INSERT ON a BEGIN SELECT count(*) FROM sqlite_stmt; END;
`;

test('what the schema of a file calls is not trusted, imported or not', async (t) => {
  const source = await t.open(t.name('source'), { journalMode: 'delete' });
  await source.exec(HOSTILE);
  const bytes = await source.export();
  await importDatabase(t.name('imported'), bytes, t.options);
  for (const db of [source, await t.open(t.name('imported'))]) {
    equal(await db.get('PRAGMA trusted_schema'), { trusted_schema: 0 });
    equal(await db.get('PRAGMA cell_size_check'), { cell_size_check: 1 });
    const unsafe = { code: 'SQLITE_ERROR', message: /unsafe use of virtual table/ };
    await rejects(db.query('SELECT * FROM v'), unsafe);
    await rejects(db.exec('INSERT INTO a VALUES (2)'), unsafe);
    equal(await db.query('SELECT b FROM a'), [{ b: 1 }], 'nothing is written');
  }
});

test('foreign keys are enforced unless an option says otherwise', async (t) => {
  const schema = `CREATE TABLE IF NOT EXISTS p (i INTEGER PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS c (p REFERENCES p)`;
  for (const options of [{}, { foreignKeys: true }]) {
    const db = await t.open(t.name(), options);
    await db.exec(schema);
    await rejects(db.run('INSERT INTO c VALUES (1)'), {
      extendedCode: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    });
    await db.close();
  }
  const db = await t.open(t.name(), { foreignKeys: false });
  equal((await db.run('INSERT INTO c VALUES (1)')).changes, 1);
  await rejects(t.open(t.name(), { foreignKeys: 1 } as never), { code: 'INVALID_OPTION' });
});

/** A limit, SQL that just keeps to it, SQL that does not, and the code of the error. */
const BOUNDED: readonly (readonly [Limits, string, string, string])[] = [
  [{ length: 1000 }, 'SELECT zeroblob(1000)', 'SELECT zeroblob(1001)', 'SQLITE_TOOBIG'],
  [{ sqlLength: 200 }, 'SELECT 1', `SELECT ${'1+'.repeat(100)}1`, 'SQLITE_TOOBIG'],
  [{ columns: 5 }, 'SELECT 1, 2, 3, 4, 5', 'SELECT 1, 2, 3, 4, 5, 6', 'SQLITE_ERROR'],
  [{ exprDepth: 10 }, 'SELECT 1+1', `SELECT ${'1+'.repeat(30)}1`, 'SQLITE_ERROR'],
  [{ compoundSelect: 2 }, 'VALUES (1) UNION VALUES (2)', union(3), 'SQLITE_ERROR'],
  [{ functionArg: 3 }, 'SELECT max(1, 2, 3)', 'SELECT max(1, 2, 3, 4)', 'SQLITE_ERROR'],
  [{ attached: 0 }, 'SELECT 1', "ATTACH ':memory:' AS x", 'SQLITE_ERROR'],
  [{ likePatternLength: 3 }, "SELECT 'a' LIKE 'abc'", "SELECT 'a' LIKE 'abcd'", 'SQLITE_ERROR'],
  [{ variableNumber: 2 }, 'SELECT 1', 'SELECT ?3', 'SQLITE_ERROR'],
];

function union(terms: number): string {
  return Array(terms).fill('SELECT 1').join(' UNION ALL ');
}

for (const [limits, within, beyond, code] of BOUNDED) {
  const [name] = Object.keys(limits);
  test(`the limit ${name} bounds what SQL may ask for`, async (t) => {
    const db = await t.open(':memory:', { limits });
    await db.exec(within);
    await rejects(db.exec(beyond), { code }, beyond);
    equal(await db.get('SELECT 1 AS a'), { a: 1 }, 'and the database goes on');
  });
}

test('a value has at most 256 MiB unless a limit says otherwise', async (t) => {
  const size = 256 * 1024 * 1024;
  const db = await t.open(':memory:');
  await rejects(db.query(`SELECT length(zeroblob(${size + 1}))`), { code: 'SQLITE_TOOBIG' });
  equal(await db.get(`SELECT length(zeroblob(${size})) AS n`), { n: size });
  const large = await t.open(':memory:', { limits: { length: size + 1 } });
  equal(await large.get(`SELECT length(zeroblob(${size + 1})) AS n`), { n: size + 1 });
});

test('a limit that there is not, or that cannot be had, is an error that says why', async (t) => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [5, /option "limits" must be an object, not 5/],
    [{ lenght: 5 }, /no option "limits\.lenght"; limits are length, sqlLength, /],
    [{ length: -1 }, /"limits\.length" cannot be -1/],
    [{ columns: '3' }, /"limits\.columns" cannot be "3"/],
    [{ columns: 2001 }, /"limits\.columns" cannot be 2001; the nearest is 2000/],
    [{ attached: 99 }, /"limits\.attached" cannot be 99; the nearest is 10/],
  ];
  for (const [limits, says] of wrong) {
    const options = { limits } as OpenOptions;
    const opening = t.open(t.name(), options);
    const error = await rejects(opening, { code: 'INVALID_OPTION' }, show(limits));
    match(error.message, says, show(limits));
  }
});
