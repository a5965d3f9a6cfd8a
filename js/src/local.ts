// The engine where it runs in place: a part of its own, loaded by client.ts when it is needed, so
// that a page whose engine has a worker does not load it. It answers as a worker does, in plain
// data, so that client.ts makes errors of both in one way.

import { toWire } from './errors.js';
import type { Operation, Operations, Request, RowBatch, WireError } from './protocol.js';
import { type CallPage, Host } from './worker/host.js';
import { Turns } from './worker/task.js';

/** What comes of a request. */
export type LocalReply =
  | { readonly value: Operations[Operation]['answers'] }
  | { readonly error: WireError };

/** An engine in this context. */
export class LocalEngine {
  readonly #host = new Host();
  readonly #turns = new Turns();

  /** Whether it is of no use any more. */
  get failed(): boolean {
    return this.#host.failed;
  }

  /** The answer that takes no waiting, if there is one. */
  atOnce(request: Request): RowBatch | undefined {
    this.#turns.noteCall();
    return this.#turns.due === undefined ? this.#host.atOnce(request) : undefined;
  }

  /**
   * Carries out a request, or gives it up with the signal; never rejects. Calls that never wait
   * would all be in one task, and no timer would be heard: the answer waits for one that is due.
   */
  async handle(
    request: Request,
    signal: AbortSignal | undefined,
    callPage: CallPage,
  ): Promise<LocalReply> {
    const reply = await this.#reply(request, signal, callPage);
    await this.#turns.due;
    return reply;
  }

  async #reply(
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
