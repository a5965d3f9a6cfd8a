// anchorite/live: rows that stay up to date, whatever has changed them.
import { type Database, SqliteError, sql } from 'anchorite';
import { live } from 'anchorite/live';
import type { Difference, Live } from 'anchorite/live';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('live', SHOWN_ELSEWHERE);

const SCALAR = { rows: 'scalar' } as const;

const SCHEMA = `
  CREATE TABLE a (i INTEGER PRIMARY KEY, j);
  CREATE TABLE keyed (i PRIMARY KEY, j) WITHOUT ROWID;
  CREATE TABLE "Éb" (i); CREATE TABLE "éb" (i);
  CREATE TABLE parent (i INTEGER PRIMARY KEY);
  CREATE TABLE child (i REFERENCES parent ON DELETE CASCADE);
  CREATE TABLE noted (i);
  CREATE TRIGGER t AFTER DELETE ON noted BEGIN INSERT INTO "Éb" VALUES (old.i); END;
  CREATE VIEW v AS SELECT a.i, keyed.j FROM a JOIN keyed ON keyed.i = a.i;
  CREATE VIRTUAL TABLE words USING fts5 (text);
  CREATE TABLE counted (i INTEGER PRIMARY KEY AUTOINCREMENT);
  INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO keyed VALUES (1, 1), (2, 2);
  INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1), (2);
  INSERT INTO noted VALUES (1), (2); INSERT INTO words VALUES ('one'), ('two')`;

async function opened(t: TestContext): Promise<Database> {
  const db = await t.open();
  await db.exec(SCHEMA);
  return db;
}

/** Takes what is told, one after the other. */
function taking<T>(query: Live<T>): { next(): Promise<T>; end(): Promise<unknown> } {
  const iterator = query[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await iterator.next();
      if (done) throw new Error('it has ended');
      return value;
    },
    end: async () => iterator.return?.(),
  };
}

const ONE = 'DELETE FROM a WHERE i = 1';

/** What changes the answer of a question, and what that is before and after. */
const WAYS: readonly (readonly [string, string, unknown[], unknown[]])[] = [
  ['SELECT j FROM a', 'UPDATE a SET j = 3 WHERE i = 2', [1, 2], [1, 3]],
  ['SELECT i FROM a', 'DELETE FROM a', [1, 2], []],
  ['SELECT count(*) FROM a', 'DELETE FROM A', [2], [0]],
  ['SELECT j FROM keyed', 'UPDATE keyed SET j = 5 WHERE i = 1', [1, 2], [5, 2]],
  ['SELECT j FROM keyed', 'DELETE FROM keyed', [1, 2], []],
  ['SELECT j FROM a', 'REPLACE INTO a VALUES (1, 7)', [1, 2], [7, 2]],
  ['SELECT i FROM child', 'DELETE FROM parent WHERE i = 1', [1, 2], [2]],
  ['SELECT i FROM child', 'REPLACE INTO parent VALUES (1)', [1, 2], [2]],
  ['SELECT i FROM "éb" UNION ALL SELECT i FROM "Éb"', 'DELETE FROM noted WHERE i = 1', [], [1]],
  ['SELECT j FROM v', 'UPDATE keyed SET j = 8', [1, 2], [8, 8]],
  ['SELECT j FROM v', 'DELETE FROM a WHERE i = 2', [1, 2], [1]],
  ["SELECT rowid FROM words('one')", "UPDATE words SET text = 'one too'", [1], [1, 2]],
  ['SELECT c0 FROM words_content', "DELETE FROM words WHERE text = 'one'", ['one', 'two'], ['two']],
  ['SELECT seq FROM sqlite_sequence', 'INSERT INTO counted VALUES (9)', [], [9]],
  ["SELECT value FROM a, json_each('[4]') WHERE i = 1", 'DELETE FROM a', [4], []],
  ['SELECT i FROM a', `SAVEPOINT s; DELETE FROM a; ROLLBACK TO s; ${ONE}; RELEASE s`, [1, 2], [2]],
  ['SELECT count(*) FROM pragma_table_info(\'a\')', 'ALTER TABLE a ADD COLUMN k', [2], [3]],
];

for (const [question, change, before, after] of WAYS) {
  test(`${question}, and ${change}`, async (t) => {
    const db = await t.open();
    await db.exec(SCHEMA);
    const rows = taking(live(db, question, [], SCALAR));
    equal(await rows.next(), before);
    await db.exec(change);
    equal(await rows.next(), after);
    await rows.end();
  });
}

test('temporary tables, attached databases, and others that come and go', async (t) => {
  const [db, file] = [await opened(t), t.name('attached')];
  const other = await t.open(file);
  await other.exec('CREATE TABLE far (i); INSERT INTO far VALUES (1)');
  await other.close();
  await db.exec(`CREATE TEMP TABLE passing (i); ATTACH '${file}' AS Far`);
  const passing = taking(live(db, 'SELECT i FROM passing', [], SCALAR));
  const far = taking(live(db, 'SELECT i FROM far', [], SCALAR));
  equal([await passing.next(), await far.next()], [[], [1]]);
  await db.exec('INSERT INTO passing VALUES (2); INSERT INTO far.far VALUES (3)');
  equal([await passing.next(), await far.next()], [[2], [1, 3]]);
  await db.exec('INSERT INTO passing VALUES (4); DELETE FROM far.far WHERE i = 1');
  equal([await passing.next(), await far.next()], [[2, 4], [3]]);
  await db.exec('CREATE TEMP VIEW far AS SELECT 9 AS i');
  equal(await far.next(), [9], 'the name means something else now');
  await db.exec('DROP VIEW far; CREATE TABLE main.far (i)');
  equal(await far.next(), [], 'and again');
  await Promise.all([passing.end(), far.end()]);
  await db.exec('DETACH Far');
});

test('in memory', async (t) => {
  const db = await t.open(t.name(), { storage: 'memory' });
  await db.exec(SCHEMA);
  // What was done before may be told late; of that it is said that it may be anything.
  let stop = () => {};
  const told = new Promise<unknown>((resolve) => {
    stop = db.onChange((change) => change.tables && resolve(change));
  });
  const rows = taking(live(db, 'SELECT j FROM a', [], SCALAR));
  equal(await rows.next(), [1, 2]);
  await db.exec('DELETE FROM a WHERE i = 1');
  equal(await rows.next(), [2]);
  equal(await told, { tables: ['a'], own: true });
  stop();
  await rows.end();
});

test('what was seen in a BEGIN and then rolled back', async (t) => {
  const db = await opened(t);
  const rows = taking(live(db, 'SELECT j FROM a', [], SCALAR));
  await db.exec('BEGIN; DELETE FROM a');
  equal(await rows.next(), []);
  await db.exec('ROLLBACK');
  equal(await rows.next(), [1, 2]);
  await rows.end();
});

test('a transaction that is open is waited for', async (t) => {
  const db = await opened(t);
  const rows = taking(live(db, 'SELECT count(*) FROM a', [], SCALAR));
  equal(await rows.next(), [2]);
  const next = rows.next();
  await db.transaction(async (tx) => {
    for (const i of [3, 4, 5]) await tx.run('INSERT INTO a VALUES (?, 0)', [i]);
  });
  equal(await next, [5]);
  await rows.end();
});

test('many commits while it runs make it run once more', async (t) => {
  const db = await opened(t);
  let runs = 0;
  const query = db.query.bind(db);
  db.query = ((...call: Parameters<typeof query>) => {
    runs += 1;
    return query(...call);
  }) as typeof db.query;
  const told: unknown[] = [];
  let settled = () => {};
  const last = new Promise<void>((resolve) => {
    settled = resolve;
  });
  const stop = live(db, 'SELECT count(*) FROM a', [], SCALAR).subscribe((rows) => {
    told.push(rows);
    if (rows[0] === 102) settled();
  }, settled);
  const numbers = Array.from({ length: 100 }, (_, index) => index + 3);
  await Promise.all(numbers.map((i) => db.run('INSERT INTO a VALUES (?, 0)', [i])));
  await last;
  stop();
  ok(runs < 50, `far fewer runs than commits, not ${runs}`);
  equal(told.at(-1), [102]);
});

test('late takers get the latest, and the same rows are not told twice', async (t) => {
  const db = await opened(t);
  const query = live(db, 'SELECT j FROM a', [], SCALAR);
  const [slow, fast] = [taking(query), taking(query)];
  equal([await slow.next(), await fast.next()], [[1, 2], [1, 2]]);
  for (const j of [3, 4, 5]) {
    await db.run('UPDATE a SET j = ? WHERE i = 1', [j]);
    let rows: unknown;
    do rows = await fast.next();
    while (JSON.stringify(rows) !== JSON.stringify([j, 2]));
  }
  equal(await slow.next(), [5, 2]);
  const next = slow.next();
  await db.run('UPDATE a SET j = j');
  await db.run('UPDATE a SET j = 6 WHERE i = 1');
  equal(await next, [6, 2]);
  await Promise.all([slow.end(), fast.end()]);
});

test('differences by key', async (t) => {
  const db = await opened(t);
  const joined = sql`
    SELECT a.i AS "a.i", keyed.i AS "k.i", a.j FROM a, keyed WHERE a.i > ${0} ORDER BY 1, 2`;
  interface Pair {
    'a.i': number;
    'k.i': number;
    j: number;
  }
  const query = live<Pair>(db, joined, undefined, { key: ['a.i', 'k.i'] });
  const pair = (a: number, k: number, j = a): Pair => ({ 'a.i': a, 'k.i': k, j });
  const differences = taking(query);
  const all = [pair(1, 1), pair(1, 2), pair(2, 1), pair(2, 2)];
  equal(await differences.next(), { rows: all, added: all, removed: [], changed: [] });
  await db.batch([
    'DELETE FROM keyed WHERE i = 1',
    'UPDATE a SET j = 9 WHERE i = 2',
    'INSERT INTO keyed VALUES (3, 3)',
  ]);
  const expected: Difference<Pair> = {
    rows: [pair(1, 2), pair(1, 3), pair(2, 2, 9), pair(2, 3, 9)],
    added: [pair(1, 3), pair(2, 3, 9)],
    removed: [pair(1, 1), pair(2, 1)],
    changed: [pair(2, 2, 9)],
  };
  equal(await differences.next(), expected);
  await differences.end();
});

test('a key that is NULL, there twice, or no column', async (t) => {
  const db = await opened(t);
  const first = (text: string, key: string[]) => taking(live(db, text, [], { key })).next();
  const code = 'INVALID_KEY';
  await rejects(first('SELECT NULL AS i', ['i']), { code, message: /\(i\) of rows\[0\] is NULL/ });
  const twice = 'SELECT a.i FROM a, keyed ORDER BY 1';
  await rejects(first(twice, ['i']), { code, message: /rows\[1\] is that of another row/ });
  await rejects(first('SELECT i FROM a', ['a.i']), { code, message: /"a\.i" there is none/ });
  await rejects(first('SELECT i, i FROM a', ['i']), { code, message: /"i" there are several/ });
});

test('errors reach loops and subscribers, who go on', async (t) => {
  const db = await opened(t);
  await rejects(taking(live(db, 'SELECT nope FROM a')).next(), { code: 'SQLITE_ERROR' });
  await rejects(taking(live(db, 'DELETE FROM a')).next(), { code: 'INVALID_SQL' });
  await rejects(taking(live(db, 'SELECT ?')).next(), { code: 'INVALID_PARAMETER' });
  const told: unknown[] = [];
  let more = () => {};
  const note = (value: unknown) => {
    told.push(value);
    more();
  };
  const next = async () => {
    while (told.length === 0) await new Promise<void>((resolve) => (more = resolve));
    return told.shift();
  };
  const stop = live(db, 'SELECT j FROM a', [], SCALAR).subscribe(note, note);
  equal(await next(), [1, 2]);
  await db.exec('DROP VIEW v; ALTER TABLE a RENAME TO b');
  const error = await next();
  ok(error instanceof SqliteError, 'an error of the class of the main entry');
  match(error.message, /no such table: a/);
  await db.exec('CREATE TABLE a (j); INSERT INTO a VALUES (7)');
  equal(await next(), [7]);
  stop();
});

test('ends with its signal, with return, and with the database', async (t) => {
  const db = await opened(t);
  const controller = new AbortController();
  const query = live(db, 'SELECT j FROM a', [], { signal: controller.signal });
  const loops = [query[Symbol.asyncIterator](), query[Symbol.asyncIterator]()];
  await Promise.all(loops.map((loop) => loop.next()));
  const [returned, aborted] = loops.map((loop) => loop.next());
  const done = { done: true, value: undefined };
  equal(await loops[0]?.return?.(), done);
  equal(await returned, done);
  controller.abort();
  equal(await aborted, done);
  equal(await loops[1]?.next(), done);
  const closed = live(db, 'SELECT j FROM a')[Symbol.asyncIterator]();
  await closed.next();
  const last = closed.next();
  await db.close();
  equal(await last, done);
  await rejects(taking(live(db, 'SELECT 1')).next(), { code: 'CLOSED' });
});

test('a listener that has gone is told nothing, and one that throws stops no other', async (t) => {
  const db = await opened(t);
  const query = live(db, 'SELECT count(*) FROM a', [], SCALAR);
  const told: unknown[] = [];
  const gone = query.subscribe((rows) => told.push(rows));
  gone();
  gone();
  const rows = taking(query);
  equal(await rows.next(), [2]);
  await db.exec('DELETE FROM a');
  equal(await rows.next(), [0]);
  equal(told, []);
  await rows.end();
});

test('refuses bad arguments by name', async (t) => {
  const db = await opened(t);
  const bad = async (...call: unknown[]) => (live as (...call: unknown[]) => unknown)(...call);
  await rejects(bad({}, 'SELECT 1'), { message: /db must be a database/ });
  await rejects(bad(db, 5), { code: 'INVALID_SQL' });
  await rejects(bad(db, 'SELECT 1', [], { kye: ['a'] }), { message: /did you mean "key"/ });
  await rejects(bad(db, 'SELECT 1', [], { key: [] }), { code: 'INVALID_OPTION' });
  await rejects(bad(db, 'SELECT 1', [], { key: ['a'], rows: 'array' }), { code: 'INVALID_OPTION' });
});
