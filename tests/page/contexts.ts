// What tests of several contexts with one database have in common, however they share it. Used by
// tests/tabs. It must not know which way that is.
import type { Database } from 'anchorite';
import { equal, ok, rejects } from './assert';
import type { Twin } from '../wire';
import type { Hooked, TestContext } from './context';
import { withWorkerOf } from './workers';

/** A connection, of this page or of a tab. */
export interface Connection {
  exec(sql: string): Promise<void>;
  query(sql: string, params?: number[]): Promise<Record<string, unknown>[]>;
}

/** How an engine of this build has the database open. */
export type OptionsOf = (engine: Twin) => Hooked;

/** A worker that was busy when it was terminated keeps its locks for about 2 s. */
const KILLED_MS = 6000;

/** Both builds, one after the other. */
export function twin(t: TestContext, index: number): Twin {
  return index % 2 === 0 ? t.cell.twin : 'asyncify';
}

export async function openMany(
  t: TestContext,
  count: number,
  options: OptionsOf,
): Promise<Database[]> {
  const open = (_: unknown, index: number) => t.open(t.name(), options(twin(t, index)));
  return Promise.all(Array.from({ length: count }, open));
}

export async function count(db: Connection): Promise<unknown> {
  return (await db.query('SELECT count(*) AS n FROM a'))[0]?.['n'];
}

/** One is killed in its transaction; the other goes on without that. */
export async function killOneOfTwo(t: TestContext, options: OptionsOf): Promise<void> {
  const [survivor] = (await openMany(t, 1, options)) as [Database];
  await survivor.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  const [victim, worker] = await withWorkerOf(() => t.open(t.name(), options(t.cell.twin)));
  await victim.exec('INSERT INTO a VALUES (2); BEGIN IMMEDIATE; INSERT INTO a VALUES (3)');
  worker.terminate();
  const killed = performance.now();
  await survivor.exec('PRAGMA busy_timeout = 10000; INSERT INTO a VALUES (4)');
  ok(performance.now() - killed < KILLED_MS, 'soon');
  equal(await survivor.query('SELECT b FROM a'), [{ b: 1 }, { b: 2 }, { b: 4 }]);
  equal(await survivor.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
}

/** One wants for itself what two have open, and gets it when both have closed it. */
export async function wantAlone(
  t: TestContext,
  options: OptionsOf,
  extra: Hooked,
): Promise<void> {
  const [a, b] = (await openMany(t, 2, options)) as [Database, Database];
  await a.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  const alone: Hooked = { ...extra, testHooks: { growOnSuspend: false } };
  await rejects(t.open(t.name(), { ...alone, busyTimeout: 100 }), { code: 'SQLITE_BUSY' });
  await a.close();
  await rejects(t.open(t.name(), { ...alone, busyTimeout: 100 }), { code: 'SQLITE_BUSY' });
  await b.close();
  const db = await t.open(t.name(), alone);
  equal(await count(db), 1);
  const late = { ...options(t.cell.twin), busyTimeout: 100 };
  await rejects(t.open(t.name(), late), { code: 'SQLITE_BUSY' });
}
