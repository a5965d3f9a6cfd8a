/**
 * The rows of one result: the first ones as they come, and any others by their number, from a
 * temporary table that holds the whole. Made by run/runner.ts, read by the grid and by save.ts.
 * It knows SQL and the database; it must not know the page.
 *
 *   streaming ──all rows are here──► whole
 *       └─there are more──► first ──keep()──► keeping ──► kept
 *                     (given up, or failed: first)
 */
import type { Column, Database, Params, SqlValue } from 'anchorite';
import { plainName, quoteName } from '../sql/quote.ts';

/** The most rows of all results that are in the page at once. */
export const ROWS_IN_PAGE = 5000;
/** The most that a temporary table takes; beyond it a result is cut off, and says so. */
const ROWS_KEPT = 10_000_000;
const PAGE = 250;
const BATCH = 250;

export type State = 'streaming' | 'whole' | 'first' | 'keeping' | 'kept';

/** What a result is of. */
export interface Query {
  readonly database: Database;
  readonly sql: string;
  readonly params: Params;
  readonly columns: readonly Column[];
}

export type Values = readonly SqlValue[];

let lastTable = 0;

/** Names of the tables that results lie in begin so. */
export const KEPT_PREFIX = 'console result ';

export class Rows {
  readonly query: Query;
  readonly limit: number;
  readonly changed: EventTarget = new EventTarget();
  #state: State = 'streaming';
  #first: Values[] = [];
  #count = 0;
  /** The latest ones last. */
  readonly #pages = new Map<number, Values[]>();
  #asked: number | undefined;
  #fetching = false;
  #table: string | undefined;
  #trouble: string | undefined;

  constructor(query: Query, limit: number) {
    this.query = query;
    this.limit = limit;
  }

  get state(): State {
    return this.#state;
  }

  /** How many there are, as far as that is known. */
  get count(): number {
    return this.#state === 'kept' ? this.#count : this.#first.length;
  }

  /** Why rows beyond the first ones are not to be had, or not all of them. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** A row, if it is here; one that is not is asked for, and told when it comes. */
  row(index: number): Values | undefined {
    if (this.#state !== 'kept') return this.#first[index];
    const number = Math.floor(index / PAGE);
    const page = this.#pages.get(number);
    if (page === undefined) {
      this.#asked = number;
      if (!this.#fetching) void this.#fetch();
    }
    return page?.[index % PAGE];
  }

  /** Takes the first rows as they come; ends when there are more than fit. */
  async stream(signal: AbortSignal): Promise<void> {
    const { database, sql, params } = this.query;
    const rows = database.iterate<Values>(sql, params, { rows: 'array', batchRows: BATCH, signal });
    try {
      for await (const row of rows) {
        if (this.#first.length === this.limit) {
          this.#to('first');
          return;
        }
        this.#first.push(row);
        if (this.#first.length % BATCH === 0) this.#tell();
      }
      this.#to('whole');
    } catch (error) {
      this.#fail('it was not run to its end');
      throw error;
    }
  }

  /** Takes rows that are there at once, of a statement that writes. */
  take(rows: Values[]): void {
    this.#first = rows;
    this.#to('whole');
  }

  /** Keeps all rows in a temporary table, in the order in which they come. */
  async keep(signal: AbortSignal): Promise<void> {
    const { database, sql, params } = this.query;
    const key = this.#key();
    if (key === undefined) return this.#fail('its columns have all names of the row number');
    this.#to('keeping');
    lastTable += 1;
    const table = `temp.${quoteName(`${KEPT_PREFIX}${lastTable}`)}`;
    const text = `CREATE TABLE ${table} AS SELECT * FROM (${sql}\n) LIMIT ${ROWS_KEPT}`;
    try {
      await database.run(text, params, { signal });
      const last = `SELECT max(${key}) FROM ${table}`;
      this.#count = Number((await database.get(last, [], { rows: 'scalar' })) ?? 0);
    } catch (error) {
      return this.#fail(error instanceof Error ? error.message : String(error));
    }
    this.#table = table;
    for (let from = 0; from < this.#first.length; from += PAGE) {
      this.#pages.set(from / PAGE, this.#first.slice(from, from + PAGE));
    }
    this.#first = [];
    // What was read twice may have come out differently, as random() does.
    if (!deterministic(sql)) this.#pages.clear();
    if (this.#count === ROWS_KEPT) this.#trouble = 'no more of it is kept';
    this.#to('kept');
  }

  /** All rows, one after the other, wherever they are. */
  async *all(signal?: AbortSignal): AsyncGenerator<Values> {
    if (this.#table === undefined) return yield* this.#first;
    const { database } = this.query;
    const sql = `SELECT * FROM ${this.#table} ORDER BY ${this.#key()}`;
    yield* database.iterate<Values>(sql, [], { rows: 'array', signal });
  }

  /** Gives the temporary table back. */
  async drop(): Promise<void> {
    const table = this.#table;
    this.#table = undefined;
    if (table === undefined || this.query.database.closed) return;
    await this.query.database.exec(`DROP TABLE IF EXISTS ${table}`).catch(() => undefined);
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    while (this.#asked !== undefined) {
      const number = this.#asked;
      this.#asked = undefined;
      try {
        this.#put(number, await this.#page(number));
      } catch (error) {
        this.#trouble = error instanceof Error ? error.message : String(error);
      }
      this.#tell();
    }
    this.#fetching = false;
  }

  #page(number: number): Promise<Values[]> {
    const key = this.#key();
    const sql = `SELECT * FROM ${this.#table} WHERE ${key} > ? AND ${key} <= ? ORDER BY ${key}`;
    const range = [number * PAGE, (number + 1) * PAGE];
    return this.query.database.query<SqlValue[]>(sql, range, { rows: 'array' });
  }

  #put(number: number, rows: Values[]): void {
    this.#pages.set(number, rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size * PAGE <= ROWS_IN_PAGE) break;
      this.#pages.delete(oldest);
    }
  }

  /** The row number has three names, and a column may have taken one. */
  #key(): string | undefined {
    const taken = new Set(this.query.columns.map(({ name }) => name.toLowerCase()));
    return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  }

  #fail(trouble: string): void {
    this.#trouble = trouble;
    this.#to('first');
  }

  #to(state: State): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.changed.dispatchEvent(new Event('change'));
  }
}

/** The name of the one table that a result is of, or a word for what it is. */
export function tableOf({ columns }: Query): string {
  const names = new Set(columns.map(({ table }) => table));
  const [only] = names;
  return plainName(names.size === 1 && only !== undefined ? only : 'result');
}

function deterministic(sql: string): boolean {
  return !/\b(?:random|randomblob|uuid7?|changes|total_changes|current_time\w*)\b/i.test(sql);
}
