// One instance of the wasm module, typed, with its queue: one job at a time, in order.
// Used by host.ts. The only file that knows the names of the exports.

import { SqliteError, text } from '../errors.js';
import type { EngineChoice, TestHooks, WireError } from '../protocol.js';
import type { Glue } from '../wasm/anchorite.js';
import { type Loaded, load } from './load.js';

/** Puts down the arguments of one job. */
type Stage = (glue: Glue) => void;

/** One page of Wasm memory, in pages. */
const GROWTH = 1;

/** A running instance. */
export class Engine {
  readonly loaded: Loaded;
  #last: Promise<unknown> = Promise.resolve();
  /** Set when the instance has trapped: its memory may be anything, so nothing enters it again. */
  #trap: { readonly cause: unknown } | undefined;

  private constructor(loaded: Loaded) {
    this.loaded = loaded;
  }

  /** Loads and starts an instance. */
  static async start(choice: EngineChoice, hooks: TestHooks): Promise<Engine> {
    const grow = (memory: WebAssembly.Memory) => memory.grow(GROWTH);
    const loaded = await load(choice, hooks.growOnSuspend ? grow : undefined);
    if (hooks.seed !== undefined || hooks.now !== undefined) {
      loaded.glue.test_hooks(hooks.seed, hooks.now);
    }
    return new Engine(loaded);
  }

  /** Runs a job after those before it; resolves to its answer, whose type the caller knows. */
  run<Answer>(stage: Stage): Promise<Answer> {
    const outcome = this.#last.then(() => this.#runNow(stage));
    this.#last = outcome.catch(() => undefined);
    return outcome as Promise<Answer>;
  }

  async #runNow(stage: Stage): Promise<unknown> {
    if (this.#trap !== undefined) {
      throw failed(this.#trap.cause);
    }
    try {
      stage(this.loaded.glue);
      await this.loaded.run();
    } catch (error) {
      if (typeof error === 'string') {
        throw new SqliteError(error, { code: 'INVALID_PARAMETER' });
      }
      this.#trap = { cause: this.#lastWords(error) };
      throw failed(this.#trap.cause);
    }
    return this.#result();
  }

  /** What a panic said, since the trap that it ends in says nothing. */
  #lastWords(trap: unknown): unknown {
    try {
      const words = this.loaded.glue.last_panic();
      return words === undefined ? trap : new Error(words, { cause: trap });
    } catch {
      return trap;
    }
  }

  #result(): unknown {
    try {
      return this.loaded.glue.take_result();
    } catch (error) {
      const { code, extendedCode, message, offset, cause } = error as WireError;
      const because = cause === undefined ? undefined : new Error(cause);
      throw new SqliteError(message, { code, extendedCode, offset, cause: because });
    }
  }
}

function failed(cause: unknown): SqliteError {
  const message = `the engine has failed and must be replaced: ${text(cause)}`;
  return new SqliteError(message, { code: 'ENGINE_FAILED', cause });
}
