// The engine where it runs in place: a part of its own, loaded by client.ts when it is needed, so
// that a page whose engine has a worker does not load it. It answers as a worker does, in plain
// data, so that client.ts makes errors of both in one way.

import { toWire } from './errors.js';
import type { Operation, Operations, Request, RowBatch, WireError } from './protocol.js';
import { type CallPage, Host } from './worker/host.js';

/** What comes of a request. */
export type LocalReply =
  | { readonly value: Operations[Operation]['answers'] }
  | { readonly error: WireError };

/** An engine in this context. */
export class LocalEngine {
  readonly #host = new Host();

  /** Whether it is of no use any more. */
  get failed(): boolean {
    return this.#host.failed;
  }

  /** The answer that takes no waiting, if there is one. */
  atOnce(request: Request): RowBatch | undefined {
    return this.#host.atOnce(request);
  }

  /** Carries out a request, or gives it up with the signal; never rejects. */
  async handle(
    request: Request,
    signal: AbortSignal | undefined,
    callPage: CallPage,
  ): Promise<LocalReply> {
    try {
      return { value: await this.#host.handle(request, signal, callPage) };
    } catch (error) {
      return { error: toWire(error) };
    }
  }
}
