// What the harness and the page say to each other in `cargo xtask torture wire`: types. It must not
// know what is said to an engine.
import type { Twin } from './wire';

/** Nonsense to an engine; `prefix` is of all names in OPFS. */
export interface FuzzRequest {
  readonly twin: Twin;
  readonly place: 'worker' | 'owner';
  readonly messages: number;
  readonly seed: number;
  readonly prefix: string;
}

/** What came of it. */
export interface FuzzFigures {
  readonly sent: number;
  readonly answered: number;
  readonly errors: number;
  readonly rows: number;
}

/** Many calls of one page. */
export interface SoakRequest {
  readonly twin: Twin;
  readonly place: 'worker' | 'owner';
  readonly calls: number;
  readonly prefix: string;
}

/** What has grown from the end of the warm-up to the end, in bytes; not where nobody says it. */
export interface SoakFigures {
  readonly calls: number;
  readonly seconds: number;
  readonly wasm: number;
  readonly statements: number;
  /** Of the page and its worker. */
  readonly heaps: number | undefined;
  readonly locks: number;
}

export type FuzzJob =
  | { readonly step: 'fuzz'; readonly request: FuzzRequest }
  | { readonly step: 'soak'; readonly request: SoakRequest };
