// A statement that its user keeps. Made by statements.ts. What is compiled is the engine's affair,
// which keeps it by its text; it must not know where that is.

import { SqliteError } from './errors.js';
import type { RowIterator } from './iterate.js';
import type { CallOptions, IterateOptions, RowOptions } from './options.js';
import type { Column, Description, ReadSet, RunResult } from './protocol.js';
import type { Statements } from './statements.js';
import type { Params, Row, SqlValue } from './values.js';

/** A statement, compiled once, that is run as often as one likes. */
export class Statement {
  /** Its text. */
  readonly sql: string;
  /** The columns of its rows as they were when it was prepared; none if it returns no rows. */
  readonly columns: readonly Column[];
  /** The names of its parameters with their marks, in order; `undefined` for a `?`. */
  readonly parameters: readonly (string | undefined)[];
  /** Whether it changes nothing in the database. */
  readonly onlyReads: boolean;
  /** @internal */
  readonly reads: ReadSet;
  #place: Statements | undefined;

  /** @internal */
  constructor(place: Statements, sql: string, description: Description) {
    this.#place = place;
    this.sql = sql;
    this.columns = description.columns;
    this.parameters = description.parameters;
    this.onlyReads = description.onlyReads;
    this.reads = description.reads;
  }

  /** As `run` of the database or the transaction that it was prepared by. */
  async run(params?: Params, options?: CallOptions): Promise<RunResult> {
    return this.#use().run(this.sql, params, options);
  }

  /** As `query` of the database or the transaction that it was prepared by. */
  async query<R extends readonly unknown[] = SqlValue[]>(
    params: Params | undefined,
    options: RowOptions<'array'> & { readonly rows: 'array' },
  ): Promise<R[]>;
  async query<R = SqlValue>(
    params: Params | undefined,
    options: RowOptions<'scalar'> & { readonly rows: 'scalar' },
  ): Promise<R[]>;
  async query<R extends object = Row>(
    params?: Params,
    options?: RowOptions<'object'>,
  ): Promise<R[]>;
  async query(params?: Params, options?: RowOptions): Promise<unknown[]> {
    return this.#use().query(this.sql, params, options as RowOptions<'object'>);
  }

  /** As `get` of the database or the transaction that it was prepared by. */
  async get<R extends readonly unknown[] = SqlValue[]>(
    params: Params | undefined,
    options: RowOptions<'array'> & { readonly rows: 'array' },
  ): Promise<R | undefined>;
  async get<R = SqlValue>(
    params: Params | undefined,
    options: RowOptions<'scalar'> & { readonly rows: 'scalar' },
  ): Promise<R | undefined>;
  async get<R extends object = Row>(
    params?: Params,
    options?: RowOptions<'object'>,
  ): Promise<R | undefined>;
  async get(params?: Params, options?: RowOptions): Promise<unknown> {
    return this.#use().get(this.sql, params, options as RowOptions<'object'>);
  }

  /** As `iterate` of the database or the transaction that it was prepared by. */
  iterate<R extends readonly unknown[] = SqlValue[]>(
    params: Params | undefined,
    options: IterateOptions<'array'> & { readonly rows: 'array' },
  ): RowIterator<R>;
  iterate<R = SqlValue>(
    params: Params | undefined,
    options: IterateOptions<'scalar'> & { readonly rows: 'scalar' },
  ): RowIterator<R>;
  iterate<R extends object = Row>(
    params?: Params,
    options?: IterateOptions<'object'>,
  ): RowIterator<R>;
  iterate(params?: Params, options?: IterateOptions): RowIterator<unknown> {
    return this.#use().iterate(this.sql, params, options as IterateOptions<'object'>);
  }

  /** Gives it up; later calls reject with `CLOSED`. Twice is fine, and closing does it too. */
  finalize(): void {
    this.#place = undefined;
  }

  #use(): Statements {
    if (this.#place === undefined) {
      throw new SqliteError('the statement is finalized', { code: 'CLOSED', sql: this.sql });
    }
    return this.#place;
  }
}
