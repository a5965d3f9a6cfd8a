// What is said in one turn goes in one message: a message costs more than what is in it. Used by
// both ends of every channel. It must not know what is said, but for what is handed over with it.

import type { Request } from './protocol.js';

/** A microtask by a promise costs a third of one by `queueMicrotask`, which is the browser's. */
const NOW = Promise.resolve();

/** Messages that go together at most: the other end can begin while more are made. */
const TOGETHER_MAX = 100;

/** One way out. */
export class Outbox<Message> {
  readonly #post: (messages: Message[], transfer: Transferable[]) => void;
  #messages: Message[] = [];
  #transfer: Transferable[] = [];

  /** `post` sends an array of messages, in order, and hands buffers over. */
  constructor(post: (messages: Message[], transfer: Transferable[]) => void) {
    this.#post = post;
  }

  /** Sends a message at the end of this turn. */
  add(message: Message, transfer: readonly Transferable[]): void {
    this.#messages.push(message);
    this.#transfer.push(...transfer);
    if (this.#messages.length === 1) {
      void NOW.then(() => this.flush());
    } else if (this.#messages.length >= TOGETHER_MAX) {
      this.flush();
    }
  }

  /** Sends what there is: for who does not come to the end of a turn. */
  flush(): void {
    const [messages, transfer] = [this.#messages, this.#transfer];
    if (messages.length > 0) {
      this.#messages = [];
      this.#transfer = [];
      this.#post(messages, transfer);
    }
  }
}

/**
 * Pieces of an import or a blob, and rows, are handed over, not copied: such a request is never
 * sent again, whatever becomes of the other end (lost.ts).
 */
export function transferable(request: Request): Transferable[] {
  switch (request.operation) {
    case 'importAppend':
    case 'blobWrite':
      return [request.bytes.buffer];
    case 'rows':
      return [request.rows.buffer];
    default:
      return [];
  }
}
