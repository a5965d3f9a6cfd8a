// anchorite/blob: one blob of a row as a stream, in and out.
import type { Database } from 'anchorite';
import { blobReader, blobWriter } from 'anchorite/blob';
import { equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';
import { inPieces } from '../page/streams';

describe('blobs', SHOWN_ELSEWHERE);

const SIZE = 3 * 1024 * 1024 + 5;

/** Bytes that tell where they are. */
function pattern(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 10) + seed) & 255;
  return bytes;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>[]> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(new Uint8Array(next.value));
  }
  return chunks;
}

async function all(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(await collect(stream)).arrayBuffer());
}

async function withBlob(t: TestContext, name = t.name()): Promise<Database> {
  const db = await t.open(name);
  await db.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, b, c)');
  await db.run('INSERT INTO a VALUES (1, ?, 0), (2, NULL, 0)', [pattern(SIZE)]);
  return db;
}

const PLACE = { table: 'a', column: 'b', rowid: 1 };

test('a blob is read in chunks, as a whole or in part', async (t) => {
  const db = await withBlob(t);
  const stream = await blobReader(db, PLACE);
  equal(stream.size, SIZE);
  const chunks = await collect(stream);
  ok(chunks.length > 10 && chunks.every(({ length }) => length <= 256 * 1024), 'chunks');
  equal(new Uint8Array(await new Blob(chunks).arrayBuffer()), pattern(SIZE));
  const part = await blobReader(db, PLACE, { start: 7, end: 1007, chunkSize: 300 });
  const parts = await collect(part);
  equal(
    parts.map(({ length }) => length),
    [300, 300, 300, 100],
  );
  equal(new Uint8Array(await new Blob(parts).arrayBuffer()), pattern(SIZE).slice(7, 1007));
  equal(await collect(await blobReader(db, PLACE, { start: SIZE })), []);
  await db.run("UPDATE a SET b = 'é' WHERE id = 2");
  equal(await all(await blobReader(db, { ...PLACE, rowid: 2n })), new Uint8Array([0xc3, 0xa9]));
  await db.exec("CREATE TEMP TABLE t (b); INSERT INTO temp.t VALUES (x'0102')");
  const temporary = { schema: 'temp', table: 't', column: 'b', rowid: 1 };
  equal(await all(await blobReader(db, temporary)), new Uint8Array([1, 2]));
});

test('a blob is written from a stream, all of it or nothing', async (t) => {
  const db = await withBlob(t);
  const bytes = pattern(SIZE, 9);
  const writer = await blobWriter(db, { ...PLACE, rowid: 2 }, { size: SIZE });
  equal(writer.size, SIZE);
  await inPieces(bytes, 1_300_001).pipeTo(writer);
  equal((await db.get('SELECT b FROM a WHERE id = 2'))?.['b'], bytes);
  const failing = await blobWriter(db, { ...PLACE, rowid: 2 }, { size: 10 });
  await rejects(inPieces(pattern(10), 4, 8).pipeTo(failing), { message: /the stream broke/ });
  const short = (await blobWriter(db, { ...PLACE, rowid: 2 }, { size: 10 })).getWriter();
  await short.write(new Uint8Array(4));
  await rejects(short.close(), { code: 'INVALID_PARAMETER', message: /4 of 10/ });
  const long = (await blobWriter(db, { ...PLACE, rowid: 2 }, { size: 10 })).getWriter();
  await rejects(long.write(new Uint8Array(11)), { code: 'INVALID_PARAMETER', message: /10 bytes/ });
  await long.closed.catch(() => undefined);
  equal((await db.get('SELECT b FROM a WHERE id = 2'))?.['b'], bytes, 'as it was');
  const part = (await blobWriter(db, { ...PLACE, rowid: 2 }, { start: 3 })).getWriter();
  await part.write(new Uint8Array([1, 2]).buffer);
  await part.write(new DataView(new Uint8Array([9, 3, 9]).buffer, 1, 1));
  await part.close();
  bytes.set([1, 2, 3], 3);
  equal((await db.get('SELECT b FROM a WHERE id = 2'))?.['b'], bytes, 'a part is new');
});

test('writers and readers of a blob take part in a transaction', async (t) => {
  const db = await withBlob(t);
  const id = await db.transaction(async (tx) => {
    const { lastInsertRowid } = await tx.run('INSERT INTO a (c) VALUES (5)');
    const place = { ...PLACE, rowid: lastInsertRowid };
    await inPieces(pattern(2_000_000), 700_000).pipeTo(
      await blobWriter(tx, place, { size: 2_000_000 }),
    );
    equal(await all(await blobReader(tx, place)), pattern(2_000_000), 'seen inside');
    const aborted = (await blobWriter(tx, place)).getWriter();
    await aborted.write(new Uint8Array(100));
    await aborted.abort(new Error('no'));
    return lastInsertRowid;
  });
  equal(await all(await blobReader(db, { ...PLACE, rowid: id })), pattern(2_000_000));
  const undone = db.transaction(async (tx) => {
    const writer = (await blobWriter(tx, PLACE)).getWriter();
    await writer.write(new Uint8Array(100));
    await writer.close();
    throw new Error('take it back');
  });
  await rejects(undone, { message: /take it back/ });
  equal(await all(await blobReader(db, PLACE)), pattern(SIZE));
});

test('a reader ends when its row is changed, and says so', async (t) => {
  const db = await withBlob(t);
  for (const change of ['UPDATE a SET c = c + 1 WHERE id = 1', 'DELETE FROM a WHERE id = 1']) {
    const reader = (await blobReader(db, PLACE)).getReader();
    await reader.read();
    await db.exec('INSERT INTO a (b) VALUES (1)');
    equal((await reader.read()).done, false, 'another row is no matter');
    await db.exec(change);
    await rejects(reader.read(), { code: 'SQLITE_ABORT', message: /row has changed/ }, change);
  }
  await rejects(blobReader(db, PLACE), { code: 'SQLITE_ERROR', message: /no such rowid/ });
});

test('a reader sees one snapshot, and what is not read to its end is given back', async (t) => {
  const db = await withBlob(t);
  const other = await t.open();
  const stream = await blobReader(db, PLACE);
  const reader = stream.getReader();
  const first = await reader.read();
  await other.run('UPDATE a SET b = zeroblob(10) WHERE id = 1');
  const rest: Uint8Array<ArrayBuffer>[] = [first.value ?? new Uint8Array()];
  reader.releaseLock();
  rest.push(...(await collect(stream)));
  equal(new Uint8Array(await new Blob(rest).arrayBuffer()), pattern(SIZE), 'the old one');
  await other.run('UPDATE a SET b = ? WHERE id = 1', [pattern(SIZE)]);
  const cancelled = (await blobReader(db, PLACE)).getReader();
  await cancelled.read();
  await cancelled.cancel();
  const reason = new Error('no longer wanted');
  const controller = new AbortController();
  const aborted = (await blobReader(db, PLACE, { signal: controller.signal })).getReader();
  await aborted.read();
  controller.abort(reason);
  equal(await aborted.read().catch((error: unknown) => error), reason);
  const idle = (await blobReader(db, PLACE, { idleTimeout: 1 })).getReader();
  await rejects(idle.closed, { code: 'TIMEOUT' });
  const ended = await db.transaction(async (tx) => (await blobReader(tx, PLACE)).getReader());
  await rejects(ended.read(), { code: 'CLOSED' });
  const [checkpoint] = await other.query('PRAGMA wal_checkpoint(TRUNCATE)');
  equal(checkpoint?.['busy'], 0, 'nothing is read any more');
});

test('what is written to a blob is told as a change', async (t) => {
  const db = await withBlob(t);
  await db.exec('CREATE TABLE mark (i)');
  const told: (readonly string[] | undefined)[] = [];
  let hear: () => void = () => undefined;
  const end = db.onChange(({ tables }) => {
    told.push(tables);
    hear();
  });
  t.defer(end);
  const heard = async (table: string) => {
    while (told.at(-1)?.[0] !== table) {
      await new Promise<void>((resolve) => {
        hear = resolve;
      });
    }
  };
  // What was committed before may be told late.
  await db.exec('INSERT INTO mark VALUES (1)');
  await heard('mark');
  const writer = (await blobWriter(db, PLACE)).getWriter();
  await writer.write(new Uint8Array(5));
  await writer.close();
  await heard('a');
  equal(told.slice(-2), [['mark'], ['a']]);
});

test('blobs refuse what they cannot do', async (t) => {
  const db = await withBlob(t);
  const bad = { code: 'INVALID_PARAMETER' };
  await rejects(blobReader({} as never, PLACE), bad);
  await rejects(blobReader(db, { ...PLACE, rowid: 1.5 }), bad);
  await rejects(blobReader(db, { ...PLACE, table: undefined as never }), bad);
  await rejects(blobReader(db, PLACE, { start: SIZE + 1 }), bad);
  await rejects(blobReader(db, PLACE, { chunkSize: 0 }), { code: 'INVALID_OPTION' });
  await rejects(blobReader(db, PLACE, { chunksize: 5 } as never), {
    code: 'INVALID_OPTION',
    message: /did you mean "chunkSize"/,
  });
  await rejects(blobReader(db, { ...PLACE, rowid: 2 }), { code: 'SQLITE_ERROR', message: /null/ });
  await rejects(blobReader(db, { ...PLACE, table: 'nope' }), {
    code: 'SQLITE_ERROR',
    message: /no such table/,
  });
  await rejects(blobWriter(db, { ...PLACE, rowid: 77 }, { size: 5 }), {
    code: 'SQLITE_ERROR',
    message: /no such rowid: 77/,
  });
  await rejects(blobWriter(db, PLACE, { start: SIZE + 1 }), bad);
  const words = (await blobWriter(db, PLACE)).getWriter();
  await rejects(words.write('text' as never), bad);
  await words.closed.catch(() => undefined);
  equal(await all(await blobReader(db, PLACE)), pattern(SIZE), 'untouched');
});
