// What the harness and the page say to each other in `cargo xtask torture large`: types, and the
// list of stages. It must not know what a stage does.
import type { Twin } from './wire';

/** The stages of the campaign on large databases, in this order; see page/large/stages.ts. */
export const LARGE_STAGES = [
  'fill',
  'scan',
  'ORDER BY',
  'CREATE INDEX',
  'VACUUM',
  'stream and backup',
  'temp_store = MEMORY',
  'rows and export',
  ':memory:',
  'remove',
  'beyond 4 GiB',
] as const;

export interface LargeRequest {
  readonly stage: (typeof LARGE_STAGES)[number];
  readonly twin: Twin;
  /** The size of the database. */
  readonly mib: number;
  /** What Wasm memory may grow to. */
  readonly limitMib: number;
}

/** What a stage took; the sizes are peaks. */
export interface LargeFigures {
  readonly seconds: number;
  readonly memoryMib: number;
  readonly spilledMib: number;
  readonly note: string;
}
