// Databases in a directory: files, a second process, one that is killed, locks that are stale and
// locks that only look so. run.mjs runs it in Node, in a project that has the package.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as anchorite from 'anchorite';
import { setDirectory } from 'anchorite/node';

const { open } = anchorite;
const root = mkdtempSync(join(tmpdir(), 'anchorite-directory-'));
const directory = join(root, 'kept');
setDirectory(directory);

/** Another process, in holder.mjs, which does `work` and says so. */
function start(work) {
  const script = fileURLToPath(new URL('holder.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, directory, work], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, said: once(child.stdout, 'data'), ended: once(child, 'exit') };
}

function lockFile(database) {
  const digest = createHash('sha256').update(`anchorite:1:${database}`).digest('hex');
  return join(directory, '.anchorite', 'locks', `${digest}.lock`);
}

const count = async (database) => {
  const db = await open(database);
  const n = await db.get('SELECT count(*) FROM a', [], { rows: 'scalar' });
  await db.close();
  return n;
};

/** An engine that never suspends does what others do, before a job and after it. */
async function withoutSuspending() {
  const options = { engine: 'sync' };
  const db = await open('sync/a.db', options);
  assert.deepEqual([db.info.engine, db.info.can.cancel], ['sync', false]);
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2)');
  await db.backupTo('sync/b.db');
  await db.close();
  assert.ok(!existsSync(lockFile('sync/a.db')));
  await anchorite.renameDatabase('sync/a.db', 'sync/c.db', options);
  const bytes = readFileSync(join(directory, 'sync/c.db'));
  await anchorite.importDatabase('sync/b.db', bytes, { ...options, overwrite: true });
  assert.deepEqual(await anchorite.listDatabases(options), ['sync/b.db', 'sync/c.db']);
  assert.equal(await count('sync/b.db'), 2);
  assert.equal(await anchorite.deleteDatabase('sync/b.db', options), true);
  assert.equal(await anchorite.deleteDatabase('sync/b.db', options), false);
  assert.equal(await anchorite.deleteDatabase('sync/c.db', options), true);
}

async function files() {
  const db = await open('app/a.db');
  assert.equal(db.info.storage, 'directory');
  assert.equal(db.info.durable, 'power-loss');
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2)');
  const second = await open('app/a.db');
  assert.equal(await second.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 2);
  await second.close();
  assert.ok(existsSync(lockFile('app/a.db')));
  await db.close();
  assert.ok(!existsSync(lockFile('app/a.db')));

  const file = join(directory, 'app/a.db');
  assert.equal(readFileSync(file).subarray(0, 15).toString(), 'SQLite format 3');
  await native(file);
  assert.deepEqual(await anchorite.listDatabases(), ['app/a.db']);
  await anchorite.renameDatabase('app/a.db', 'b.db');
  await anchorite.importDatabase('c.db', readFileSync(join(directory, 'b.db')));
  assert.deepEqual(await anchorite.listDatabases(), ['b.db', 'c.db']);
  assert.equal(await count('c.db'), 2);
  assert.equal(await anchorite.deleteDatabase('c.db'), true);
  assert.ok(!existsSync(join(directory, 'c.db')));
}

/** What the SQLite that Node has from version 22 on says of a file. */
async function native(file) {
  const sqlite = await import('node:sqlite').catch(() => undefined);
  if (sqlite === undefined) return;
  const db = new sqlite.DatabaseSync(file);
  assert.equal(db.prepare('PRAGMA integrity_check').get().integrity_check, 'ok');
  assert.equal(db.prepare('SELECT count(*) AS n FROM a').get().n, 2);
  db.close();
}

async function secondProcess() {
  const { child, said, ended } = start('hold');
  await said;
  const refused = open('b.db', { busyTimeout: 100 });
  await assert.rejects(refused, { code: 'SQLITE_BUSY', message: new RegExp(`${child.pid}`) });
  const waiting = open('b.db', { busyTimeout: 30_000 });
  child.stdin.end();
  await (await waiting).close();
  await ended;
}

async function killedProcess() {
  const before = await count('b.db');
  const { child, said, ended } = start('transaction');
  await said;
  child.kill('SIGKILL');
  await ended;
  assert.ok(existsSync(lockFile('b.db')));
  assert.equal(await count('b.db'), before, 'what was not committed is not there');
}

/** A lock that was left by whoever `holder` says. */
async function left(holder, outcome) {
  writeFileSync(lockFile('b.db'), typeof holder === 'string' ? holder : JSON.stringify(holder));
  const opening = open('b.db', { busyTimeout: 100 });
  if (outcome === 'stale') {
    await (await opening).close();
    assert.ok(!existsSync(lockFile('b.db')));
    return;
  }
  await assert.rejects(opening, { code: 'SQLITE_BUSY' });
  assert.ok(existsSync(lockFile('b.db')), 'no lock is stolen');
  rmSync(lockFile('b.db'));
}

async function leftLocks() {
  const { child, ended } = start('nothing');
  await ended;
  const dead = { name: 'anchorite:1:b.db', pid: child.pid, started: '1', host: hostname() };
  await left(dead, 'stale');
  await left({ ...dead, host: 'elsewhere' }, 'kept');
  await left('half of a l', 'kept');
  // The number of a process that has ended, and is another's now.
  if (process.platform === 'linux') await left({ ...dead, pid: process.pid }, 'stale');
}

/** Of many processes that find a stale lock, one at a time has the database. */
async function race() {
  const before = await count('b.db');
  const { child, ended } = start('nothing');
  await ended;
  const stale = { name: 'anchorite:1:b.db', pid: child.pid, started: '1', host: hostname() };
  writeFileSync(lockFile('b.db'), JSON.stringify(stale));
  const racers = Array.from({ length: 3 }, () => start('count'));
  for (const { ended: over } of racers) assert.deepEqual(await over, [0, null]);
  assert.equal(await count('b.db'), before + 3 * 4);
}

async function twoDirectories() {
  const first = await open('b.db');
  const before = await first.get('SELECT count(*) FROM a', [], { rows: 'scalar' });
  setDirectory(join(root, 'other'));
  const second = await open('b.db');
  await second.exec('CREATE TABLE a (b)');
  await first.run('INSERT INTO a VALUES (3)');
  assert.equal(await second.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), 0);
  assert.equal(await first.get('SELECT count(*) FROM a', [], { rows: 'scalar' }), before + 1);
  await second.close();
  await first.close();
}

try {
  const shared = [secondProcess, killedProcess, leftLocks, race, twoDirectories];
  for (const part of [withoutSuspending, files, ...shared]) {
    await part();
  }
  assert.throws(() => setDirectory(''), { code: 'INVALID_OPTION' });
} finally {
  rmSync(root, { recursive: true });
}
