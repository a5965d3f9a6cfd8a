// Cursors that nobody pulls any more: each holds a snapshot, so it is ended after a time. Used by
// host.ts. It must not know what a cursor reads.

import type { Pulled } from '../protocol.js';

/** After how long without a pull a cursor is ended, in ms. */
const TIMEOUT_MS = 60_000;

type Timer = ReturnType<typeof setTimeout>;

/** The cursors of one engine that wait for their next pull, by connection and number. */
export class Cursors {
  readonly #waiting = new Map<number, Map<number, Timer>>();
  readonly #expire: (session: number, cursor: number) => void;
  /** In ms. */
  timeout: number = TIMEOUT_MS;

  /** `expire` ends one. */
  constructor(expire: (session: number, cursor: number) => void) {
    this.#expire = expire;
  }

  /** Counts from when a pull is answered to the next one. */
  async pull(session: number, cursor: number, work: () => Promise<Pulled>): Promise<Pulled> {
    this.end(session, cursor);
    const pulled = await work();
    if (!pulled.done) {
      this.#wait(session, cursor);
    }
    return pulled;
  }

  /** It waits no longer. */
  end(session: number, cursor: number): void {
    const cursors = this.#waiting.get(session);
    clearTimeout(cursors?.get(cursor));
    cursors?.delete(cursor);
  }

  /** Nor does any of a connection that is closed. */
  endAll(session: number): void {
    for (const timer of this.#waiting.get(session)?.values() ?? []) {
      clearTimeout(timer);
    }
    this.#waiting.delete(session);
  }

  #wait(session: number, cursor: number): void {
    const cursors = this.#waiting.get(session) ?? new Map<number, Timer>();
    this.#waiting.set(session, cursors);
    const expire = () => {
      cursors.delete(cursor);
      this.#expire(session, cursor);
    };
    cursors.set(cursor, setTimeout(expire, this.timeout));
  }
}
