// How a call is given up before its end: by a signal, or at its time limit. Used by the public
// functions and by transaction.ts. It must not know what is given up.
//
// An engine that hears of nothing while SQL runs is told the time limit with the call, and stops by
// its own clock.
//
// The engine has the last word. A call that was given up is pending until the engine says what
// became of it: only `SQLITE_INTERRUPT` means that it has not happened.

import { isInterrupt, SqliteError } from './errors.js';
import type { CallOptions } from './options.js';
import type { RequestMessage } from './protocol.js';
import type { Stop } from './stop.js';

/** Signals that end a call, besides the one in its options. */
type Signals = readonly AbortSignal[];

/**
 * Does something whose signal is aborted at the end of the call's time, and rejects with the reason
 * if that has kept it from happening.
 */
export function limited<T>(
  options: CallOptions,
  work: (signal: AbortSignal | undefined) => Promise<T>,
  more: Signals = [],
): Promise<T> {
  const { signal, timeout } = options;
  const isEndless = signal === undefined && timeout === undefined && more.length === 0;
  return isEndless ? work(undefined) : until(options, work, more);
}

async function until<T>(
  { signal, timeout }: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
  more: Signals,
): Promise<T> {
  const signals: readonly Stop[] = signal === undefined ? more : [...more, signal];
  const end = new AbortController();
  const listening = new AbortController();
  const stop: Stop = end.signal;
  stop.timed = signal === undefined || (signal as Stop).timed;
  stop.due = performance.now() + (timeout ?? NEVER);
  for (const it of signals) {
    it.throwIfAborted();
  }
  for (const it of signals) {
    stop.due = Math.min(stop.due, it.due ?? NEVER);
    it.addEventListener('abort', () => end.abort(it.reason), listening);
  }
  const timer =
    timeout === undefined ? undefined : setTimeout(() => end.abort(late(timeout)), timeout);
  try {
    return await work(end.signal);
  } catch (error) {
    throw end.signal.aborted && isInterrupt(error) ? end.signal.reason : error;
  } finally {
    clearTimeout(timer);
    listening.abort();
  }
}

const NEVER = Number.POSITIVE_INFINITY;

/** What an engine is told of it. */
export function stopOf(signal: Stop | undefined): RequestMessage['stop'] {
  return signal && { timed: signal.timed, limit: (signal.due ?? NEVER) - performance.now() };
}

/** Rejects with the reason of a signal, once it is aborted. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  // Whoever waits for it hears of it; perhaps nobody does.
  aborted.catch(() => undefined);
  return aborted;
}

function late(timeout: number): SqliteError {
  const message = `the call has taken longer than ${timeout} ms and has not happened`;
  return new SqliteError(message, { code: 'TIMEOUT' });
}
