// Asynchronous handles: what a failed replacement and what a killed browser leave behind, and a
// look at a file that has become stale.
import { listDatabases } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { allFiles, writeFile } from '../page/disk';
import { withFaults } from '../page/faults';
import { describe, test } from '../page/registry';

describe('asynchronous handles');

const WINDOW = { contexts: ['window'] } as const;

const CLOSE = 'FileSystemWritableFileStream.close';
const MOVE = 'FileSystemFileHandle.move';

/** Fails every call of these names. */
const failing =
  (...calls: string[]) =>
  (call: string): unknown =>
    calls.includes(call) ? new DOMException(`no ${call}`, 'UnknownError') : undefined;

/** Rows 1 to 3 are acknowledged; the commit of 4 fails; what comes after it works again. */
async function failOnce(t: TestContext, call: string): Promise<void> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2)');
  await db.exec('INSERT INTO a VALUES (3)');
  await withFaults(failing(call, CLOSE), async () => {
    await rejects(db.exec('INSERT INTO a VALUES (4)'), { code: 'SQLITE_IOERR' });
  });
}

async function onlyAcknowledged(t: TestContext): Promise<void> {
  const db = await t.open();
  equal(await db.query('SELECT b FROM a WHERE b <> 4'), [{ b: 1 }, { b: 2 }, { b: 3 }]);
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
}

test(
  'keep the old content when a replacement fails',
  WINDOW,
  (t) => failOnce(t, CLOSE),
  'reload',
  onlyAcknowledged,
);

test('replace the content later, when a replacement has failed', WINDOW, async (t) => {
  for (const call of [CLOSE, MOVE, 'FileSystemWritableFileStream.write']) {
    const db = await t.open();
    await db.exec('CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)');
    const [before] = await db.query<{ n: number }>('SELECT count(*) AS n FROM a');
    const insert = () => rejects(db.exec('INSERT INTO a VALUES (2)'), {}, call);
    await withFaults(failing(call, CLOSE), insert);
    await db.exec('INSERT INTO a VALUES (3)');
    await db.close();
    const again = await t.open();
    const [after] = await again.query<{ n: number }>('SELECT count(*) AS n FROM a WHERE b <> 2');
    ok((after?.n ?? 0) > 0 && (before?.n ?? 0) > 0, 'rows');
    equal(await again.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }], call);
    await again.close();
  }
  const leftOver = (await allFiles()).filter((path) => path.includes('staged-'));
  equal(leftOver, [], 'staged files');
});

test('take a stale look at a file anew', WINDOW, async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (randomblob(300000))');
  await db.close();
  const again = await t.open();
  let stale = 0;
  const decide = (call: string): unknown => {
    if (call !== 'Blob.arrayBuffer' || stale++ % 2 === 1) return undefined;
    return new DOMException('the file has changed', 'NotReadableError');
  };
  const rows = await withFaults(decide, () => again.query('SELECT length(hex(b)) AS n FROM a'));
  equal(rows, [{ n: 600000 }]);
  ok(stale > 0, 'a read from disk');
});

// Firefox 153 loses the file itself in one of five kills in the middle of replacements: it is empty
// or gone. The staged content is then moved into place by the next open, which is seen here without
// a kill: the move fails, and the WAL is taken away.
test(
  'give back a file that was lost while it was replaced',
  { browsers: ['firefox', 'webkit'], contexts: ['window'] },
  async (t) => {
    const db = await t.open();
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
    await db.exec('INSERT INTO a VALUES (2)');
    await withFaults(failing(MOVE), async () => {
      await rejects(db.exec('INSERT INTO a VALUES (3)'), { code: 'SQLITE_IOERR' });
    });
    await writeFile(`${t.name()}-wal`, new Uint8Array(0));
  },
  'reload',
  async (t) => {
    const db = await t.open();
    equal(await db.query('SELECT b FROM a WHERE b < 3'), [{ b: 1 }, { b: 2 }]);
    equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  },
);

// Chromium 156 leaves its swap file behind when it is killed, never removes it, and takes the next
// name for the next one.
test(
  "clear away a killed browser's swap files",
  { browsers: ['chromium'], contexts: ['window'] },
  async (t) => {
    const db = await t.open();
    await db.exec('CREATE TABLE a (b)');
    await db.close();
    const left = ['.crswap', '.1.crswap', '-wal.crswap'].map((ending) => t.name() + ending);
    const header = new TextEncoder().encode('SQLite format 3\0');
    for (const path of left) await writeFile(path, header);
    const shown = await listDatabases(t.options);
    equal(shown.filter((name) => name.endsWith('.crswap')), [], 'listed');
    await t.open();
    equal((await allFiles()).filter((path) => left.includes(path)), [], 'left');
  },
);
