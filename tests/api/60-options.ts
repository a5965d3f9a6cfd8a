// Options of open() and vacuum(): what they do, and what cannot be asked for.
import { open } from 'anchorite';
import type { OpenOptions } from 'anchorite';
import { equal, match, rejects, show } from '../page/assert';
import { readFile } from '../page/disk';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('options', SHOWN_ELSEWHERE);

const MODES = ['wal', 'delete', 'truncate', 'persist', 'memory', 'off'] as const;

for (const journalMode of MODES) {
  test(`journalMode ${journalMode} and pageSize are what the pragmas answer`, async (t) => {
    const db = await t.open(t.name(), { journalMode, pageSize: 1024 });
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
    equal(await db.query('PRAGMA journal_mode'), [{ journal_mode: journalMode }]);
    equal(await db.query('PRAGMA page_size'), [{ page_size: 1024 }]);
    await db.close();
    const again = await t.open(t.name(), { pageSize: 8192 });
    equal(await again.query('SELECT b FROM a'), [{ b: 1 }]);
    equal(await again.query('PRAGMA page_size'), [{ page_size: 1024 }], 'it keeps its own');
  });
}

test('an existing database keeps its journal mode until asked', async (t) => {
  const first = await t.open(t.name(), { journalMode: 'delete' });
  await first.exec('CREATE TABLE a (b)');
  await first.close();
  const kept = await t.open();
  equal(await kept.query('PRAGMA journal_mode'), [{ journal_mode: 'delete' }]);
  await kept.close();
  const asked = await t.open(t.name(), { journalMode: 'wal' });
  equal(await asked.query('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
});

test('durability is full unless it is relaxed in WAL', async (t) => {
  const synchronous = async (label: string, options: OpenOptions) => {
    const db = await t.open(t.name(label), options);
    await db.exec('CREATE TABLE IF NOT EXISTS a (b)');
    const rows = await db.query('PRAGMA synchronous');
    await db.close();
    return rows[0]?.['synchronous'];
  };
  equal(await synchronous('a', {}), 2);
  equal(await synchronous('b', { durability: 'relaxed' }), 1);
  equal(await synchronous('b', { durability: 'full' }), 2);
  equal(await synchronous('c', { journalMode: 'delete' }), 2);
  equal(await synchronous('c', { durability: 'relaxed' }), 2, 'no WAL');
});

test('info says what a commit survives', async (t) => {
  const { storage, durable } = (await t.open()).info;
  if (storage === 'opfs-async') equal(durable, 'process', 'no engine syncs a writable');
  else equal(durable, 'power-loss', 'fdatasync or fsync was seen');
  equal((await t.open(':memory:')).info.durable, 'none');
});

test('readonly reads, refuses to write, and leaves every byte as it is', async (t) => {
  await rejects(t.open(t.name(), { readonly: true }), { code: 'SQLITE_CANTOPEN' });
  equal(await readFile(t.name()), undefined, 'no file is made');
  for (const journalMode of ['wal', 'delete'] as const) {
    const name = t.name(journalMode);
    const db = await t.open(name, { journalMode });
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
    await db.close();
    const before = await readFile(name);
    const reader = await t.open(name, { readonly: true });
    equal(await reader.query('SELECT b FROM a'), [{ b: 1 }], journalMode);
    await rejects(reader.exec('INSERT INTO a VALUES (2)'), { code: 'SQLITE_READONLY' });
    await reader.close();
    equal(await readFile(name), before, journalMode);
  }
});

test('what cannot be asked for is an error that says why', async (t) => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ journalMode: 'WAL' }, /journalMode/],
    [{ journal_mode: 'wal' }, /did you mean "journalMode"/],
    [{ durability: 'none' }, /durability/],
    [{ durability: 'relaxed', journalMode: 'delete' }, /relaxed.*WAL/],
    [{ readonly: 1 }, /readonly/],
    [{ readOnly: true }, /did you mean "readonly"/],
    [{ readonly: true, journalMode: 'wal' }, /readonly/],
    [{ readonly: true, pageSize: 4096 }, /readonly/],
    [{ pageSize: 1000 }, /pageSize/],
    [{ pageSize: '4096' }, /pageSize/],
    [{ busyTimeout: -1 }, /busyTimeout/],
    [{ busyTimeout: Infinity }, /busyTimeout/],
    [{ tempMemory: 1.5 }, /tempMemory/],
  ];
  for (const [options, says] of wrong) {
    const call = open(t.name(), { ...t.options, ...(options as OpenOptions) });
    const error = await rejects(call, { code: 'INVALID_OPTION' }, show(options));
    match(error.message, says, show(options));
  }
  await rejects(t.open(':memory:', { journalMode: 'wal' }), { code: 'INVALID_OPTION' });
  equal(await readFile(t.name()), undefined, 'no file is made');
});

test('vacuum changes the page size, and leaves WAL on', async (t) => {
  for (const journalMode of ['wal', 'delete'] as const) {
    const db = await t.open(t.name(journalMode), { journalMode });
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (randomblob(50000)); DELETE FROM a');
    await db.vacuum({ pageSize: 16384 });
    equal(await db.query('PRAGMA page_size'), [{ page_size: 16384 }]);
    equal(await db.query('PRAGMA journal_mode'), [{ journal_mode: journalMode }]);
    await db.vacuum();
    equal(await db.query('PRAGMA page_count'), [{ page_count: 2 }]);
    await rejects(db.vacuum({ pageSize: 3 }), { code: 'INVALID_OPTION' });
    await rejects(db.vacuum({ pagesize: 4096 } as never), { message: /did you mean "pageSize"/ });
    await db.exec('BEGIN');
    await rejects(db.vacuum({ pageSize: 512 }), { code: 'SQLITE_ERROR' });
    await db.exec('ROLLBACK');
  }
});

test('a bound for temporary files is kept to by a sort that is larger', async (t) => {
  const db = await t.open(t.name(), { tempMemory: 100_000 });
  await db.exec('PRAGMA cache_size = 10; PRAGMA temp.cache_size = 10; CREATE TABLE a (b, c)');
  await db.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
    INSERT INTO a SELECT i * 7919 % 20011, printf('%50d', i) FROM n`);
  const rows = await db.query('SELECT b FROM (SELECT * FROM a ORDER BY c, b DESC) LIMIT 2');
  equal(rows, [{ b: 7919 }, { b: 15838 }]);
});
