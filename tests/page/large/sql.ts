// A table of random bytes, as large as one likes, and the statements that need as much room again.
// Used by the campaign on large databases and by its sample in the list; it must not know where the
// database lies.
import type * as Anchorite from 'anchorite';
import type { Database } from 'anchorite';
import { equal, ok, rejects } from '../assert';

/** What every statement that runs out of memory says. */
export const MEMORY_SPENT = { code: 'SQLITE_NOMEM' };

const BODY_SIZE = 980;

export const INDEX = 'CREATE INDEX big_body ON big (body)';

/** Four rows fill a page of 4096 bytes. */
const ROWS_PER_MIB = 1024;

/** Rows of one transaction. */
const BATCH = 64 * ROWS_PER_MIB;

export function rowsIn(mib: number): number {
  return Math.ceil(mib * ROWS_PER_MIB);
}

/** Makes the table, in transactions of 64 MiB. */
export async function fill(db: Database, rows: number): Promise<void> {
  await db.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, key BLOB, body BLOB)');
  for (let done = 0; done < rows; done += BATCH) {
    await db.query(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?)
        INSERT INTO big (key, body) SELECT randomblob(16), randomblob(${BODY_SIZE}) FROM n`,
      [Math.min(BATCH, rows - done)],
    );
  }
}

/** Reads every byte of the table. */
export async function scan(db: Database, rows: number): Promise<void> {
  const [counted] = await db.query(
    'SELECT count(*) AS n, sum(length(body)) AS bytes, max(body) > min(body) AS ok FROM big',
  );
  equal(counted, { n: rows, bytes: rows * BODY_SIZE, ok: 1 });
}

/** Sorts the table, bodies and all; what comes out is the beginning of every key. */
export async function sort(db: Database, rows: number): Promise<void> {
  const [sorted] = await db.query<{ heads: string; bytes: number }>(
    `SELECT group_concat(head, '') AS heads, sum(length(body)) AS bytes FROM
      (SELECT hex(substr(key, 1, 2)) AS head, body FROM big ORDER BY key)`,
  );
  equal(sorted?.bytes, rows * BODY_SIZE, 'bytes sorted');
  const heads = sorted?.heads.match(/.{4}/g) ?? [];
  equal(heads.length, rows, 'rows sorted');
  ok(
    heads.every((head, index) => index === 0 || head >= (heads[index - 1] ?? '')),
    'keys in order',
  );
}

/** Streams the whole database into another one, and backs it up to a third; both are removed. */
export async function copyOut(
  library: typeof Anchorite,
  db: Database,
  rows: number,
  options: Anchorite.OpenOptions,
): Promise<void> {
  const names = ['streamed', 'backup'].map((label) => `${db.name}.${label}`);
  const [streamed = '', backup = ''] = names;
  await library.importDatabase(streamed, await db.export({ as: 'stream' }), options);
  await db.backupTo(backup);
  for (const name of names) {
    const copy = await library.open(name, { ...options, readonly: true });
    await scan(copy, rows);
    await copy.close();
    await library.deleteDatabase(name, options);
  }
}

/** A connection that has run out of memory answers and writes. */
export async function stillWorks(db: Database): Promise<void> {
  await db.exec('CREATE TABLE IF NOT EXISTS after (a); INSERT INTO after VALUES (randomblob(100))');
  const [row] = await db.query<{ bytes: number }>('SELECT max(length(a)) AS bytes FROM after');
  equal(row?.bytes, 100, 'what was written');
}

/** An index on the bodies: as large again. Answers its size. */
export async function index(db: Database, rows: number): Promise<number> {
  const before = await sizeMib(db);
  await db.exec(INDEX);
  const [counted] = await db.query(
    'SELECT count(*) AS n, sum(length(body)) AS bytes FROM big INDEXED BY big_body WHERE body > ?',
    [new Uint8Array()],
  );
  equal(counted, { n: rows, bytes: rows * BODY_SIZE });
  const size = (await sizeMib(db)) - before;
  ok(size * ROWS_PER_MIB > rows * 0.9, `an index of ${rows} rows, not ${size} MiB`);
  await db.exec('DROP INDEX big_body');
  return size;
}

/** After an index has left gaps; answers the sizes before and after. */
export async function vacuum(db: Database, rows: number): Promise<[number, number]> {
  const before = await sizeMib(db);
  await db.exec('VACUUM');
  const after = await sizeMib(db);
  ok(after < before, `less than ${before} MiB, not ${after}`);
  await scan(db, rows);
  return [before, after];
}

/**
 * In memory and nowhere else, temporary files included: everything that needs more than there is
 * says so, and the connection goes on.
 */
export async function spendMemory(db: Database, limitMib: number): Promise<void> {
  await db.exec('PRAGMA temp_store = MEMORY');
  await rejects(fill(db, rowsIn(limitMib * 2)), MEMORY_SPENT, 'fill');
  await stillWorks(db);
  await db.exec('DROP TABLE big');
  // As much as leaves no room for a second copy.
  const rows = rowsIn(limitMib * 0.7);
  await fill(db, rows);
  await rejects(sort(db, rows), MEMORY_SPENT, 'ORDER BY');
  await rejects(db.exec(INDEX), MEMORY_SPENT, 'CREATE INDEX');
  await rejects(db.exec('VACUUM'), MEMORY_SPENT, 'VACUUM');
  await rejects(db.query('SELECT * FROM big'), MEMORY_SPENT, 'large rows');
  const small = 'SELECT substr(body, 1, 200) FROM big, (VALUES (1), (2), (3), (4), (5), (6))';
  await rejects(db.query(small), MEMORY_SPENT, 'small rows');
  await rejects(db.export(), MEMORY_SPENT, 'export');
  const large = new Uint8Array(limitMib * 1024 * 1024);
  await rejects(db.query('SELECT length(?)', [large]), MEMORY_SPENT, 'a parameter');
  const long = 'x'.repeat(large.length);
  await rejects(db.query('SELECT length(?)', [long]), MEMORY_SPENT, 'a long text');
  await scan(db, rows);
  await stillWorks(db);
}

/** The size of a database. */
export async function sizeMib(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  );
  return (row?.bytes ?? 0) / 1024 / 1024;
}
