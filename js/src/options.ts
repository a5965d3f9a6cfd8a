// Options: their defaults, and loud checks on names and types. Used by the public functions.

import { SqliteError } from './errors.js';
import type {
  EngineChoice,
  Int64,
  JournalMode,
  Limits,
  LogLine,
  Sharing,
  TestHooks,
  TransactionMode,
  WireOpenOptions,
} from './protocol.js';
import type { RowShape } from './rows.js';
import { type Dates, describe } from './values.js';

/** Where a build comes from. */
export type WasmSource = string | URL | ArrayBuffer | Uint8Array<ArrayBuffer> | WebAssembly.Module;

/** A worker of the application's own: its address, itself, or what makes it. */
export type GivenWorker = string | URL | Worker | (() => Worker);

/** Where and how the engine runs. */
export interface EngineOptions {
  /**
   * Which engine runs; default `'auto'`: `'jspi'` where the browser has it, else `'asyncify'`.
   * One that cannot run here rejects with `ENGINE_UNAVAILABLE`.
   *
   * `'sync'` runs the build of `'jspi'` in any browser, without ever suspending it: as small and as
   * fast, where there is no JSPI. It takes a worker, and can do what `db.info.can` says; a call
   * that needs more rejects with `ENGINE_CANNOT_SUSPEND`. It never shares files among tabs.
   */
  readonly engine?: EngineChoice;
  /**
   * Whether the engine runs in a worker, of this page or of all pages as `db.info.sharing` says;
   * default `true` in a Window.
   * `false` runs it in place, on asynchronous file handles. Elsewhere it always runs in place.
   *
   * In a Window also a worker of your own, which calls `serve` of `anchorite/worker`. What is made
   * from a URL or by a function ends with its last connection; connections to one database share
   * it where they give the same function or URL. A `Worker` stays yours, and serves any number of
   * databases. `WORKER_LOAD_FAILED` if its script fails or does not call `serve` within 30 s.
   */
  readonly worker?: boolean | GivenWorker;
  /**
   * Where the builds come from, if not from beside the package's script: a URL (relative to the
   * page), the bytes, or the compiled module of each, of the same version. Default: its own files.
   * Whoever starts an engine decides for all that share it. A module cannot be handed to an owner
   * that serves all pages, which is in another process: `INVALID_OPTION`.
   */
  readonly wasm?: {
    /** For engines with JSPI, and for `'sync'`. */
    readonly jspi?: WasmSource;
    /** For all others. */
    readonly asyncify?: WasmSource;
  };
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
  /** Whether foreign keys are enforced; default `true`. */
  readonly foreignKeys?: boolean;
  /**
   * Bounds on what SQL may ask for; default: a text, BLOB or row has at most 256 MiB, and all else
   * is as SQLite has it. Beyond one, a call rejects with `SQLITE_TOOBIG` or `SQLITE_ERROR`.
   */
  readonly limits?: Limits;
  /**
   * Called with what SQLite logs while it serves this connection, soon after it has: a WAL that was
   * recovered, a damaged page, a statement that fails. `open` throws `UNSUPPORTED` where there is
   * no BroadcastChannel.
   */
  readonly onLog?: (line: LogLine) => void;
  /** Abandons an `open` that waits: it rejects with the signal's reason, and nothing stays open. */
  readonly signal?: AbortSignal;
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

/** Told how far a transfer is: bytes so far, and in all, as far as that is known. */
export type TransferProgress = (bytes: number, total: number | undefined) => void;

/** Options of what transfers a whole database; one that is given up leaves nothing behind. */
export interface TransferOptions extends CallOptions {
  /** Called after each piece, of about 1 MiB. */
  readonly onProgress?: TransferProgress;
}

/** Options of `importDatabase`. */
export interface ImportOptions extends EngineOptions, TransferOptions {
  /** Whether a database of that name may be replaced; default `false`. */
  readonly overwrite?: boolean;
}

/** What an export may be. */
export interface Exported {
  /** In memory, at once. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the browser likes to keep it, with the type `application/vnd.sqlite3`. */
  blob: Blob;
  /** As it is read; what is committed meanwhile is not in it. */
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Options of `Database.export`; `onProgress` is not for bytes; `signal` ends a stream too. */
export interface ExportOptions<As extends keyof Exported = keyof Exported> extends TransferOptions {
  /**
   * What it resolves to; default `'bytes'`, all in memory. `'blob'` and `'stream'` take little
   * memory, whatever the size.
   */
  readonly as?: As;
  /**
   * Whether the mark of WAL is left out, so that also a program that cannot write beside the file
   * can read it; default `false`: byte for byte what is here.
   */
  readonly portable?: boolean;
}

/** Options of `Database.backupTo`. */
export interface BackupOptions extends TransferOptions {
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

/** Options of `iterate`; `timeout` is that of each batch. */
export interface IterateOptions<Shape extends RowShape = RowShape> extends RowOptions<Shape> {
  /**
   * How many rows come from the engine at once; default 1000, or fewer if they have many bytes.
   * While one batch is taken the next one comes, so twice as many are at hand at most.
   */
  readonly batchRows?: number;
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
  /**
   * Called with the number of statements that are done, after each 100 of them, and at the end.
   * Then they go to the engine in so many messages, still as one transaction, begun in its mode.
   */
  readonly onProgress?: (statements: number) => void;
}

/** Options of `insertMany`. */
export interface InsertOptions extends CallOptions {
  /** How many rows go to the engine at once; default 1000, or fewer if they have many bytes. */
  readonly batchRows?: number;
  /** Called after each batch, with the number of rows that are in. */
  readonly onProgress?: (rows: number) => void;
}

/** Options of `Database.createFunction`. */
export interface FunctionOptions {
  /** How many arguments it takes, up to 127; default: any number. */
  readonly arity?: number;
  /**
   * Whether it always answers the same to the same arguments; default `false`. SQLite may then call
   * it less often.
   */
  readonly deterministic?: boolean;
  /**
   * How long, in ms, its answer is waited for before the statement fails; default 30 000. Where
   * `db.info.sharing` is `'owner'` it is 5000 at most, since all databases of that owner wait.
   */
  readonly functionTimeout?: number;
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

/** The most arguments that a function can be declared with. */
const ARITY_MAX = 127;

/**
 * What a value must be: of a type or a class, one of several, an integer from a first to a last
 * one, or an object whose own values keep the rules of their names.
 */
type Rule =
  | string
  | readonly unknown[]
  | { readonly from: number; readonly to: number }
  | { readonly parts: readonly string[] | undefined };

const COUNT: Rule = { from: 0, to: DURATION_MAX };
const BYTES: Rule = { from: 0, to: Number.MAX_SAFE_INTEGER };
const SOURCE: Rule = 'string or URL or ArrayBuffer or Uint8Array or WebAssembly.Module';

/** Those of all options and limits; any other is a `COUNT`. */
const RULES: Readonly<Record<string, Rule>> = {
  engine: ['auto', 'jspi', 'asyncify', 'sync'],
  worker: 'boolean or string or URL or Worker or function',
  wasm: { parts: ['jspi', 'asyncify'] },
  jspi: SOURCE,
  asyncify: SOURCE,
  overwrite: 'boolean',
  sharing: ['shared', 'owner', 'hand-over', 'exclusive'],
  testHooks: 'object',
  journalMode: ['wal', 'delete', 'truncate', 'persist', 'memory', 'off'],
  durability: ['full', 'relaxed'],
  readonly: 'boolean',
  pageSize: [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536],
  tempMemory: BYTES,
  storage: ['opfs', 'memory'],
  create: 'boolean',
  int64: ['auto', 'bigint', 'throw'],
  dates: ['text', 'ms'],
  as: ['bytes', 'blob', 'stream'],
  portable: 'boolean',
  chunkSize: { from: 1, to: DURATION_MAX },
  tables: 'Array',
  onConflict: 'string or object or function',
  cacheSize: BYTES,
  foreignKeys: 'boolean',
  // Which there are is known to the engine.
  limits: { parts: undefined },
  rows: ['object', 'array', 'scalar', 'named'],
  key: 'Array',
  mode: ['deferred', 'immediate', 'exclusive'],
  name: 'string',
  idleTimeout: { from: 1, to: DURATION_MAX },
  batchRows: { from: 1, to: BATCH_ROWS_MAX },
  onLog: 'function',
  onProgress: 'function',
  arity: { from: 0, to: ARITY_MAX },
  deterministic: 'boolean',
  directOnly: 'boolean',
  functions: 'object',
  aggregates: 'object',
  collations: 'object',
  functionTimeout: { from: 1, to: DURATION_MAX },
  signal: 'AbortSignal',
  timeout: { from: 1, to: DURATION_MAX },
};

/** The options that every function takes that starts an engine. */
const ENGINE_OPTIONS: readonly string[] = ['engine', 'worker', 'wasm', 'testHooks'];

/** The options that every call takes. */
export const CALL_OPTIONS: readonly string[] = ['signal', 'timeout'];

/** The options of those that are both. */
export const FILE_OPTIONS: readonly string[] = [...ENGINE_OPTIONS, ...CALL_OPTIONS];

/** The options of `open`. */
const OPEN_OPTIONS: readonly string[] = [
  ...ENGINE_OPTIONS,
  ...['sharing', 'journalMode', 'durability', 'readonly', 'pageSize', 'busyTimeout', 'tempMemory'],
  ...[
    'storage',
    'create',
    'int64',
    'dates',
    'cacheSize',
    'foreignKeys',
    'limits',
    'onLog',
    'signal',
  ],
];

/** What would change a database, and so contradicts `readonly`. */
const CHANGING: readonly (keyof OpenOptions)[] = ['journalMode', 'durability', 'pageSize'];

/** What an engine has to know of the options of `open`; how it shares is not for them to say. */
export interface Checked {
  readonly wire: Omit<WireOpenOptions, 'sharing' | 'log'>;
  readonly dates: Dates;
}

/** Checks the options of `open`, and how they go together. */
export function checkOpenOptions(options: OpenOptions): Checked {
  checkOptions(options, OPEN_OPTIONS);
  const { journalMode, durability, readonly = false, create = true, int64 = 'auto' } = options;
  const { pageSize, busyTimeout, tempMemory, cacheSize, dates, limits, foreignKeys } = options;
  const contradicts = CHANGING.find((name) => options[name] !== undefined);
  if (readonly && contradicts !== undefined) {
    throw invalid(`option "${contradicts}" cannot go with "readonly"`);
  }
  const relaxed = durability === 'relaxed';
  if (relaxed && (journalMode ?? 'wal') !== 'wal') {
    throw invalid(`durability "relaxed" is for WAL, not for journal mode "${journalMode}"`);
  }
  const rest = { pageSize, tempMemory, cacheSize, foreignKeys, limits };
  const wire = { journalMode, relaxed, readonly, create, int64, busyTimeout, ...rest };
  return { wire, dates };
}

/** Checks the options of `export`. */
export function checkExport<As extends keyof Exported>(
  options: ExportOptions<As>,
): { readonly as: keyof Exported; readonly portable: boolean } {
  const { as = 'bytes', portable = false } = options;
  const more = as === 'bytes' ? [] : ['onProgress'];
  checkOptions(options, [...CALL_OPTIONS, 'as', 'portable', ...more]);
  return { as, portable };
}

/**
 * Refuses unknown options, naming the one that was probably meant, and values that break their
 * rule, naming that. `within`: of which option they are a part.
 */
export function checkOptions(options: unknown, allowed?: readonly string[], within = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const what = within === '' ? 'options' : `option "${within}"`;
    throw invalid(`${what} must be an object, not ${describe(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    const name = within === '' ? key : `${within}.${key}`;
    if (allowed?.includes(key) === false) {
      throw invalid(`there is no option "${name}"${suggest(key, allowed)}`);
    }
    if (value !== undefined) {
      checkValue(name, value, RULES[key] ?? COUNT);
    }
  }
}

function checkValue(name: string, value: unknown, rule: Rule): void {
  if (typeof rule === 'object' && 'parts' in rule) {
    checkOptions(value, rule.parts, name);
  } else if (!fits(value, rule)) {
    throw invalid(`option "${name}" cannot be ${describe(value)}; it is ${words(rule)}`);
  }
}

type Plain = Exclude<Rule, { readonly parts: unknown }>;

function fits(value: unknown, rule: Plain): boolean {
  if (typeof rule === 'string') {
    const kinds = [typeof value, Object.prototype.toString.call(value).slice(8, -1)];
    return value !== null && rule.split(' or ').some((kind) => kinds.includes(kind));
  }
  if ('from' in rule) {
    const { from, to } = rule;
    return Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
  }
  return rule.includes(value);
}

function words(rule: Plain): string {
  if (typeof rule === 'string') {
    return rule;
  }
  return 'from' in rule ? `an integer from ${rule.from} to ${rule.to}` : rule.join(' or ');
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
