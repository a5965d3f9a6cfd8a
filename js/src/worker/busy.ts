// Waiting for a database that another context has open: outside Wasm, where other jobs go on.
// Used by host.ts.

import { SqliteError } from '../errors.js';

/** How long a busy database is tried again, in ms. */
const BUSY_TIMEOUT = 5000;

/** The longest pause between two tries, in ms. */
const PAUSE_MAX = 250;

/**
 * Tries until it is not `SQLITE_BUSY`, for 5 s; then the last error is the outcome.
 *
 * Between two tries it waits until the lock is free, which the browser tells at once; and, should
 * the lock be free and the database busy all the same (a dying worker's file handle), a little.
 */
export async function whileBusy<Answer>(
  lock: string,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const deadline = performance.now() + BUSY_TIMEOUT;
  for (let pause = 0; ; pause = Math.min(2 * pause + 10, PAUSE_MAX)) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof SqliteError && error.code === 'SQLITE_BUSY';
      if (!busy || performance.now() >= deadline) {
        throw error;
      }
    }
    await Promise.all([free(lock, deadline), elapsed(pause)]);
  }
}

/** Resolves once the lock can be had, or at the deadline. */
async function free(lock: string, deadline: number): Promise<void> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), deadline - performance.now());
  try {
    await navigator.locks.request(lock, { signal: abort.signal }, () => undefined);
  } catch (error) {
    if (!abort.signal.aborted) {
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
