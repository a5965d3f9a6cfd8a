// The calls of one page that it may give up before they are answered. Used by the worker's ends of
// the wire, page.ts and clients.ts. It must not know what is given up.

import type { RequestMessage } from '../protocol.js';
import type { Stop } from '../stop.js';

/** By the numbers of their requests. */
export class Cancels {
  readonly #calls = new Map<number, AbortController>();

  /** A request has come in; what it returns is aborted if the page gives it up. */
  begin({ id, stop }: RequestMessage): Stop | undefined {
    if (!stop) {
      return undefined;
    }
    const call = new AbortController();
    this.#calls.set(id, call);
    const { timed, limit } = stop;
    return Object.assign(call.signal, { timed, due: performance.now() + limit });
  }

  /** It is answered. */
  end(id: number): void {
    this.#calls.delete(id);
  }

  /** The page gives it up; nothing, if its answer is on its way. */
  cancel(id: number): void {
    this.#calls.get(id)?.abort();
  }
}
