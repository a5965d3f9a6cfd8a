// A transaction as a function: begun before it, committed after it, rolled back if it throws. Used
// by database.ts, which sees to it that nobody else uses the connection meanwhile.
//
//   begin ──► work(tx) ──► commit ──► its value
//                │ throws, or makes no call for too long ──► roll back ──► the error
//                │ SQLite has rolled back by itself
//                ▼
//             aborted: every later call, and the transaction, reject with TRANSACTION_ABORTED
//
// Each request says that it belongs to a transaction, and the engine refuses it where none is open.
// So nothing of it runs outside, whatever happens here. A transaction in a transaction is a
// savepoint; all levels share what is in `Shared`.

import type { Channel } from './client.js';
import { isEnding, SqliteError } from './errors.js';
import { Gate } from './gate.js';
import { checkOptions, type TransactionOptions } from './options.js';
import type { Operations, Request, TransactionMode } from './protocol.js';
import { type Ask, type Asked, Statements } from './statements.js';
import type { Dates } from './values.js';

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
): Promise<T> {
  const { mode = defaultMode(connection), name = work.name, idleTimeout } = options;
  const shared = new Shared(connection, name || 'anonymous', idleTimeout ?? IDLE_TIMEOUT_MS);
  const begin = `BEGIN ${mode.toUpperCase()}`;
  const request = { operation: 'exec', session: connection.session, sql: begin } as const;
  await connection.channel.request<'exec'>({ ...request, inside: false }, begin);
  shared.watch();
  try {
    return await runLevel(shared, { begin, commit: 'COMMIT', rollback: 'ROLLBACK' }, work);
  } finally {
    shared.end();
  }
}

/** Checks the arguments of `transaction`. */
export function checkTransaction(work: unknown, options: TransactionOptions): void {
  checkOptions(options, ['mode', 'name', 'idleTimeout']);
  if (typeof work !== 'function') {
    throw new TypeError('a transaction is a function: transaction(async (tx) => …)');
  }
}

/** When a transaction takes its locks if nobody says. */
export function defaultMode({ readonly }: Pick<Connection, 'readonly'>): TransactionMode {
  return readonly ? 'deferred' : 'immediate';
}

/** Of a level that has begun. */
async function runLevel<T>(
  shared: Shared,
  level: Level,
  work: Work<T>,
  parent?: Transaction,
): Promise<T> {
  const tx = new Transaction(shared, parent);
  try {
    const value = await Promise.race([work(tx), shared.expired]);
    await Promise.race([tx.commit(level), shared.expired]);
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
  ): Promise<Operations[Name]['answers']> {
    if (this.#over !== undefined) {
      throw this.#over;
    }
    const { channel, session } = this.connection;
    this.#calls += 1;
    clearTimeout(this.#timer);
    try {
      const request = { ...ask, session, inside: true } as unknown;
      return await channel.request<Name>(request as Extract<Request, { operation: Name }>, sql);
    } catch (error) {
      throw this.#judged(error);
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
  #judged(error: unknown): unknown {
    if (!isEnding(error) && !isLost(error)) {
      return error;
    }
    const isRefusal = error instanceof SqliteError && error.code === 'TRANSACTION_ABORTED';
    this.#over ??= isRefusal ? error : this.#aborted(error);
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
  /** Whether its function has settled, and whether what it did was taken back. */
  #ended = false;
  #gone = false;

  /** @internal */
  constructor(shared: Shared, parent: Transaction | undefined) {
    super();
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
    sql?: string,
  ): Promise<Operations[Name]['answers']> {
    if (this.#ended) {
      throw closed(this.#shared.name);
    }
    return this.#gate.pass(() => this.#ask<Name>(ask, sql));
  }

  /**
   * A part of this transaction, of which all takes effect or nothing: a savepoint. Other calls of
   * this transaction wait until `work` has settled.
   *
   * Rejects with what `work` throws, after that part was rolled back; the rest goes on.
   */
  async transaction<T>(work: Work<T>): Promise<T> {
    checkTransaction(work, {});
    if (this.#ended) {
      throw closed(this.#shared.name);
    }
    return this.#gate.take(async () => {
      const level = this.#shared.nextLevel();
      await this.#exec(level.begin);
      return runLevel(this.#shared, level, work, this);
    });
  }

  /** @internal */
  override together<T>(work: Work<T>): Promise<T> {
    return this.transaction(work);
  }

  /** What was asked for before goes before. @internal */
  async commit({ commit }: Level): Promise<void> {
    this.#ended = true;
    await this.#gate.pass(() => this.#exec(commit));
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
  ): Promise<Operations[Name]['answers']> {
    if (this.isGone) {
      throw closed(this.#shared.name);
    }
    return this.#shared.ask<Name>(ask, sql);
  }

  #exec(sql: string): Promise<undefined> {
    return this.#ask<'exec'>({ operation: 'exec', sql }, sql);
  }
}

/** Whether the connection is gone, and its transaction with it. */
function isLost(error: unknown): boolean {
  return error instanceof SqliteError && error.code === 'CONNECTION_LOST';
}

function closed(name: string): SqliteError {
  return new SqliteError(`the transaction "${name}" is over`, { code: 'CLOSED' });
}
