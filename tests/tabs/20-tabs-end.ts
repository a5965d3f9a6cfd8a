// A tab of the browser ends inside a transaction, by a reload or because it is closed: another tab,
// which has the same owner, waits for it and goes on.
import { open } from 'anchorite';
import type { Database } from 'anchorite';
import { equal } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, test } from '../page/registry';
import { owned } from '../page/tabs';

describe('tab ends');

/** What the second tab waits for. */
const waiting = new Map<string, Promise<Database>>();

/** Longer than any browser takes for a reload, whatever else the machine does. */
const PATIENCE_MS = 25_000;

/** The second tab: begins to wait for the first, or says what came of it. */
async function wait(t: TestContext, order: 'begin' | 'end'): Promise<unknown> {
  if (order === 'begin') {
    const db = await open(t.name(), { ...owned(t), busyTimeout: PATIENCE_MS });
    waiting.set(
      t.name(),
      db.exec('INSERT INTO n VALUES (2)').then(() => db),
    );
    const other = await open(t.name(), owned(t));
    await other.query('SELECT 1');
    await other.close();
    return order;
  }
  const db = await waiting.get(t.name());
  const rows = await db?.query('SELECT i FROM n');
  await db?.close();
  return rows;
}

async function holdTheLock(t: TestContext): Promise<void> {
  const db = await open(t.name(), owned(t));
  await db.exec('CREATE TABLE n (i); BEGIN IMMEDIATE; INSERT INTO n VALUES (1)');
  await t.peer('begin');
}

async function theOtherHasIt(t: TestContext): Promise<void> {
  equal(await t.peer('end'), [{ i: 2 }]);
  const db = await t.open(t.name(), owned(t));
  equal(await db.query('SELECT i FROM n'), [{ i: 2 }]);
}

const ONCE = { contexts: ['window'], peer: wait } as const;

/** In WebKitGTK only all tabs can be closed at once. */
const CLOSES = { ...ONCE, browsers: ['chromium', 'firefox'] } as const;

test('by a reload', ONCE, holdTheLock, 'reload', theOtherHasIt);
test('because it is closed', CLOSES, holdTheLock, 'closeTab', theOtherHasIt);
