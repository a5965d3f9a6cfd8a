// export as a Blob and as a stream, backupTo: copies of a database that is in use.
import { importDatabase, listDatabases, open } from 'anchorite';
import type { Database } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { allFiles, sha256 } from '../page/disk';
import { SHOWN_IN_PLAIN, describe, test } from '../page/registry';

describe('copies', SHOWN_IN_PLAIN);

const MIB = 1024 * 1024;
/** About 2.5 MiB: three pieces. */
const FILL = `CREATE TABLE a (id INTEGER PRIMARY KEY, b BLOB);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
  INSERT INTO a SELECT i, randomblob(10000) FROM n`;

/** Everything that the database says of itself. */
const SUM = 'SELECT count(*) AS n, sum(length(b)) AS size, hex(substr(b, 1, 4)) AS first FROM a';

async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
  }
  return pieces;
}

async function joined(pieces: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob([...pieces] as BlobPart[]).arrayBuffer());
}

/** What a database of these bytes says. */
async function askCopy(t: TestContext, bytes: Blob, sql: string): Promise<unknown> {
  await importDatabase(t.name('copy'), bytes, { ...t.options, overwrite: true });
  const copy = await open(t.name('copy'), t.options);
  try {
    equal(await copy.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    return await copy.query(sql);
  } finally {
    await copy.close();
  }
}

async function filled(t: TestContext, extra = {}): Promise<Database> {
  const db = await t.open(t.name(), extra);
  await db.exec(FILL);
  return db;
}

test('an export is the same as bytes, as a Blob and as a stream', async (t) => {
  const db = await filled(t);
  const bytes = await db.export();
  const blob = await db.export({ as: 'blob' });
  equal(await sha256(await blob.arrayBuffer()), await sha256(bytes), 'the Blob');
  equal(blob.type, 'application/vnd.sqlite3');
  const told: (number | undefined)[][] = [];
  const onProgress = (done: number, total: number | undefined) => told.push([done, total]);
  const pieces = await bytesOf(await db.export({ as: 'stream', onProgress }));
  equal(await sha256(await joined(pieces)), await sha256(bytes), 'the stream');
  ok(pieces.length > 2 && pieces.every(({ length }) => length <= MIB), 'pieces of 1 MiB');
  ok(told.length > 2, 'told of each piece');
  equal(told.at(-1), [bytes.length, bytes.length]);
  equal(await askCopy(t, blob, SUM), await db.query(SUM));
});

test('a portable export differs in the mark of WAL alone', async (t) => {
  const db = await filled(t);
  equal(await db.query('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
  const plain = await db.export();
  equal([...plain.subarray(18, 20)], [2, 2], 'the mark');
  const expected = plain.slice();
  expected.set([1, 1], 18);
  equal(await sha256(await db.export({ portable: true })), await sha256(expected), 'bytes');
  const blob = await db.export({ as: 'blob', portable: true });
  equal(await sha256(await blob.arrayBuffer()), await sha256(expected), 'the Blob');
  await importDatabase(t.name('portable'), blob, t.options);
  const copy = await t.open(t.name('portable'), { readonly: true });
  equal(await copy.query('PRAGMA journal_mode'), [{ journal_mode: 'delete' }]);
  equal(await copy.query(SUM), await db.query(SUM));
});

for (const journalMode of ['wal', 'delete'] as const) {
  test(`a stream of ${journalMode} is one snapshot and holds up nobody`, async (t) => {
    const db = await filled(t, { journalMode });
    const before = await db.query(SUM);
    const stream = await db.export({ as: 'stream' });
    const reader = stream.getReader();
    const first = await reader.read();
    const other = await t.open();
    await other.exec('DELETE FROM a WHERE id % 2 = 0; INSERT INTO a VALUES (-1, zeroblob(3))');
    await db.exec('CREATE TABLE later (c); DELETE FROM a WHERE id = 1');
    const [checkpoint] = await db.query('PRAGMA wal_checkpoint(TRUNCATE)');
    equal(checkpoint?.['busy'], 0, 'nothing reads what was before');
    reader.releaseLock();
    const rest = await bytesOf(stream);
    const all = new Blob([first.value ?? new Uint8Array(), ...(rest as BlobPart[])]);
    equal(await askCopy(t, all, SUM), before);
    equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 120 }]);
  });
}

test('writers go on while pages are copied', async (t) => {
  const db = await filled(t);
  const other = await t.open();
  const before = await db.query(SUM);
  let writes = 0;
  const writing: Promise<unknown>[] = [];
  const onProgress = () => {
    writes += 1;
    writing.push(other.run('INSERT INTO a VALUES (?, zeroblob(9))', [1000 + writes]));
    writing.push(db.run('DELETE FROM a WHERE id = ?', [writes]));
  };
  const blob = await db.export({ as: 'blob', onProgress });
  await Promise.all(writing);
  ok(writes > 2, 'wrote in between');
  equal(await askCopy(t, blob, SUM), before);
  equal(await db.query('SELECT count(*) AS n FROM a WHERE id > 999'), [{ n: writes }]);
});

test('a copy sees what is committed and does not wait for a transaction', async (t) => {
  const db = await filled(t);
  const before = await db.query(SUM);
  const early = await db.export({ as: 'stream' });
  const pieces = await db.transaction(async (tx) => {
    await tx.exec('DELETE FROM a');
    return bytesOf(early);
  });
  equal(await askCopy(t, new Blob(pieces as BlobPart[]), SUM), before);
  await db.exec('BEGIN; INSERT INTO a VALUES (1, NULL)');
  const open = await db.export({ as: 'blob' });
  await db.exec('COMMIT');
  equal(await askCopy(t, open, 'SELECT count(*) AS n FROM a'), [{ n: 0 }]);
});

test('what is given up leaves nothing behind', async (t) => {
  // Without memory for it, a copy that is read is a file as well.
  const db = await filled(t, { tempMemory: 0 });
  const before = await allFiles();
  const reason = new Error('no longer wanted');
  for (const as of ['blob', 'stream'] as const) {
    const aborted = new AbortController();
    const onProgress = () => aborted.abort(reason);
    const call = db.export({ as, onProgress, signal: aborted.signal });
    equal(await call.catch((error: unknown) => error), reason);
  }
  const cancelled = await db.export({ as: 'stream' });
  const reader = cancelled.getReader();
  await reader.read();
  await reader.cancel();
  const late = new AbortController();
  const broken = (await db.export({ as: 'stream', signal: late.signal })).getReader();
  await broken.read();
  late.abort(reason);
  equal(await broken.read().catch((error: unknown) => error), reason);
  const during = new AbortController();
  const backup = db.backupTo(t.name('backup'), {
    signal: during.signal,
    onProgress: () => during.abort(reason),
  });
  equal(await backup.catch((error: unknown) => error), reason);
  equal(await t.newFiles(before), []);
  await db.exec('DELETE FROM a');
});

test('a stream ends with an error when its database is closed', async (t) => {
  const db = await filled(t, { tempMemory: 0 });
  const before = await allFiles();
  const reader = (await db.export({ as: 'stream' })).getReader();
  await reader.read();
  await db.close();
  const read = async () => {
    for (;;) if ((await reader.read()).done) return 'the end';
  };
  const error = await read().catch((reason: unknown) => reason);
  ok(error instanceof Error && /closed|gone/.test(error.message), `an error, not ${error}`);
  equal(await t.newFiles(before), []);
});

test('backupTo makes another database of what is committed', async (t) => {
  const db = await filled(t);
  const told: (number | undefined)[] = [];
  await db.backupTo(t.name('backup'), { onProgress: (done) => told.push(done) });
  ok(told.length > 2, 'told of each piece');
  ok((await listDatabases(t.options)).includes(t.name('backup')), 'listed');
  const backup = await t.open(t.name('backup'));
  equal(await backup.query(SUM), await db.query(SUM));
  equal(await backup.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  await backup.close();
  await db.exec('DELETE FROM a WHERE id > 1');
  await rejects(db.backupTo(t.name('backup')), { code: 'EXISTS' });
  await db.backupTo(t.name('backup'), { overwrite: true });
  const again = await t.open(t.name('backup'));
  equal(await again.query(SUM), await db.query(SUM));
});

test('backupTo refuses a database that is open, and names who has it', async (t) => {
  const db = await filled(t, { busyTimeout: 0 });
  const other = await t.open(t.name('other'));
  await other.exec('CREATE TABLE mine (a)');
  const before = await allFiles();
  const overwrite = true;
  await Promise.all([
    rejects(db.backupTo(t.name('other'), { overwrite }), { code: 'SQLITE_BUSY' }),
    rejects(db.backupTo(t.name(), { overwrite }), { code: 'SQLITE_BUSY' }),
    rejects(db.backupTo('.anchorite/x.db'), { code: 'INVALID_NAME' }),
  ]);
  equal(await t.newFiles(before), []);
  equal(await other.query('SELECT count(*) AS n FROM mine'), [{ n: 0 }]);
});

test('a database in memory can be streamed and backed up', async (t) => {
  const db = await t.open(':memory:');
  await db.exec(FILL);
  const pieces = await bytesOf(await db.export({ as: 'stream' }));
  ok(pieces.length > 2, 'pieces');
  equal(await askCopy(t, new Blob(pieces as BlobPart[]), SUM), await db.query(SUM));
  await db.backupTo(t.name('backup'));
  const backup = await t.open(t.name('backup'));
  equal(await backup.query(SUM), await db.query(SUM));
});

test('options of copies are checked', async (t) => {
  const db = await t.open();
  const bad = { code: 'INVALID_OPTION' };
  await rejects(db.export({ as: 'file' as never }), bad);
  await rejects(db.export({ portable: 1 as never }), bad);
  await rejects(db.export({ onProgress: () => undefined }), bad, 'progress of bytes');
  await rejects(db.export({ as: 'blob', signal: 1 as never }), bad);
  await rejects(db.backupTo(t.name('x'), { overwrit: true } as never), {
    ...bad,
    message: /did you mean "overwrite"/,
  });
  await rejects(db.backupTo(7 as never), { code: 'INVALID_NAME' });
});
