// Locks of a database that somebody else takes by force: whoever held them reads and writes nothing
// more, and others find the database sound.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';

describe('stolen locks');

/** Where handles can be shared. */
const SHARING = { browsers: ['chromium'], contexts: ['worker'], ...SUSPENDING } as const;

/** Chromium and Firefox have locks that last as long as a context has the database for itself. */
const ANYWHERE = { browsers: ['chromium', 'firefox'], contexts: ['worker'] } as const;

/** How often a lock is stolen that is kept for only 10 ms. */
const TRIES = 50;

/** With a hook for its engine every open gets a worker of its own. */
const OWN_WORKER = { testHooks: { growOnSuspend: false } } as const;

function openHere(t: TestContext, extra: Hooked): Promise<Database> {
  return t.open(t.name(), { ...OWN_WORKER, ...extra });
}

/** Takes a lock away from whoever has it, and gives it back at once. */
async function steal(name: string): Promise<void> {
  await navigator.locks.request(name, { steal: true }, () => undefined);
}

const THEFT = /the lock "anchorite:\S+" was stolen from this context/;

async function isRefused(db: Database, sql: string): Promise<void> {
  const error = (await rejects(db.exec(sql), { code: 'SQLITE_IOERR' })) as Error;
  // In SQLite's own words unless it was refused before SQLite was asked.
  match(`${error.message} ${String(error.cause)}`, THEFT);
}

/**
 * Waits until a context has heard of a theft; until then it goes on as if it had the lock. What it
 * reads must not be in its cache. The failure ends its transaction.
 */
async function hears(db: Database): Promise<void> {
  const read = async (): Promise<boolean> => {
    await db.exec('PRAGMA shrink_memory');
    return db.query('SELECT * FROM b').then(
      () => false,
      (error: Error) => THEFT.test(String(error.cause)),
    );
  };
  while (!(await read()));
}

/** What is committed, seen by one that is not concerned. */
async function isSound(db: Database, values: readonly number[]): Promise<void> {
  const rows = values.map((b) => ({ b }));
  equal(await db.query('SELECT b FROM a ORDER BY b'), rows);
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
}

const MAKE = 'CREATE TABLE b (c); CREATE TABLE a (b); INSERT INTO a VALUES (1)';

test('without WRITE a transaction does not commit', SHARING, async (t) => {
  const [victim, other] = [
    await openHere(t, { sharing: 'shared' }),
    await openHere(t, { sharing: 'shared', engine: 'asyncify' }),
  ];
  await victim.exec(MAKE);
  await other.exec('INSERT INTO a VALUES (2)');
  await victim.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (3)');
  await steal(`anchorite:shared:1:slot0:${t.name()}`);
  await hears(victim);
  await other.exec('INSERT INTO a VALUES (4)');
  await isRefused(victim, 'INSERT INTO a VALUES (5)');
  await isSound(other, [1, 2, 4]);
  await victim.close();
  await isSound(await openHere(t, { sharing: 'shared' }), [1, 2, 4]);
});

test('a lock that is only kept counts as well', SHARING, async (t) => {
  const [victim, other] = [
    await openHere(t, { sharing: 'shared' }),
    await openHere(t, { sharing: 'shared', engine: 'asyncify' }),
  ];
  await victim.exec('CREATE TABLE a (b)');
  await other.query('SELECT * FROM a');
  const values: number[] = [];
  const write = async (value: number): Promise<boolean> => {
    const written = await victim.exec(`INSERT INTO a VALUES (${value})`).then(
      () => true,
      () => false,
    );
    if (written) values.push(value);
    return written;
  };
  let tries = 0;
  while (tries < TRIES && (await write(tries++))) {
    await steal(`anchorite:shared:1:slot0:${t.name()}`);
  }
  ok(tries < TRIES, 'it was never kept');
  await isRefused(victim, 'INSERT INTO a VALUES (-1)');
  await isSound(other, values);
});

test('one that was alone has the database no more', SHARING, async (t) => {
  const victim = await openHere(t, { sharing: 'shared' });
  await victim.exec(MAKE);
  await victim.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (2)');
  await steal(`anchorite:attached:${t.name()}`);
  await hears(victim);
  const other = await openHere(t, { sharing: 'shared', engine: 'asyncify' });
  await other.exec('INSERT INTO a VALUES (3)');
  await isRefused(victim, 'SELECT * FROM a');
  await isSound(other, [1, 3]);
});

test('nor has one that owned it', ANYWHERE, async (t) => {
  const victim = await openHere(t, { sharing: 'exclusive' });
  await victim.exec(MAKE);
  await victim.exec('BEGIN IMMEDIATE; INSERT INTO a VALUES (2)');
  await steal(`anchorite:1:${t.name()}`);
  await hears(victim);
  await isRefused(victim, 'SELECT * FROM a');
  await victim.close();
  await isSound(await openHere(t, { sharing: 'exclusive' }), [1]);
});
