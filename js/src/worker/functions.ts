// The SQL functions of the connections of an engine, which pages carry out. Used by host.ts; Rust
// calls them through engine.ts (crates/wasm/src/functions.rs). It must not know where a page is.
//
//   SQL ──► call(number, arguments) ──► the page ──► its answer, or its error's words
//                                 └──► no answer in time, or the statement is stopped

import { text } from '../errors.js';
import type { WireValue } from '../protocol.js';

/** Carries one out; rejects with the words of an error, as a string. */
export type Call = (args: readonly WireValue[]) => Promise<WireValue>;

/** A function. */
interface Provided {
  readonly session: number;
  readonly call: Call;
  /** In ms. */
  readonly timeout: number;
}

/** By number. One is under way at a time, as one job is. */
export class Functions {
  readonly #provided = new Map<number, Provided>();
  #last = 0;
  /** Ends the wait for the one that is under way. */
  #giveUp: ((why: string) => void) | undefined;

  /** Answers its number. */
  add(provided: Provided): number {
    this.#last += 1;
    this.#provided.set(this.#last, provided);
    return this.#last;
  }

  /** Those of a connection that is closed. */
  drop(session: number): void {
    for (const [number, provided] of this.#provided) {
      if (provided.session === session) {
        this.#provided.delete(number);
      }
    }
  }

  /** For Rust; rejects with words. */
  async call(number: number, args: readonly WireValue[]): Promise<WireValue> {
    const provided = this.#provided.get(number);
    if (provided === undefined) {
      throw 'the connection that has it is closed';
    }
    const { call, timeout } = provided;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
      const why =
        `it has not answered for ${timeout} ms; if it waits for the database that it is called ` +
        'from, it waits for itself';
      timer = setTimeout(() => reject(why), timeout);
    });
    try {
      return await Promise.race([call(args), over]);
    } catch (error) {
      throw typeof error === 'string' ? error : text(error);
    } finally {
      clearTimeout(timer);
      this.#giveUp = undefined;
    }
  }

  /** Whoever waits for one need not wait any longer. */
  stop(): void {
    this.#giveUp?.('the statement was stopped');
  }
}
