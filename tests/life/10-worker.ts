// worker.terminate() at a bad moment: the transaction is gone, all before it is there.
import { importDatabase } from 'anchorite';
import { equal, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { chinook } from '../page/data';
import { sha256 } from '../page/disk';
import { describe, test } from '../page/registry';
import { withWorkerOf } from '../page/workers';

describe('terminate');

const WORKER = { contexts: ['worker'] } as const;

/** A worker of this page's own. */
const ALONE = { sharing: 'exclusive' } as const;

const BUSY = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000000)
  INSERT INTO a SELECT i FROM n`;

async function committedAndBegun(t: TestContext): Promise<[() => Promise<void>, Worker]> {
  const [db, worker] = await withWorkerOf(() => t.open(t.name(), ALONE));
  await db.exec('CREATE TABLE a (i); INSERT INTO a VALUES (1), (2)');
  await db.exec('BEGIN; INSERT INTO a VALUES (3); DELETE FROM a WHERE i = 1');
  return [() => db.exec(BUSY), worker];
}

async function onlyCommitted(t: TestContext): Promise<void> {
  const db = await t.open();
  equal(await db.query('SELECT i FROM a ORDER BY i'), [{ i: 1 }, { i: 2 }]);
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
}

test('of an idle worker in a transaction loses only that', WORKER, async (t) => {
  const [, worker] = await committedAndBegun(t);
  worker.terminate();
  await onlyCommitted(t);
});

test('of a busy worker in a transaction loses only that', WORKER, async (t) => {
  const [busy, worker] = await committedAndBegun(t);
  void busy().catch(() => undefined);
  worker.terminate();
  await onlyCommitted(t);
});

test('settles what was pending, and close still works', WORKER, async (t) => {
  const [db, worker] = await withWorkerOf(() => t.open(t.name(), ALONE));
  await db.exec('CREATE TABLE a (i)');
  const busy = rejects(db.exec(BUSY), { code: 'WORKER_DIED' }, 'pending');
  worker.terminate();
  await busy;
  await rejects(db.query('SELECT 1'), { code: 'WORKER_DIED' }, 'later');
  await db.close();
});

test('leaves no journal behind that harms an import', WORKER, async (t) => {
  const [, worker] = await committedAndBegun(t);
  worker.terminate();
  const bytes = await chinook();
  await importDatabase(t.name(), bytes, { ...t.options, overwrite: true });
  const db = await t.open();
  equal(await sha256(await db.export()), await sha256(bytes));
});
