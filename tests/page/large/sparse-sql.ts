// Rows that lie beyond 4 GiB: written, read again, checked; with a rollback journal and in WAL.
// Used by the campaign on large databases and by its sample in the list.
import type { Database } from 'anchorite';
import { equal, ok } from '../assert';
import { FAR, SPARSE_PAGE_SIZE, growBeyond4Gib } from './sparse';

const ROWS = 100;

/** About as many bytes as fit a page. */
const SIZE = 60_000;

/** Answers how many pages of the table lie beyond 4 GiB. */
export async function expectSparseWorks(
  name: string,
  open: (name: string) => Promise<Database>,
): Promise<string> {
  const made = await open(name);
  await made.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${SPARSE_PAGE_SIZE};
    VACUUM; CREATE TABLE far (id INTEGER PRIMARY KEY, a BLOB)`);
  await made.close();
  await growBeyond4Gib(name);
  for (const mode of ['delete', 'wal']) {
    const db = await open(name);
    equal(await db.query(`PRAGMA journal_mode = ${mode}`), [{ journal_mode: mode }]);
    await insert(db, mode);
    await db.close();
  }
  const db = await open(name);
  const [rows] = await db.query(
    `SELECT count(*) AS n, sum(a = CAST(printf('%0${SIZE}d', id) AS BLOB)) AS right FROM far`,
  );
  equal(rows, { n: 2 * ROWS, right: 2 * ROWS });
  const [pages] = await db.query<{ far: number }>(
    `SELECT count(*) AS far FROM dbstat WHERE name = 'far' AND pgoffset >= ${FAR}`,
  );
  ok((pages?.far ?? 0) >= 2 * ROWS, `a page beyond 4 GiB for each row, not ${pages?.far}`);
  equal(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  await db.close();
  return `${pages?.far} pages beyond 4 GiB, integrity_check ok`;
}

async function insert(db: Database, what: string): Promise<void> {
  await db.exec('BEGIN');
  await db.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${ROWS})
      INSERT INTO far (a) SELECT NULL FROM n`,
  );
  await db.exec(
    `UPDATE far SET a = CAST(printf('%0${SIZE}d', id) AS BLOB) WHERE a IS NULL; COMMIT`,
  );
  const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM far WHERE a IS NULL');
  equal(row?.n, 0, `rows left empty, ${what}`);
}
