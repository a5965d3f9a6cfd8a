// Who may use a connection now. Used by database.ts and transaction.ts. It must not know for what.
//
//   free ──take──► taken ──it has settled──► those who wait pass, in order, up to the next taker

import { interrupted } from './errors.js';

/** One for each connection, and for each transaction, whose parts may be transactions. */
export class Gate {
  #taken = false;
  readonly #waiting: (() => void)[] = [];

  /** Does something at once, or after what has taken it, unless the signal is aborted by then. */
  pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (!this.#taken) {
      return work();
    }
    return new Promise((resolve, reject) => {
      const refuse = () => reject(interrupted());
      signal?.addEventListener('abort', refuse);
      this.#waiting.push(() => {
        signal?.removeEventListener('abort', refuse);
        if (!signal?.aborted) {
          work().then(resolve, reject);
        }
      });
    });
  }

  /** The same, and until it has settled all that comes later waits. */
  take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.pass(async () => {
      this.#taken = true;
      try {
        return await work();
      } finally {
        this.#leave();
      }
    }, signal);
  }

  #leave(): void {
    this.#taken = false;
    while (!this.#taken) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        return;
      }
      next();
    }
  }
}
