// Waiting for what another context has open: outside Wasm, where other jobs go on. Used by
// queue.ts. It must not know what is tried again.

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
): Promise<void> {
  await Promise.all([elapsed(pause, signal), lock === undefined ? undefined : free(lock, signal)]);
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
