// The functions of one page that an engine elsewhere waits for. Used by the worker's ends of the
// wire, page.ts and clients.ts. It must not know what is asked.

import type { AnswerMessage, CallMessage, WireValue } from '../protocol.js';

/** A call that waits for its answer. */
interface Pending {
  resolve(value: WireValue): void;
  reject(words: string): void;
}

/** One page's. */
export class Callbacks {
  readonly #send: (message: CallMessage) => void;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(send: (message: CallMessage) => void) {
    this.#send = send;
  }

  /** Asks the page for what its function answers; rejects with the words of an error. */
  readonly call = (number: number, args: readonly WireValue[]): Promise<WireValue> =>
    new Promise((resolve, reject) => {
      this.#last += 1;
      this.#pending.set(this.#last, { resolve, reject });
      this.#send({ call: this.#last, function: number, args });
    });

  /** The page has answered. */
  answered(answer: AnswerMessage): void {
    const pending = this.#pending.get(answer.called);
    this.#pending.delete(answer.called);
    if ('thrown' in answer) {
      pending?.reject(answer.thrown);
    } else {
      pending?.resolve(answer.value);
    }
  }
}
