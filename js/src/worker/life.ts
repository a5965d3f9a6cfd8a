// The lock by which others see that this worker is gone. Used by worker.ts and shared.ts.

/** Takes a lock that is held until this worker is gone, however it goes; resolves to its name. */
export function holdLife(): Promise<string> {
  const life = `anchorite-life:${crypto.randomUUID()}`;
  if (navigator.locks === undefined) {
    return Promise.resolve(life);
  }
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(life, () => {
      resolve(life);
      return new Promise(() => undefined);
    });
    held.catch(reject);
  });
}
