// SQL that never ends by itself, and where it may write to. Used by tests of what gives it up.
import type { Database } from 'anchorite';
import type { TestContext } from './context';

export const ENDLESS = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)
  SELECT count(*) FROM c`;

/** Into the table of `openOne`. */
export const ENDLESS_INSERT = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)
  INSERT INTO a SELECT i FROM c`;

/** A database with one table. */
export async function openOne(t: TestContext): Promise<Database> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b)');
  return db;
}
