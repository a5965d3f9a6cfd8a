// anchorite/migrations: each once, whoever else does the same; a failed one leaves nothing behind.
import { type Database, SqliteError } from 'anchorite';
import { migrate } from 'anchorite/migrations';
import type { Migration } from 'anchorite/migrations';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';
import { Tab } from '../page/tabs';

describe('migrations', SHOWN_ELSEWHERE);

const NOTES = 'CREATE TABLE note (id INTEGER PRIMARY KEY, text); INSERT INTO note VALUES (1, 2)';
const TITLES: Migration = {
  name: 'titles',
  up: async (tx) => {
    await tx.exec('ALTER TABLE note ADD COLUMN title');
    await tx.run('UPDATE note SET title = text || ?', ['!']);
  },
};

const notes = (db: Database) => db.query('SELECT * FROM note');
const versions = (db: Database) =>
  db.query('SELECT version, name FROM anchorite_migration', [], { rows: 'array' });

test('are applied in order, each once', async (t) => {
  const db = await t.open();
  const seen: number[][] = [];
  const options = { onProgress: (...progress: number[]) => seen.push(progress) };
  equal(await migrate(db, []), { version: 0, applied: 0 });
  equal(await migrate(db, [NOTES], options), { version: 1, applied: 1 });
  equal(await migrate(db, [NOTES, TITLES], options), { version: 2, applied: 1 });
  equal(await notes(db), [{ id: 1, text: 2, title: '2!' }]);
  equal(await migrate(db, [NOTES.replace(';', ' ;\n '), TITLES], options), {
    version: 2,
    applied: 0,
  });
  equal(seen, [
    [1, 1],
    [2, 2],
  ]);
  equal(await versions(db), [
    [1, null],
    [2, 'titles'],
  ]);
});

test('outlast a reload, whatever an INTEGER becomes', async (t) => {
  const db = await t.open();
  equal(await migrate(db, [NOTES, TITLES]), { version: 2, applied: 2 });
  await db.close();
}, 'reload', async (t) => {
  const db = await t.open(t.name(), { int64: 'bigint' });
  equal(await migrate(db, [NOTES, TITLES, 'DELETE FROM note']), { version: 3, applied: 1 });
  equal(await notes(db), []);
});

test('that fail leave nothing behind, and those before them stay', async (t) => {
  const db = await t.open();
  const thrown = new Error('no');
  const failing: [Migration, (error: unknown) => void][] = [
    [{ name: 'bad', up: 'INSERT INTO note VALUES (2, 2); SELECT nope' }, named],
    [{ name: 'bad', up: 'DELETE FROM note; COMMIT; CREATE TABLE outside (a)' }, () => {}],
    [
      {
        up: async (tx) => {
          await tx.exec('DELETE FROM note; CREATE TABLE left (a)');
          throw thrown;
        },
      },
      (error) => equal(error, thrown),
    ],
  ];
  for (const [migration, check] of failing.toSpliced(1, 1)) {
    check(await rejects(migrate(db, [NOTES, migration]), {}));
    equal(await notes(db), [{ id: 1, text: 2 }]);
    equal(await versions(db), [[1, null]]);
  }
  const ended = migrate(db, [NOTES, failing[1]?.[0] as Migration]);
  await rejects(ended, { code: 'TRANSACTION_ABORTED', message: /^migrations\[1\] "bad": / });
  equal(await db.query("SELECT name FROM sqlite_schema WHERE name = 'outside'"), []);
  equal(await migrate(db, [NOTES, 'CREATE TABLE more (a)']), { version: 2, applied: 1 });
});

function named(error: unknown): void {
  ok(error instanceof SqliteError, 'an error of the class of the main entry');
  const { code, message, sql, offset, cause } = error;
  equal([code, offset], ['SQLITE_ERROR', 39]);
  match(message, /^migrations\[1\] "bad": no such column: nope/);
  match(sql, /nope/);
  ok(cause instanceof SqliteError, 'the error itself as the cause');
}

test('of eight tabs at once are applied once', { contexts: ['worker'] }, async (t) => {
  const tabs = await Promise.all(Array.from({ length: 8 }, () => Tab.make(t)));
  const options = { engine: t.cell.twin, busyTimeout: 20_000 };
  const list = ['CREATE TABLE a (b)', 'INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (2)'];
  const databases = await Promise.all(tabs.map((tab) => tab.open(t.name(), options)));
  const done = await Promise.all(databases.map((database) => database.migrate(list)));
  equal(
    done.map(({ version }) => version),
    tabs.map(() => 3),
  );
  equal(
    done.reduce((sum, { applied }) => sum + applied, 0),
    3,
  );
  equal(await databases[0]?.query('SELECT b FROM a'), [{ b: 1 }, { b: 2 }]);
});

test('of two connections take turns, and lock nothing where nothing is to do', async (t) => {
  const [a, b] = [await t.open(), await t.open(t.name(), { busyTimeout: 0 })];
  const slow = { name: 'slow', up: (tx: { exec(sql: string): unknown }) => tx.exec(NOTES) };
  const both = await Promise.allSettled([migrate(a, [slow]), migrate(a, [slow])]);
  equal(both.map(({ status }) => status), ['fulfilled', 'fulfilled']);
  equal(await versions(a), [[1, 'slow']]);
  await a.transaction(async (tx) => {
    await tx.exec('DELETE FROM note');
    equal(await migrate(b, [slow]), { version: 1, applied: 0 });
    await rejects(migrate(b, [slow, 'SELECT 1']), { code: 'SQLITE_BUSY' });
  });
});

test('of a newer program and other ones are refused before anything is done', async (t) => {
  const db = await t.open();
  await migrate(db, [NOTES, TITLES]);
  const refused: [(Migration | string)[], string, RegExp][] = [
    [[NOTES], 'NEWER_DATABASE', /has 2 migrations and the list 1/],
    [[NOTES, { ...TITLES, name: 'b' }], 'MIGRATION_CHANGED', /migrations\[1\] "b".*"titles"/],
    [[NOTES, { name: 'titles', up: 'SELECT 1' }], 'MIGRATION_CHANGED', /migrations\[1\]/],
    [['SELECT 1', TITLES], 'MIGRATION_CHANGED', /migrations\[0\]/],
    [[TITLES, NOTES], 'MIGRATION_CHANGED', /migrations\[0\] "titles"/],
  ];
  for (const [list, code, message] of refused) {
    await rejects(migrate(db, list), { code, message });
  }
  equal(await notes(db), [{ id: 1, text: 2, title: '2!' }]);
});

const FAMILY = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE child (of REFERENCES parent ON DELETE CASCADE);
  INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1), (2)`;
const ANEW = `
  CREATE TABLE made (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO made SELECT id, 'x' FROM parent;
  DROP TABLE parent; ALTER TABLE made RENAME TO parent`;

test('make a table anew without the rows that refer to it', async (t) => {
  const db = await t.open();
  await migrate(db, [FAMILY, ANEW]);
  equal(await db.query('SELECT of FROM child', [], { rows: 'scalar' }), [1, 2]);
  await rejects(db.run('INSERT INTO child VALUES (3)'), { code: 'SQLITE_CONSTRAINT' });
  const cascade = { up: 'DELETE FROM parent WHERE id = 1', foreignKeys: true };
  await migrate(db, [FAMILY, ANEW, cascade]);
  equal(await db.query('SELECT of FROM child', [], { rows: 'scalar' }), [2]);
});

test('check foreign keys at their end, and only they run without them', async (t) => {
  const db = await t.open();
  await migrate(db, [FAMILY]);
  const breaking = migrate(db, [FAMILY, 'DELETE FROM parent WHERE id = 2']);
  const beside = rejects(db.run('INSERT INTO child VALUES (8)'), { code: 'SQLITE_CONSTRAINT' });
  await rejects(breaking, {
    code: 'SQLITE_CONSTRAINT',
    extendedCode: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    message: /migrations\[1\]: a row of "child" \(rowid 2\) refers to none of "parent"/,
  });
  await beside;
  let calls: Promise<unknown>[] = [];
  const busy = (tx: { exec(sql: string): Promise<void> }) => {
    calls = [1, 2, 3].map(() => rejects(db.run('INSERT INTO child VALUES (9)'), {}));
    return tx.exec('CREATE TABLE other (a)');
  };
  await migrate(db, [FAMILY, busy]);
  await Promise.all(calls);
  equal(await db.query('SELECT of FROM child', [], { rows: 'scalar' }), [1, 2]);
});

test('refuse bad arguments by name', async (t) => {
  const db = await t.open();
  const bad = (list: unknown, options?: unknown) =>
    migrate(db, list as Migration[], options as object | undefined);
  await rejects(bad('SELECT 1'), { message: /the migrations are an array/ });
  await rejects(bad([NOTES, 5]), { message: /^migrations\[1\] is neither/ });
  await rejects(bad([{ up: null }]), { message: /^migrations\[0\] is neither/ });
  await rejects(bad([{ up: NOTES, nmae: 'a' }]), { message: /did you mean "name"/ });
  await rejects(bad([{ up: NOTES, name: 5 }]), { code: 'INVALID_OPTION' });
  await rejects(bad([NOTES], { onprogress: 1 }), { message: /did you mean "onProgress"/ });
  const twice = [{ name: 'a', up: NOTES }, { name: 'a', up: NOTES }];
  await rejects(bad(twice), { message: /^migrations\[1\] has the name of another one, "a"/ });
  equal(await db.query('SELECT name FROM sqlite_schema'), []);
});

test('write nothing to a database that is read-only', async (t) => {
  const first = await t.open();
  await migrate(first, [NOTES]);
  await first.close();
  const db = await openReadOnly(t);
  equal(await migrate(db, [NOTES]), { version: 1, applied: 0 });
  await rejects(migrate(db, [NOTES, 'DELETE FROM note']), { code: 'SQLITE_READONLY' });
});

function openReadOnly(t: TestContext): Promise<Database> {
  return t.open(t.name(), { readonly: true });
}
