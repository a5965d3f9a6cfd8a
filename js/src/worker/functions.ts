// The SQL functions of the connections of an engine, carried out by pages, or here. Used by host.ts
// and engine.ts, through which Rust calls them (crates/wasm/src/functions.rs). It must not know
// where a page is.
//
//   SQL ──► call(number, arguments) ──► its answer, or its error's words: at once, or as a promise
//                                 └──► no answer in time, or the statement is stopped

import { text } from '../errors.js';
import type { WireValue } from '../protocol.js';

/** Carries one out; throws or rejects with an error, or its words as a string. */
export type Call = (args: readonly WireValue[]) => WireValue | Promise<WireValue>;

/** A function. */
interface Provided {
  /** The connection that has it; nothing if all have. */
  readonly session: number | undefined;
  /** Its name and the number of its arguments. */
  readonly key?: string;
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

  /** It is not called any more. */
  remove(number: number): void {
    this.#provided.delete(number);
  }

  /** It is there, and those of its connection that were called so before are not. */
  replace(made: number): void {
    const { session, key } = this.#provided.get(made) ?? {};
    for (const [number, provided] of this.#provided) {
      if (number < made && provided.session === session && provided.key === key) {
        this.#provided.delete(number);
      }
    }
  }

  /** Those of a connection that is closed. */
  drop(session: number): void {
    for (const [number, provided] of this.#provided) {
      if (provided.session === session) {
        this.#provided.delete(number);
      }
    }
  }

  /** For Rust; throws or rejects with words. */
  call(number: number, args: readonly WireValue[]): WireValue | Promise<WireValue> {
    const provided = this.#provided.get(number);
    if (provided === undefined) {
      throw 'the connection that has it is closed';
    }
    try {
      const answer = provided.call(args);
      return answer instanceof Promise ? this.#within(answer, provided.timeout) : answer;
    } catch (error) {
      throw inWords(error);
    }
  }

  async #within(answer: Promise<WireValue>, timeout: number): Promise<WireValue> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
      const why =
        `it has not answered for ${timeout} ms; if it waits for the database that it is called ` +
        'from, it waits for itself';
      timer = setTimeout(() => reject(why), timeout);
    });
    try {
      return await Promise.race([answer, over]);
    } catch (error) {
      throw inWords(error);
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

function inWords(error: unknown): string {
  return typeof error === 'string' ? error : text(error);
}
