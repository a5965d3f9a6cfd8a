// A database as the caller has it. Made by `open`; everything it does is one request.

import type { Channel } from './client.js';
import { connect } from './client.js';
import { SqliteError } from './errors.js';
import { checkOptions, ENGINE_OPTIONS, type OpenOptions } from './options.js';
import type { Context, EngineName, StorageKind } from './protocol.js';
import { checkParams, checkSql, type Params, type Row, toObjects } from './values.js';

/** What runs, where, and what it can do. */
export interface DatabaseInfo {
  /** The build that runs. */
  readonly engine: EngineName;
  /** Why that one. */
  readonly reason: string;
  /** What keeps the bytes: OPFS by one of its two kinds of handle, or memory. */
  readonly storage: StorageKind;
  /** Where the engine runs. */
  readonly context: Context;
  /** For instance `3.54.1`. */
  readonly sqliteVersion: string;
  /** Size of the wasm file that runs, uncompressed. */
  readonly wasmBytes: number;
  /** What this release can do in this engine. */
  readonly can: {
    /** Whether a running statement can be cancelled. */
    readonly cancel: boolean;
    /** Whether SQL functions may return promises. */
    readonly asyncFunctions: boolean;
    /** Whether it waits for a database that is open elsewhere. */
    readonly waitForLocks: boolean;
  };
}

/**
 * Opens a database, creating it if there is none.
 *
 * `name` is a path in OPFS (`'notes.db'`, `'app/main.db'`), or `':memory:'`.
 * One context at a time can have a database open; while another has it, `open` waits up to 5 s.
 *
 * Rejects with `SQLITE_BUSY`, `SQLITE_NOTADB`, `OPFS_UNAVAILABLE`, `ENGINE_UNAVAILABLE`,
 * `WASM_LOAD_FAILED`, `WORKER_LOAD_FAILED`, `INVALID_NAME` or `INVALID_OPTION`.
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  checkName(name);
  checkOptions(options, ENGINE_OPTIONS);
  return name === MEMORY ? openNow(name, options) : inTurn(name, () => openNow(name, options));
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

async function openNow(name: string, options: OpenOptions): Promise<Database> {
  const [channel, started] = await connect(options);
  try {
    const { session, storage } = await channel.request<'open'>({ operation: 'open', name });
    const can = { cancel: false, asyncFunctions: false, waitForLocks: true };
    return new Database(channel, session, name, { ...started, storage, can });
  } catch (error) {
    channel.end();
    throw error;
  }
}

/** Which strings can be names is decided in vfs/src/path.rs. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || /\p{Surrogate}/u.test(name)) {
    throw new SqliteError('a database name must be a well-formed string', { code: 'INVALID_NAME' });
  }
}

/** After these errors there is nothing left to close. */
const GONE: readonly string[] = ['WORKER_DIED', 'ENGINE_FAILED'];

/** The symbol of `await using`, or nothing where TypeScript's library does not know it. */
type AsyncDisposeKey = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? Key
  : never;

/** `[Symbol.asyncDispose]`, an alias of `close`, where the symbol exists. */
type AsyncDispose = { readonly [Key in AsyncDisposeKey]: () => Promise<void> };

export interface Database extends AsyncDispose {}

/** An open database. Calls are carried out in the order in which they are made. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the property is defined at the end
export class Database {
  /** The name it was opened by. */
  readonly name: string;
  /** What runs, where, and what it can do. */
  readonly info: DatabaseInfo;
  readonly #channel: Channel;
  readonly #session: number;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(channel: Channel, session: number, name: string, info: DatabaseInfo) {
    this.#channel = channel;
    this.#session = session;
    this.name = name;
    this.info = info;
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Runs any number of statements, without parameters; rows they return are dropped.
   *
   * Rejects with the first failure; the statements before it have taken effect.
   */
  async exec(sql: string): Promise<void> {
    const request = { operation: 'exec', session: this.#use(), sql: checkSql(sql) } as const;
    await this.#channel.request<'exec'>(request, sql);
  }

  /**
   * Runs exactly one statement and resolves to its rows, in order.
   *
   * Rejects with `INVALID_SQL` for none or several statements, and with `INVALID_PARAMETER` when
   * the parameters do not fit; in both cases nothing was run.
   */
  async query<R extends Row = Row>(sql: string, params?: Params): Promise<R[]> {
    const session = this.#use();
    const wire = checkParams(params);
    const request = { operation: 'query', session, sql: checkSql(sql), params: wire } as const;
    return toObjects(await this.#channel.request<'query'>(request, sql)) as R[];
  }

  /** Resolves to the whole database as the bytes of its file: one consistent snapshot. */
  async export(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#channel.request<'export'>({ operation: 'export', session: this.#use() });
  }

  /**
   * Closes the database after the calls made before; an open transaction is rolled back.
   * Closing twice is fine. Later calls reject with `CLOSED`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#channel.request<'close'>({ operation: 'close', session: this.#session });
    } catch (error) {
      // What is gone is closed.
      if (!(error instanceof SqliteError && GONE.includes(error.code))) {
        throw error;
      }
    } finally {
      this.#channel.end();
    }
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
