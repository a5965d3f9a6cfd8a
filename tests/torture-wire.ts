// What the kill campaign and the page say to each other, beside wire.ts: types only, but for two
// lists. It must not import anything but wire.ts.
import type { Twin } from './wire';

/** What a victim does to its database; see page/torture/workload.ts. */
export const WORKLOADS = ['wal', 'delete', 'truncate', 'persist', 'attach', 'import'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** `async`: the victim's worker refuses synchronous handles, so the library falls back. */
export const HANDLES = ['sync', 'async'] as const;
export type Handles = (typeof HANDLES)[number];

/** Before the real call, with the call under way (a write half done), or after it. */
export type Moment = 'before' | 'during' | 'after';

/** The call at which the victim stops for good. */
export interface Target {
  /** Method and kind of file, as in "write wal". */
  readonly step: string;
  /** Counted from 1. */
  readonly occurrence: number;
  readonly moment: Moment;
}

/** A database under torture, and who writes to it how. */
export interface Writer {
  readonly database: string;
  readonly workload: WorkloadName;
  readonly handles: Handles;
  readonly twin: Twin;
  /** Whether other tabs have it open meanwhile. */
  readonly sharing?: 'shared' | 'hand-over';
}

/** What is known of a database from outside: it holds a state between these two. */
export interface Bounds {
  /** The last transaction that was acknowledged; -1 for none, not even the first. */
  readonly acknowledged: number;
  /** The last one that may have been under way. */
  readonly begun: number;
}

export type TortureRequest =
  /** One victim: until it stops at its target, or through `transactions` of them. */
  | {
      readonly type: 'victim';
      readonly writer: Writer;
      readonly target?: Target | undefined;
      readonly transactions: number;
      readonly bounds: Bounds;
    }
  /** Writers that go on until the browser is killed, acknowledging to the harness. */
  | { readonly type: 'writeOn'; readonly writers: readonly Writer[]; readonly inWindow: boolean }
  /** The oracle's view of a database. */
  | {
      readonly type: 'verify';
      readonly writer: Writer;
      readonly bounds: Bounds;
      readonly inWindow: boolean;
    }
  | { readonly type: 'remove'; readonly database: string };

/** How often each step was taken. */
export type Counts = Readonly<Record<string, number>>;

export interface VictimEnd {
  /** False: it went through its transactions without meeting its target. */
  readonly stopped: boolean;
  readonly counts: Counts;
  readonly bounds: Bounds;
}

export interface Verdict {
  /** The state found; -1 for a database without content. */
  readonly state: number;
  /** From the end of the victim, if this page ended it, to the database being open. */
  readonly openMs: number;
  /** What is wrong with it, if anything: lost, corrupt, partial, or an open that failed. */
  readonly trouble: string | undefined;
}
