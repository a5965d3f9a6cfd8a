// Bytes that are no SQLite database: refused, and whatever lies in OPFS stays as it is.
import { importDatabase, listDatabases, open } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { chinook } from '../page/data';
import { allFiles, readFile, writeFile } from '../page/disk';
import { describe, test } from '../page/registry';
import { inPieces } from '../page/streams';

describe('not a database');

const encode = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

const FOREIGN: Record<string, Uint8Array<ArrayBuffer>> = {
  text: encode('Dear diary, this is not SQLite. '.repeat(200)),
  short: encode('hello'),
  almost: encode(`SQLite format 2\0${'x'.repeat(5000)}`),
};

test('import refuses it and leaves the database of that name untouched', async (t) => {
  await importDatabase(t.name(), await chinook(), t.options);
  const before = await readFile(t.name());
  const files = await allFiles();
  for (const [label, bytes] of Object.entries(FOREIGN)) {
    for (const source of [bytes, new Blob([bytes]), inPieces(bytes, 7)]) {
      const call = importDatabase(t.name(), source, { ...t.options, overwrite: true });
      await rejects(call, { code: 'SQLITE_NOTADB' }, label);
    }
    const call = importDatabase(t.name('new'), bytes, t.options);
    await rejects(call, { code: 'SQLITE_NOTADB' }, label);
  }
  equal(await readFile(t.name()), before, 'the file in OPFS');
  equal(await t.newFiles(files), []);
  const db = await t.open();
  equal(await db.query('SELECT count(*) AS n FROM Track'), [{ n: 3503 }]);
});

test('open refuses it and leaves the file untouched', async (t) => {
  for (const [label, bytes] of Object.entries(FOREIGN)) {
    await writeFile(t.name(label), bytes);
    const outcome = open(t.name(label), t.options).then(async (db) => {
      t.defer(() => db.close());
      await db.query('SELECT * FROM sqlite_schema');
    });
    await rejects(outcome, { code: 'SQLITE_NOTADB' }, label);
    equal(await readFile(t.name(label)), bytes, label);
    ok(!(await listDatabases(t.options)).includes(t.name(label)), `${label} not listed`);
  }
});

test('import of something that holds no bytes is an error', async (t) => {
  for (const source of [undefined, null, 'SQLite format 3\0', 5, [1, 2], {}]) {
    await rejects(importDatabase(t.name(), source as never, t.options), {
      code: 'INVALID_PARAMETER',
      message: /Uint8Array.*Blob/,
    });
  }
  equal(await readFile(t.name()), undefined, 'no file is left');
});
