// Whether a commit to one database is missing among those that were told. Used by changes.ts and
// watch.ts.

import type { Commits } from './protocol.js';

const NUMBERS = 2 ** 32;

/** The numbers of the commits that were heard of. */
export class Sequence {
  readonly #goesOn: boolean;
  /** Who made the last one. */
  #engineId: string | undefined;
  /** The number of the last one. */
  last: number | undefined;

  /** Whether the numbers go on from one engine to the next. */
  constructor(goesOn: boolean) {
    this.#goesOn = goesOn;
  }

  /** Whether none is missing before these, as far as is known; `undefined`: these are known. */
  follows({ first, last, engineId }: Commits): boolean | undefined {
    if (last === this.last) {
      return undefined;
    }
    const goesOn = this.#goesOn || engineId === (this.#engineId ?? engineId);
    const isNext = this.last === undefined || first === (this.last + 1) % NUMBERS;
    this.last = last;
    this.#engineId = engineId;
    return goesOn && isNext;
  }
}
