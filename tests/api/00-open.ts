// open(): what it opens, which engine and storage it says it uses, what it leaves alone.
import { listDatabases, open } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Before } from '../page/before';
import { oracle } from '../page/data';
import { readFile } from '../page/disk';
import { fetchBytes } from '../page/home';
import { describe, test } from '../page/registry';

describe('open');

test('says which engine, storage and context serve', async (t) => {
  const db = await t.open();
  const { info } = db;
  const inWindow = t.cell.context === 'window';
  equal(info.engine, t.cell.twin, 'engine');
  equal(info.storage, inWindow ? 'opfs-async' : 'opfs-sync', 'storage');
  equal(info.context, inWindow ? 'window' : 'dedicated-worker', 'context');
  equal(info.sqliteVersion, (await oracle()).sqliteVersion, 'sqliteVersion');
  ok(info.reason.length > 0, 'a reason');
  const suspends = t.cell.twin !== 'sync';
  equal(info.can, { cancel: suspends, asyncFunctions: suspends, waitForLocks: true }, 'can');
});

test('says how large the wasm file in use is', async (t) => {
  const file = t.build === 'jspi' ? 'anchorite.wasm' : 'anchorite.asyncify.wasm';
  const db = await t.open();
  equal(db.info.wasmBytes, (await fetchBytes(`/anchorite/${file}`)).length);
});

test('auto takes JSPI where it works, the twin elsewhere', async (t) => {
  const db = await t.open(t.name(), { engine: 'auto' });
  equal(db.info.engine, t.cell.browser === 'webkit' ? 'asyncify' : 'jspi');
});

test('a forced engine that cannot run is an error', { browsers: ['webkit'] }, async (t) => {
  await rejects(open(t.name(), { ...t.options, engine: 'jspi' }), {
    code: 'ENGINE_UNAVAILABLE',
    message: /jspi/i,
  });
  equal(await readFile(t.name()), undefined, 'no file is left');
});

test('without options takes a worker in a window', { contexts: ['worker'] }, async (t) => {
  const db = await open(t.name());
  t.defer(() => db.close());
  equal([db.info.context, db.info.storage], ['dedicated-worker', 'opfs-sync']);
});

test('without options runs in place in a worker', { contexts: ['inside'] }, async (t) => {
  const db = await open(t.name());
  t.defer(() => db.close());
  equal([db.info.context, db.info.storage], ['dedicated-worker', 'opfs-sync']);
});

test('keeps the name, and knows whether it is closed', async (t) => {
  const db = await t.open();
  equal([db.name, db.closed], [t.name(), false]);
  await db.close();
  equal(db.closed, true);
});

test('a new database is WAL with pages of 4096 bytes', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  equal(await db.query('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
  equal(await db.query('PRAGMA page_size'), [{ page_size: 4096 }]);
  await db.close();
  const file = await readFile(t.name());
  equal(new TextDecoder().decode(file?.slice(0, 16)), 'SQLite format 3\0', 'the file in OPFS');
});

test(':memory: stays in memory', async (t) => {
  const db = await t.open(':memory:');
  equal(db.info.storage, 'memory');
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  equal(await db.query('SELECT b FROM a'), [{ b: 1 }]);
  const second = await t.open(':memory:');
  await rejects(second.query('SELECT b FROM a'), { code: 'SQLITE_ERROR' });
  ok(!(await listDatabases(t.options)).includes(':memory:'), 'no file called :memory:');
});

test('names with folders, spaces and other scripts', async (t) => {
  for (const label of [
    'a/b/c',
    'two words',
    'é漢😀',
    "it's 100% #1?&",
    '..dots..',
    'x'.repeat(99),
  ]) {
    const name = `${t.name()}/${label}.db`;
    const db = await t.open(name);
    await db.exec(`CREATE TABLE a (b); INSERT INTO a VALUES ('here')`);
    await db.close();
    ok((await readFile(name)) !== undefined, `a file at ${name}`);
    const again = await t.open(name);
    equal(await again.query('SELECT b FROM a'), [{ b: 'here' }], label);
    ok((await listDatabases(t.options)).includes(name), `${name} in the list`);
    await again.close();
  }
});

test('an unknown engine or option value is an error', async (t) => {
  const wrong = [{ engine: 'JSPI' }, { engine: 1 }, { worker: 1 }, 'jspi', { wroker: true }];
  for (const options of wrong) {
    await rejects(open(t.name(), options as never), { code: 'INVALID_OPTION' });
  }
});

test('holds its Web Lock while open, and only then', async (t) => {
  const lock = `anchorite:1:${t.name()}`;
  const held = async () => {
    const { held: locks } = await navigator.locks.query();
    return (locks ?? []).filter(({ name }) => name === lock).map(({ mode }) => mode);
  };
  equal(await held(), [], 'before');
  const db = await t.open();
  equal(await held(), [db.info.sharing === 'shared' ? 'shared' : 'exclusive'], 'open');
  await db.close();
  equal(await held(), [], 'closed');
});

test('Symbol.asyncDispose is defined only where the symbol exists', async (t) => {
  const symbol = (Symbol as unknown as Record<string, symbol | undefined>)['asyncDispose'];
  const db = await t.open();
  const prototype = Object.getPrototypeOf(db) as object;
  equal(Object.getOwnPropertySymbols(prototype), symbol === undefined ? [] : [symbol]);
  equal(Object.keys(prototype).includes('undefined'), false, 'no method called undefined');
  if (symbol === undefined) return;
  await (db as unknown as Record<symbol, () => Promise<void>>)[symbol]?.();
  equal(db.closed, true, 'closed by it');
});

test('needs no cross-origin isolation', async (t) => {
  equal(globalThis.crossOriginIsolated, false);
  equal(typeof SharedArrayBuffer, 'undefined');
  equal((await t.open()).closed, false);
});

test('leaves the globals of the page alone', { contexts: ['worker', 'window'] }, async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  await db.close();
  const { anchoriteTestBefore } = globalThis as unknown as { anchoriteTestBefore: Before };
  equal(anchoriteTestBefore.differences(), []);
});

test('the reason names the choice', async (t) => {
  const forced = await t.open(t.name('forced'));
  const chosen = await t.open(t.name('chosen'), { engine: 'auto' });
  ok(forced.info.reason !== chosen.info.reason, 'different reasons for forced and chosen');
  match(chosen.info.reason, /jspi|promise integration/i);
});
