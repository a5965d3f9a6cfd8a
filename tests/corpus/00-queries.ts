// Real databases, imported through the public API: every query of tests/data/queries gives exactly
// what native SQLite of the same source gave in this test run.
import { importDatabase } from 'anchorite';
import type { Database } from 'anchorite';
import { AssertionError, ok, rejects } from '../page/assert';
import { corpus, databaseFile, oracle, rowsDiffer, toParams } from '../page/data';
import type { CorpusQuery, Refusal, Rows } from '../page/data';
import { describe, SAME_IN_SYNC, test } from '../page/registry';
import type { TestContext } from '../page/context';

describe('corpus', SAME_IN_SYNC);

test('Chinook answers as native SQLite does', (t) => answers(t, 'chinook'));
// Three seconds each time, and the engine inside a worker of the page is the one inside its own.
const NOT_INSIDE = { contexts: ['worker', 'window'] } as const;
test('proj.db answers as native SQLite does', NOT_INSIDE, (t) => answers(t, 'proj'));

const FEWEST = 25;

/** How WebKitGTK's trap in a sound module reads: docs/asyncify.md, "A known trouble". */
const KNOWN_TRAP = /the engine has failed .*Out of bounds memory access/;

/**
 * Where WebKitGTK traps, an application opens its database again and goes on; so does this test,
 * once, and the run prints it. Whatever else differs fails it.
 */
async function answers(t: TestContext, name: string): Promise<string | undefined> {
  try {
    await answersAsNative(t, name, t.name());
    return undefined;
  } catch (error) {
    const trapped = error instanceof AssertionError && KNOWN_TRAP.test(error.message);
    if (t.cell.browser !== 'webkit' || !trapped) throw error;
  }
  await answersAsNative(t, name, t.name('again'));
  return 'WebKitGTK trapped, as docs/asyncify.md describes; a new engine gave every answer';
}

async function answersAsNative(t: TestContext, name: string, path: string): Promise<void> {
  const { database, queries } = await corpus(name);
  ok(queries.length >= FEWEST, `at least ${FEWEST} queries over ${name}`);
  await importDatabase(path, await databaseFile(database), t.options);
  const db = await t.open(path);
  const differences: string[] = [];
  for (const query of queries) {
    const expected = (await oracle()).queries[`${name}/${query.id}`];
    if (expected === undefined) throw new AssertionError(`no native answer to ${query.id}`);
    const difference = await compare(db, query, expected);
    if (difference !== '') differences.push(`${query.id}: ${difference}`);
  }
  if (differences.length > 0) throw new AssertionError(differences.join('\n'));
}

/** Runs one query; what differs from the native answer, or nothing. */
async function compare(db: Database, query: CorpusQuery, native: Rows | Refusal): Promise<string> {
  const sql = query.sql.join('\n');
  try {
    if (query.setup !== undefined) await db.exec(query.setup.join('\n'));
    const answer = db.query(sql, query.params === undefined ? [] : toParams(query.params));
    if (!('error' in native)) return rowsDiffer(await answer, native);
    const { code, extendedCode, message, offset } = native.error;
    const error = await rejects(answer, { code, extendedCode, offset: offset ?? undefined });
    return error.message.includes(message) ? '' : `"${error.message}", not "${message}"`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
