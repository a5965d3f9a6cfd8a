// Iterations of several contexts on one database: what one reads is its own snapshot, and what it
// holds goes with it.
import type { Database } from 'anchorite';
import { equal, rejects } from '../page/assert';
import type { Hooked } from '../page/context';
import { openMany } from '../page/contexts';
import { describe, SUSPENDING, test } from '../page/registry';
import type { Twin } from '../wire';
import { killOwner, owned, Tab } from '../page/tabs';

describe('iterations of several contexts', SUSPENDING);

const WINDOW = { contexts: ['window'] } as const;

const SHARING = { browsers: ['chromium'], contexts: ['worker'] } as const;

const FILL = `CREATE TABLE a (i INTEGER PRIMARY KEY);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  INSERT INTO a SELECT i FROM n`;

const ALL = 'SELECT i FROM a ORDER BY i';

const TEN = { rows: 'scalar', batchRows: 10 } as const;

/** Moves all of the WAL and cuts it off, once nobody reads an older snapshot. */
const CUT = 'PRAGMA wal_checkpoint(TRUNCATE)';

function shared(engine: Twin): Hooked {
  return { engine, sharing: 'shared', testHooks: { growOnSuspend: false } };
}

test('one reads its snapshot while another context writes and checkpoints', SHARING, async (t) => {
  const [reader, writer] = (await openMany(t, 2, shared)) as [Database, Database];
  await writer.exec(FILL);
  const found: unknown[] = [];
  for await (const i of reader.iterate(ALL, [], TEN)) {
    found.push(i);
    if (found.length % 10 === 1) {
      await writer.exec(`UPDATE a SET i = i + 1000 WHERE i = ${101 - found.length}`);
      await writer.exec('PRAGMA wal_checkpoint(PASSIVE)');
    }
  }
  equal(
    found,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  equal(await reader.query('SELECT count(*) AS n FROM a WHERE i > 1000'), [{ n: 10 }]);
  equal((await writer.query(CUT))[0]?.['busy'], 0, 'nothing is held any more');
});

test('a context may come while the one that was alone reads', SHARING, async (t) => {
  const [reader] = (await openMany(t, 1, shared)) as [Database];
  await reader.exec(FILL);
  const rows = reader.iterate(ALL, [], TEN);
  equal((await rows.next()).value, 1);
  const writer = await t.open(t.name(), shared('asyncify'));
  await writer.exec('DELETE FROM a');
  let left = 0;
  for await (const _ of rows) left += 1;
  equal(left, 99, 'its snapshot');
  equal(await reader.query('SELECT count(*) AS n FROM a'), [{ n: 0 }]);
});

test('one of a page that is closed is ended', WINDOW, async (t) => {
  const db = await t.open(t.name(), owned(t));
  await db.exec(FILL);
  const tab = await Tab.make(t);
  const reader = await tab.open(t.name(), owned(t));
  equal(await reader.first(ALL, TEN), 1);
  await db.exec('DELETE FROM a');
  const cut = db.query(CUT);
  tab.close();
  equal((await cut)[0]?.['busy'], 0, 'it was waited for');
});

test('one is lost with the owner, and its connection goes on', WINDOW, async (t) => {
  const hooks = { ...owned(t), testHooks: { owner: t.name() } };
  const db = await t.open(t.name(), hooks);
  await db.exec(FILL);
  const rows = db.iterate(ALL, [], TEN);
  equal((await rows.next()).value, 1);
  await killOwner(t.name());
  const rest = async () => {
    for await (const _ of rows);
  };
  const lost = await rejects(rest(), { code: 'CONNECTION_LOST' });
  equal(lost['mayHaveCommitted'], false);
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 100 }]);
  equal((await db.query(CUT))[0]?.['busy'], 0);
});
