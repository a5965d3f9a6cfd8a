// Statements that nobody wants to wait for, kept as data: each is stopped soon after its time limit
// or refused at once, the page lives meanwhile, and the next question gets its answer.
import type { Database } from 'anchorite';
import { equal, ok } from '../page/assert';
import { DATA } from '../page/data';
import { fetchJson } from '../page/home';
import { describe, test } from '../page/registry';

describe('hostile statements');

interface Hostile {
  readonly setup: readonly string[];
  readonly statements: readonly { name: string; sql: string; toobig?: boolean }[];
}

/** In ms. Its tenth is what is promised, on a machine with nothing else to do. */
const LATE_MAX = 2500;

/** How late a statement was stopped, in ms. */
async function late(db: Database, sql: string, toobig: boolean, timeout: number): Promise<number> {
  const started = performance.now();
  const code = await db.query(sql, [], { timeout }).then(
    () => 'it was answered',
    (error: { code: string }) => error.code,
  );
  const took = performance.now() - started;
  ok(code === 'TIMEOUT' || (toobig && code === 'SQLITE_TOOBIG'), `${sql}: TIMEOUT, not ${code}`);
  return Math.max(0, took - timeout);
}

const IN_WORKERS = { contexts: ['worker'] } as const;

test('each is stopped in time, and the next question is answered', IN_WORKERS, async (t) => {
  const { setup, statements } = await fetchJson<Hostile>(`${DATA}hostile.json`);
  const db = await t.open();
  await db.batch(setup);
  for (const [index, { name, sql, toobig = false }] of statements.entries()) {
    const ms = await late(db, sql, toobig, 20 + (index % 5) * 10);
    ok(ms < LATE_MAX, `"${name}" to be stopped, ${ms} ms late`);
    equal(await db.get('SELECT count(*) FROM word', [], { rows: 'scalar' }), 2000, name);
  }
});
