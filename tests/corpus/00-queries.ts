// Real databases, imported through the public API: every query of tests/data/queries gives exactly
// what native SQLite of the same source gave in this test run.
import { importDatabase } from 'anchorite';
import type { Database } from 'anchorite';
import { AssertionError, ok, rejects } from '../page/assert';
import { corpus, databaseFile, oracle, rowsDiffer, toParams } from '../page/data';
import type { CorpusQuery, Refusal, Rows } from '../page/data';
import { describe, test } from '../page/registry';
import type { TestContext } from '../page/context';

describe('corpus');

test('Chinook answers as native SQLite does', (t) => answersAsNative(t, 'chinook'));
// Three seconds each time, and the engine inside a worker of the page is the one inside its own.
const NOT_INSIDE = { contexts: ['worker', 'window'] } as const;
test('proj.db answers as native SQLite does', NOT_INSIDE, (t) => answersAsNative(t, 'proj'));

const FEWEST = 25;

async function answersAsNative(t: TestContext, name: string): Promise<void> {
  const { database, queries } = await corpus(name);
  ok(queries.length >= FEWEST, `at least ${FEWEST} queries over ${name}`);
  await importDatabase(t.name(), await databaseFile(database), t.options);
  const db = await t.open();
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
