// What the harness, the page and the tabs of the tabs' benchmark say to each other: types only.
// Imported by wire.ts; it must not import anything but types.
import type { Calls } from './wire';

/**
 * Who is measured: ours with files that contexts share, behind one owner, and for itself in one
 * tab; wa-sqlite's `OPFSWriteAheadVFS` as it comes but for `synchronous`, the same with
 * `lazy_lock=read`, and its `OPFSCoopSyncVFS`.
 */
export type TabsSubject =
  | 'shared'
  | 'owner'
  | 'exclusive'
  | 'write-ahead'
  | 'write-ahead-read'
  | 'coop-sync';

export type TabsWorkload = 'tabs-increment' | 'tabs-read' | 'tabs-point' | 'tabs-handover';

/** What one tab does while a subject has its turn. */
export type Role = 'write' | 'read';

/** What a tab is asked to do with its connection of one subject. */
export type TabRequest =
  | { readonly step: 'open'; readonly database: string }
  | { readonly step: 'fill'; readonly rows: number }
  | {
      readonly step: 'run';
      readonly role: Role;
      /** Operations begin until then. */
      readonly milliseconds: number;
      readonly rows: number;
      readonly seed: number;
      /** Whether all calls of the browser's are counted, which costs a little at each. */
      readonly counted: boolean;
    }
  | { readonly step: 'count' }
  | { readonly step: 'check' }
  | { readonly step: 'close' }
  | { readonly step: 'forget'; readonly database: string };

/** What a tab did in its turn. */
export interface TabRun {
  /** Acknowledged. */
  readonly operations: number;
  readonly milliseconds: number;
  /** The longest of them. */
  readonly worst: number;
  /** Calls for durability that its context made; nothing where the engine is in another one. */
  readonly syncs: number | undefined;
  /** How often an operation was refused and made again. */
  readonly busy: number;
  /** Calls of the browser's by method, if they were counted. */
  readonly calls: Readonly<Record<string, Calls>>;
}

/** One round of one subject. */
export interface TabsRound {
  /** Of every tab, in the order of its roles. */
  readonly runs: readonly TabRun[];
  /** Of `tabs-handover`: times in ms, by name. */
  readonly times: Readonly<Record<string, number>>;
}

/** One workload over the subjects that take part, and what each tab does in it. */
export interface TabsHeat {
  readonly workload: TabsWorkload;
  readonly subjects: readonly TabsSubject[];
  readonly roles: readonly Role[];
  readonly rows: number;
}

export type TabsJob =
  | { readonly step: 'tabs-prepare'; readonly heat: TabsHeat }
  | {
      readonly step: 'tabs-round';
      readonly heat: TabsHeat;
      readonly number: number;
      readonly milliseconds: number;
      readonly counted: boolean;
    }
  | { readonly step: 'tabs-finish'; readonly heat: TabsHeat };
