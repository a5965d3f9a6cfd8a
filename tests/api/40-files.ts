// importDatabase, export, listDatabases, renameDatabase, deleteDatabase: whole files in and out.
import { deleteDatabase, importDatabase, listDatabases, renameDatabase } from 'anchorite';
import { requestPersistence, storageInfo } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { chinook } from '../page/data';
import { allFiles, readFile, sha256 } from '../page/disk';
import { describe, test } from '../page/registry';
import { inPieces } from '../page/streams';

describe('files');

const TRACKS = 'SELECT count(*) AS n FROM Track';

test('import takes bytes, a buffer, a Blob and a stream', async (t) => {
  const bytes = await chinook();
  const sources = {
    bytes,
    view: new Uint8Array([1, ...bytes, 2]).subarray(1, bytes.length + 1),
    buffer: bytes.slice().buffer,
    blob: new Blob([bytes]),
    file: new File([bytes], 'chinook.sqlite'),
    response: new Response(bytes),
    stream: inPieces(bytes, 33_333),
  };
  for (const [label, source] of Object.entries(sources)) {
    await importDatabase(t.name(label), source, t.options);
    const file = await readFile(t.name(label));
    equal(file?.length, bytes.length, label);
    const db = await t.open(t.name(label));
    equal(await db.query(TRACKS), [{ n: 3503 }], label);
    await db.close();
  }
  equal(sources.buffer.byteLength, bytes.length, 'the buffer stays with its owner');
});

test('import does not replace a database unless told to', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE mine (a); INSERT INTO mine VALUES (1)');
  await db.close();
  const bytes = await chinook();
  await rejects(importDatabase(t.name(), bytes, t.options), { code: 'EXISTS' });
  const still = await t.open();
  equal(await still.query('SELECT a FROM mine'), [{ a: 1 }]);
  await still.close();
  await importDatabase(t.name(), bytes, { ...t.options, overwrite: true });
  const replaced = await t.open();
  equal(await replaced.query(TRACKS), [{ n: 3503 }]);
  equal(await sha256(await replaced.export()), await sha256(bytes));
});

test('a stream that fails leaves the database of that name untouched', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE mine (a)');
  await db.close();
  const before = await allFiles();
  const bytes = await chinook();
  const failing = () => inPieces(bytes, 100_000, 400_000);
  const call = importDatabase(t.name(), failing(), { ...t.options, overwrite: true });
  await rejects(call, { message: /the stream broke/ });
  await rejects(importDatabase(t.name('new'), failing(), t.options), {
    message: /the stream broke/,
  });
  equal(await t.newFiles(before), []);
  const still = await t.open();
  equal(await still.query('SELECT count(*) AS n FROM mine'), [{ n: 0 }]);
});

test('an import tells how far it is', async (t) => {
  const bytes = await chinook();
  const total = bytes.length;
  for (const [label, source, known] of [
    ['blob', new Blob([bytes]), total],
    ['bytes', bytes, total],
    ['stream', inPieces(bytes, 33_333), undefined],
    ['response', new Response(bytes), undefined],
  ] as const) {
    const told: (readonly [number, number | undefined])[] = [];
    const onProgress = (done: number, all: number | undefined) => told.push([done, all]);
    await importDatabase(t.name(label), source, { ...t.options, onProgress });
    ok(told.length > 0, `${label} tells`);
    equal(told.at(-1), [total, known], label);
    equal(
      told.map(([done]) => done),
      told.map(([done]) => done).sort((a, b) => a - b),
    );
  }
});

test('an import that is aborted leaves nothing behind, whatever it waits for', async (t) => {
  const before = await allFiles();
  const bytes = await chinook();
  const reason = new Error('no longer wanted');
  const aborted = AbortSignal.abort(reason);
  const early = importDatabase(t.name(), bytes, { ...t.options, signal: aborted });
  equal(await early.catch((error: unknown) => error), reason, 'before it begins');
  const between = new AbortController();
  const call = importDatabase(t.name(), inPieces(bytes, 33_333), {
    ...t.options,
    signal: between.signal,
    onProgress: () => between.abort(reason),
  });
  equal(await call.catch((error: unknown) => error), reason, 'between two pieces');
  const waiting = new AbortController();
  let cancelledWith: unknown;
  const silent = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(bytes.slice(0, 50_000)),
    cancel(why) {
      cancelledWith = why;
    },
  });
  const stuck = importDatabase(t.name(), silent, {
    ...t.options,
    signal: waiting.signal,
    onProgress: () => void setTimeout(() => waiting.abort(reason)),
  });
  equal(await stuck.catch((error: unknown) => error), reason, 'while the stream is silent');
  equal(cancelledWith, reason, 'the stream hears of it');
  equal(await t.newFiles(before), []);
});

test('an import refuses a response without a database', async (t) => {
  const bad = { code: 'INVALID_PARAMETER' };
  const notFound = new Response('no', { status: 404 });
  await rejects(importDatabase(t.name(), notFound, t.options), { ...bad, message: /status 404/ });
  const empty = new Response(null, { status: 204 });
  await rejects(importDatabase(t.name(), empty, t.options), { ...bad, message: /no body/ });
  const page = new Response('<!doctype html>'.repeat(20));
  await rejects(importDatabase(t.name(), page, t.options), { code: 'SQLITE_NOTADB' });
});

test('list is sorted and holds databases only', async (t) => {
  for (const label of ['b', 'a', 'dir/c']) {
    const db = await t.open(`${t.name()}/${label}`);
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
    await db.close();
  }
  const open = await t.open(`${t.name()}/open`);
  await open.exec('CREATE TABLE a (b)');
  const names = await listDatabases(t.options);
  equal(names, [...names].sort(), 'sorted');
  const mine = names.filter((name) => name.startsWith(t.name()));
  equal(
    mine,
    ['a', 'b', 'dir/c', 'open'].map((label) => `${t.name()}/${label}`),
  );
});

test('delete removes the database and says whether there was one', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await db.close();
  equal(await deleteDatabase(t.name(), t.options), true);
  equal(await deleteDatabase(t.name(), t.options), false, 'again');
  ok(!(await listDatabases(t.options)).includes(t.name()), 'not listed any more');
  const fresh = await t.open();
  await rejects(fresh.query('SELECT * FROM a'), { code: 'SQLITE_ERROR', message: /no such table/ });
});

test('renameDatabase moves what was committed, and refuses a name that is taken', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await db.close();
  await renameDatabase(t.name(), t.name('new'), t.options);
  const names = await listDatabases(t.options);
  ok(names.includes(t.name('new')) && !names.includes(t.name()), 'listed by its new name');
  const renamed = await t.open(t.name('new'));
  equal(await renamed.query('SELECT b FROM a'), [{ b: 1 }]);
  await renamed.close();
  const other = await t.open();
  await rejects(other.query('SELECT b FROM a'), { code: 'SQLITE_ERROR', message: /no such table/ });
  await other.close();
  await rejects(renameDatabase(t.name(), t.name('new'), t.options), { code: 'EXISTS' });
  await rejects(renameDatabase(t.name('none'), t.name('x'), t.options), {
    code: 'SQLITE_CANTOPEN',
  });
});

test('an open database is not replaced, removed or renamed', { background: true }, async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  const bytes = await chinook();
  const busy = { code: 'SQLITE_BUSY', message: /held by .*sharing "/ };
  await Promise.all([
    rejects(importDatabase(t.name(), bytes, { ...t.options, overwrite: true }), busy, 'import'),
    rejects(deleteDatabase(t.name(), t.options), busy, 'delete'),
    rejects(renameDatabase(t.name(), t.name('new'), t.options), busy, 'rename'),
  ]);
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 0 }], 'untouched');
});

test('export in the middle of a transaction does not break it', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1); BEGIN; INSERT INTO a VALUES (2)');
  const outcome = await db.export().catch((error: unknown) => error);
  if (outcome instanceof Uint8Array) {
    await importDatabase(t.name('copy'), outcome as Uint8Array<ArrayBuffer>, t.options);
    const copy = await t.open(t.name('copy'));
    equal(await copy.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  }
  await db.exec('COMMIT');
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 2 }]);
});

test('a :memory: database can be exported', async (t) => {
  const db = await t.open(':memory:');
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await importDatabase(t.name(), await db.export(), t.options);
  const copy = await t.open();
  equal(await copy.query('SELECT b FROM a'), [{ b: 1 }]);
});

test('the room of the origin is known, and whether it is kept', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(100000))');
  const { persisted, quota, usage, databases } = await storageInfo();
  const mine = databases?.filter(({ name }) => name.startsWith(t.name()));
  equal(mine?.map(({ name }) => name), [t.name()], 'without the files beside it');
  ok((mine?.[0]?.bytes ?? 0) > 100_000, `${mine?.[0]?.bytes} bytes`);
  equal(typeof persisted, 'boolean');
  ok((quota ?? 0) > (usage ?? 0), `a quota of ${quota} above a usage of ${usage}`);
  if (typeof navigator.storage.persist !== 'function') {
    await rejects(requestPersistence(), { code: 'UNSUPPORTED' });
  } else if (t.cell.browser !== 'firefox') {
    // Firefox asks its user, whom a test does not have.
    const kept = await requestPersistence();
    equal((await storageInfo()).persisted, kept);
  }
});
