// What the harness and the page say to each other: types only, imported by both sides.
// It must not import anything but types, and holds no code but three lists and the name of a cell.
import type { TortureRequest } from './torture-wire';

export type Browser = 'chromium' | 'firefox' | 'webkit';
export type Twin = 'jspi' | 'asyncify';

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
  | { readonly type: 'measure'; readonly twins: readonly Twin[] }
  | { readonly type: 'probe'; readonly step: (typeof PROBE_STEPS)[number] }
  | { readonly type: 'torture'; readonly request: TortureRequest }
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

/** A command on its way, with the number its outcome carries back. */
export interface Numbered {
  readonly number: number;
  readonly command: Command;
}

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly stack: string };

/** The tests run in 'main'; 'peer' is a second tab, 'strict' one with a stricter policy. */
export const TABS = ['strict', 'peer', 'main'] as const;
export type Tab = (typeof TABS)[number];

export function cellId(cell: Cell): string {
  return `${cell.browser}-${cell.twin}-${cell.context}`;
}
