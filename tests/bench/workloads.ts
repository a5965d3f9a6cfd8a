// The workloads: SQL, seeded values and right answers, the same for every subject.
// It must not know any of them.
import type { Workload } from '../wire';
import { isCpu, rightAnswer } from './cpu';
import { valueOf } from './rows';

export const CREATE = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)';
export const INSERT = 'INSERT INTO t (a, b) VALUES (?, ?)';
export const SELECT = 'SELECT a FROM t WHERE id = ?';
export const TOTALS = 'SELECT count(*) AS n, sum(a) AS total FROM t';

/** What a page reads and writes as a whole. */
export const CREATE_WIDE =
  'CREATE TABLE s (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL, d TEXT)';
export const INSERT_WIDE = 'INSERT INTO s VALUES (?, ?, ?, ?, ?)';
export const SCAN = 'SELECT * FROM s';
export const WIDE_TOTALS = 'SELECT count(*) AS n, sum(a) AS total FROM s';

/** Page size and page cache of whatever is compared at equal settings. */
export const PAGE_SIZE = 4096;
export const CACHE_SIZE = -16_384;

/** A row of a large table takes about a kilobyte, so that 200,000 of them take 200 MB. */
const LONG_ROW = 960;

const isInsert = (workload: Workload): boolean => /commit|bulk/.test(workload);

/** Fills the table with rows 1 to `rows`, in one statement. */
export function fill(workload: Workload, rows: number): string {
  const long = workload === 'reads' || workload === 'async-commit';
  return `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${rows})
    INSERT INTO t SELECT i, i * 7919 % 1000003, printf('%0${long ? LONG_ROW : 16}d', i) FROM c`;
}

/** Whether a commit may be lost with the power. */
export const isRelaxed = (workload: Workload): boolean => workload === 'relaxed-commit';

/** Whether it is about the table of five columns. */
export const isWide = (workload: Workload): boolean =>
  workload === 'page-scan' || workload === 'page-bulk';

/** Fills the table of five columns as `wideRows` has them, in one statement. */
export function fillWide(rows: number): string {
  return `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${rows})
    INSERT INTO s SELECT i, i * 7919 % 1000003, 'name of row ' || i, i * 0.37,
      'some words about number ' || (i % 100) FROM c`;
}

export function wideRows(rows: number): (number | string)[][] {
  return Array.from({ length: rows }, (_, index) => {
    const id = index + 1;
    const words = `some words about number ${id % 100}`;
    return [id, valueOf(id), `name of row ${id}`, id * 0.37, words];
  });
}

/** The sum of `a` over rows, as objects. */
export function sumOf(rows: readonly Readonly<Record<string, unknown>>[]): number {
  let sum = 0;
  for (const { a } of rows) sum += a as number;
  return sum;
}

/** The second value that goes into a row with `a`. */
export function textOf(a: number): string {
  return `a row inserted alone with ${a % 100}`;
}

/** Values to insert, or ids to look up: pseudo-random, the same for every subject. */
export function values(
  workload: Workload,
  rows: number,
  count: number,
  seed: number,
): Int32Array<ArrayBuffer> {
  const chosen = new Int32Array(count);
  const below = isInsert(workload) ? 1_000_003 : rows;
  let state = (seed * 2654435761) >>> 0;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    chosen[index] = 1 + Math.floor((state / 2 ** 32) * below);
  }
  return chosen;
}

/** The sum of what is read; nothing is read by an insert. */
export function expected(workload: Workload, chosen: Int32Array, rows: number): number {
  if (isCpu(workload)) return rightAnswer(workload, rows);
  if (workload === 'page-scan') {
    return Array.from({ length: rows }, (_, index) => valueOf(index + 1)).reduce((a, b) => a + b);
  }
  return isInsert(workload) ? 0 : chosen.reduce((sum, id) => sum + valueOf(id), 0);
}

/** What a table must hold: what it was filled with, and what was inserted since. */
export class Ledger {
  rows = 0;
  total = 0;

  filled(rows: number): void {
    for (let id = 1; id <= rows; id++) this.total += valueOf(id);
    this.rows += rows;
  }

  inserted(chosen: Int32Array): void {
    this.rows += chosen.length;
    this.total += chosen.reduce((sum, a) => sum + a, 0);
  }

  /** Throws unless the table holds exactly this. */
  check(rows: unknown, total: unknown): void {
    if (Number(rows) === this.rows && Number(total) === this.total) return;
    const should = `${this.rows} rows with a total of ${this.total}`;
    throw new Error(`the table holds ${String(rows)} with ${String(total)}, not ${should}`);
  }
}

export { isInsert };
