// The locks by which others see that a worker lives, and that there is one owner. Used by worker.ts
// and owners.ts; docs/locking.md lists the names.

/** Takes a lock that is held until this context is gone, however it goes; resolves to its name. */
export function holdLife(kind = 'anchorite-life'): Promise<string> {
  const life = `${kind}:${crypto.randomUUID()}`;
  return navigator.locks === undefined ? Promise.resolve(life) : hold(life).then(() => life);
}

/**
 * As `holdLife`, for an owner. `name` is that of its SharedWorker: `anchorite-owner:1::0`, the last
 * part of which tells apart those that were started one after the other. One of them at a time is
 * the owner: resolves to nothing if another one is.
 */
export async function holdOwnership(name: string): Promise<string | undefined> {
  const alone = name.replace(/:\d+$/, '');
  return (await hold(alone, { ifAvailable: true })) ? holdLife(name) : undefined;
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
