// What a victim writes, and the oracle that says which contents are right afterwards. The state of
// a database is one number: the transactions it has seen. Used by victims and verifiers.
// It must not know how or when a victim is killed.
import { importDatabase, open } from 'anchorite';
import type { Database, EngineOptions, OpenOptions } from 'anchorite';
import type { WorkloadName, Writer } from '../../torture-wire';
import type { Hooked } from '../context';

/** Told before and after each transaction, with its number. */
export interface Progress {
  begun(state: number): void;
  /** Resolves when the acknowledgement is where no kill can reach it. */
  acknowledged(state: number): Promise<void>;
}

const ACCOUNTS = 10;

/** Entries of older transactions are deleted, which leaves free pages to VACUUM. */
const KEPT = 12;

/** So few pages that SQLite writes to the database before it commits. */
const CACHE_PAGES = 16;

/** Of what is wrong with a database, so much is told. */
const LONGEST = 300;

const SCHEMA = `
  CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL);
  CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
  CREATE TABLE entry (n INTEGER, part INTEGER, body TEXT, PRIMARY KEY (n, part));
  CREATE INDEX entry_body ON entry (body)`;

function parts(n: number): number {
  return n % 8 === 7 ? 150 : 3 + (n % 5);
}

function bodySize(n: number, part: number): number {
  return 100 + ((n * 37 + part * 101) % 900);
}

/** The statements of transaction `n` on the database that is attached as `schema`. */
function changes(n: number, schema = 'main'): string {
  return `UPDATE ${schema}.state SET n = ${n};
    UPDATE ${schema}.account SET balance = balance + ${n} WHERE id = ${n % ACCOUNTS};
    UPDATE ${schema}.account SET balance = balance - ${n} WHERE id = ${(n * 7 + 3) % ACCOUNTS};
    ${insertEntries(n, schema)};
    DELETE FROM ${schema}.entry WHERE n <= ${n - KEPT}`;
}

function insertEntries(n: number, schema: string): string {
  return `INSERT INTO ${schema}.entry
    WITH RECURSIVE p(part) AS (SELECT 0 UNION ALL SELECT part + 1 FROM p LIMIT ${parts(n)})
    SELECT ${n}, part, printf('%0*d', 100 + (${n} * 37 + part * 101) % 900, ${n}) FROM p`;
}

/** The first transaction: tables, and state 0. */
function creation(schema = 'main'): string {
  const accounts = Array.from({ length: ACCOUNTS }, (_, id) => `(${id}, 0)`);
  return `${SCHEMA.replaceAll(/(TABLE|INDEX) /g, `$1 ${schema}.`)};
    INSERT INTO ${schema}.state VALUES (1, 0);
    INSERT INTO ${schema}.account VALUES ${accounts.join()}`;
}

export function secondName(database: string): string {
  return database.replace(/\.db$/, '.second.db');
}

/** How a victim, and who looks at what it left, open its database. */
export function optionsOf({ twin, handles, sharing }: Writer): Hooked {
  // Asynchronous handles cannot be shared, also where a worker has others by default.
  const way = handles === 'async' ? 'exclusive' : sharing;
  return { engine: twin, ...(way !== undefined && { sharing: way }) };
}

/** What an import takes of the options of an open: it shares nothing. */
function placeOf({ engine = 'auto', worker = true }: OpenOptions): EngineOptions {
  return { engine, worker };
}

/** Goes on from whatever state the database is in, for so many transactions. */
export async function write(
  writer: Writer,
  options: OpenOptions,
  transactions: number,
  progress: Progress,
): Promise<void> {
  if (writer.workload === 'import') return writeByImport(writer, options, transactions, progress);
  const db = await openForWriting(writer, options, writer.workload);
  const last = (await stateOf(db)) + transactions;
  for (let n = (await stateOf(db)) + 1; n <= last; n++) {
    await transaction(db, n, writer.workload === 'attach', progress);
    await betweenTransactions(db, n);
  }
  await db.close();
}

async function openForWriting(
  { database }: Writer,
  options: OpenOptions,
  journal: WorkloadName,
): Promise<Database> {
  const db = await open(database, options);
  const mode = journal === 'attach' ? 'delete' : journal;
  await db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = FULL;
    PRAGMA cache_size = ${CACHE_PAGES}`);
  if (journal !== 'attach') return db;
  await db.query('ATTACH ? AS second', [secondName(database)]);
  await db.exec(`PRAGMA second.journal_mode = ${mode}; PRAGMA second.synchronous = FULL;
    PRAGMA second.cache_size = ${CACHE_PAGES}`);
  return db;
}

async function transaction(
  db: Database,
  n: number,
  attached: boolean,
  progress: Progress,
): Promise<void> {
  const schemas = attached ? ['main', 'second'] : ['main'];
  const work = schemas.map((schema) => (n === 0 ? creation(schema) : changes(n, schema)));
  progress.begun(n);
  await db.exec(`BEGIN IMMEDIATE; ${work.join(';')}; COMMIT`);
  await progress.acknowledged(n);
}

/** What changes files but no state: checkpoints (in WAL), VACUUM, and a transaction given up. */
async function betweenTransactions(db: Database, n: number): Promise<void> {
  const checkpoints = ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'];
  if (n % 3 === 2) await db.exec(`PRAGMA wal_checkpoint(${checkpoints[(n >> 2) % 4]})`);
  if (n % 9 === 4) await db.exec('VACUUM');
  if (n % 5 !== 3) return;
  await db.exec(`BEGIN; ${changes(n + 1)}; SAVEPOINT s; UPDATE entry SET body = body || 'x';
    ROLLBACK TO s; DELETE FROM entry; ROLLBACK`);
}

/** Replaces the whole database by the next state, then takes the one after it by a transaction. */
async function writeByImport(
  writer: Writer,
  options: OpenOptions,
  transactions: number,
  progress: Progress,
): Promise<void> {
  const { database } = writer;
  let n = (await currentState(database, options)) + 1;
  for (const last = n + transactions; n < last; n += 2) {
    const bytes = await imported(n, options);
    progress.begun(n);
    await importDatabase(database, bytes, { ...placeOf(options), overwrite: true });
    await progress.acknowledged(n);
    const db = await openForWriting(writer, options, n % 4 === 0 ? 'wal' : 'delete');
    await transaction(db, n + 1, false, progress);
    await db.close();
  }
}

/** A database in state `n`, as its file. */
async function imported(n: number, options: OpenOptions): Promise<Uint8Array<ArrayBuffer>> {
  const db = await open(':memory:', options);
  await db.exec(creation());
  await db.exec(`UPDATE state SET n = ${n}`);
  for (const [id, balance] of balances(n).entries()) {
    await db.exec(`UPDATE account SET balance = ${balance} WHERE id = ${id}`);
  }
  for (let i = Math.max(1, n - KEPT + 1); i <= n; i++) await db.exec(insertEntries(i, 'main'));
  const bytes = await db.export();
  await db.close();
  return bytes;
}

async function currentState(database: string, options: OpenOptions): Promise<number> {
  const db = await open(database, options);
  const state = await stateOf(db);
  await db.close();
  return state;
}

/** -1 for a database without tables. */
export async function stateOf(db: Database): Promise<number> {
  const tables = await db.query("SELECT name FROM sqlite_schema WHERE name = 'state'");
  if (tables.length === 0) return -1;
  const [row] = await db.query<{ n: number }>('SELECT n FROM state');
  return row?.n ?? Number.NaN;
}

/** What is wrong with a database that says it is in this state; nothing if it is all there. */
export async function faultOf(db: Database, state: number): Promise<string | undefined> {
  const check = await db.query<{ integrity_check: string }>('PRAGMA integrity_check');
  const found = check.map((row) => row.integrity_check).join('; ');
  if (found !== 'ok') return `corrupt: ${found.slice(0, LONGEST)}`;
  const expected = state < 0 ? [] : [...balances(state).entries()].map(([id, b]) => ({ id, b }));
  if (state < 0) {
    // What another tab has made beside it is not its business.
    const tables = await db.query("SELECT name FROM sqlite_schema WHERE name <> 'beside'");
    return tables.length === 0 ? undefined : `partial: ${text(tables)}`;
  }
  const accounts = await db.query('SELECT id, balance AS b FROM account ORDER BY id');
  if (!same(accounts, expected)) return `partial: accounts ${text(accounts)}`;
  const entries = await db.query(
    `SELECT n, count(*) AS parts, sum(length(body)) AS size,
      sum(CAST(body AS INTEGER) = n) AS right FROM entry GROUP BY n ORDER BY n`,
  );
  return same(entries, expectedEntries(state)) ? undefined : `partial: ${text(entries)}`;
}

function text(rows: unknown): string {
  return JSON.stringify(rows).slice(0, LONGEST);
}

function expectedEntries(state: number): unknown[] {
  const first = Math.max(1, state - KEPT + 1);
  return Array.from({ length: Math.max(0, state - first + 1) }, (_, index) => {
    const n = first + index;
    const sizes = Array.from({ length: parts(n) }, (_, part) => bodySize(n, part));
    const size = sizes.reduce((sum, value) => sum + value, 0);
    return { n, parts: parts(n), size, right: parts(n) };
  });
}

function balances(state: number): number[] {
  const all = new Array<number>(ACCOUNTS).fill(0);
  for (let n = 1; n <= state; n++) {
    all[n % ACCOUNTS] = (all[n % ACCOUNTS] ?? 0) + n;
    const other = (n * 7 + 3) % ACCOUNTS;
    all[other] = (all[other] ?? 0) - n;
  }
  return all;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
