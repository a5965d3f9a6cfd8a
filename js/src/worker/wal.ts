// Keeps a WAL small that overlapping readers let grow: a checkpoint needs several locks at the same
// moment, and without waiting for all of them it finds one taken each time. Used by engine.ts. It
// must not know what a checkpoint does.
//
//   a commit, and the WAL counts too many bytes ──► gather all locks, within a time ──► checkpoint
//                                                   in vain: again when it has grown on

import { borrow, type Loan } from './busy.js';
import type { Wanted } from './wanted.js';

/**
 * Bytes of a WAL that are to be cut off, and how many more before it is tried again. A little more
 * than 1000 pages of 4 KiB, from which on SQLite works at it after each commit, until it has all of
 * it in the database at a moment when nobody reads.
 */
const WAL_MAX = 4.25 * 2 ** 20;
const WAL_STEP = 2 ** 20;

/** How long readers and writers may have to wait, in ms, while locks are gathered. */
const GATHER_MS = 200;

/** When the WALs of the databases of one engine are to be cut off. */
export class WalBound {
  /** By database: how large its WAL has to be before it is tried again. */
  readonly #next = new Map<string, number>();

  /** Whether it is to be tried now. */
  isDue(database: string, walBytes: number): boolean {
    if (walBytes < WAL_MAX) {
      this.#next.delete(database);
      return false;
    }
    const isDue = walBytes >= (this.#next.get(database) ?? WAL_MAX);
    if (isDue) {
      this.#next.set(database, walBytes + WAL_STEP);
    }
    return isDue;
  }
}

/**
 * Waits for all of the locks: for CKPT, which no two can gather, for WRITE, since a writer would
 * wait for a mark to read at that is gathered already, and then for the others at once. Nothing if
 * that takes too long. No job may run meanwhile: one that waits for such a lock would be waited for
 * in turn.
 */
export async function gather(
  names: readonly string[],
  { database, protocol }: Wanted,
): Promise<Loan[] | undefined> {
  const signal = AbortSignal.timeout(GATHER_MS);
  const ask = (name: string): Promise<Loan | undefined> =>
    borrow({ name, alone: true, queues: true, database }, protocol, signal);
  const steps = [names.slice(0, 1), names.slice(1, 2), names.slice(2)];
  const loans: Loan[] = [];
  for (const step of steps) {
    const granted = (await Promise.all(step.map(ask))).filter((loan) => loan !== undefined);
    loans.push(...granted);
    if (granted.length < step.length) {
      giveBack(loans);
      return undefined;
    }
  }
  return loans;
}

/** They are not needed. */
export function giveBack(loans: readonly Loan[]): void {
  for (const loan of loans) {
    loan.giveBack();
  }
}
