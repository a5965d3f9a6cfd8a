// A database as the caller has it. Made by `open`; everything it does is one request.

import { type ChangeListener, Changes } from './changes.js';
import type { Channel } from './client.js';
import { canShareFiles, connectTo } from './client.js';
import { SqliteError } from './errors.js';
import {
  type Checked,
  checkOpenOptions,
  checkOptions,
  type OpenOptions,
  type VacuumOptions,
} from './options.js';
import type {
  Context,
  Durable,
  EngineName,
  Sharing,
  StorageKind,
  WireOpenOptions,
} from './protocol.js';
import { checkParams, checkSql, type Params, type Row, toObjects } from './values.js';

/** What runs, where, and what it can do. */
export interface DatabaseInfo {
  /** The build that runs. */
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
 * Opened again in this page with the same `engine` and `worker`, it is another connection to the
 * same database: readers beside one writer in WAL, transactions and temporary tables of its own.
 * Unless `db.info.sharing` is `'exclusive'`, that holds for all pages of the origin. Then one
 * context at a time can have a database open; while another has it, `open` waits up to
 * `busyTimeout`.
 *
 * Rejects with `SQLITE_BUSY`, `OUTDATED`, `SQLITE_NOTADB`, `SQLITE_CANTOPEN`, `OPFS_UNAVAILABLE`,
 * `ENGINE_UNAVAILABLE`, `WASM_LOAD_FAILED`, `WORKER_LOAD_FAILED`, `INVALID_NAME` or
 * `INVALID_OPTION`.
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  checkName(name);
  const checked = checkOpenOptions(options);
  const work = () => openNow(name, options, checked);
  return name === MEMORY ? work() : inTurn(name, work);
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

async function openNow(name: string, options: OpenOptions, checked: Checked): Promise<Database> {
  const reached = await connectTo(name === MEMORY ? undefined : name, options);
  const { channel, started, shared, joined } = reached;
  try {
    // What a database in memory attaches are files.
    const sharing = sharingOfFiles(name, shared.sharing, options);
    const wire = { ...checked, sharing };
    const request = { operation: 'open', name, options: wire } as const;
    const { session, storage, durable } = await channel.request<'open'>(request);
    const can = { cancel: false, asyncFunctions: false, waitForLocks: true };
    return new Database(channel, session, name, { ...started, ...shared, storage, durable, can });
  } catch (error) {
    channel.end();
    // The worker that had the database has died, and nobody had noticed yet.
    if (joined && isGone(error)) {
      return openNow(name, options, checked);
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
    throw new SqliteError('a database name must be a well-formed string', { code: 'INVALID_NAME' });
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
export class Database {
  /** The name it was opened by. */
  readonly name: string;
  /** What runs, where, and what it can do. */
  readonly info: DatabaseInfo;
  readonly #channel: Channel;
  readonly #session: number;
  readonly #changes: Changes;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(channel: Channel, session: number, name: string, info: DatabaseInfo) {
    this.#channel = channel;
    this.#session = session;
    this.name = name;
    this.info = info;
    this.#changes = new Changes({
      name,
      shared: info.sharing === 'shared' || info.sharing === 'hand-over',
      isOwn: (commits) => channel.made(session, commits),
      sequence: () => channel.request<'sequence'>({ operation: 'sequence', session }),
    });
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
   * Rebuilds the file without gaps, and with another page size if one is given.
   *
   * SQLite cannot change the page size in WAL, so the database leaves WAL for that time, which
   * rejects with `SQLITE_BUSY` while it has other connections. Also rejects in a transaction.
   */
  async vacuum(options: VacuumOptions = {}): Promise<void> {
    checkOptions(options, ['pageSize']);
    const { pageSize } = options;
    await this.#channel.request<'vacuum'>({ operation: 'vacuum', session: this.#use(), pageSize });
  }

  /**
   * From now on calls `listener` after each commit to this database, whichever connection, tab or
   * worker of the origin has made it; returns a function that ends this. Commits that come shortly
   * one after the other are told one by one, in order, and soon after they were made.
   *
   * What is told is complete: if it is not known what has changed, or if anything was missed, it is
   * that anything may have. Attached databases have listeners of their own connections. What is
   * committed in WAL under `PRAGMA locking_mode = EXCLUSIVE`, while nobody else can read, may not be
   * told. Throws `UNSUPPORTED` where there is no BroadcastChannel, and `CLOSED`.
   */
  onChange(listener: ChangeListener): () => void {
    this.#use();
    return this.#changes.add(listener);
  }

  /**
   * Closes the database after the calls made before; an open transaction is rolled back.
   * Closing twice is fine. Later calls reject with `CLOSED`.
   */
  close(): Promise<void> {
    this.#changes.end();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#channel.request<'close'>({ operation: 'close', session: this.#session });
    } catch (error) {
      // What is gone is closed.
      if (!isGone(error)) {
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
