// One context at a time has a database, where there is no owner for all: an opener in another tab
// waits up to 5 s, then it is told who is busy. Openers in one page share it: 30-connections.ts.
import { open } from 'anchorite';
import type { Database } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { describe, test } from '../page/registry';
import type { Hooked, TestContext } from '../page/context';

// In Chromium that is how tabs share a database with the engine `sync`; in Firefox it has an owner.
describe('second opener', { except: [{ browser: 'firefox', twin: 'sync' }] });

const PATIENCE_MS = 5000;

/** Also where another way of sharing would be chosen. */
function alone(t: TestContext): Hooked {
  return { ...t.options, sharing: 'exclusive' };
}

async function isBusy(t: TestContext): Promise<void> {
  const asked = performance.now();
  const error = await rejects(open(t.name(), alone(t)), { code: 'SQLITE_BUSY' });
  const waited = performance.now() - asked;
  ok(waited > PATIENCE_MS - 500 && waited < 2 * PATIENCE_MS, `about 5 s of waiting, not ${waited}`);
  ok(error['cause'] !== undefined, 'a cause');
}

/** What the second tab holds open for this test, between two calls of the first tab. */
const held = new Map<string, Database>();

async function holdOrLetGo(t: TestContext, order: 'hold' | 'let go'): Promise<unknown> {
  if (order === 'hold') {
    const db = await open(t.name(), alone(t));
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (2)');
    held.set(t.name(), db);
  } else {
    await held.get(t.name())?.close();
    held.delete(t.name());
  }
  return order;
}

const PEER = { background: true, peer: holdOrLetGo } as const;

test('in another tab is busy after 5 s, and gets in when that closes', PEER, async (t) => {
  await t.peer('hold');
  await isBusy(t);
  const waiting = t.open(t.name(), alone(t));
  await t.peer('let go');
  equal(await (await waiting).query('SELECT b FROM a'), [{ b: 2 }]);
});
