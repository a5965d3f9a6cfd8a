// The Rust crate: both doors to plain rusqlite, in an application's module that `anchorite-twin`
// has made (tests/contract/wasm/src/doors.rs), over real OPFS.
import { instance } from 'contract-module';
import type { Instance } from 'contract-module';
import { open } from 'anchorite';
import { equal, match } from '../page/assert';
import type { TestContext } from '../page/context';
import { readFile } from '../page/disk';
import { describe, test } from '../page/registry';

describe('rust', { contexts: ['inside'] });

const MAKE = 'CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)';
const COUNT = "SELECT count(*) || '' FROM a";

function start(t: TestContext): Promise<Instance> {
  return instance({ engine: t.build });
}

/** The words of what a call throws or rejects with. */
async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return String(error);
  }
  throw new Error('it was not refused');
}

test('a closure in run opens what it likes', async (t) => {
  const module = await start(t);
  const file = t.name();
  equal(await module.query_in_run(file, MAKE, COUNT), '1');
  equal(await module.query_in_run(file, MAKE, COUNT), '2');
  const [name, reason] = module.build();
  equal([name, reason], [t.cell.twin, 'the caller asked for it']);
}, 'reload', async (t) => {
  const module = await start(t);
  equal(await module.query_in_run(t.name(), '', COUNT), '2');
});

test('an engine that cannot suspend is refused, since calls of run may wait anywhere', async () => {
  const engine = 'sync' as never;
  const refused = await refusal(() => instance({ engine }));
  match(refused, /TypeError: option "engine" must be "auto", "jspi" or "asyncify", not "sync"/);
});

test('calls of run are served in their order', async (t) => {
  const module = await start(t);
  const file = t.name();
  const calls = [1, 2, 3, 4].map(() => module.query_in_run(file, MAKE, COUNT));
  equal(await Promise.all(calls), ['1', '2', '3', '4']);
});

test('databases opened beforehand are used without waiting', async (t) => {
  const module = await start(t);
  const file = t.name();
  await module.install([file], true);
  equal(module.query_here(file, MAKE, COUNT), '1');
  equal(module.query_here(`/./${file}`, MAKE, COUNT), '2');
  equal(module.query_here(file, 'PRAGMA journal_mode = wal', COUNT), '2');
  equal(await module.query_in_run(file, MAKE, COUNT), '3');
}, 'reload', async (t) => {
  const module = await start(t);
  await module.install([t.name()], false);
  equal(module.query_here(t.name(), '', COUNT), '3');
});

test('a database is the same file for the package and for the crate', async (t) => {
  const db = await t.open();
  await db.exec(MAKE);
  const module = await start(t);
  match(await refusal(() => module.install([t.name()], true)), /^SQLITE_BUSY: .*another context/);
  await db.close();
  equal(await module.query_in_run(t.name(), MAKE, COUNT), '2');
  const again = await open(t.name(), t.options);
  t.defer(() => again.close());
  equal(await again.query('SELECT count(*) AS n FROM a'), [{ n: 2 }]);
});

test('outside of run what would wait is refused, and nothing is left behind', async (t) => {
  const module = await start(t);
  const file = t.name();
  const early = await refusal(() => module.query_here(file, MAKE, COUNT));
  match(early, /^CANNOT_WAIT: .*there are no files yet.*inside of anchorite::run/);
  await module.install([], true);
  const late = await refusal(() => module.query_here(file, MAKE, COUNT));
  match(late, /^CANNOT_WAIT: .*main\.sqlite.*name the database in the files of anchorite::install/);
  equal(await readFile(file), undefined);
  equal(await module.query_in_run(file, MAKE, COUNT), '1');
  equal(module.query_here(':memory:', MAKE, COUNT), '1');
});

test('what cannot be installed says why', async (t) => {
  const module = await start(t);
  match(await refusal(() => module.install(['../a.db'], true)), /^INVALID_NAME: .*leaves the root/);
  match(await refusal(() => module.install([''], true)), /^INVALID_NAME: .*directory/);
  match(await refusal(() => module.install(['a.db-wal'], true)), /^INVALID_NAME: .*side file/);
  const missing = await refusal(() => module.install([t.name(), t.name('none')], false));
  match(missing, /^SQLITE_CANTOPEN: .*sqlite/);
  // Whatever was opened before the failure was given back.
  await module.install([t.name(), t.name('none')], true);
  match(await refusal(() => module.install([], true)), /^ALREADY_INSTALLED: .*name all files/);
  equal(module.query_here(t.name('none'), MAKE, COUNT), '1');
});

test('a lock that is not free is busy', async (t) => {
  const module = await start(t);
  const file = t.name();
  await module.install([file], true);
  equal(module.query_here(file, MAKE, COUNT), '1');
  module.hold(file, 'BEGIN IMMEDIATE');
  const busy = await refusal(() => module.query_here(file, MAKE, COUNT));
  match(busy, /^SQLITE_BUSY: database is locked: another connection of this instance/);
  equal(module.query_here(file, '', COUNT), '1');
  module.hold(':memory:', '');
  equal(module.query_here(file, MAKE, COUNT), '2');
});

test('while a closure is suspended, no other call of SQLite begins', async (t) => {
  const module = await start(t);
  const [file, other] = [t.name(), t.name('other')];
  await module.install([file, other], true);
  module.query_here(file, MAKE, COUNT);
  module.query_here(other, MAKE, COUNT);
  module.hold(file, 'BEGIN IMMEDIATE');
  // It waits in its busy handler until that has had enough.
  const waits = module.query_in_run(file, `PRAGMA busy_timeout = 500; ${MAKE}`, COUNT);
  const ended = refusal(() => waits);
  let refused: string | undefined;
  while (refused === undefined) {
    await Promise.resolve();
    try {
      module.query_here(other, '', COUNT);
    } catch (error) {
      refused = String(error);
    }
  }
  match(refused, /^CANNOT_WAIT: .*suspended.*inside of anchorite::run/);
  match(await ended, /^SQLITE_BUSY: /);
  equal(module.query_here(other, MAKE, COUNT), '2');
  equal(module.query_held(COUNT), '1');
});

test('every feature of the crate works over OPFS', async (t) => {
  const module = await start(t);
  const lines = await module.try_features(t.name());
  equal(lines.split('\n'), [
    'functions: hi!',
    'window: 1,3,5',
    'hooks: 1 commit',
    'blob: 00010200',
    'session: recorded',
    'vtab: 1,3,5',
    'backup: 2 rows',
    'serde_json: 2',
    'chrono: 2026-11-29',
    'time: 2026-11-29',
    'jiff: 2026-11-29',
  ]);
});

test('a panic ends the module, with its words', async (t) => {
  const module = await start(t);
  match(await refusal(() => module.panic_in_run()), /^ENGINE_FAILED: .*on purpose/s);
  const after = await refusal(() => module.query_in_run(t.name(), MAKE, COUNT));
  match(after, /^ENGINE_FAILED: /);
});

test('a window has no files beforehand', { contexts: ['window'] }, async (t) => {
  const module = await start(t);
  const refused = await refusal(() => module.install([t.name()], true));
  match(refused, /^NO_SYNC_HANDLES: .*dedicated worker.*anchorite::run/);
  equal(await module.query_in_run(t.name(), MAKE, COUNT), '1');
  equal(await module.query_in_run(t.name(), MAKE, COUNT), '2');
});

test('without OPFS it says so', { contexts: ['window'], launch: 'refused' }, async (t) => {
  const module = await start(t);
  match(await refusal(() => module.install([], true)), /^OPFS_UNAVAILABLE: /);
  match(await refusal(() => module.query_in_run('a.db', MAKE, COUNT)), /^OPFS_UNAVAILABLE: /);
});
