// A transaction as a function: begun before it, committed after it, rolled back if it throws. Used
// by database.ts, which sees to it that nobody else uses the connection meanwhile.
//
//   begin ──► work(tx) ──► commit ──► its value
//                │ throws, or makes no call for too long, or is given up
//                │   ──► roll back ──► the error
//                │ SQLite has rolled back by itself
//                ▼
//             aborted: every later call, and the transaction, reject with TRANSACTION_ABORTED
//
// Each request says that it belongs to a transaction, and the engine refuses it where none is open.
// So nothing of it runs outside, whatever happens here. A transaction in a transaction is a
// savepoint; all levels share what is in `Shared`.

import type { Channel } from './client.js';
import { isEnding, isInterrupt, SqliteError } from './errors.js';
import { Gate } from './gate.js';
import { limited, whenAborted } from './limit.js';
import {
  CALL_OPTIONS,
  type CallOptions,
  checkOptions,
  type TransactionOptions,
} from './options.js';
import type { Operations, Request, TransactionMode } from './protocol.js';
import { type Ask, type Asked, Statements } from './statements.js';
import { checkFunction, type Dates } from './values.js';

/** The connection that a transaction is on. */
export interface Connection {
  readonly channel: Channel;
  readonly session: number;
  readonly dates: Dates;
  readonly readonly: boolean;
}

const IDLE_TIMEOUT_MS = 30_000;

/** How one level begins and ends. */
interface Level {
  readonly begin: string;
  readonly commit: string;
  readonly rollback: string;
}

/** What is done in a transaction. */
export type Work<T> = (tx: Transaction) => Promise<T> | T;

/** Begins a transaction, does the work, and ends it. */
export async function runTransaction<T>(
  connection: Connection,
  work: Work<T>,
  options: TransactionOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { mode = defaultMode(connection), name = work.name, idleTimeout } = options;
  const shared = new Shared(connection, name || 'anonymous', idleTimeout ?? IDLE_TIMEOUT_MS);
  const begin = `BEGIN ${mode.toUpperCase()}`;
  const request = { operation: 'exec', session: connection.session, sql: begin } as const;
  await connection.channel.request<'exec'>({ ...request, inside: false }, begin, signal);
  shared.watch();
  try {
    const level = { begin, commit: 'COMMIT', rollback: 'ROLLBACK' };
    return await runLevel(new Transaction(shared, undefined, signal), level, work);
  } finally {
    shared.end();
  }
}

/** Checks the arguments of `transaction`. */
export function checkTransaction(work: unknown, options: TransactionOptions): void {
  checkOptions(options, ['mode', 'name', 'idleTimeout', ...CALL_OPTIONS]);
  checkWork(work);
}

function checkWork(work: unknown): void {
  checkFunction(work, 'the work of a transaction');
}

/** When a transaction takes its locks if nobody says. */
export function defaultMode({ readonly }: Pick<Connection, 'readonly'>): TransactionMode {
  return readonly ? 'deferred' : 'immediate';
}

/** Of a level that has begun. */
async function runLevel<T>(tx: Transaction, level: Level, work: Work<T>): Promise<T> {
  try {
    const value = await tx.unlessOver(() => work(tx));
    await tx.commit(level);
    return value;
  } catch (error) {
    await tx.rollBack(level);
    throw error;
  }
}

/** What all levels of a transaction know. */
class Shared {
  readonly connection: Connection;
  /** Rejects when no call was made for too long. */
  readonly expired: Promise<never>;
  readonly name: string;
  readonly #idleTimeout: number;
  #expire: (error: SqliteError) => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #calls = 0;
  #levels = 0;
  /** Why every call is refused from now on. */
  #over: SqliteError | undefined;

  constructor(connection: Connection, name: string, idleTimeout: number) {
    this.connection = connection;
    this.name = name;
    this.#idleTimeout = idleTimeout;
    this.expired = new Promise((_, reject) => {
      this.#expire = reject;
    });
    // Whoever waits for it hears of it; perhaps nobody does.
    this.expired.catch(() => undefined);
  }

  /** The names of the savepoints of one transaction differ. */
  nextLevel(): Level {
    this.#levels += 1;
    const name = `anchorite_${this.#levels}`;
    return {
      begin: `SAVEPOINT ${name}`,
      commit: `RELEASE ${name}`,
      rollback: `ROLLBACK TO ${name}; RELEASE ${name}`,
    };
  }

  /** One request of the transaction. */
  async ask<Name extends Asked>(
    ask: Ask<Name>,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Name]['answers']> {
    if (this.#over !== undefined) {
      throw this.#over;
    }
    const { channel, session } = this.connection;
    this.#calls += 1;
    clearTimeout(this.#timer);
    try {
      const request = { ...ask, session, inside: true } as unknown;
      const sent = request as Extract<Request, { operation: Name }>;
      return await channel.request<Name>(sent, sql, signal);
    } catch (error) {
      throw this.#judged(error, signal?.aborted && isInterrupt(error) ? signal.reason : error);
    } finally {
      this.#calls -= 1;
      this.watch();
    }
  }

  /** Counts the time without a call. */
  watch(): void {
    if (this.#calls === 0 && this.#over === undefined) {
      this.#timer = setTimeout(() => this.#expired(), this.#idleTimeout);
    }
  }

  /** Every later call is refused. */
  end(): void {
    clearTimeout(this.#timer);
    this.#over ??= closed(this.name);
  }

  /** It is not to be committed any more, since a part of it is in doubt. */
  spoil(error: unknown): void {
    this.#over ??= this.#aborted(error);
  }

  #expired(): void {
    const message =
      `the transaction "${this.name}" has made no call for ${this.#idleTimeout} ms and was ` +
      'rolled back; calls of the database itself wait for its end';
    const error = new SqliteError(message, { code: 'TIMEOUT' });
    this.#expire(error);
    this.#over ??= this.#aborted(error);
  }

  /** After an error that has ended the transaction every later call is told so, and why. */
  #judged(error: unknown, why: unknown): unknown {
    if (!isEnding(error) && !isLost(error)) {
      return error;
    }
    const isRefusal = error instanceof SqliteError && error.code === 'TRANSACTION_ABORTED';
    this.#over ??= isRefusal ? error : this.#aborted(why);
    return isRefusal ? this.#over : error;
  }

  #aborted(cause: unknown): SqliteError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the transaction "${this.name}" was rolled back: ${why}`;
    return new SqliteError(message, { code: 'TRANSACTION_ABORTED', cause });
  }
}

/** The statements of a transaction; used only while its function runs. */
export class Transaction extends Statements {
  /** @internal */
  override readonly begins = undefined;
  readonly #shared: Shared;
  readonly #parent: Transaction | undefined;
  readonly #gate = new Gate();
  /** What ends it before its time, and what it is a part of. */
  readonly #signals: readonly AbortSignal[];
  /** Whether its function has settled, and whether what it did was taken back. */
  #ended = false;
  #gone = false;

  /** @internal */
  constructor(shared: Shared, parent: Transaction | undefined, signal: AbortSignal | undefined) {
    super();
    const outer = parent === undefined ? [] : parent.#signals;
    this.#signals = signal === undefined ? outer : [...outer, signal];
    this.#shared = shared;
    this.#parent = parent;
  }

  /** @internal */
  override get dates(): Dates {
    return this.#shared.connection.dates;
  }

  /** @internal */
  override async send<Name extends Asked>(
    ask: Ask<Name>,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Name]['answers']> {
    if (this.#ended) {
      throw closed(this.#shared.name);
    }
    const send = (end: AbortSignal | undefined) =>
      this.#gate.pass(() => this.#ask<Name>(ask, sql, end), end);
    return limited({ signal }, send, this.#signals);
  }

  /**
   * A part of this transaction, of which all takes effect or nothing: a savepoint. Other calls of
   * this transaction wait until `work` has settled.
   *
   * Rejects with what `work` throws, or as it was given up, after that part was rolled back; the
   * rest goes on, unless a statement that writes was stopped: that ends the whole transaction.
   */
  async transaction<T>(work: Work<T>, options: CallOptions = {}): Promise<T> {
    checkOptions(options, CALL_OPTIONS);
    checkWork(work);
    if (this.#ended) {
      throw closed(this.#shared.name);
    }
    const run = async (signal: AbortSignal | undefined) => {
      const level = this.#shared.nextLevel();
      await this.#exec(level.begin);
      return runLevel(new Transaction(this.#shared, this, signal), level, work);
    };
    return limited(options, (signal) => this.#gate.take(() => run(signal), signal));
  }

  /** @internal */
  override together<T>(work: Work<T>, options: CallOptions): Promise<T> {
    return this.transaction(work, options);
  }

  /** Does something, and waits for it no longer than the transaction lasts. @internal */
  unlessOver<T>(work: () => Promise<T> | T): Promise<T> {
    this.#throwIfAborted();
    return Promise.race([work(), this.#shared.expired, ...this.#signals.map(whenAborted)]);
  }

  /** What was asked for before goes before; once it has begun, nothing gives it up. @internal */
  async commit({ commit }: Level): Promise<void> {
    this.#ended = true;
    const begin = async () => {
      this.#throwIfAborted();
      return this.#exec(commit);
    };
    await Promise.race([this.#gate.pass(begin), this.#shared.expired]);
  }

  /** What SQLite has rolled back by itself needs nothing. @internal */
  async rollBack({ rollback }: Level): Promise<void> {
    this.#ended = true;
    if (this.isGone) {
      return;
    }
    this.#gone = true;
    const { channel, session } = this.#shared.connection;
    const request = { operation: 'exec', session, sql: rollback, inside: true } as const;
    try {
      await channel.request<'exec'>(request, rollback);
    } catch (error) {
      this.#shared.spoil(error);
    }
  }

  /** Whether it was taken back, by itself or with what it is a part of. @internal */
  get isGone(): boolean {
    return this.#gone || this.#parent?.isGone === true;
  }

  async #ask<Name extends Asked>(
    ask: Ask<Name>,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Name]['answers']> {
    if (this.isGone) {
      throw closed(this.#shared.name);
    }
    return this.#shared.ask<Name>(ask, sql, signal);
  }

  #exec(sql: string): Promise<undefined> {
    return this.#ask<'exec'>({ operation: 'exec', sql }, sql, undefined);
  }

  #throwIfAborted(): void {
    for (const signal of this.#signals) {
      signal.throwIfAborted();
    }
  }
}

/** Whether the connection is gone, and its transaction with it. */
function isLost(error: unknown): boolean {
  return error instanceof SqliteError && error.code === 'CONNECTION_LOST';
}

function closed(name: string): SqliteError {
  return new SqliteError(`the transaction "${name}" is over`, { code: 'CLOSED' });
}
