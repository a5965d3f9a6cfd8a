// The entry `anchorite/migrations`: brings a database to where the code wants it. It uses the
// public API, as any program could.
//
//   what is applied ──► all of the list ──────────────────────────────────────────► done
//        ▲              none of the list: NEWER_DATABASE, MIGRATION_CHANGED
//        │              a part ──► BEGIN IMMEDIATE ──► another context was faster ──┐
//        │                           └► the next one, and its row ──► COMMIT ───────┤
//        └──────────────────────────────────────────────────────────────────────────┘
//
// What is applied is in a table of the database itself, so it commits and rolls back with what the
// migrations do, and goes where the database goes. `PRAGMA user_version` would do for a number, but
// not notice a list that has changed; it is left to the user.

import type { Database } from './database.js';
import { SqliteError } from './errors.js';
import { checkOptions } from './options.js';
import { Sql } from './sql.js';
import type { SqlText, Statements } from './statements.js';
import type { Transaction } from './transaction.js';

/** What a migration does: any number of statements, or whatever a function does by `tx`. */
export type MigrationWork = SqlText | ((tx: Transaction) => unknown);

/** One step from a version of the database to the next. */
export interface Migration {
  /** What errors call it; must not change once it was applied, nor be that of another one. */
  readonly name?: string;
  /** What it does; SQL must not change once it was applied, white space aside. */
  readonly up: MigrationWork;
  /**
   * Whether foreign keys are enforced while it runs; default `false`, so that a table can be made
   * anew without its rows taking those of other tables along. All keys are then checked at the end.
   */
  readonly foreignKeys?: boolean;
}

/** Options of `migrate`. */
export interface MigrateOptions {
  /** Called after each migration with the number of those that are applied, and of all. */
  readonly onProgress?: (applied: number, all: number) => void;
}

/** What `migrate` has done. */
export interface Migrated {
  /** The version of the database: how many migrations it has behind it. */
  readonly version: number;
  /** How many of them were applied by this call. */
  readonly applied: number;
}

/** A row of the table. */
interface Applied {
  readonly version: number | bigint;
  readonly name: string | null;
  readonly sql: string | null;
}

const TABLE = 'main.anchorite_migration';

const CREATE = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  version INTEGER PRIMARY KEY,
  name TEXT,
  sql TEXT,
  applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)`;

/**
 * Applies those migrations of a list that the database does not have yet, in order, each once,
 * whichever tabs and connections do the same at the same time. The list may grow at its end; what
 * was applied stays as it is.
 *
 * Each migration is a transaction of its own that begins with a lock on writing: one that fails
 * leaves nothing behind, and those before it stay. While another context migrates, this waits up to
 * `busyTimeout`. Where nothing is to be done no lock is taken.
 *
 * Rejects with `NEWER_DATABASE` if the database has more migrations than the list, with
 * `MIGRATION_CHANGED` if those it has are others, both before anything is done; with the error of
 * the migration that fails, whose message begins with `migrations[index]`, or whatever its function
 * throws; with `SQLITE_CONSTRAINT` if it breaks a foreign key; with `SQLITE_BUSY` if another
 * context takes too long; with a `TypeError` for a list that is none.
 */
export async function migrate(
  db: Database,
  migrations: readonly (Migration | MigrationWork)[],
  options: MigrateOptions = {},
): Promise<Migrated> {
  checkOptions(options, ['onProgress']);
  const list = checkList(migrations);
  let applied = 0;
  for (;;) {
    const version = await countApplied(db, list);
    const next = list[version];
    if (next === undefined) {
      return { version, applied };
    }
    if (await apply(db, list, version, next)) {
      applied += 1;
      options.onProgress?.(version + 1, list.length);
    }
  }
}

/** Applies the one after `version`; answers whether nobody else was faster. */
async function apply(
  db: Database,
  list: readonly Migration[],
  version: number,
  migration: Migration,
): Promise<boolean> {
  try {
    return await inTransaction(db, migration.foreignKeys === true, async (tx) => {
      if ((await countApplied(tx, list)) !== version) {
        return false;
      }
      await tx.exec(CREATE);
      const { up } = migration;
      await (typeof up === 'function' ? up(tx) : tx.exec(up));
      const row = [version + 1, migration.name, text(migration)].map((value) => value ?? null);
      await tx.run(`INSERT INTO ${TABLE} (version, name, sql) VALUES (?, ?, ?)`, row);
      return true;
    });
  } catch (error) {
    throw placed(error, version, migration);
  }
}

/**
 * In a transaction, with foreign keys enforced or checked at its end. They can be turned off only
 * outside of it: the three calls are made at once, so that nobody else's gets in between.
 */
async function inTransaction<T>(
  db: Database,
  enforced: boolean,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const options = { mode: 'immediate', name: 'migrate' } as const;
  if (enforced || !(await enforcesKeys(db))) {
    return db.transaction(work, options);
  }
  const off = db.exec('PRAGMA foreign_keys = OFF');
  const done = db.transaction(async (tx) => {
    await off;
    if (await enforcesKeys(tx)) {
      throw new SqliteError('foreign keys cannot be turned off here', { code: 'UNSUPPORTED' });
    }
    const value = await work(tx);
    await checkKeys(tx);
    return value;
  }, options);
  const on = db.exec('PRAGMA foreign_keys = ON');
  const outcomes = await Promise.allSettled([done, off, on]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
  return done;
}

async function enforcesKeys(place: Statements): Promise<boolean> {
  const sql = 'SELECT foreign_keys FROM pragma_foreign_keys';
  return Number(await place.get(sql, [], { rows: 'scalar' })) !== 0;
}

async function checkKeys(tx: Transaction): Promise<void> {
  const sql = 'SELECT "table", "rowid", "parent" FROM pragma_foreign_key_check';
  const [table, rowid, parent] = (await tx.get(sql, [], { rows: 'array' })) ?? [];
  if (table !== undefined) {
    const message = `a row of "${table}" (rowid ${rowid}) refers to none of "${parent}"`;
    const extendedCode = 'SQLITE_CONSTRAINT_FOREIGNKEY';
    throw new SqliteError(message, { code: 'SQLITE_CONSTRAINT', extendedCode });
  }
}

/** The codes of errors that are about no single migration. */
const ABOUT_ALL: readonly string[] = ['NEWER_DATABASE', 'MIGRATION_CHANGED'];

/** How many of the list the database has; throws if what it has is not the begin of the list. */
async function countApplied(place: Statements, list: readonly Migration[]): Promise<number> {
  const there = "SELECT 1 FROM main.sqlite_schema WHERE name = 'anchorite_migration'";
  if ((await place.get(there)) === undefined) {
    return 0;
  }
  const rows = await place.query<Applied>(`SELECT version, name, sql FROM ${TABLE} ORDER BY 1`);
  if (rows.length > list.length) {
    const message =
      `the database has ${rows.length} migrations and the list ${list.length}: ` +
      'a newer version of the program has written it';
    throw new SqliteError(message, { code: 'NEWER_DATABASE' });
  }
  for (const [index, row] of rows.entries()) {
    const migration = list[index] as Migration;
    const isSame =
      Number(row.version) === index + 1 &&
      row.name === (migration.name ?? null) &&
      unspaced(row.sql) === unspaced(text(migration));
    if (!isSame) {
      const message = `${called(index, migration)} is not the one that was applied${as(row)}`;
      throw new SqliteError(message, { code: 'MIGRATION_CHANGED' });
    }
  }
  return rows.length;
}

function as({ name }: Applied): string {
  return name === null ? '' : ` as "${name}"`;
}

/** What a migration is compared by; a function has no text that lasts. */
function text({ up }: Migration): string | null {
  return typeof up === 'function' ? null : typeof up === 'string' ? up : up.text;
}

/** A build may lay out SQL in another way than the one before. */
function unspaced(sql: string | null): string | undefined {
  return sql?.replace(/\s+/g, '');
}

function called(index: number, { name }: Migration): string {
  return `migrations[${index}]${name === undefined ? '' : ` "${name}"`}`;
}

/** An error of SQLite says in which migration it was. */
function placed(error: unknown, index: number, migration: Migration): unknown {
  if (!(error instanceof SqliteError) || ABOUT_ALL.includes(error.code)) {
    return error;
  }
  const { code, extendedCode, sql, offset } = error;
  const message = `${called(index, migration)}: ${error.message}`;
  return new SqliteError(message, { code, extendedCode, sql, offset, cause: error });
}

function checkList(migrations: readonly (Migration | MigrationWork)[]): Migration[] {
  if (!Array.isArray(migrations)) {
    throw new TypeError('the migrations are an array of SQL, functions, or objects with "up"');
  }
  const names = new Set<string>();
  return migrations.map((item: unknown, index) => {
    const migration = checkOne(item, index);
    const { name } = migration;
    if (name !== undefined && names.has(name)) {
      throw new TypeError(`migrations[${index}] has the name of another one, "${name}"`);
    }
    if (name !== undefined) {
      names.add(name);
    }
    return migration;
  });
}

function checkOne(item: unknown, index: number): Migration {
  if (typeof item === 'object' && item !== null && 'up' in item) {
    const { up, ...rest } = item;
    checkOptions(rest, ['name', 'foreignKeys']);
    return { ...rest, up: checkWork(up, index) };
  }
  return { up: checkWork(item, index) };
}

function checkWork(work: unknown, index: number): MigrationWork {
  if (typeof work === 'string' || typeof work === 'function' || Sql.is(work)) {
    return work as MigrationWork;
  }
  throw new TypeError(`migrations[${index}] is neither SQL nor a function nor an object with "up"`);
}
