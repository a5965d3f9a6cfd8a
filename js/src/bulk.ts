// Many rows in, batch by batch: one message for each, packed; and many statements, some at a time.
// Used by statements.ts, within a transaction. It must not know how that begins and ends.

import { inList, SqliteError } from './errors.js';
import type { InsertOptions } from './options.js';
import { Packer } from './packed.js';
import { Statement } from './prepared.js';
import { quoted, Sql } from './sql.js';
import type { BatchResult, BatchStatement } from './statements.js';
import type { Transaction } from './transaction.js';
import { type BindValue, checkValue, type Dates, describe } from './values.js';

/** A row to be inserted: by position, or by name. */
export type InsertRow = readonly BindValue[] | Readonly<Record<string, BindValue>>;

/** Rows, at hand or still to come. */
export type Rows = Iterable<InsertRow> | AsyncIterable<InsertRow>;

const BATCH_ROWS = 1000;

/** After how many bytes a batch is sent, whatever its rows. */
const BATCH_SIZE = 4 * 1024 * 1024;

/** Statements that go at once where their progress is told. */
const TOGETHER = 100;

/** How a row becomes the parameters of a statement. */
interface Plan {
  readonly sql: string;
  readonly width: number;
  /** For each parameter the keys that a row may have its value under; `undefined`: by position. */
  readonly keys: readonly (readonly string[])[] | undefined;
}

/** Inserts all rows. */
export async function insertMany(
  tx: Transaction,
  into: string | Sql | Statement,
  rows: Rows,
  options: InsertOptions,
): Promise<{ readonly changes: number }> {
  const statement = Sql.is(into) ? await tx.prepare(into) : into;
  const bulk = new Bulk(tx, statement, options);
  if (isIterable(rows)) {
    for (const row of rows) {
      if (bulk.add(row)) {
        await bulk.flush();
      }
    }
  } else {
    for await (const row of asyncIterable(rows)) {
      if (bulk.add(row)) {
        await bulk.flush();
      }
    }
  }
  return bulk.end();
}

/** Runs all statements. */
export async function batch(
  tx: Transaction,
  statements: readonly BatchStatement[],
  onProgress: (statements: number) => void,
): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  const left = [...statements];
  while (left.length > 0) {
    const first = results.length;
    const answers = await tx.batch(left.splice(0, TOGETHER)).catch((error: unknown) => {
      throw counted(error, first);
    });
    results.push(...answers);
    onProgress(results.length);
  }
  return results;
}

/** An error says which of these it is about; so many were before them. */
function counted(error: unknown, before: number): unknown {
  const [, index, words] = /^statements\[(\d+)\](.*)$/s.exec((error as Error).message) ?? [];
  if (!(error instanceof SqliteError) || index === undefined || before === 0) {
    return error;
  }
  const { code, extendedCode, sql, offset, cause } = error;
  const message = `statements[${before + Number(index)}]${words}`;
  return new SqliteError(message, { code, extendedCode, sql, offset, cause });
}

/** The batches of one call. */
class Bulk {
  readonly #tx: Transaction;
  readonly #into: string | Statement;
  readonly #options: InsertOptions;
  readonly #packer = new Packer();
  #plan: Plan | undefined;
  /** Rows taken, and those of them that were sent. */
  #taken = 0;
  #sent = 0;
  #changes = 0;
  /** The batch that is under way; while it runs the next one is packed. */
  #running: Promise<void> = Promise.resolve();

  constructor(tx: Transaction, into: string | Statement, options: InsertOptions) {
    this.#tx = tx;
    this.#into = into;
    this.#options = options;
  }

  /** Takes a row; answers whether a batch is full. */
  add(row: InsertRow): boolean {
    inList('rows', this.#taken, () => {
      this.#plan ??= planned(this.#into, row);
      pack(this.#packer, this.#plan, row, this.#tx.dates);
    });
    this.#taken += 1;
    const { batchRows = BATCH_ROWS } = this.#options;
    return this.#taken - this.#sent >= batchRows || this.#packer.size >= BATCH_SIZE;
  }

  /** Sends the batch once the one before is done. */
  async flush(): Promise<void> {
    await this.#running;
    this.#running = this.#send();
    // It is waited for later, and its error thrown then.
    this.#running.catch(() => undefined);
  }

  /** Sends what is left and waits for all. */
  async end(): Promise<{ readonly changes: number }> {
    if (this.#taken > this.#sent) {
      await this.flush();
    }
    await this.#running;
    return { changes: this.#changes };
  }

  async #send(): Promise<void> {
    const { sql, width } = this.#plan as Plan;
    const first = this.#sent;
    this.#sent = this.#taken;
    const sent = this.#sent;
    const rows = this.#packer.take();
    this.#changes += await this.#tx.send<'rows'>(
      { operation: 'rows', sql, rows, width, first },
      sql,
      undefined,
    );
    this.#options.onProgress?.(sent);
  }
}

/** What the first row says of how all are inserted. */
function planned(into: string | Statement, row: InsertRow): Plan {
  if (into instanceof Statement) {
    const { sql, parameters } = into;
    const keys = isList(row) ? undefined : parameters.map(keysOf);
    return { sql, width: parameters.length, keys };
  }
  const names = isList(row) ? undefined : Object.keys(checkObject(row));
  const width = (names ?? (row as readonly unknown[])).length;
  const columns = names === undefined ? '' : ` (${names.map(quoted).join(', ')})`;
  const values = Array.from({ length: width }, () => '?').join(', ');
  const sql = `INSERT INTO ${quoted(into)}${columns} VALUES (${values})`;
  return { sql, width, keys: names?.map((name) => [name]) };
}

/** A parameter's value goes by its name, with its mark or without. */
function keysOf(name: string | undefined, index: number): readonly string[] {
  if (name === undefined) {
    throw refused(`parameter ${index + 1} has no name; rows have to be arrays`);
  }
  return [name, name.slice(1)];
}

function pack(packer: Packer, { width, keys }: Plan, row: InsertRow, dates: Dates): void {
  if (isList(row) !== (keys === undefined)) {
    throw refused('the first row is by position and this one by name, or the other way round');
  }
  const given = isList(row) ? row.length : Object.keys(checkObject(row)).length;
  if (given !== width) {
    throw refused(`${width} values are wanted, ${given} given${unknown(keys, row)}`);
  }
  if (isList(row)) {
    for (let index = 0; index < width; index++) {
      packer.add(checkValue(row[index], index, dates));
    }
    return;
  }
  for (const names of keys ?? []) {
    const key = names.find((name) => Object.hasOwn(row, name));
    if (key === undefined) {
      throw refused(`there is no value for "${names.at(-1)}"`);
    }
    packer.add(checkValue((row as Record<string, unknown>)[key], key, dates));
  }
}

/** Names what a row has too much. */
function unknown(keys: Plan['keys'], row: InsertRow): string {
  const key = Object.keys(row).find((name) => !keys?.some((names) => names.includes(name)));
  return keys === undefined || key === undefined ? '' : `; "${key}" is not among them`;
}

function isList(row: InsertRow): row is readonly never[] {
  return Array.isArray(row);
}

function checkObject(row: InsertRow): InsertRow {
  if (typeof row !== 'object' || row === null) {
    throw refused(`a row is an array or an object, not ${describe(row)}`);
  }
  return row;
}

function isIterable(rows: unknown): rows is Iterable<InsertRow> {
  return typeof rows === 'object' && rows !== null && Symbol.iterator in rows;
}

function asyncIterable(rows: unknown): AsyncIterable<InsertRow> {
  if (typeof rows === 'object' && rows !== null && Symbol.asyncIterator in rows) {
    return rows as AsyncIterable<InsertRow>;
  }
  throw refused(`rows must be iterable, which ${describe(rows)} is not`);
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}
