// Waiting for what another context has open: outside Wasm, where other jobs go on. Used by
// queue.ts. It must not know what is tried again.

import { sayWanted, type Wanted } from './wanted.js';

/** The shortest and the longest pause between two tries, in ms. */
const PAUSE_MIN = 10;
const PAUSE_MAX = 250;

/** The next pause, each about twice as long as the one before. */
export function nextPause(pause: number): number {
  return Math.min(2 * pause + PAUSE_MIN, PAUSE_MAX);
}

/**
 * Resolves when it is time to try again: once the lock is free, which the browser tells at once,
 * but not before the pause is over, since the lock may be free and the database busy all the same
 * (a dying worker's file handle). Also resolves when the signal says that nobody waits any more.
 */
export async function tryAgain(
  lock: string | undefined,
  pause: number,
  signal: AbortSignal,
  wanted: Wanted | undefined,
): Promise<void> {
  if (wanted !== undefined) {
    sayWanted(wanted);
  }
  await Promise.all([elapsed(pause, signal), lock === undefined ? undefined : free(lock, signal)]);
}

/** A lock that another context would not give. */
export interface Refused {
  readonly name: string;
  /** Whether it was asked for alone, or to share it. */
  readonly alone: boolean;
  /** Whether to wait in the line of those who ask; if not, for a while. */
  readonly queues: boolean;
  readonly database: string;
}

/** A lock that is held for the next try of a job, so that nobody comes first meanwhile. */
export interface Loan {
  readonly name: string;
  readonly alone: boolean;
  readonly giveBack: () => void;
  /** Settles once it is free again. */
  readonly released: Promise<unknown>;
}

/**
 * Waits for its turn at a lock and keeps it, and tells the holders, who may only keep it because
 * nobody seemed to want it: again and again, because who gets it next may not have listened yet.
 * Nothing, if nobody waits for it any more.
 */
export function borrow(
  { name, alone, database }: Refused,
  protocol: number,
  signal: AbortSignal,
): Promise<Loan | undefined> {
  const mode = alone ? 'exclusive' : 'shared';
  return new Promise((resolve) => {
    const say = () => sayWanted({ database, protocol });
    const word = setInterval(say, PAUSE_MAX);
    const held = () => {
      clearInterval(word);
      return new Promise<void>((giveBack) => resolve({ name, alone, giveBack, released }));
    };
    const released = navigator.locks.request(name, { mode, signal }, held);
    released.catch(() => {
      clearInterval(word);
      resolve(undefined);
    });
    say();
  });
}

/** Resolves once the lock can be had. If it cannot be asked for, the next try says why. */
async function free(lock: string, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(lock, { signal }, () => undefined).catch(() => undefined);
}

function elapsed(duration: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, duration);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
