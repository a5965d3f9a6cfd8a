// The locks by which others see that a worker lives, and that there is one owner or will be one.
// Used by worker.ts, serve.ts, shared.ts and, in a page, join.ts; docs/locking.md lists the names.

/** Takes a lock that is held until this context is gone, however it goes; resolves to its name. */
export function holdLife(kind = 'anchorite-life'): Promise<string> {
  const life = `${kind} ${crypto.randomUUID()}`;
  return navigator.locks === undefined ? Promise.resolve(life) : hold(life).then(() => life);
}

/**
 * As `holdLife`, for an owner in a SharedWorker of that name (`anchorite-owner:2::0`) and URL: both
 * are in the name of its life, for others to join it. There is one owner at a time, whatever its
 * last number: resolves to nothing if it is another one.
 */
export async function holdOwnership(sharedWorker: string): Promise<string | undefined> {
  const alone = sharedWorker.replace(/:\d+ \S+$/, '');
  return (await hold(alone, { ifAvailable: true })) ? holdLife(sharedWorker) : undefined;
}

/** Held while the SharedWorker of that name starts a worker, from which it may never come back. */
export function makingLock(sharedWorker: string): string {
  return `anchorite-making ${sharedWorker}`;
}

/** Holds a lock for ever; resolves to whether it was granted. */
function hold(name: string, options: LockOptions = {}): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, options, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    });
    held.catch(reject);
  });
}
