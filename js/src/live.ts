// The entry `anchorite/live`: the rows of a question, again and again as they change.
//
//   idle ──► somebody wants rows, and they may have changed ──► run ──► the rows are others: told
//    ▲                                                           │       an error: told
//    └───────────────────────────────────────────────────────────┴── changed meanwhile: once more
//
// When rows may have changed is decided in watch.ts. Nothing is queued: whoever takes rows later
// takes the latest.

import type { Database } from './database.js';
import { type Difference, difference, isSame, type Keyed, keyed } from './difference.js';
import { SqliteError } from './errors.js';
import { checkOptions } from './options.js';
import type { RowShape } from './rows.js';
import { Sql } from './sql.js';
import type { SqlText } from './statements.js';
import type { Params, Row, SqlValue } from './values.js';
import { Watch } from './watch.js';

export type { Difference } from './difference.js';

/** Options of `live`. */
export interface LiveOptions<Shape extends RowShape = RowShape> {
  /** As of `query`; default `'object'`. */
  readonly rows?: Shape;
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Options of `live` by which it says what has become of each row. */
export interface KeyedOptions extends LiveOptions<'object'> {
  /**
   * Columns of the result, by their names there, whose values together tell one row from another.
   * A run with a key that is NULL, or there twice, is an error.
   */
  readonly key: readonly string[];
}

/** Is told the rows, or what has become of them. */
export type LiveListener<T> = (value: T) => void;

/**
 * The rows of a statement, now and after each commit that may have changed them: of this
 * connection, another one, or another tab.
 *
 * It runs for as long as somebody subscribes or waits for the iterator, never twice at the same
 * time; what is committed while it runs makes it run once more. Rows that are as they were are not
 * told again. It ends with `signal`, and with the database.
 *
 * Errors (those of `query`; `INVALID_SQL` for a statement that changes something; `INVALID_KEY`;
 * `UNSUPPORTED` where there is no BroadcastChannel) reach whoever waits. Throws `INVALID_OPTION`,
 * `INVALID_SQL` and `TypeError` for arguments that cannot be.
 */
export function live<R extends object = Row>(
  db: Database,
  sql: SqlText,
  params: Params | undefined,
  options: KeyedOptions,
): Live<Difference<R>>;
export function live<R extends readonly unknown[] = SqlValue[]>(
  db: Database,
  sql: SqlText,
  params: Params | undefined,
  options: LiveOptions<'array'> & { readonly rows: 'array' },
): Live<readonly R[]>;
export function live<R = SqlValue>(
  db: Database,
  sql: SqlText,
  params: Params | undefined,
  options: LiveOptions<'scalar'> & { readonly rows: 'scalar' },
): Live<readonly R[]>;
export function live<R extends object = Row>(
  db: Database,
  sql: SqlText,
  params?: Params,
  options?: LiveOptions<'object'>,
): Live<readonly R[]>;
export function live(
  db: Database,
  sql: SqlText,
  params?: Params,
  options: LiveOptions & { readonly key?: readonly string[] } = {},
): Live<unknown> {
  checkOptions(options, ['rows', 'signal', 'key']);
  const { rows = 'object', signal, key } = options;
  if (key !== undefined && (rows !== 'object' || !isKey(key))) {
    const message = 'option "key" is names of columns, for rows that are objects';
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  if (typeof db?.onChange !== 'function') {
    throw new TypeError('live(db, sql): db must be a database');
  }
  if (typeof sql !== 'string' && !Sql.is(sql)) {
    throw new SqliteError('live(db, sql): sql must be SQL', { code: 'INVALID_SQL' });
  }
  return new Live({ db, sql, params, rows, key }, signal);
}

function isKey(key: readonly unknown[]): boolean {
  return key.length > 0 && key.every((column) => typeof column === 'string');
}

/** What is asked. */
interface Question {
  readonly db: Database;
  readonly sql: SqlText;
  readonly params: Params | undefined;
  readonly rows: RowShape;
  readonly key: readonly string[] | undefined;
}

/** The rows of a run. */
interface Result {
  readonly rows: readonly unknown[];
  /** By key, if there is one. */
  readonly keyed: Keyed | undefined;
}

/** Whoever takes rows, and what it has taken. */
interface Taker {
  /** Whether it waits for rows it has not seen. */
  readonly waits: boolean;
  /** What it took last. */
  seen: Result | undefined;
  take(value: unknown): void;
  fail(error: unknown): void;
  end(): void;
}

/** Rows that stay up to date. Made by {@link live}. */
export class Live<T> implements AsyncIterable<T> {
  readonly #question: Question;
  readonly #signal: AbortSignal | undefined;
  readonly #takers = new Set<Taker>();
  /** Ends with the watch. */
  #watching = new AbortController();
  #watch: Watch | undefined;
  #isStale = true;
  #isRunning = false;
  #hasEnded = false;
  /** Of the last run: its rows, or why there are none. */
  #result: Result | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @internal */
  constructor(question: Question, signal: AbortSignal | undefined) {
    this.#question = question;
    this.#signal = signal;
  }

  /**
   * Calls `listener` with the rows soon, and then whenever they have changed, until the function
   * that is returned is called. Errors go to `onError`, after which it goes on; without it they are
   * reported as uncaught.
   */
  subscribe(listener: LiveListener<T>, onError: (error: unknown) => void = report): () => void {
    if (typeof listener !== 'function' || typeof onError !== 'function') {
      throw new TypeError('subscribe(listener, onError): both must be functions');
    }
    const subscriber = new Subscriber(listener as LiveListener<unknown>, onError);
    this.#add(subscriber);
    return () => this.#remove(subscriber);
  }

  /**
   * The rows, and then those after each change; slower loops skip what was outdated meanwhile. The
   * first error ends it.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const puller = new Puller((leaves) => {
      if (leaves) {
        this.#remove(puller);
      } else {
        this.#add(puller);
      }
    });
    return puller as AsyncIterableIterator<unknown> as AsyncIterableIterator<T>;
  }

  /** Serves it now, or after the next run. */
  #add(taker: Taker): void {
    if (this.#hasEnded || this.#signal?.aborted) {
      taker.end();
      return;
    }
    this.#takers.add(taker);
    if (this.#start() && !this.#isStale && !this.#isRunning) {
      queueMicrotask(() => this.#serve(taker));
    }
    this.#runIfWanted();
  }

  #remove(taker: Taker): void {
    this.#takers.delete(taker);
    if (this.#takers.size === 0) {
      this.#stop();
    }
  }

  /** Begins to watch; whoever is there is told why not. */
  #start(): boolean {
    const { db } = this.#question;
    try {
      if (this.#watch === undefined) {
        this.#watch = new Watch(db, () => this.#changed());
        this.#watching = new AbortController();
        const { signal } = this.#watching;
        for (const ending of [this.#signal, db.ending]) {
          ending?.addEventListener('abort', () => this.#end(), { signal });
        }
      }
      return true;
    } catch (error) {
      this.#isStale = false;
      this.#failure = { error };
      queueMicrotask(() => this.#tell());
      return false;
    }
  }

  #stop(): void {
    this.#watch?.end();
    this.#watching.abort();
    this.#watch = undefined;
    this.#isStale = true;
    this.#result = undefined;
    this.#failure = undefined;
  }

  #end(): void {
    this.#hasEnded = true;
    const takers = [...this.#takers];
    this.#takers.clear();
    this.#stop();
    for (const taker of takers) {
      taker.end();
    }
  }

  #changed(): void {
    this.#isStale = true;
    this.#runIfWanted();
  }

  #runIfWanted(): void {
    if (!this.#isRunning) {
      this.#isRunning = true;
      void this.#run();
    }
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (;;) {
      const watch = this.#watch;
      const isWanted = [...this.#takers].some(({ waits }) => waits);
      if (watch === undefined || !this.#isStale || !isWanted) {
        this.#isRunning = false;
        return;
      }
      this.#isStale = false;
      const outcome = await this.#ask(watch);
      if (watch === this.#watch) {
        this.#note(outcome);
        this.#tell();
      }
    }
  }

  /** Once more if the connection was lost, which the next call has anew. */
  async #ask(watch: Watch): Promise<Result | { readonly error: unknown }> {
    try {
      return await this.#askOnce(watch).catch((error: unknown) => {
        if (!(error instanceof SqliteError) || error.code !== 'CONNECTION_LOST') {
          throw error;
        }
        watch.forget();
        return this.#askOnce(watch);
      });
    } catch (error) {
      return { error };
    }
  }

  async #askOnce(watch: Watch): Promise<Result> {
    const { db, sql, params, rows: shape, key } = this.#question;
    if (!watch.knows) {
      const statement = await watch.describe(typeof sql === 'string' ? sql : sql.text);
      const names = statement.columns.map(({ name }) => name);
      check(statement.sql, statement.onlyReads, names, key ?? []);
    }
    const rows = await db.query(sql, params, { rows: shape as 'object' });
    return { rows, keyed: key && keyed(rows, key) };
  }

  #note(outcome: Result | { readonly error: unknown }): void {
    if ('error' in outcome) {
      this.#failure = outcome;
      this.#result = undefined;
      return;
    }
    this.#failure = undefined;
    if (this.#result === undefined || !isSame(this.#result.rows, outcome.rows)) {
      this.#result = outcome;
    }
  }

  #tell(): void {
    for (const taker of this.#takers) {
      this.#serve(taker);
    }
  }

  #serve(taker: Taker): void {
    const result = this.#result;
    if (!taker.waits || !this.#takers.has(taker)) {
      return;
    }
    if (this.#failure !== undefined) {
      taker.fail(this.#failure.error);
    } else if (result !== undefined && result !== taker.seen) {
      const { seen } = taker;
      taker.seen = result;
      taker.take(view(seen, result));
    }
  }
}

/** What is told of a result: its rows, or how they differ from those that were told before. */
function view(seen: Result | undefined, { rows, keyed }: Result): unknown {
  return keyed === undefined ? [...rows] : difference(seen?.keyed ?? new Map(), keyed);
}

function check(
  sql: string,
  onlyReads: boolean,
  names: readonly string[],
  key: readonly string[],
): void {
  if (!onlyReads) {
    throw new SqliteError('a live query must only read', { code: 'INVALID_SQL', sql });
  }
  for (const column of key) {
    const count = names.filter((name) => name === column).length;
    if (count !== 1) {
      const why = count === 0 ? 'is none' : 'are several';
      const columns = names.map((name) => JSON.stringify(name)).join(', ');
      const message = `of the key "${column}" there ${why} among the columns ${columns}`;
      throw new SqliteError(message, { code: 'INVALID_KEY', sql });
    }
  }
}

function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Takes all rows there are. */
class Subscriber implements Taker {
  readonly waits = true;
  seen: Result | undefined;
  readonly #listener: LiveListener<unknown>;
  readonly #onError: (error: unknown) => void;
  /** What it was told of last, if that was an error. */
  #error: string | undefined;

  constructor(listener: LiveListener<unknown>, onError: (error: unknown) => void) {
    this.#listener = listener;
    this.#onError = onError;
  }

  take(value: unknown): void {
    this.#error = undefined;
    call(this.#listener, value);
  }

  /** The same error again is no news. */
  fail(error: unknown): void {
    if (this.#error !== String(error)) {
      this.#error = String(error);
      call(this.#onError, error);
    }
  }

  end(): void {}
}

/** What a listener throws is reported, and the others are told all the same. */
function call(listener: (value: unknown) => void, value: unknown): void {
  try {
    listener(value);
  } catch (error) {
    report(error);
  }
}

/** A `next` that has not settled. */
interface Pull {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

/** Takes rows when it is pulled. */
class Puller implements Taker, AsyncIterableIterator<unknown> {
  seen: Result | undefined;
  readonly #move: (leaves: boolean) => void;
  readonly #pulls: Pull[] = [];
  #isDone = false;

  /** `move` says that it wants rows, or that it leaves for good. */
  constructor(move: (leaves: boolean) => void) {
    this.#move = move;
  }

  get waits(): boolean {
    return this.#pulls.length > 0;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#isDone) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#pulls.push({ resolve, reject });
      this.#move(false);
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.end();
    this.#move(true);
    return Promise.resolve({ done: true, value: undefined });
  }

  take(value: unknown): void {
    this.#pulls.shift()?.resolve({ done: false, value });
  }

  fail(error: unknown): void {
    this.#pulls.shift()?.reject(error);
    void this.return();
  }

  end(): void {
    this.#isDone = true;
    for (const { resolve } of this.#pulls.splice(0)) {
      resolve({ done: true, value: undefined });
    }
  }
}
