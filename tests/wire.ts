// What the harness and the page say to each other: types only, imported by both sides.
// It must not import anything but types, and holds no code but a few lists and the name of a cell.
import type { TabsJob } from './bench-tabs-wire';
import type { FuzzJob } from './fuzz-wire';
import type { LargeRequest } from './large-wire';
import type { SuiteRequest } from './suite/wire';
import type { TortureRequest } from './torture-wire';

export type Browser = 'chromium' | 'firefox' | 'webkit';
/** What runs: a build, or the plain one that never suspends. */
export type Twin = Build | 'sync';
export type Build = 'jspi' | 'asyncify';

/** Where the library runs: behind its own worker, in place in the window, in place in a worker. */
export type Context = 'worker' | 'window' | 'inside';

export interface Cell {
  readonly browser: Browser;
  readonly twin: Twin;
  readonly context: Context;
}

/** What the harness does to the browser between two phases of a test. */
export const ACTIONS = ['reload', 'closeTab', 'killBrowser'] as const;
export type Action = (typeof ACTIONS)[number];

/** 'refused': a browser in which OPFS is refused (private mode, or switched off). */
export type Launch = 'plain' | 'refused';

export interface TestInfo {
  readonly id: string;
  readonly actions: readonly Action[];
  /** Runs beside the other tests of its cell, because it mostly waits. */
  readonly background: boolean;
  readonly launch: Launch;
  /** Indexes into the cells the harness asked about. */
  readonly cells: readonly number[];
}

export type Command =
  | { readonly type: 'list'; readonly cells: readonly Cell[] }
  | {
      readonly type: 'run';
      readonly test: string;
      readonly phase: number;
      readonly cell: Cell;
      readonly previous: unknown;
    }
  | {
      readonly type: 'peer';
      readonly test: string;
      readonly cell: Cell;
      readonly argument: unknown;
    }
  | { readonly type: 'measure'; readonly job: MeasureJob }
  | { readonly type: 'probe'; readonly step: (typeof PROBE_STEPS)[number] }
  | { readonly type: 'torture'; readonly request: TortureRequest }
  | { readonly type: 'large'; readonly request: LargeRequest }
  | { readonly type: 'suite'; readonly request: SuiteRequest }
  | { readonly type: 'wire'; readonly job: FuzzJob }
  | { readonly type: 'reload' }
  | { readonly type: 'go'; readonly url: string };

/** What the probe of the medium does, in this order; see page/probe.ts. */
export const PROBE_STEPS = [
  'first use',
  'create file',
  'writable: open',
  'writable: write',
  'writable: close',
  'access handle: open',
  'access handle: write',
  'access handle: flush',
  'access handle: truncate',
  'access handle: flush after truncate',
  'access handle: write, then close',
  'second file',
  'move onto another file',
  'remove',
  'IndexedDB: open',
  'IndexedDB: relaxed put',
  'IndexedDB: strict put',
] as const;

/**
 * What is measured side by side: both builds of ours; the official npm package over its
 * `opfs-sahpool`, as it comes and with a WAL at two page sizes; that and two VFSes of wa-sqlite as
 * a page has them, in a worker behind messages; the browser's bare calls.
 */
export type Subject =
  | Twin
  | 'solo'
  | 'sahpool'
  | 'sahpool-wal'
  | 'sahpool-wal-8k'
  | 'page-sahpool'
  | 'page-wa-pool'
  | 'page-wa-coop'
  | 'floor';

/**
 * `page-…`: called from the page, over the messages of a worker; `cpu-…` and `fts-…`: SQLite's own
 * code.
 */
export type Workload =
  | 'autocommit'
  | 'relaxed-commit'
  | 'point'
  | 'reads'
  | 'page-point'
  | 'page-burst'
  | 'page-scan'
  | 'page-bulk'
  | 'cpu-aggregate'
  | 'cpu-join'
  | 'cpu-sort'
  | 'cpu-index'
  | 'cpu-update'
  | 'cpu-delete'
  | 'cpu-vacuum'
  | 'fts-build'
  | 'fts-match'
  | 'async-commit';

/** One workload over the subjects that take part in it. */
export interface Heat {
  readonly workload: Workload;
  readonly subjects: readonly Subject[];
}

/** A step of a measurement; the harness decides how many rounds there are. */
export type MeasureJob =
  | TabsJob
  | { readonly step: 'twins'; readonly twins: readonly Twin[]; readonly rounds: number }
  | { readonly step: 'cancels'; readonly twins: readonly Twin[]; readonly count: number }
  | { readonly step: 'prepare'; readonly heat: Heat; readonly rows: number }
  | {
      readonly step: 'round';
      readonly heat: Heat;
      readonly chunks: number;
      /** Operations of a chunk. */
      readonly count: number;
      readonly seed: number;
    }
  | { readonly step: 'finish'; readonly heat: Heat };

/** Calls of one method of the browser's, and the bytes they moved. */
export interface Calls {
  readonly calls: number;
  readonly bytes: number;
}

/** What one subject did in one round. */
export interface Measured {
  /** µs per operation, one figure a chunk. */
  readonly chunks: readonly number[];
  /** Operations of each chunk. */
  readonly operations: number;
  /** Calls that made something durable, over all chunks. */
  readonly syncs: number;
  /** Calls of a chunk that was counted and not timed, by method. */
  readonly calls: Readonly<Record<string, Calls>>;
}

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly stack: string };

/** What a page that drives the console tells of a step; with no name there are no more. */
export interface DrivenStep {
  readonly name: string;
  readonly milliseconds: number;
  readonly fault: string | undefined;
}

/** The tests run in 'main'; 'peer' is a second tab, 'strict' one with a stricter policy. */
export const TABS = ['strict', 'peer', 'main'] as const;
export type Tab = (typeof TABS)[number];

export function cellId(cell: Cell): string {
  return `${cell.browser}-${cell.twin}-${cell.context}`;
}
