// Options: their defaults, and loud checks on names and types. Used by the public functions.

import { SqliteError } from './errors.js';
import type {
  EngineChoice,
  Int64,
  JournalMode,
  Sharing,
  TestHooks,
  TransactionMode,
  WireOpenOptions,
} from './protocol.js';
import type { RowShape } from './rows.js';
import type { Dates } from './values.js';

/** Where and how the engine runs. */
export interface EngineOptions {
  /**
   * Which build runs; default `'auto'`: `'jspi'` where the browser has it, else `'asyncify'`.
   * A build that cannot run here rejects with `ENGINE_UNAVAILABLE`.
   */
  readonly engine?: EngineChoice;
  /**
   * Whether the engine runs in a worker, of this page or of all pages as `db.info.sharing` says;
   * default `true` in a Window.
   * `false` runs it in place, on asynchronous file handles. Elsewhere it always runs in place.
   */
  readonly worker?: boolean;
  /** @internal */
  readonly sharing?: Sharing;
  /** @internal */
  readonly testHooks?: TestHooks;
}

/** Options of `open`. */
export interface OpenOptions extends EngineOptions {
  /**
   * What keeps the bytes; default `'opfs'`. `'memory'`: the database is one of its own under this
   * name, and is gone when it is closed; so is that of the name `':memory:'`.
   */
  readonly storage?: 'opfs' | 'memory';
  /**
   * Whether a database is made where there is none; default `true`. Otherwise `open` rejects with
   * `SQLITE_CANTOPEN`.
   */
  readonly create?: boolean;
  /**
   * What an INTEGER becomes; default `'auto'`: a number where that is exact, else a bigint.
   * `'bigint'`: always a bigint. `'throw'`: always a number; a call whose rows have one that is not
   * exact rejects with `UNSAFE_INTEGER`, though what it has changed stays changed.
   */
  readonly int64?: Int64;
  /**
   * What a `Date` among the parameters becomes: `'text'`, as `toISOString()` has it, or `'ms'`
   * since 1970, an INTEGER. Default: it is refused with `INVALID_PARAMETER`.
   */
  readonly dates?: 'text' | 'ms';
  /** The most that the page cache takes, in bytes; default 16 MiB. */
  readonly cacheSize?: number;
  /**
   * The journal mode to change to; default: WAL for a new database, any other keeps its own.
   *
   * `open` rejects with `SQLITE_BUSY` while other connections keep a database from leaving WAL,
   * and with `INVALID_OPTION` where a database cannot have the mode (`':memory:'` has no WAL).
   * In `'memory'` and `'off'` a crash in the middle of a commit may damage the database.
   */
  readonly journalMode?: JournalMode;
  /**
   * What a commit waits for; default `'full'`: until it is as durable as `db.info.durable` says.
   *
   * `'relaxed'` is `synchronous=NORMAL`, in WAL only: a loss of power may take back the latest
   * commits, each as a whole. A database in any other mode stays at `'full'`.
   */
  readonly durability?: 'full' | 'relaxed';
  /**
   * Whether nothing may be changed; default `false`. The database must be there: `open` rejects
   * with `SQLITE_CANTOPEN` if it is not. Cannot go with `journalMode`, `durability`, `pageSize`.
   */
  readonly readonly?: boolean;
  /**
   * The page size of a new database in bytes, a power of two from 512 to 65536; default 4096.
   * A database that is there keeps its own; `vacuum` changes it.
   */
  readonly pageSize?: number;
  /**
   * How long, in ms, a call waits for another connection, and `open` for another context, before
   * it rejects with `SQLITE_BUSY`; default 5000, 0 for not at all. `PRAGMA busy_timeout` sets it
   * anew for the calls after it.
   */
  readonly busyTimeout?: number;
  /**
   * How many bytes of temporary files (sorts, temporary tables, VACUUM) are kept in memory before
   * they go to OPFS; default 64 MiB. All databases of one engine share it: those opened in place,
   * or by one name. The first open decides.
   */
  readonly tempMemory?: number;
}

/** How a call is given up before its end; what was given up has not happened. */
export interface CallOptions {
  /** Gives it up when it is aborted; the call then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** After how long, in ms, it is given up and rejects with `TIMEOUT`; default: never. */
  readonly timeout?: number | undefined;
}

/** Options of `listDatabases`, `deleteDatabase` and `renameDatabase`. */
export interface FileOptions extends EngineOptions, CallOptions {}

/** Options of `importDatabase`. */
export interface ImportOptions extends FileOptions {
  /** Whether a database of that name may be replaced; default `false`. */
  readonly overwrite?: boolean;
}

/** Options of `query` and `get`. */
export interface RowOptions<Shape extends RowShape = RowShape> extends CallOptions {
  /**
   * What a row is; default `'object'`, where of columns with one name the last one counts.
   * `'array'` keeps all; `'scalar'` is the value of the first column alone.
   */
  readonly rows?: Shape;
}

/** Options of `Database.transaction`; in a transaction only those of a call. */
export interface TransactionOptions extends CallOptions {
  /**
   * When it takes its locks; default `'immediate'`: it may write from the beginning, so that
   * nothing in it meets `SQLITE_BUSY` but its begin. `'deferred'`, the default of a connection that
   * is `readonly`: as it needs them. `'exclusive'`: outside WAL nobody reads meanwhile.
   */
  readonly mode?: TransactionMode;
  /** What errors call it; default: the name of the function. */
  readonly name?: string;
  /**
   * After how long without a call, in ms, it is rolled back and rejects with `TIMEOUT`; default
   * 30 000. A transaction that nobody ends keeps all others waiting.
   */
  readonly idleTimeout?: number;
}

/** Options of `batch`. */
export interface BatchOptions extends CallOptions {
  /** As in a transaction; in one it counts for nothing. */
  readonly mode?: TransactionMode;
}

/** Options of `insertMany`. */
export interface InsertOptions extends CallOptions {
  /** How many rows go to the engine at once; default 1000, or fewer if they have many bytes. */
  readonly batchRows?: number;
  /** Called after each batch, with the number of rows that are in. */
  readonly onProgress?: (rows: number) => void;
}

/** Options of `Database.vacuum`. */
export interface VacuumOptions extends CallOptions {
  /** The new page size in bytes, a power of two from 512 to 65536; default: as it is. */
  readonly pageSize?: number;
}

/** The longest time that a timer of a browser can be set to, in ms. */
const DURATION_MAX = 2 ** 31 - 1;

/** The most rows that go to the engine at once. */
const BATCH_ROWS_MAX = 1_000_000;

const JOURNAL_MODES: readonly unknown[] = ['wal', 'delete', 'truncate', 'persist', 'memory', 'off'];
const SHARINGS: readonly unknown[] = ['shared', 'owner', 'hand-over', 'exclusive'];
const PAGE_SIZES: readonly unknown[] = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];

const isCount = (value: unknown, max: number) =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

/** Whether a value is one that an option can have. */
type Checks = Readonly<Record<string, (value: unknown) => boolean>>;

const CHECKS: Checks = {
  engine: (value) => value === 'auto' || value === 'jspi' || value === 'asyncify',
  worker: (value) => typeof value === 'boolean',
  overwrite: (value) => typeof value === 'boolean',
  sharing: (value) => SHARINGS.includes(value),
  testHooks: (value) => typeof value === 'object' && value !== null,
  journalMode: (value) => JOURNAL_MODES.includes(value),
  durability: (value) => value === 'full' || value === 'relaxed',
  readonly: (value) => typeof value === 'boolean',
  pageSize: (value) => PAGE_SIZES.includes(value),
  busyTimeout: (value) => isCount(value, DURATION_MAX),
  tempMemory: (value) => isCount(value, Number.MAX_SAFE_INTEGER),
  storage: (value) => value === 'opfs' || value === 'memory',
  create: (value) => typeof value === 'boolean',
  int64: (value) => value === 'auto' || value === 'bigint' || value === 'throw',
  dates: (value) => value === 'text' || value === 'ms',
  cacheSize: (value) => isCount(value, Number.MAX_SAFE_INTEGER),
  rows: (value) => value === 'object' || value === 'array' || value === 'scalar',
  mode: (value) => value === 'deferred' || value === 'immediate' || value === 'exclusive',
  name: (value) => typeof value === 'string',
  idleTimeout: (value) => value !== 0 && isCount(value, DURATION_MAX),
  batchRows: (value) => value !== 0 && isCount(value, BATCH_ROWS_MAX),
  onProgress: (value) => typeof value === 'function',
  signal: (value) => value instanceof AbortSignal,
  timeout: (value) => value !== 0 && isCount(value, DURATION_MAX),
};

/** The options that every function takes that starts an engine. */
const ENGINE_OPTIONS: readonly string[] = ['engine', 'worker', 'testHooks'];

/** The options that every call takes. */
export const CALL_OPTIONS: readonly string[] = ['signal', 'timeout'];

/** The options of those that are both. */
export const FILE_OPTIONS: readonly string[] = [...ENGINE_OPTIONS, ...CALL_OPTIONS];

/** The options of `open`. */
const OPEN_OPTIONS: readonly string[] = [
  ...ENGINE_OPTIONS,
  ...['sharing', 'journalMode', 'durability', 'readonly', 'pageSize', 'busyTimeout', 'tempMemory'],
  ...['storage', 'create', 'int64', 'dates', 'cacheSize'],
];

/** What would change a database, and so contradicts `readonly`. */
const CHANGING: readonly (keyof OpenOptions)[] = ['journalMode', 'durability', 'pageSize'];

/** What an engine has to know of the options of `open`; how it shares is not for them to say. */
export interface Checked {
  readonly wire: Omit<WireOpenOptions, 'sharing'>;
  readonly dates: Dates;
}

/** Checks the options of `open`, and how they go together. */
export function checkOpenOptions(options: OpenOptions): Checked {
  checkOptions(options, OPEN_OPTIONS);
  const { journalMode, durability, readonly = false, create = true, int64 = 'auto' } = options;
  const { pageSize, busyTimeout, tempMemory, cacheSize, dates } = options;
  const contradicts = CHANGING.find((name) => options[name] !== undefined);
  if (readonly && contradicts !== undefined) {
    throw invalid(`option "${contradicts}" cannot go with "readonly"`);
  }
  const relaxed = durability === 'relaxed';
  if (relaxed && (journalMode ?? 'wal') !== 'wal') {
    throw invalid(`durability "relaxed" is for WAL, not for journal mode "${journalMode}"`);
  }
  const sizes = { pageSize, tempMemory, cacheSize };
  const wire = { journalMode, relaxed, readonly, create, int64, busyTimeout, ...sizes };
  return { wire, dates };
}

/**
 * Refuses unknown options, naming the one that was probably meant, and values of another type;
 * `checks` are for options that only the caller has.
 */
export function checkOptions(
  options: unknown,
  allowed: readonly string[],
  checks: Checks = {},
): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) {
      throw invalid(`there is no option "${name}"${suggest(name, allowed)}`);
    }
    if (value !== undefined && !(checks[name] ?? CHECKS[name])?.(value)) {
      throw invalid(`option "${name}" cannot be ${JSON.stringify(value)}`);
    }
  }
}

function suggest(name: string, allowed: readonly string[]): string {
  const near = allowed.find((option) => distance(name.toLowerCase(), option.toLowerCase()) <= 2);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function invalid(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_OPTION' });
}
