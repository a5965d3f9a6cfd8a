// How long a call goes on that was given up: from the abort of its signal to its rejection, in the
// page of a database with a worker. Called by page/measure.ts; it must not know which browser this
// is, nor what is a good figure.
import { open } from 'anchorite';
import type { Database } from 'anchorite';
import type { Twin } from '../wire';
import type { Figures } from './twins';

const ENDLESS = 'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)';

/** What never ends by itself: steps of SQLite's machine, rows of a join, texts, rows written. */
const STATEMENTS = [
  `${ENDLESS} SELECT count(*) FROM c`,
  'SELECT count(*) FROM t a, t b, t c WHERE a.v + b.v + c.v < 0',
  `${ENDLESS} SELECT max(printf('%09000d', i) LIKE '%x%y%') FROM c`,
  `${ENDLESS} INSERT INTO u SELECT i FROM c`,
];

/** How long they run before they are given up, in ms, in turn: before and after a first pause. */
const RUN_MS = [5, 15, 25, 45, 80];

/** The samples of each build: `count` calls, each of which was running when it was given up. */
export async function measureCancels(twins: readonly Twin[], count: number): Promise<Figures> {
  const times: Partial<Record<Twin, number[]>> = {};
  const most: Partial<Record<Twin, number[]>> = {};
  for (const twin of twins) {
    const db = await open(':memory:', { engine: twin });
    await db.exec('CREATE TABLE t (v); CREATE TABLE u (v)');
    await db.exec(`${ENDLESS} INSERT INTO t SELECT i FROM c LIMIT 2000`);
    const samples: number[] = [];
    for (let index = 0; index < count; index++) samples.push(await cancelled(db, index));
    await db.close();
    times[twin] = samples;
    most[twin] = [percentile(samples, 0.99)];
  }
  return { 'from abort to rejection, ms': times, '99 of 100 of them within, ms': most };
}

function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}

async function cancelled(db: Database, index: number): Promise<number> {
  const end = new AbortController();
  const call = db.query(STATEMENTS[index % STATEMENTS.length] ?? '', [], { signal: end.signal });
  const settled = call.then(
    () => 'an answer',
    (error: unknown) => error,
  );
  await new Promise((resolve) => setTimeout(resolve, RUN_MS[index % RUN_MS.length]));
  const reason = new Error('given up');
  const started = performance.now();
  end.abort(reason);
  const outcome = await settled;
  const took = performance.now() - started;
  if (outcome !== reason) throw new Error(`call ${index} ended in ${String(outcome)}`);
  return took;
}
