// A database as the caller has it. Made by `open`; everything it does is one request.

import { type ChangeListener, Changes } from './changes.js';
import type { Channel } from './client.js';
import { canShareFiles, connectTo } from './client.js';
import type * as Copies from './copy.js';
import { SqliteError } from './errors.js';
import type { Own, SqlFunction } from './functions.js';
import { Gate } from './gate.js';
import { limited } from './limit.js';
import { type Log, listenLog } from './log.js';
import {
  type BackupOptions,
  CALL_OPTIONS,
  type Checked,
  checkExport,
  checkOpenOptions,
  checkOptions,
  type Exported,
  type ExportOptions,
  type FunctionOptions,
  type OpenOptions,
  type TransactionOptions,
  type VacuumOptions,
} from './options.js';
import { part } from './parts.js';
import type {
  Can,
  Context,
  Durable,
  EngineName,
  Operation,
  Operations,
  Request,
  Sharing,
  Stats,
  StorageKind,
  TransactionMode,
  Who,
  WireOpenOptions,
} from './protocol.js';
import { type Ask, type Asked, Statements } from './statements.js';
import {
  type Connection,
  checkTransaction,
  defaultMode,
  runTransaction,
  type Work,
} from './transaction.js';
import { checkFunction, type Dates, describe } from './values.js';

/** What runs, where, and what it can do. */
export interface DatabaseInfo {
  /** What runs: a build, and how it waits. */
  readonly engine: EngineName;
  /** Why that one. */
  readonly reason: string;
  /** What keeps the bytes: OPFS by one of its two kinds of handle, or memory. */
  readonly storage: StorageKind;
  /**
   * What an acknowledged commit survives at `durability: 'full'`: a loss of power, or only the end
   * of the browser's process; `'none'` in memory.
   */
  readonly durable: Durable;
  /** Where the engine runs. */
  readonly context: Context;
  /**
   * How other contexts have the database as well: `'shared'`, each with its own engine at the same
   * time; `'owner'`, through one engine that serves all pages; `'hand-over'`, each with its own
   * engine, in turn; `'exclusive'`, not while this one has it.
   */
  readonly sharing: Sharing;
  /** Why so. */
  readonly sharingReason: string;
  /** For instance `3.54.1`. */
  readonly sqliteVersion: string;
  /** Size of the wasm file that runs, uncompressed. */
  readonly wasmBytes: number;
  /** What this release can do in this engine. */
  readonly can: Can;
}

/**
 * Opens a database, creating it if there is none.
 *
 * `name` is a path in OPFS (`'notes.db'`, `'app/main.db'`), or `':memory:'`.
 * Opened again in this page with the same `engine` and `worker`, it is another connection to the
 * same database: readers beside one writer in WAL, transactions and temporary tables of its own.
 * Unless `db.info.sharing` is `'exclusive'`, that holds for all pages of the origin. Then one
 * context at a time can have a database open; while another has it, `open` waits up to
 * `busyTimeout`.
 *
 * Rejects with `SQLITE_BUSY`, `OUTDATED`, `SQLITE_NOTADB`, `SQLITE_CANTOPEN`, `OPFS_UNAVAILABLE`,
 * `ENGINE_UNAVAILABLE`, `ENGINE_CANNOT_SUSPEND`, `WASM_LOAD_FAILED`, `WORKER_LOAD_FAILED`,
 * `UNSUPPORTED`, `INVALID_NAME` or `INVALID_OPTION`; and with the reason of `signal`.
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  checkName(name);
  const checked = checkOpenOptions(options);
  if (name === MEMORY && options.storage === 'opfs') {
    const message = `option "storage" cannot be "opfs" with the name "${MEMORY}"`;
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  options.signal?.throwIfAborted();
  const path = options.storage === 'memory' ? MEMORY : name;
  const work = () => openNow(name, path, options, checked);
  const opening = path === MEMORY ? work() : inTurn(name, work);
  return options.signal === undefined ? opening : unlessAborted(opening, options.signal);
}

/** Waits no longer than the signal wants; what is opened all the same is closed. */
async function unlessAborted(opening: Promise<Database>, signal: AbortSignal): Promise<Database> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    opening.then((db) => db.close()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The name of a database in memory; each is one of its own. */
const MEMORY = ':memory:';

/** The last open under way in this page, by name. */
const turns = new Map<string, Promise<Database>>();

/**
 * Of two opens of one name, the first gets the database first, however long its engine takes to
 * start: frameworks that mount twice open, close and open again without waiting.
 */
async function inTurn(name: string, work: () => Promise<Database>): Promise<Database> {
  const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
  turns.set(name, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(name) === turn) {
      turns.delete(name);
    }
  }
}

async function openNow(
  name: string,
  path: string,
  options: OpenOptions,
  checked: Checked,
): Promise<Database> {
  const reached = await connectTo(path === MEMORY ? undefined : path, options);
  const { channel, started, shared, joined } = reached;
  const { wire, dates } = checked;
  const { onLog, signal } = options;
  let log: Log | undefined;
  try {
    signal?.throwIfAborted();
    log = onLog && listenLog(onLog);
    // What a database in memory attaches are files.
    const sharing = sharingOfFiles(path, shared.sharing, options);
    const wanted = { ...wire, sharing, log: log?.name };
    const request = { operation: 'open', name: path, options: wanted } as const;
    const { session, storage, durable } = await channel.request<'open'>(request, undefined, signal);
    const connection = { channel, session, dates, readonly: wire.readonly };
    return new Database(connection, name, { ...started, ...shared, storage, durable }, log);
  } catch (error) {
    log?.end();
    channel.end();
    // The worker that had the database has died, and nobody had noticed yet.
    if (joined && isGone(error)) {
      return openNow(name, path, options, checked);
    }
    throw error;
  }
}

/** How the files are shared that an engine opens; what a database in memory attaches are files. */
function sharingOfFiles(
  name: string,
  sharing: Sharing,
  options: OpenOptions,
): WireOpenOptions['sharing'] {
  if (name === MEMORY) {
    return canShareFiles(options) ? 'shared' : 'alone';
  }
  return sharing === 'shared' || sharing === 'hand-over' ? sharing : 'alone';
}

/** Which strings can be names is decided in vfs/src/path.rs. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || /\p{Surrogate}/u.test(name)) {
    const message = `a database name must be a well-formed string, not ${describe(name)}`;
    throw new SqliteError(message, { code: 'INVALID_NAME' });
  }
}

/** Whether an error says that the engine is no more: there is nothing left to close. */
function isGone(error: unknown): boolean {
  return error instanceof SqliteError && ['WORKER_DIED', 'ENGINE_FAILED'].includes(error.code);
}

/** The symbol of `await using`, or nothing where TypeScript's library does not know it. */
type AsyncDisposeKey = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? Key
  : never;

/** `[Symbol.asyncDispose]`, an alias of `close`, where the symbol exists. */
type AsyncDispose = { readonly [Key in AsyncDisposeKey]: () => Promise<void> };

export interface Database extends AsyncDispose {}

/** An open database. Calls are carried out in the order in which they are made. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the property is defined at the end
export class Database extends Statements {
  /** The name it was opened by. */
  readonly name: string;
  /** What runs, where, and what it can do. */
  readonly info: DatabaseInfo;
  readonly #connection: Connection;
  readonly #channel: Channel;
  readonly #session: number;
  readonly #gate = new Gate();
  readonly #changes: Changes;
  readonly #log: Log | undefined;
  readonly #ended = new AbortController();
  readonly #functions: Own = new Map();
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(connection: Connection, name: string, info: DatabaseInfo, log: Log | undefined) {
    super();
    const { channel, session } = connection;
    this.#connection = connection;
    this.#channel = channel;
    this.#session = session;
    this.name = name;
    this.info = info;
    this.#log = log;
    this.#changes = new Changes({
      name,
      inMemory: info.storage === 'memory',
      shared: info.sharing === 'shared' || info.sharing === 'hand-over',
      isOwn: (who) => this.made(who),
      sequence: () => channel.request<'sequence'>({ operation: 'sequence', session }),
    });
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Aborted by `close`. @internal */
  get ending(): AbortSignal {
    return this.#ended.signal;
  }

  /** Whether it was this connection. @internal */
  made(who: Who): boolean {
    return this.#channel.made(this.#session, who);
  }

  /** @internal */
  override get dates(): Dates {
    return this.#connection.dates;
  }

  /** @internal */
  override get begins(): TransactionMode {
    return defaultMode(this.#connection);
  }

  /** @internal */
  override send<Name extends Asked>(
    ask: Ask<Name>,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Name]['answers']> {
    const request = { ...ask, session: this.#use(), inside: false } as unknown;
    return this.#request<Name>(request as Extract<Request, { operation: Name }>, sql, signal);
  }

  /** @internal */
  override together<T>(work: Work<T>, options: TransactionOptions): Promise<T> {
    return this.transaction(work, options);
  }

  /**
   * Runs `work` in a transaction: begun before it, committed when it is done, rolled back if it
   * throws. What it does by `tx` is inside; all other calls of this database wait until it has
   * settled, so a call of the database in `work` must not be waited for there.
   *
   * Resolves to what `work` does. Rejects with what it throws, or with what kept the transaction
   * from its begin or commit: `SQLITE_BUSY`; `SQLITE_ERROR` where `exec` has begun one;
   * `TRANSACTION_ABORTED` if SQLite has rolled it back by itself, even if `work` has swallowed the
   * error, which is the `cause`; `TIMEOUT` after `idleTimeout` or `timeout`; and with the reason of
   * `signal`, which count until the commit begins. In each case nothing has taken effect, unless
   * `work` has ended the transaction by a statement. Calls by `tx` reject with
   * `TRANSACTION_ABORTED` once it is rolled back, and with `CLOSED` once it has settled.
   */
  async transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    checkTransaction(work, options);
    this.#use();
    return limited(options, (signal) => {
      const run = () => runTransaction(this.#connection, work, options, signal);
      return this.#gate.take(run, signal);
    });
  }

  /**
   * Makes a function of this connection for SQL to call: `SELECT embed(text) FROM note`. It runs
   * here, in this context, and may take its time; the statement, and all connections of its engine,
   * wait for it meanwhile, so it must not wait for any of them. Its arguments are what rows have,
   * its answer what parameters may be; nothing is NULL.
   *
   * The SQL of a call may use it, but nothing in a schema may: no view, trigger, index, default or
   * generated column. It may be called more often than there are rows, also again after an error.
   *
   * What it throws fails the statement with `SQLITE_ERROR`: the message names the function, and
   * `cause` has the words. So does no answer within `functionTimeout`. Rejects with `INVALID_NAME`,
   * `INVALID_OPTION`, and `SQLITE_BUSY` while statements run that might use a former one.
   */
  async createFunction(
    name: string,
    answer: SqlFunction,
    options: FunctionOptions = {},
  ): Promise<void> {
    const session = this.#use();
    // Later calls wait until it is there.
    await this.#gate.take(async () => {
      const { create } = await part('functions');
      await create(this.#functions, [name, answer, options, this.dates], (takes) =>
        this.#channel.request({ operation: 'createFunction', session, ...takes }),
      );
    });
  }

  /**
   * Resolves to the whole database as its file would be: one consistent snapshot, as bytes, a Blob
   * or a stream.
   *
   * A Blob and a stream are of what is committed now. They are made from a copy in temporary
   * storage, so a stream that is read slowly, or not at all, holds up nobody. It ends with an error
   * when the database is closed; cancel it if you do not read it to its end.
   *
   * Rejects with `SQLITE_BUSY`, `SQLITE_FULL` where there is no room for the copy, `SQLITE_NOMEM`
   * for bytes that do not fit memory, and with the reason of `signal`.
   */
  async export<As extends keyof Exported = 'bytes'>(
    options: ExportOptions<As> = {},
  ): Promise<Exported[As]> {
    const { as, portable = false } = checkExport(options);
    const session = this.#use();
    const source = { channel: this.#channel, session };
    return limited(options, (signal) => {
      if (as === 'bytes') {
        const request = { operation: 'export', session, portable } as const;
        return this.#request<'export'>(request, undefined, signal) as never;
      }
      return this.#copy((copies) => copies.exportAs(as, source, options, signal), signal) as never;
    });
  }

  /**
   * Copies what is committed now to another database of the origin, which is there as a whole or
   * not at all; meanwhile this one can be read and, in WAL, written to by anybody.
   *
   * Rejects with `EXISTS` for a name that is taken and no `overwrite`, `INVALID_NAME`,
   * `SQLITE_BUSY` when a database of that name is open for 5 s, `SQLITE_FULL`, and with the reason
   * of `signal`.
   */
  async backupTo(name: string, options: BackupOptions = {}): Promise<void> {
    checkName(name);
    checkOptions(options, [...CALL_OPTIONS, 'onProgress', 'overwrite']);
    const source = { channel: this.#channel, session: this.#use() };
    await limited(options, (signal) =>
      this.#copy((copies) => copies.backUp(source, name, options, signal), signal),
    );
  }

  /** Calls that come later wait until it has begun, so they keep their order. */
  async #copy<T>(
    begin: (copies: typeof Copies) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const loading = async () => [begin(await part('copy'))] as const;
    const [begun] = await this.#gate.take(loading, signal);
    return begun;
  }

  /** Resolves to what was counted of this connection, its database and its engine. */
  async stats(): Promise<Stats> {
    return this.#request<'stats'>({ operation: 'stats', session: this.#use() });
  }

  /**
   * Rebuilds the file without gaps, and with another page size if one is given.
   *
   * SQLite cannot change the page size in WAL, so the database leaves WAL for that time, which
   * rejects with `SQLITE_BUSY` while it has other connections. Also rejects in a transaction.
   */
  async vacuum(options: VacuumOptions = {}): Promise<void> {
    checkOptions(options, ['pageSize', ...CALL_OPTIONS]);
    const { pageSize } = options;
    const request = { operation: 'vacuum', session: this.#use(), pageSize } as const;
    await limited(options, (signal) => this.#request<'vacuum'>(request, undefined, signal));
  }

  /**
   * From now on calls `listener` after each commit to this database, whichever connection, tab or
   * worker of the origin has made it; returns a function that ends this. Commits that come shortly
   * one after the other are told one by one, in order, and soon after they were made.
   *
   * What is told is complete: if it is not known what has changed, or if anything was missed, it is
   * that anything may have. Attached databases have listeners of their own connections. What is
   * committed in WAL under `PRAGMA locking_mode = EXCLUSIVE`, while nobody else reads, may not be
   * told. Throws `UNSUPPORTED` where there is no BroadcastChannel, `CLOSED`, and
   * `INVALID_PARAMETER` for what is no function.
   */
  onChange(listener: ChangeListener): () => void {
    this.#use();
    checkFunction(listener, 'a listener');
    const stop = this.#changes.add(listener);
    // What later calls commit is heard.
    void this.#gate.take(() => this.#changes.ready);
    return stop;
  }

  /**
   * Closes the database after the calls made before; an open transaction is rolled back.
   * Closing twice is fine. Later calls reject with `CLOSED`.
   */
  close(): Promise<void> {
    this.#changes.end();
    this.#ended.abort();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#request<'close'>({ operation: 'close', session: this.#session });
    } catch (error) {
      // What is gone is closed.
      if (!isGone(error)) {
        throw error;
      }
    } finally {
      this.#log?.end();
      this.#channel.end();
      if (this.#functions.size > 0) {
        (await part('functions')).withdraw(this.#functions);
      }
    }
  }

  /** Not while a transaction has the connection. */
  #request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']> {
    return this.#gate.pass(() => this.#channel.request<Name>(request, sql, signal), signal);
  }

  #use(): number {
    if (this.closed) {
      throw new SqliteError(`the database "${this.name}" is closed`, { code: 'CLOSED' });
    }
    return this.#session;
  }
}

// `await using` works where the engine knows it; no global is patched where it does not.
const asyncDispose: unknown = (Symbol as { asyncDispose?: unknown }).asyncDispose;
if (typeof asyncDispose === 'symbol') {
  Object.defineProperty(Database.prototype, asyncDispose, {
    configurable: true,
    value(this: Database): Promise<void> {
      return this.close();
    },
  });
}
