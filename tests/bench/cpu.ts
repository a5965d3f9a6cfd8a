// The workloads that are about SQLite's own code: statements over a table that fits into the page
// cache, and what they must answer. Used by workloads.ts, ours.ts and sahpool.ts, which run them.
// It must not know any subject. The table is the one that `fill` fills, with `id`, `a` and `b`; it
// holds the same rows after each.
import type { Workload } from '../wire';
import { valueOf } from './rows';

export type CpuWorkload = Extract<Workload, `${'cpu' | 'fts'}-${string}`>;

interface Task {
  /** Makes room for it, before its time begins. */
  readonly before?: string;
  /** What is run, where that does not answer. */
  readonly sql?: string;
  /** What answers a number, as `answer`. */
  readonly question: string;
  /** The right one. */
  readonly right: (ids: readonly number[]) => number;
}

/** Two words of few rows, one of many, and one of all. */
const INDEX_WORDS = `INSERT INTO f (rowid, words) SELECT id,
  printf('w%d x%d some words about number %d', a % 1000, a % 997, id % 100) FROM t`;

const CHANGED = 'SELECT changes() AS answer';

const isTaken = (id: number): boolean => valueOf(id) % 3 > 0;

const countTaken = (ids: readonly number[]): number => ids.filter(isTaken).length;

/** The task of a workload over a table of so many rows. */
export function taskOf(workload: CpuWorkload, rows: number): Task {
  switch (workload) {
    case 'cpu-aggregate':
      return {
        question: `SELECT sum(n * m % 1009) AS answer FROM
          (SELECT count(*) AS n, max(a) AS m, avg(a) AS unused FROM t GROUP BY a % 20011)`,
        right: sumOfGroups,
      };
    case 'cpu-join':
      return {
        question: `SELECT sum(x.a * y.a % 1009) AS answer FROM t x
          JOIN t y ON y.id = x.a % ${rows} + 1`,
        right: (ids) =>
          sum(ids.map((id) => (valueOf(id) * valueOf((valueOf(id) % rows) + 1)) % 1009)),
      };
    case 'cpu-sort':
      return {
        question: `SELECT sum(a) AS answer FROM
          (SELECT a FROM t ORDER BY substr(b, 13), a DESC LIMIT ${rows / 2})`,
        right: (ids) => sum([...ids].sort(byEnd).slice(0, rows / 2).map(valueOf)),
      };
    case 'cpu-index':
      return {
        before: 'DROP INDEX IF EXISTS t_a',
        sql: 'CREATE INDEX t_a ON t (a, b)',
        question: 'SELECT count(*) AS answer FROM t INDEXED BY t_a WHERE a > 900000',
        right: (ids) => ids.filter((id) => valueOf(id) > 900_000).length,
      };
    case 'cpu-update':
      return {
        // What is written is never what was there, which would not be written.
        sql: "UPDATE t SET b = printf('%016d', 999999 - CAST(b AS INTEGER)) WHERE a % 3 > 0",
        question: CHANGED,
        right: countTaken,
      };
    case 'cpu-delete':
      return {
        before: `DROP TABLE IF EXISTS d; CREATE TABLE d (id INTEGER PRIMARY KEY, a INTEGER);
          CREATE INDEX d_a ON d (a); INSERT INTO d SELECT id, a FROM t`,
        sql: 'DELETE FROM d WHERE a % 3 > 0',
        question: CHANGED,
        right: countTaken,
      };
    case 'cpu-vacuum':
      return {
        sql: 'VACUUM',
        question: 'SELECT count(*) AS answer FROM t',
        right: (ids) => ids.length,
      };
    case 'fts-build':
      return {
        before: 'DROP TABLE IF EXISTS f',
        sql: `CREATE VIRTUAL TABLE f USING fts5 (words); ${INDEX_WORDS}`,
        question: 'SELECT count(*) AS answer FROM f',
        right: (ids) => ids.length,
      };
    case 'fts-match':
      return {
        before: `CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5 (words);
          ${INDEX_WORDS} WHERE NOT EXISTS (SELECT 1 FROM f)`,
        question: `WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 199)
          SELECT sum((SELECT count(*) FROM f WHERE f MATCH 'w' || i)) AS answer FROM k`,
        right: (ids) => ids.filter((id) => valueOf(id) % 1000 < 200).length,
      };
    default:
      throw new Error(`no task is called ${String(workload satisfies never)}`);
  }
}

export const isCpu = (workload: Workload): workload is CpuWorkload => /^(cpu|fts)-/.test(workload);

/** What it must answer. */
export function rightAnswer(workload: CpuWorkload, rows: number): number {
  return taskOf(workload, rows).right(Array.from({ length: rows }, (_, index) => index + 1));
}

/** By the last four digits of the id, the greatest values first. */
const byEnd = (one: number, other: number): number =>
  (one % 10_000) - (other % 10_000) || valueOf(other) - valueOf(one);

function sumOfGroups(ids: readonly number[]): number {
  const groups = new Map<number, { n: number; m: number }>();
  for (const a of ids.map(valueOf)) {
    const { n, m } = groups.get(a % 20_011) ?? { n: 0, m: 0 };
    groups.set(a % 20_011, { n: n + 1, m: Math.max(m, a) });
  }
  return sum([...groups.values()].map(({ n, m }) => (n * m) % 1009));
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
