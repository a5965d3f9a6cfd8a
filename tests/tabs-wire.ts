// What the torture of tabs and a page say to each other, beside wire.ts: types only.
// It must not import anything but wire.ts and torture-wire.ts.
import type { TortureRequest } from './torture-wire';
import type { Twin } from './wire';

/** The ways of sharing a database that are tortured. */
export type Way = 'shared' | 'owner' | 'hand-over';

/** How a tab opens its database. */
export interface TabOptions {
  readonly engine: Twin;
  /** By default as the library chooses. */
  readonly sharing?: Way;
  /** In ms. */
  readonly busyTimeout?: number;
  /** The entry of the library, if it is not the one as it is shipped. */
  readonly entry?: string;
  /** The number by which its version shares databases, if it is another one. */
  readonly protocol?: number;
}

/** One statement with its parameters; without any it may be several statements. */
export type Statement = readonly [sql: string, ...params: (string | number)[]];

/** What a tab is asked for; each has one database open. */
export type TabRequest =
  | {
      readonly type: 'open';
      readonly database: string;
      readonly options: TabOptions;
    }
  /** One after the other, up to the first that fails. */
  | { readonly type: 'sql'; readonly statements: readonly Statement[] }
  /** Increments of a counter, each with a row of its own. */
  | { readonly type: 'count'; readonly who: number; readonly transactions: number }
  | { readonly type: 'transfer'; readonly who: number; readonly milliseconds: number }
  | { readonly type: 'audit'; readonly milliseconds: number }
  /** Rows one by one, until one is refused. */
  | { readonly type: 'insist'; readonly who: number }
  /** Writes until the tab ends or is told to stop, acknowledging to the harness. */
  | { readonly type: 'write'; readonly writer: string }
  | { readonly type: 'stop' }
  /** A victim of the kill campaign, or a look at what it left; see page/torture/kills.ts. */
  | { readonly type: 'torture'; readonly request: TortureRequest }
  /** Ends the worker of the database: this tab's own, or that of all tabs. */
  | { readonly type: 'terminate' | 'killOwner' }
  | { readonly type: 'close' }
  /** Resolves when a context waits for a lock of the database. */
  | { readonly type: 'waited'; readonly database: string }
  /** Keeps the main thread busy, by which the tab's process is found. */
  | { readonly type: 'spin'; readonly milliseconds: number }
  /** The size of a file, looked at again and again without opening it. */
  | { readonly type: 'sizes'; readonly file: string; readonly milliseconds: number };

/**
 * What `open` found, and how long it took: from when the engine was asked for the database, where
 * the tab has an engine of its own, since its start takes longer than that, and not always as long.
 */
export interface OpenedTab {
  readonly sharing: string;
  readonly engine: string;
  readonly milliseconds: number;
}

/** What came of statements. */
export interface Answer {
  /** Of the last one. */
  readonly rows: readonly Record<string, unknown>[];
  readonly milliseconds: number;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** What came of rows that were put in until one was refused. */
export interface Insisted {
  /** How many were acknowledged. */
  readonly count: number;
  readonly code: string;
}

/** How long single transactions took, in ms. */
export interface Waits {
  readonly count: number;
  readonly p99: number;
  readonly max: number;
}
