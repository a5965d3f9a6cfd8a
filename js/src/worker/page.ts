// One page that has an engine to itself: messages in, messages out. Used by worker.ts and serve.ts.
// It must not know by which port they come.

import { toWire } from '../errors.js';
import { Outbox } from '../outbox.js';
import type { CallMessage, ReplyMessage, RequestMessage, RowBatch } from '../protocol.js';
import type { ShortAnswer } from '../short.js';
import { Callbacks } from './callbacks.js';
import { Cancels } from './cancels.js';
import { replyOf, transferable } from './few.js';
import type { Host } from './host.js';
import { checkMessage, type Hearers, hear } from './incoming.js';

type FromEngine = ReplyMessage | ShortAnswer | CallMessage;

/** The worker's end of its wire. */
export class Page {
  readonly #host: Host;
  readonly #outbox: Outbox<FromEngine>;
  readonly #cancels = new Cancels();
  readonly #callbacks = new Callbacks((message) => this.#outbox.add(message, []));
  readonly #hearers: Hearers = {
    cancels: this.#cancels,
    callbacks: this.#callbacks,
    answer: (message) => this.#answer(message),
  };

  constructor(host: Host, post: (messages: FromEngine[], transfer: Transferable[]) => void) {
    this.#host = host;
    this.#outbox = new Outbox(post);
  }

  /** What has come in one message, whatever it is. */
  hear(data: unknown): void {
    hear(data, this.#hearers);
  }

  #answer(message: RequestMessage): void {
    const { id, request } = message;
    let value: RowBatch | undefined;
    try {
      checkMessage(message);
      value = this.#host.atOnce(request);
    } catch (error) {
      this.#outbox.add({ id, error: toWire(error) }, []);
      return;
    }
    if (value === undefined) {
      void this.#answerLater(message);
    } else {
      this.#outbox.add(replyOf({ id, value }), transferable(value));
    }
  }

  async #answerLater(message: RequestMessage): Promise<void> {
    const { id, request } = message;
    try {
      const signal = this.#cancels.begin(message);
      const value = await this.#host.handle(request, signal, this.#callbacks.call);
      this.#outbox.add({ id, value }, transferable(value));
    } catch (error) {
      this.#outbox.add({ id, error: toWire(error) }, []);
    } finally {
      this.#cancels.end(id);
    }
  }
}
