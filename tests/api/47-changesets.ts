// anchorite/changesets: what a connection changes, applied to another database or taken back.
import type { Database } from 'anchorite';
import { apply, concat, invert, record } from 'anchorite/changesets';
import type { Conflict } from 'anchorite/changesets';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('changesets', SHOWN_ELSEWHERE);

const SCHEMA = `CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT UNIQUE, n INTEGER);
  INSERT INTO note VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`;
const ALL = 'SELECT * FROM note ORDER BY id';

const omitsData = ({ kind }: Conflict) => (kind === 'data' ? 'omit' : 'abort');

async function both(t: TestContext, schema = SCHEMA): Promise<[Database, Database]> {
  const pair: Database[] = [];
  for (const label of ['here', 'there']) {
    const db = await t.open(t.name(label));
    await db.exec(schema);
    pair.push(db);
  }
  return pair as [Database, Database];
}

/** What `sql` changes. */
async function changesOf(db: Database, sql: string): Promise<Uint8Array<ArrayBuffer>> {
  const recording = await record(db);
  await db.exec(sql);
  const bytes = await recording.changeset();
  await recording.end();
  return bytes;
}

test('changes are recorded, applied elsewhere, and taken back', async (t) => {
  const [here, there] = await both(t);
  const before = await there.query(ALL);
  const bytes = await changesOf(
    here,
    `UPDATE note SET n = 9007199254740993 WHERE id = 1; DELETE FROM note WHERE id = 2;
     INSERT INTO note VALUES (4, 'four', NULL)`,
  );
  equal(await apply(there, bytes), { omitted: 0, replaced: 0 });
  equal(await there.query(ALL), await here.query(ALL));
  equal(await apply(there, await invert(there, bytes)), { omitted: 0, replaced: 0 });
  equal(await there.query(ALL), before);
});

test('two become one', async (t) => {
  const [here, there] = await both(t);
  const first = await changesOf(here, `UPDATE note SET text = 'a' WHERE id = 1`);
  const second = await changesOf(here, `UPDATE note SET text = 'b' WHERE id = 1`);
  equal(await apply(there, await concat(there, first, second)), { omitted: 0, replaced: 0 });
  equal(await there.query(ALL), await here.query(ALL));
  await rejects(concat(there, first, 'x' as never), { code: 'INVALID_PARAMETER' });
  const nonsense = new TextEncoder().encode('Tnonsense');
  await rejects(concat(there, first, nonsense), { code: 'SQLITE_CORRUPT' });
});

test('a recording goes on until it ends, in a transaction with it', async (t) => {
  const [here, there] = await both(t);
  const recording = await record(here, { tables: ['note'] });
  equal(recording.unrecorded, []);
  equal((await recording.changeset()).length, 0, 'nothing yet');
  await here.exec("INSERT INTO note VALUES (4, 'four', 4)");
  const some = await recording.changeset();
  await here.exec('DELETE FROM note WHERE id = 4; UPDATE note SET n = n + 1');
  const patchset = await recording.patchset();
  const changeset = await recording.changeset();
  ok(some.length > 0 && patchset.length < changeset.length, 'a patchset is smaller');
  await recording.end();
  await recording.end();
  await rejects(recording.changeset(), { code: 'CLOSED' });
  await apply(there, patchset);
  equal(await there.query(ALL), await here.query(ALL));
  await rejects(invert(there, patchset), { code: 'INVALID_PARAMETER', message: /patchset/ });
  const inside = await here.transaction(async (tx) => {
    const part = await record(tx);
    await tx.exec('UPDATE note SET n = 0');
    const bytes = await part.changeset();
    await tx.run("INSERT INTO note VALUES (9, 'not recorded', length(?))", [bytes]);
    return [part, bytes] as const;
  });
  await rejects(inside[0].changeset(), { code: 'CLOSED' });
  await apply(there, inside[1]);
  equal(await there.query('SELECT DISTINCT n FROM note'), [{ n: 0 }]);
});

test('conflicts are asked about one by one, with what is in the way', async (t) => {
  const [here, there] = await both(t);
  const bytes = await changesOf(
    here,
    `UPDATE note SET n = 10 WHERE id = 1; DELETE FROM note WHERE id = 2;
     INSERT INTO note VALUES (4, 'four', 4), (5, 'five', 5)`,
  );
  await there.exec(
    `UPDATE note SET n = 7 WHERE id = 1; DELETE FROM note WHERE id = 2;
     INSERT INTO note VALUES (4, 'other', 0), (6, 'five', 6)`,
  );
  const before = await there.query(ALL);
  const asked: Conflict[] = [];
  const applied = await apply(there, bytes, {
    onConflict: async (conflict) => {
      asked.push(conflict);
      // Asynchronously, and the database is as it was before.
      await new Promise((resolve) => setTimeout(resolve));
      return conflict.kind === 'data' || conflict.kind === 'conflict' ? 'replace' : 'omit';
    },
  });
  equal(applied, { omitted: 2, replaced: 2 });
  const data = asked.find(({ kind }) => kind === 'data');
  equal(data, {
    kind: 'data',
    table: 'note',
    operation: 'update',
    primaryKey: ['id'],
    old: { id: 1, n: 1 },
    new: { n: 10 },
    current: { id: 1, text: 'one', n: 7 },
  } as Conflict);
  const kinds = [...new Set(asked.map(({ kind }) => kind))].sort();
  equal(kinds, ['conflict', 'constraint', 'data', 'notFound']);
  equal(await there.query('SELECT id, n FROM note ORDER BY id', [], { rows: 'array' }), [
    [1, 10],
    [3, 3],
    [4, 4],
    [6, 6],
  ]);
  ok(before.length === 4, 'there were four');
});

test('a policy decides by kind, and abort is the default', async (t) => {
  const [here, there] = await both(t);
  const changes = 'UPDATE note SET n = 10 WHERE id = 1; DELETE FROM note WHERE id = 2';
  const bytes = await changesOf(here, changes);
  await there.exec('UPDATE note SET n = 7 WHERE id = 1; DELETE FROM note WHERE id = 2');
  const before = await there.query(ALL);
  for (const options of [
    {},
    { onConflict: 'abort' },
    { onConflict: { data: 'replace' } },
    { onConflict: 'replace' },
    { onConflict: () => 'abort' as const },
    { onConflict: omitsData },
  ] as const) {
    const error = await rejects(apply(there, bytes, options), { code: 'SQLITE_ABORT' });
    match(error.message, /a row of "note" (has other values|is not there) \((update|delete), id/);
    equal(await there.query(ALL), before, 'nothing is changed');
  }
  equal(await apply(there, bytes, { onConflict: 'omit' }), { omitted: 2, replaced: 0 });
  equal(await there.query(ALL), before, 'all was left out');
  const policy = { data: 'replace', notFound: 'omit' } as const;
  equal(await apply(there, bytes, { onConflict: policy }), { omitted: 1, replaced: 1 });
  equal(await there.get('SELECT n FROM note WHERE id = 1', [], { rows: 'scalar' }), 10);
  const thrown = new Error('cannot decide');
  const throwing = apply(there, bytes, {
    onConflict: () => {
      throw thrown;
    },
  });
  equal(await throwing.catch((error: unknown) => error), thrown);
});

test('applying is a part of a transaction, and foreign keys have the last word', async (t) => {
  const schema = `CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent ON DELETE CASCADE);
    INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)`;
  const [here, there] = await both(t, schema);
  const bytes = await changesOf(here, 'DELETE FROM parent');
  await there.exec('INSERT INTO child VALUES (2, 1)');
  await rejects(apply(there, bytes), { code: 'SQLITE_ABORT', message: /1 foreign key/ });
  equal(await there.query('SELECT count(*) AS n FROM child'), [{ n: 2 }]);
  await there.transaction(async (tx) => {
    await apply(tx, bytes, { onConflict: { foreignKey: 'omit' } });
    await tx.exec('DELETE FROM child');
  });
  equal(await there.query('SELECT count(*) AS n FROM parent'), [{ n: 0 }]);
  const undone = there.transaction(async (tx) => {
    await apply(tx, await invert(tx, bytes));
    throw new Error('take it back');
  });
  await rejects(undone, { message: /take it back/ });
  equal(await there.query('SELECT count(*) AS n FROM parent'), [{ n: 0 }]);
});

test('what cannot be recorded or applied is refused and changes nothing', async (t) => {
  const [here, there] = await both(t);
  await here.exec('CREATE TABLE keyless (a); CREATE VIRTUAL TABLE found USING fts5 (text)');
  const recording = await record(here);
  equal(recording.unrecorded, ['keyless']);
  await here.exec("INSERT INTO found VALUES ('words'); INSERT INTO note VALUES (8, 'eight', 8)");
  const bytes = await recording.changeset();
  const bad = { code: 'INVALID_PARAMETER' };
  await rejects(record(here, { tables: ['keyless'] }), { ...bad, message: /no primary key/ });
  await rejects(record(here, { tables: ['nope'] }), { ...bad, message: /no ordinary table/ });
  await rejects(record({} as never), bad);
  await rejects(apply(there, 'bytes' as never), bad);
  await rejects(apply(there, bytes, { onConflict: 'ignore' as never }), bad);
  await rejects(apply(there, bytes, { onConflict: { notFound: 'replace' as never } }), bad);
  await rejects(apply(there, bytes, { table: 'note' } as never), { code: 'INVALID_OPTION' });
  await rejects(apply(there, new Uint8Array([1, 2, 3])), { code: 'SQLITE_CORRUPT' });
  await there.exec('ALTER TABLE note RENAME TO other');
  await rejects(apply(there, bytes), { code: 'SQLITE_SCHEMA', message: /"note"/ });
  equal(await apply(there, bytes, { tables: ['other'] }), { omitted: 0, replaced: 0 });
  equal(await there.query('SELECT count(*) AS n FROM other'), [{ n: 3 }]);
});

test('changes are told while they are recorded and when they are applied', async (t) => {
  const [here, there] = await both(t);
  const recording = await record(here);
  for (const [db, work] of [
    [here, () => here.exec('DELETE FROM note WHERE id = 3')],
    [there, async () => apply(there, await recording.changeset())],
  ] as const) {
    const told = new Promise<readonly string[] | undefined>((resolve) => {
      t.defer(db.onChange(({ tables }) => resolve(tables)));
    });
    await work();
    equal(await told, ['note']);
  }
  equal(await there.query(ALL), await here.query(ALL));
});

test('many conflicts are asked about in rounds, and none is forgotten', async (t) => {
  const [here, there] = await both(t, 'CREATE TABLE big (id INTEGER PRIMARY KEY, n)');
  const rows = (n: string) => `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c
    WHERE i < 600) INSERT INTO big SELECT i, ${n} FROM c`;
  const bytes = await changesOf(here, rows("'mine'"));
  await there.exec(rows("'theirs'"));
  let asked = 0;
  const applied = await apply(there, bytes, {
    onConflict: ({ kind }) => {
      asked += 1;
      equal(kind, 'conflict');
      return asked % 2 === 0 ? 'replace' : 'omit';
    },
  });
  equal([asked, applied], [600, { omitted: 300, replaced: 300 }]);
  equal(await there.query("SELECT count(*) AS n FROM big WHERE n = 'mine'"), [{ n: 300 }]);
});
