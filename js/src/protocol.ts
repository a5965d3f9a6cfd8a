// The messages between a page and an engine elsewhere: types only, no code. Imported by both ends;
// imports nothing. docs/protocol.md explains them and carries this file's hash.

/** Which build to run; `auto` lets the loader decide. */
export type EngineChoice = 'auto' | 'jspi' | 'asyncify';

/** The builds there are. */
export type EngineName = Exclude<EngineChoice, 'auto'>;

/** Where the engine runs. */
export type Context = 'window' | 'dedicated-worker' | 'shared-worker' | 'service-worker';

/** What keeps the bytes. */
export type StorageKind = 'opfs-sync' | 'opfs-async' | 'memory';

/** What a commit that was acknowledged survives; `none`: it is in memory. */
export type Durable = 'power-loss' | 'process' | 'none';

/** Where a transaction is kept until it is in the database file. */
export type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist' | 'memory' | 'off';

/** How a connection is opened: checked. What is `undefined` has its default in Rust. */
export interface WireOpenOptions {
  readonly journalMode: JournalMode | undefined;
  readonly relaxed: boolean;
  readonly readonly: boolean;
  /** Bytes. */
  readonly pageSize: number | undefined;
  /** In ms. */
  readonly busyTimeout: number | undefined;
  /** Bytes. */
  readonly tempMemory: number | undefined;
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

/** Rows of one statement; each row has one value per column. */
export interface RowBatch {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly WireValue[])[];
}

/**
 * How a database is there for several contexts: open in each of them, through one owner that all of
 * them ask, open in each and used in turn, or for one context at a time.
 */
export type Sharing = 'shared' | 'owner' | 'hand-over' | 'exclusive';

/**
 * What tests fix from outside: randomness, the clock (ms), growth of memory while suspended; the
 * protocol by which files are shared; an owner of their own, by its name.
 */
export interface TestHooks {
  readonly seed?: number;
  readonly now?: number;
  readonly growOnSuspend?: boolean;
  readonly protocol?: number;
  readonly owner?: string;
}

/** Whether the page is seen; one that is frozen does nothing until it is seen again. */
export type PageState = 'visible' | 'hidden' | 'frozen';

/** Which build was loaded, why, and what it is. */
export interface Started {
  readonly engine: EngineName;
  /** Of this one instance. */
  readonly engineId: string;
  readonly reason: string;
  readonly context: Context;
  readonly sqliteVersion: string;
  readonly wasmBytes: number;
}

/** Each operation: what it takes, what it answers. */
export interface Operations {
  start: {
    /** `page`: the path of the page that uses the engine; empty if many do. */
    takes: { engine: EngineChoice; testHooks: TestHooks; page: string };
    answers: Started;
  };
  open: { takes: { name: string; options: WireOpenOptions }; answers: Opened };
  exec: { takes: { session: number; sql: string }; answers: undefined };
  query: { takes: { session: number; sql: string; params: WireParams }; answers: RowBatch };
  export: { takes: { session: number }; answers: Uint8Array<ArrayBuffer> };
  vacuum: { takes: { session: number; pageSize: number | undefined }; answers: undefined };
  sequence: { takes: { session: number }; answers: number | undefined };
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

/**
 * Engine to all contexts of the origin: one connection has made these commits to a database, whose
 * numbers follow each other, up to 2^32 - 1 and then from 0 on.
 */
export interface Commits {
  readonly engineId: string;
  readonly session: number;
  readonly database: string;
  readonly first: number;
  readonly last: number;
  /** What may have changed; `undefined`: anything. */
  readonly tables: readonly string[] | undefined;
}

/** Page to worker. The order in which requests are carried out is in docs/protocol.md. */
export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

/** An error on the wire. */
export interface WireError {
  readonly code: string;
  readonly extendedCode: string;
  readonly message: string;
  readonly offset: number | undefined;
  readonly cause: string | undefined;
}

/** Worker to page: once, when it can take requests; `life` names a lock it holds until it dies. */
export interface ReadyMessage {
  readonly ready: true;
  readonly life: string;
}

/** Worker to page: the outcome of a request. */
export type ReplyMessage =
  | { readonly id: number; readonly value: Operations[Operation]['answers'] }
  | { readonly id: number; readonly error: WireError };

/** Page to SharedWorker, on a port of its own: its first message. */
export interface JoinMessage {
  readonly database: string;
  /** A lock that the page holds until it is done, or dead. */
  readonly client: string;
  readonly engine: EngineChoice;
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

/** Owner to page: the outcome of a request, and whether its connection has a transaction open. */
export type OwnerReplyMessage = ReplyMessage & { readonly transaction: boolean };

/** SharedWorker to the worker that it has started: with the port of a page. */
export interface ClientMessage {
  readonly join: JoinMessage;
}

/** That worker to the SharedWorker, once: it takes ports, or there is an owner elsewhere. */
export interface OwnerReadyMessage {
  readonly life: string | undefined;
}
