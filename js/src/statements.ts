// What can be asked of a database, and of a transaction in it: SQL in, rows out. The base of both,
// in database.ts and transaction.ts. It must not know who else uses the connection.

import type { Rows } from './bulk.js';
import { inList, SqliteError } from './errors.js';
import { iterate, type RowIterator } from './iterate.js';
import { limited } from './limit.js';
import {
  type BatchOptions,
  CALL_OPTIONS,
  type CallOptions,
  checkOptions,
  type InsertOptions,
  type IterateOptions,
  type RowOptions,
  type TransactionOptions,
} from './options.js';
import { part } from './parts.js';
import { Statement } from './prepared.js';
import type {
  Operations,
  Place,
  RowBatch,
  RunResult,
  TransactionMode,
  WireStatement,
} from './protocol.js';
import { shaped } from './rows.js';
import { Sql } from './sql.js';
import type { Transaction } from './transaction.js';
import {
  checkParams,
  checkSql,
  type Dates,
  describe,
  type Params,
  type Row,
  type SqlValue,
} from './values.js';

/** The operations of SQL; each has a place. */
export type Asked = {
  [Name in keyof Operations]: Operations[Name]['takes'] extends Place ? Name : never;
}[keyof Operations];

/** One of them, but for its place. */
export type Ask<Name extends Asked> = { readonly operation: Name } & Omit<
  Operations[Name]['takes'],
  keyof Place
>;

/** A statement of a batch: text, a piece of `sql`, or text with its parameters. */
export type BatchStatement =
  | string
  | Sql
  | {
      /** Exactly one statement. */
      readonly sql: string;
      /** As in `query`. */
      readonly params?: Params;
    };

/** What a statement of a batch has answered. */
export interface BatchResult extends RunResult {
  /** All its rows, as objects; none for a statement that answers none. */
  readonly rows: Row[];
}

/** The options of `query` and `get`. */
const ROW_OPTIONS = ['rows', ...CALL_OPTIONS];

/** A text, or a piece of `sql`. */
export type SqlText = string | Sql;

/** What a database and a transaction have in common. */
export abstract class Statements {
  /** @internal */
  abstract send<Name extends Asked>(
    ask: Ask<Name>,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Name]['answers']>;
  /** @internal */
  abstract readonly dates: Dates;
  /** @internal In a transaction of its own, or in a part of the one that is open. */
  abstract together<T>(
    work: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T>;
  /** @internal */
  abstract readonly begins: TransactionMode | undefined;

  /**
   * Runs any number of statements, without parameters; rows they return are dropped. A piece of
   * `sql` that has values is exactly one statement.
   *
   * Rejects with the first failure; the statements before it have taken effect.
   */
  async exec(sql: SqlText, options: CallOptions = {}): Promise<void> {
    if (Sql.is(sql) && sql.values.length > 0) {
      await this.run(sql, undefined, options);
      return;
    }
    const text = checkSql(Sql.is(sql) ? sql.text : sql);
    await this.#ask<'exec'>({ operation: 'exec', sql: text }, text, options);
  }

  /**
   * Runs exactly one statement and resolves to what it has changed; rows it returns are dropped.
   *
   * Rejects as `query` does.
   */
  async run(sql: SqlText, params?: Params, options: CallOptions = {}): Promise<RunResult> {
    const statement = this.#statement(sql, params);
    return this.#ask<'run'>({ operation: 'run', ...statement }, statement.sql, options);
  }

  /**
   * Runs exactly one statement and resolves to its rows, in order.
   *
   * Rejects with `INVALID_SQL` for none or several statements, and with `INVALID_PARAMETER` when
   * the parameters do not fit; in both cases nothing was run.
   */
  async query<R extends readonly unknown[] = SqlValue[]>(
    sql: SqlText,
    params: Params | undefined,
    options: RowOptions<'array'> & { readonly rows: 'array' },
  ): Promise<R[]>;
  async query<R = SqlValue>(
    sql: SqlText,
    params: Params | undefined,
    options: RowOptions<'scalar'> & { readonly rows: 'scalar' },
  ): Promise<R[]>;
  async query<R extends object = Row>(
    sql: SqlText,
    params?: Params,
    options?: RowOptions<'object'>,
  ): Promise<R[]>;
  async query(sql: SqlText, params?: Params, options: RowOptions = {}): Promise<unknown[]> {
    const rows = await this.#rows(sql, params, options, false);
    return shaped(rows, options.rows ?? 'object');
  }

  /**
   * Runs exactly one statement and resolves to its first row, or `undefined` if it has none. The
   * others are not computed; what a statement changes is changed as a whole.
   *
   * Rejects as `query` does.
   */
  async get<R extends readonly unknown[] = SqlValue[]>(
    sql: SqlText,
    params: Params | undefined,
    options: RowOptions<'array'> & { readonly rows: 'array' },
  ): Promise<R | undefined>;
  async get<R = SqlValue>(
    sql: SqlText,
    params: Params | undefined,
    options: RowOptions<'scalar'> & { readonly rows: 'scalar' },
  ): Promise<R | undefined>;
  async get<R extends object = Row>(
    sql: SqlText,
    params?: Params,
    options?: RowOptions<'object'>,
  ): Promise<R | undefined>;
  async get(sql: SqlText, params?: Params, options: RowOptions = {}): Promise<unknown> {
    const rows = await this.#rows(sql, params, options, true);
    return shaped(rows, options.rows ?? 'object')[0];
  }

  /**
   * The rows of exactly one statement that only reads, one by one: for results that are too large
   * to be in memory as a whole. `for await` asks for them, in batches, as it goes; to leave it ends
   * the statement. Nothing is asked for before the first row is. `toStream()` is a `ReadableStream`
   * of the same rows.
   *
   * All rows are of one snapshot of the database, which other connections write beside. Calls of
   * this connection may be made in between: rows that they change may or may not be seen as changed
   * if they are yet to come. A statement that takes the table away is refused meanwhile; and so is
   * one that writes if another connection has written since, with `SQLITE_BUSY_SNAPSHOT`.
   *
   * Rejects as `query` does; with `INVALID_SQL` for a statement that writes or has no rows; with
   * `SQLITE_ABORT_ROLLBACK` after a ROLLBACK; with `CURSOR_EXPIRED` if no row was asked for in
   * 60 s; with `CONNECTION_LOST` where the owner of the database dies; and with `SQLITE_INTERRUPT`
   * where another call of the connection that writes was given up.
   */
  iterate<R extends readonly unknown[] = SqlValue[]>(
    sql: SqlText,
    params: Params | undefined,
    options: IterateOptions<'array'> & { readonly rows: 'array' },
  ): RowIterator<R>;
  iterate<R = SqlValue>(
    sql: SqlText,
    params: Params | undefined,
    options: IterateOptions<'scalar'> & { readonly rows: 'scalar' },
  ): RowIterator<R>;
  iterate<R extends object = Row>(
    sql: SqlText,
    params?: Params,
    options?: IterateOptions<'object'>,
  ): RowIterator<R>;
  iterate(sql: SqlText, params?: Params, options: IterateOptions = {}): RowIterator<unknown> {
    checkOptions(options, ['rows', 'batchRows', ...CALL_OPTIONS]);
    return iterate(this, this.#statement(sql, params), options);
  }

  /**
   * Runs several statements in one transaction, or, in a transaction, as a part of it, in one
   * message unless it is to tell of its progress; resolves to what each has answered, in order.
   *
   * Rejects with the first failure, whose message begins with `statements[index]`; none has taken
   * effect then.
   */
  async batch(
    statements: readonly BatchStatement[],
    options: BatchOptions = {},
  ): Promise<BatchResult[]> {
    checkOptions(options, ['mode', 'onProgress', ...CALL_OPTIONS]);
    const { mode = this.begins, onProgress, ...rest } = options;
    if (!Array.isArray(statements)) {
      throw invalid(`the statements of a batch are an array, not ${describe(statements)}`);
    }
    const begin = this.begins && mode;
    if (onProgress !== undefined) {
      const bulk = part('bulk');
      const work = async (tx: Transaction) => (await bulk).batch(tx, statements, onProgress);
      return this.together(work, begin ? { ...rest, mode: begin } : rest);
    }
    const list = statements.map((statement: BatchStatement, index) =>
      inList('statements', index, () => this.#listed(statement)),
    );
    const text = list.map(({ sql }) => sql).join(';\n');
    const ask = { operation: 'batch', statements: list, begin } as const;
    const answers = await this.#limited<'batch'>(ask, text, options);
    return answers.map(([rows, ran]) => ({ ...ran, rows: shaped(rows, 'object') as Row[] }));
  }

  /**
   * Inserts many rows, or runs a statement once for each of them, in one transaction, or as a part
   * of one: all or none. They go to the engine in batches; the next one is made ready meanwhile.
   *
   * `into` is the name of a table, or a prepared statement, or a piece of `sql` without values. A
   * row is an array, one value for each column or parameter, or an object: for a table all have the
   * columns of the first one; for a statement they have its parameters' names.
   * Resolves to the number of changed rows. Rejects as `query` does, with a message that begins
   * with `rows[index]`.
   */
  async insertMany(
    into: SqlText | Statement,
    rows: Rows,
    options: InsertOptions = {},
  ): Promise<{
    /** How many rows were changed, in all. */
    readonly changes: number;
  }> {
    checkOptions(options, ['batchRows', 'onProgress', ...CALL_OPTIONS]);
    const { signal, timeout } = options;
    const bulk = part('bulk');
    const insert = async (tx: Transaction) => (await bulk).insertMany(tx, into, rows, options);
    const [inserted] = await Promise.all([this.together(insert, { signal, timeout }), bulk]);
    return inserted;
  }

  /**
   * Compiles exactly one statement, without running it, and says what it is. Statements that are
   * run often stay compiled, prepared or not.
   *
   * Rejects as `query` does, but for parameters.
   */
  async prepare(sql: SqlText, options: CallOptions = {}): Promise<Statement> {
    if (Sql.is(sql) && sql.values.length > 0) {
      throw invalid('a statement is prepared without values; give them to its calls');
    }
    const text = checkSql(Sql.is(sql) ? sql.text : sql);
    const ask = { operation: 'describe', sql: text } as const;
    const described = await this.#ask<'describe'>(ask, text, options);
    return new Statement(this, text, described);
  }

  #rows(
    sql: SqlText,
    params: Params | undefined,
    options: RowOptions,
    first: boolean,
  ): Promise<RowBatch> {
    checkOptions(options, ROW_OPTIONS);
    const statement = this.#statement(sql, params);
    const ask = { operation: 'query', ...statement, first } as const;
    return this.#limited<'query'>(ask, statement.sql, options);
  }

  /** A call whose options are those of every call. */
  #ask<Name extends Asked>(
    ask: Ask<Name>,
    sql: string,
    options: CallOptions,
  ): Promise<Operations[Name]['answers']> {
    checkOptions(options, CALL_OPTIONS);
    return this.#limited<Name>(ask, sql, options);
  }

  #limited<Name extends Asked>(
    ask: Ask<Name>,
    sql: string,
    options: CallOptions,
  ): Promise<Operations[Name]['answers']> {
    return limited(options, (signal) => this.send<Name>(ask, sql, signal));
  }

  #statement(sql: SqlText, params: Params | undefined): WireStatement {
    if (!Sql.is(sql)) {
      return { sql: checkSql(sql), params: checkParams(params, this.dates) };
    }
    if (params !== undefined) {
      const message = 'a piece of sql brings its parameters along; give no others';
      throw new SqliteError(message, { code: 'INVALID_PARAMETER', sql: sql.text });
    }
    return { sql: checkSql(sql.text), params: checkParams(sql.values, this.dates) };
  }

  #listed(statement: BatchStatement): WireStatement {
    if (typeof statement === 'string' || Sql.is(statement)) {
      return this.#statement(statement, undefined);
    }
    if (typeof statement !== 'object' || statement === null) {
      throw invalid(`a statement cannot be ${describe(statement)}`);
    }
    return this.#statement(statement.sql, statement.params);
  }
}

function invalid(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_SQL' });
}
