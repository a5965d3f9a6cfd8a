// The messages between a page and an engine elsewhere: types only, no code. Imported by both ends;
// imports nothing. docs/protocol.md explains them and carries this file's hash.

/** Which engine to run; `auto` lets the loader decide. */
export type EngineChoice = 'auto' | EngineName;

/** A build and how it waits; `sync` is the plain build, which does not. */
export type EngineName = 'jspi' | 'asyncify' | 'sync';

/** Where the builds come from: a URL, bytes, or compiled; else they lie beside the worker. */
export interface WireWasm {
  readonly jspi: string | BufferSource | WebAssembly.Module | undefined;
  readonly asyncify: string | BufferSource | WebAssembly.Module | undefined;
}

/** Where the engine runs. */
export type Context = 'window' | 'dedicated-worker' | 'shared-worker' | 'service-worker' | 'node';

/** What keeps the bytes. */
export type StorageKind = 'opfs-sync' | 'opfs-async' | 'directory' | 'memory';

/** What a commit that was acknowledged survives; `none`: it is in memory. */
export type Durable = 'power-loss' | 'process' | 'none';

/** Where a transaction is kept until it is in the database file. */
export type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist' | 'memory' | 'off';

/**
 * What an INTEGER becomes: a number where that is exact and else a bigint; always a bigint; always
 * a number, with an error where that is not exact.
 */
export type Int64 = 'auto' | 'bigint' | 'throw';

/** When a transaction takes its locks: as it needs them; at once, for writing or for everything. */
export type TransactionMode = 'deferred' | 'immediate' | 'exclusive';

/**
 * Bounds on what SQL may ask for: SQLite's limits, https://sqlite.org/limits.html. A limit may not
 * be above the one that SQLite was compiled with.
 */
export interface Limits {
  /** Bytes of a text, a BLOB or a row; default 268 435 456 (256 MiB). */
  readonly length?: number;
  /** Bytes of a statement's text; default 1 000 000 000. */
  readonly sqlLength?: number;
  /** Columns of a table, an index or a result; default 2000. */
  readonly columns?: number;
  /** How deeply expressions nest; default 1000. */
  readonly exprDepth?: number;
  /** How deeply the parser's stack grows; default 2500. */
  readonly parserDepth?: number;
  /** Terms of a compound SELECT; default 500. */
  readonly compoundSelect?: number;
  /** Instructions of a compiled statement; default 250 000 000. */
  readonly vdbeOp?: number;
  /** Arguments of a function; default 1000. */
  readonly functionArg?: number;
  /** Attached databases; default 10. */
  readonly attached?: number;
  /** Bytes of a pattern of LIKE and GLOB; default 50 000. */
  readonly likePatternLength?: number;
  /** The highest number of a parameter; default 32 766. */
  readonly variableNumber?: number;
  /** How deeply triggers call triggers; default 1000. */
  readonly triggerDepth?: number;
  /** Statements of a trigger; default 65 000. */
  readonly triggerSteps?: number;
  /** Tables, indexes, triggers and views; default 10 000 000. */
  readonly schema?: number;
}

/** How a connection is opened: checked. What is `undefined` has its default in Rust. */
export interface WireOpenOptions {
  readonly journalMode: JournalMode | undefined;
  readonly relaxed: boolean;
  readonly readonly: boolean;
  /** Whether a database is made where there is none. */
  readonly create: boolean;
  /** Bytes. */
  readonly cacheSize: number | undefined;
  readonly int64: Int64;
  /** Bytes. */
  readonly pageSize: number | undefined;
  /** In ms. */
  readonly busyTimeout: number | undefined;
  /** Bytes. */
  readonly tempMemory: number | undefined;
  readonly foreignKeys: boolean | undefined;
  /** The channel on which it is told what SQLite logs, if anybody wants to know. */
  readonly log: string | undefined;
  readonly limits: Limits | undefined;
  /** Whether other contexts may have it open: at the same time, or in turn. */
  readonly sharing: 'alone' | 'shared' | 'hand-over';
}

/** An open connection. */
export interface Opened {
  readonly session: number;
  readonly storage: StorageKind;
  readonly durable: Durable;
}

/** A value on the wire: checked, and safe to clone. */
export type WireValue = null | number | bigint | string | Uint8Array;

/** Parameters by position, or by name. */
export type WireParams =
  | { readonly named: false; readonly values: readonly WireValue[] }
  | { readonly named: true; readonly values: readonly (readonly [string, WireValue])[] };

/** Rows of one statement, each with one value per column. */
export type RowBatch = FewRows | PackedRows;

/** Few values as they are, row after row. */
export interface FewRows {
  readonly columns: readonly string[];
  readonly cells: readonly WireValue[];
}

/** Rows in batches of bytes, as crates/wasm/src/rows.rs draws them, and what is apart from them. */
export interface PackedRows {
  readonly columns: readonly string[];
  readonly batches: readonly Uint8Array<ArrayBuffer>[];
  readonly apart: readonly Uint8Array<ArrayBuffer>[];
}

/** Some rows of a cursor, and whether no more are left. */
export type Pulled = { readonly rows: RowBatch; readonly done: boolean };

/** A line of SQLite's log. */
export interface LogLine {
  /** The extended result code: for instance `SQLITE_NOTICE_RECOVER_WAL`. */
  readonly code: string;
  /** In SQLite's words. */
  readonly message: string;
}

/** A lock of a database that a context of the origin holds. */
export interface Holder {
  /**
   * `database`: it has it open. In WAL, where several contexts share it: `write`, `checkpoint`,
   * and `read 0` to `read 4` for readers, also if they only keep it for a moment.
   */
  readonly lock: string;
  /** In words: its page, where it runs, how it shares the database, and since when. */
  readonly who: string;
}

/** What was counted; numbers without a unit are times. */
export interface Stats {
  /** The page cache of this connection, in pages since it was opened; `bytes`: now. */
  readonly cache: {
    /** That were found in it. */
    readonly hits: number;
    /** That had to be read. */
    readonly misses: number;
    /** That were written. */
    readonly writes: number;
    /** Those of them that were made before the end of a transaction, for want of room. */
    readonly spills: number;
    /** How much memory it takes. */
    readonly bytes: number;
  };
  /** The compiled statements of this connection, those that are kept among them. */
  readonly statements: {
    /** How much memory they take. */
    readonly bytes: number;
  };
  /** The schema that this connection has read. */
  readonly schema: {
    /** How much memory it takes. */
    readonly bytes: number;
  };
  /** Calls of file handles by the engine that serves this connection, since it was started. */
  readonly files: {
    /** How often was read. */
    readonly reads: number;
    /** How much that was. */
    readonly readBytes: number;
    /** How often was written. */
    readonly writes: number;
    /** How much that was. */
    readonly writtenBytes: number;
    /** How often what was written was made durable. */
    readonly flushes: number;
  };
  /** How often that engine has waited for the browser: opening, locks, asynchronous files. */
  readonly suspensions: number;
  /** How often a call had to wait for another connection or context. */
  readonly lockWaits: number;
  /** The memory of that engine, which grows and never shrinks. */
  readonly memory: {
    /** All of it, used or not. */
    readonly bytes: number;
  };
  /** The WAL, as far as this engine knows; `undefined` in any other journal mode. */
  readonly wal:
    | {
        /** Of the file. */
        readonly bytes: number;
        /** The last frame that was committed; a frame is one page. */
        readonly frames: number;
        /** The last one that is in the database file too. */
        readonly checkpointed: number;
        /** The frame that the oldest reader of this engine keeps from being overwritten. */
        readonly oldestReader: number | undefined;
      }
    | undefined;
  /** Who holds which lock of the database. */
  readonly holders: readonly Holder[];
  /** Whether this connection has a transaction open: by `BEGIN`, a savepoint, or `transaction`. */
  readonly transaction: boolean;
}

/** What a statement has done. */
export interface RunResult {
  /** Rows inserted, updated or deleted by it, not by triggers and foreign keys; else 0. */
  readonly changes: number;
  /** The rowid of the last row that the connection has inserted, in whichever table; at first 0. */
  readonly lastInsertRowid: number | bigint;
}

/** A column of a statement's rows; where it comes from, unless it is computed. */
export interface Column {
  /** Its name in the rows: what `AS` says, or what SQLite calls it. */
  readonly name: string;
  /** The type in the table's definition, as it is written there. */
  readonly declaredType: string | undefined;
  /** The name of its database: `main`, `temp`, or what `ATTACH` says. */
  readonly database: string | undefined;
  /** The name of its table, not of a view on that. */
  readonly table: string | undefined;
  /** Its name in the table. */
  readonly column: string | undefined;
}

/** What a statement is. */
export interface Description {
  readonly columns: readonly Column[];
  /** Names with their marks, in order; those of `?` have none. */
  readonly parameters: readonly (string | undefined)[];
  /** Whether it changes nothing. */
  readonly onlyReads: boolean;
  readonly reads: ReadSet;
}

/** What a statement may read. Names are in lower case, of ASCII alone, as SQLite compares them. */
export interface ReadSet {
  /** Tables with their databases, where those are known; `undefined`: any table. */
  readonly tables: readonly (readonly [string | undefined, string])[] | undefined;
  /** The databases of the connection with their files; `''` in memory. */
  readonly files: readonly (readonly [string, string])[];
}

/** One statement with its parameters. */
export interface WireStatement {
  readonly sql: string;
  readonly params: WireParams;
}

/** On a connection; `inside`: as a part of a transaction, and refused where none is open. */
export interface Place {
  session: number;
  inside: boolean;
}

/** What a connection keeps open under a key that the page has made, until it is released. */
export interface HeldPlace extends Place {
  key: string;
}

/** Where a blob is. */
export interface WireBlobPlace {
  schema: string;
  table: string;
  column: string;
  rowid: number | bigint;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** What becomes of a change that does not fit. */
export type ConflictAction = 'omit' | 'replace' | 'abort';

/** A change that does not fit; what is `undefined` is not known, or does not apply. */
export type Conflict =
  | {
      /** The row has other values; is not there; is there already; breaks a constraint. */
      readonly kind: 'data' | 'notFound' | 'conflict' | 'constraint';
      /** Its name. */
      readonly table: string;
      /** What the change does. */
      readonly operation: 'insert' | 'update' | 'delete';
      /** The names of its columns. */
      readonly primaryKey: readonly string[];
      /** What was in the row before the change, where it was made. */
      readonly old: Readonly<Record<string, WireValue>> | undefined;
      /** What the change puts there. */
      readonly new: Readonly<Record<string, WireValue>> | undefined;
      /** What is there now. */
      readonly current: Readonly<Record<string, WireValue>> | undefined;
    }
  | {
      /** Rows refer to what is not there. */
      readonly kind: 'foreignKey';
      /** How many. */
      readonly violations: number;
    };

/** What becomes of conflicts, by kind; what is left out is asked. */
export type ConflictPolicy = { readonly [Kind in Conflict['kind']]?: ConflictAction };

/** What came of applying a changeset: it is done; or nothing, and questions are to be answered. */
export type Applied =
  | { readonly omitted: number; readonly replaced: number }
  | {
      /** How many of the answers count. */
      readonly kept: number;
      readonly questions: readonly Conflict[];
    };

/** A copy, which the engine knows by a key that the page has made. */
export type CopyPlace = Omit<HeldPlace, 'inside'>;

/** What a copy shall be: another database, or something to be read. */
export interface CopyTarget {
  to: string | undefined;
  /** Whether a database of that name may be replaced. */
  overwrite: boolean;
  /** Whether it is without the mark of WAL. */
  portable: boolean;
}

/**
 * How a database is there for several contexts: open in each of them, through one owner that all of
 * them ask, open in each and used in turn, or for one context at a time.
 */
export type Sharing = 'shared' | 'owner' | 'hand-over' | 'exclusive';

/**
 * What tests fix from outside: randomness, the clock (ms), growth of memory while suspended; the
 * protocol by which files are shared; an owner of their own, by its name; after how long a cursor
 * that is not pulled is ended, and a worker that does not serve is given up (ms).
 */
export interface TestHooks {
  readonly seed?: number;
  readonly now?: number;
  readonly growOnSuspend?: boolean;
  readonly protocol?: number;
  readonly owner?: string;
  readonly cursorTimeout?: number;
  readonly serveTimeout?: number;
}

/** Whether the page is seen; one that is frozen does nothing until it is seen again. */
export type PageState = 'visible' | 'hidden' | 'frozen';

/** What an engine can do; a call that needs more rejects with `ENGINE_CANNOT_SUSPEND`. */
export interface Can {
  /** Whether a running statement can be cancelled by a signal; at its time limit it ends anyway. */
  readonly cancel: boolean;
  /** Whether SQL functions may return promises. */
  readonly asyncFunctions: boolean;
  /** Whether it waits for a database that is open elsewhere. */
  readonly waitForLocks: boolean;
}

/** Which build was loaded, why, and what it is. */
export interface Started {
  readonly engine: EngineName;
  /** Of this one instance. */
  readonly engineId: string;
  readonly reason: string;
  readonly context: Context;
  readonly sqliteVersion: string;
  readonly wasmBytes: number;
  readonly can: Can;
  /** The build, compiled; not from an owner, which shares no memory with pages. */
  readonly module?: WebAssembly.Module;
}

/** Each operation: what it takes, what it answers. */
export interface Operations {
  start: {
    /** `page`: the path of the page that uses the engine; empty if many do. */
    takes: { engine: EngineChoice; wasm: WireWasm | undefined; testHooks: TestHooks; page: string };
    answers: Started;
  };
  open: { takes: { name: string; options: WireOpenOptions }; answers: Opened };
  exec: { takes: Place & { sql: string }; answers: undefined };
  /** `first`: no more than one row. */
  query: { takes: Place & WireStatement & { first: boolean }; answers: RowBatch };
  run: { takes: Place & WireStatement; answers: RunResult };
  /**
   * One statement for each of many rows of `width` values, packed as crates/wasm/src/packed.rs
   * reads them; `first` is the number of the first one. Answers the number of changed rows.
   */
  rows: {
    takes: Place & { sql: string; rows: Uint8Array<ArrayBuffer>; width: number; first: number };
    answers: number;
  };
  /** All in one transaction, or as a part of one, if that is to `begin` nothing. */
  batch: {
    takes: Place & { statements: readonly WireStatement[]; begin: TransactionMode | undefined };
    answers: readonly (readonly [RowBatch, RunResult])[];
  };
  /** That the page answers to calls of its `function`; `timeout` is in ms. */
  createFunction: {
    takes: {
      session: number;
      function: number;
      name: string;
      arity: number | undefined;
      deterministic: boolean;
      timeout: number;
    };
    answers: undefined;
  };
  describe: { takes: Place & { sql: string }; answers: Description };
  /**
   * A new cursor, by a number that no other one of the page has, and its first rows: no more than
   * `count` of them.
   */
  iterate: {
    takes: Place & WireStatement & { cursor: number; count: number };
    answers: Pulled;
  };
  pull: { takes: Place & { cursor: number; count: number }; answers: Pulled };
  /** No more of its rows are wanted. */
  endCursor: { takes: Place & { cursor: number }; answers: undefined };
  /** Answers the size of the blob in bytes. */
  blobOpen: { takes: HeldPlace & WireBlobPlace & { writes: boolean }; answers: number };
  blobRead: {
    takes: HeldPlace & { from: number; count: number };
    answers: Uint8Array<ArrayBuffer>;
  };
  blobWrite: {
    takes: HeldPlace & { from: number; bytes: Uint8Array<ArrayBuffer> };
    answers: undefined;
  };
  /** Of these tables, or all; answers those that cannot be recorded. */
  record: { takes: HeldPlace & { tables: readonly string[] | undefined }; answers: string[] };
  recorded: { takes: HeldPlace & { patchset: boolean }; answers: Uint8Array<ArrayBuffer> };
  /** `bytes` the first time only; then `answers` are those to all questions so far that count. */
  apply: {
    takes: HeldPlace & {
      bytes: Uint8Array<ArrayBuffer> | undefined;
      tables: readonly string[] | undefined;
      policy: ConflictPolicy;
      answers: readonly ConflictAction[];
    };
    answers: Applied;
  };
  invert: { takes: HeldPlace & { bytes: Bytes }; answers: Bytes };
  concat: { takes: HeldPlace & { bytes: Bytes; more: Bytes }; answers: Bytes };
  /** Ends what is kept under the key, if anything is. */
  release: { takes: HeldPlace; answers: undefined };
  /** `portable`: without the mark of WAL. */
  export: { takes: { session: number; portable: boolean }; answers: Uint8Array<ArrayBuffer> };
  /**
   * Of what is committed now, as the database `to`, or to be read; from now on known by `key`.
   * Answers how many bytes it will have.
   */
  copyBegin: { takes: CopyPlace & CopyTarget; answers: number };
  /** Copies on; answers how many bytes are copied. */
  copyStep: { takes: CopyPlace; answers: number };
  /** Answers the next bytes, none at the end. */
  copyRead: { takes: CopyPlace; answers: Uint8Array<ArrayBuffer> };
  /** Puts it in place, once all is copied. */
  copyFinish: { takes: CopyPlace & { to: string }; answers: undefined };
  /** Removes what is left of it. */
  copyEnd: { takes: CopyPlace; answers: undefined };
  vacuum: { takes: { session: number; pageSize: number | undefined }; answers: undefined };
  sequence: { takes: { session: number }; answers: number | undefined };
  stats: { takes: { session: number }; answers: Stats };
  close: { takes: { session: number }; answers: undefined };
  importBegin: { takes: { name: string; overwrite: boolean }; answers: number };
  importAppend: { takes: { import: number; bytes: Uint8Array<ArrayBuffer> }; answers: undefined };
  importFinish: { takes: { import: number; name: string }; answers: undefined };
  importAbandon: { takes: { import: number }; answers: undefined };
  pageState: { takes: { state: PageState }; answers: undefined };
  list: { takes: object; answers: string[] };
  delete: { takes: { name: string }; answers: boolean };
  rename: { takes: { name: string; to: string }; answers: undefined };
}

/** The name of an operation. */
export type Operation = keyof Operations;

/** One operation with its arguments. */
export type Request = {
  [Name in Operation]: { readonly operation: Name } & Readonly<Operations[Name]['takes']>;
}[Operation];

/** A connection of all that the contexts of an origin have. */
export interface Who {
  readonly engineId: string;
  readonly session: number;
}

/**
 * Engine to all contexts of the origin: one connection has made these commits to a database, whose
 * numbers follow each other, up to 2^32 - 1 and then from 0 on.
 */
export interface Commits extends Who {
  readonly database: string;
  readonly first: number;
  readonly last: number;
  /** What may have changed; `undefined`: anything. */
  readonly tables: readonly string[] | undefined;
}

/**
 * As `Commits`: something is another for one connection alone, in the database that it knows by
 * this name: temporary tables, databases in memory, what was rolled back.
 */
export interface OwnChange extends Who {
  readonly schema: string;
  /** As in `Commits`. */
  readonly tables: readonly string[] | undefined;
}

/** What engines tell. */
export type Heard = Commits | OwnChange;

/** Page to worker: those of one turn in one array. docs/protocol.md has the order of requests. */
export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
  /** If the page may give it up: whether only for its time, and after how many ms that is over. */
  readonly stop: { readonly timed: boolean | undefined; readonly limit: number } | undefined;
}

/** Page to worker: it gives up a request, which is answered all the same. */
export type CancelMessage = { readonly cancel: number };

/** Worker to page, among the answers: SQL calls a function of it. */
export interface CallMessage {
  readonly call: number;
  readonly function: number;
  readonly args: readonly WireValue[];
}

/** Page to worker: what came of that; `thrown` are the words of an error. */
export type AnswerMessage =
  | { readonly called: number; readonly value: WireValue }
  | { readonly called: number; readonly thrown: string };

/** Page to worker, those of one turn in one array. */
export type ToEngine = RequestMessage | CancelMessage | AnswerMessage;

/** An error on the wire. */
export interface WireError {
  readonly code: string;
  readonly extendedCode: string;
  readonly message: string;
  readonly offset: number | undefined;
  readonly cause: string | undefined;
  /** Whether the transaction that the request belonged to is over. */
  readonly ended: boolean;
}

/** Worker to page: once, when it can take requests; `life` names a lock it holds until it dies. */
export type ReadyMessage = { readonly ready: true; readonly life: string };

/** Worker to page: the outcome of a request; those of one turn in one array. */
export type ReplyMessage =
  | { readonly id: number; readonly value: Operations[Operation]['answers'] }
  | { readonly id: number; readonly error: WireError };

/** Page to SharedWorker, on a port of its own: its first message. */
export interface JoinMessage {
  readonly database: string;
  /** A lock that the page holds until it is done, or dead. */
  readonly client: string;
  readonly engine: EngineChoice;
  readonly wasm: WireWasm | undefined;
  /** The life of an owner that is of no use to the page any more. */
  readonly dead: string | undefined;
}

/**
 * What comes back on that port. `heard`, `made`: how far it has come. `elsewhere`: another
 * SharedWorker has the owner. `life`, as in `ReadyMessage`: from now on it takes requests.
 */
export type JoinedMessage =
  | { readonly step: 'heard' | 'made' | 'elsewhere' }
  | { readonly step: 'joined'; readonly life: string; readonly started: Started }
  | { readonly step: 'refused'; readonly error: WireError };

/** Owner to page, also in an array: the same, and whether its connection has a transaction open. */
export type OwnerReplyMessage = ReplyMessage & { readonly transaction: boolean };

/** SharedWorker to the worker that it has started: with the port of a page. */
export type ClientMessage = { readonly join: JoinMessage };

/** That worker to the SharedWorker, once: it takes ports, or there is an owner elsewhere. */
export type OwnerReadyMessage = { readonly life: string | undefined };
