// What the twin costs: the two builds side by side in one page, taking turns, without any file.
// Called by page/measure.ts; it must not know which browser this is.
import { listDatabases, open } from 'anchorite';
import type { Database } from 'anchorite';
import type { Twin } from '../wire';

/** One figure: the samples of each build, in the unit its name says. */
export type Figures = Record<string, Partial<Record<Twin, number[]>>>;

const CTE = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000000)
  SELECT sum(i * 7 % 1001) AS answer FROM c`;

const SORT = `SELECT count(*) AS answer FROM
  (SELECT b, count(*) AS n, avg(a) AS m FROM t GROUP BY b ORDER BY m DESC, b LIMIT 5000)`;

const FILL = `CREATE TABLE t (a INTEGER, b TEXT);
  WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200000)
  INSERT INTO t SELECT i * 7919 % 200003, 'key ' || (i * 104729 % 20011) FROM c`;

/** Directory entries whose listing suspends once each. */
const ENTRIES = 20_000;

export async function measureTwins(twins: readonly Twin[], rounds: number): Promise<Figures> {
  return { ...(await processorTimes(twins, rounds)), ...(await suspensions(twins, rounds)) };
}

async function processorTimes(twins: readonly Twin[], rounds: number): Promise<Figures> {
  const databases = new Map<Twin, Database>();
  for (const twin of twins) {
    const db = await open(':memory:', { engine: twin, worker: false });
    await db.exec(FILL);
    databases.set(twin, db);
  }
  const figures: Figures = { 'recursive CTE, 1M rows, ms': {}, 'group and sort 200k rows, ms': {} };
  const queries = Object.keys(figures).map((name, index) => [name, [CTE, SORT][index]] as const);
  const answers = new Set<string>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, sql] of queries) {
      for (const [twin, db] of databases) {
        const started = performance.now();
        const rows = await db.query(sql ?? '');
        const took = performance.now() - started;
        answers.add(`${name} ${JSON.stringify(rows)}`);
        // The first round warms the compilers up.
        if (round > 0) ((figures[name] ??= {})[twin] ??= []).push(took);
      }
    }
  }
  if (answers.size !== queries.length) throw new Error(`answers differ: ${[...answers].join()}`);
  for (const db of databases.values()) await db.close();
  return figures;
}

/**
 * Lists a directory that hands out resolved promises: one suspension an entry, no I/O behind it,
 * with the ten small calls that listing an entry takes.
 */
async function suspensions(twins: readonly Twin[], rounds: number): Promise<Figures> {
  const name = 'one suspension while listing, µs';
  const figures: Figures = { [name]: {} };
  const real = navigator.storage;
  Object.defineProperty(navigator, 'storage', { configurable: true, value: fakeStorage() });
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const twin of twins) {
        const started = performance.now();
        await listDatabases({ engine: twin, worker: false });
        const took = performance.now() - started;
        if (round > 0) ((figures[name] ??= {})[twin] ??= []).push((took * 1000) / ENTRIES);
      }
    }
  } finally {
    Reflect.deleteProperty(navigator, 'storage');
    if (navigator.storage !== real) throw new Error('the real storage is not back');
  }
  return figures;
}

function fakeStorage(): unknown {
  const file = { kind: 'file', name: 'not a database-wal' };
  const values = () => {
    let left = ENTRIES;
    return { next: () => Promise.resolve({ done: left-- === 0, value: file }) };
  };
  const directory: Record<string, unknown> = { values };
  directory['getDirectoryHandle'] = () => Promise.resolve(directory);
  directory['getFileHandle'] = () => Promise.resolve(file);
  return { getDirectory: () => Promise.resolve(directory) };
}
