// A file that nobody writes comes out as it went in, byte for byte; a changed one comes out as one
// consistent snapshot, which native SQLite checks after the run.
import { importDatabase } from 'anchorite';
import { equal } from '../page/assert';
import { databaseFile } from '../page/data';
import { sha256 } from '../page/disk';
import { keepExport } from '../page/home';
import { describe, test } from '../page/registry';
import type { TestContext } from '../page/context';

describe('round trip');

const CHINOOK = '../../demo/public/chinook.sqlite';

/** Offset of the two bytes of the header that say which journal a file uses; 2 is WAL. */
const FILE_FORMAT_AT = 18;
const WAL = 2;

test('Chinook comes out as it went in', async (t) => {
  await comesOutAsItWentIn(t, await databaseFile(CHINOOK));
});

test('proj.db comes out as it went in', async (t) => {
  await comesOutAsItWentIn(t, await databaseFile('proj.db.gz'));
});

test('a file marked as WAL comes out as it went in', async (t) => {
  const bytes = await databaseFile(CHINOOK);
  bytes.fill(WAL, FILE_FORMAT_AT, FILE_FORMAT_AT + 2);
  await comesOutAsItWentIn(t, bytes);
});

test('a database of our own comes out of its copy as it went in', async (t) => {
  const db = await t.open(t.name('own'));
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(10000))');
  const bytes = await db.export();
  await comesOutAsItWentIn(t, bytes);
});

async function comesOutAsItWentIn(t: TestContext, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const before = await sha256(bytes);
  await importDatabase(t.name(), bytes, t.options);
  for (const round of ['first', 'after a read and a new open']) {
    const db = await t.open();
    if (round !== 'first') await db.query('SELECT count(*) AS n FROM sqlite_schema');
    const out = await db.export();
    equal([out.length, await sha256(out)], [bytes.length, before], round);
    await db.close();
  }
}

const NOTES = 40;

test('a changed database is exported as one consistent snapshot', async (t) => {
  await importDatabase(t.name(), await databaseFile(CHINOOK), t.options);
  const db = await t.open();
  await db.exec(`
    CREATE TABLE note (id INTEGER PRIMARY KEY, text, data);
    CREATE INDEX note_text ON note (text);
    DELETE FROM InvoiceLine WHERE InvoiceLineId % 3 = 0;
    UPDATE Track SET Name = Name || ' é漢😀' WHERE TrackId % 2 = 0`);
  const inserts = Array.from({ length: NOTES }, (_, i) =>
    db.query('INSERT INTO note VALUES (?, ?, randomblob(15000))', [i, `note ${i}`]),
  );
  const snapshot = db.export();
  const later = db.exec('DELETE FROM note');
  await Promise.all([...inserts, later]);
  const bytes = await snapshot;
  await keepExport(`${t.cell.browser}-${t.cell.twin}-${t.cell.context}.sqlite`, bytes);
  await importDatabase(t.name('copy'), bytes, t.options);
  const copy = await t.open(t.name('copy'));
  equal(await copy.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  equal(await copy.query('SELECT count(*) AS n FROM note'), [{ n: NOTES }], 'before the DELETE');
  equal(await db.query('SELECT count(*) AS n FROM note'), [{ n: 0 }], 'after it');
});
