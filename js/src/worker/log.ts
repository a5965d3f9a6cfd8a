// Where the lines go that SQLite logs: to the page whose connection is served, if it wants to know,
// on a channel of that connection's own. Used by engine.ts, which says who is served, and host.ts,
// which says who wants to know. It must not know what is logged; log.ts listens.

import type { LogLine } from '../protocol.js';

/** The channels of one engine. */
export class Logs {
  readonly #channels = new Map<number, BroadcastChannel>();
  #served: BroadcastChannel | undefined;

  /** The channel of a connection that is being opened. */
  open(name: string | undefined): BroadcastChannel | undefined {
    return name === undefined ? undefined : new BroadcastChannel(name);
  }

  /** It has this number from now on. */
  keep(session: number, channel: BroadcastChannel | undefined): void {
    if (channel !== undefined) {
      this.#channels.set(session, channel);
    }
  }

  /** It is closed. */
  end(session: number): void {
    this.#channels.get(session)?.close();
    this.#channels.delete(session);
  }

  /** From now on, until the next call, whatever is logged is about this connection, or nobody's. */
  serve(session: number | undefined, opening?: BroadcastChannel): void {
    this.#served = opening ?? (session === undefined ? undefined : this.#channels.get(session));
  }

  /** Called while SQLite runs. */
  tell(line: LogLine): void {
    this.#served?.postMessage(line);
  }
}
