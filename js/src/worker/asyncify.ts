// A stand-in for `WebAssembly.Suspending` and `WebAssembly.promising`, for modules that Binaryen's
// Asyncify has rewritten. Used by load.ts where the engine has no JSPI. One per instance.
//
//   promising export called ──► wasm runs ──► suspending import
//                                               starts the unwind, returns
//        wasm returns early ◄── frames save themselves
//   unwound: the promise is awaited; synchronous exports may be called meanwhile
//   export called again ──► frames restore themselves ──► suspending import
//                                               stops the rewind, returns
//
// One call is in flight at a time, so one save area is enough, and the shadow stack may stay as it
// is: synchronous exports leave the stack pointer as they found it.

/** The exports that Asyncify adds, and the allocator. */
interface AsyncifyExports {
  readonly memory: WebAssembly.Memory;
  asyncify_start_unwind(area: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(area: number): void;
  asyncify_stop_rewind(): void;
  asyncify_get_state(): number;
  __wbindgen_malloc(size: number, alignment: number): number;
}

/** States of `asyncify_get_state`. */
const NORMAL = 0;
const REWINDING = 2;

/** Bytes for saved frames; the module traps when they do not fit. The header is two pointers. */
const AREA_SIZE = 512 * 1024;
const HEADER_SIZE = 8;

/** The stand-in for one instance. */
export class Asyncify {
  #exports: AsyncifyExports | undefined;
  #area = 0;
  #pending: Promise<unknown> | undefined;

  /** Tells it the instance, the one thing that JSPI does not need to be told. */
  attach(exports: WebAssembly.Exports): void {
    this.#exports = exports as unknown as AsyncifyExports;
    this.#area = this.#exports.__wbindgen_malloc(AREA_SIZE, 8) >>> 0;
  }

  /** An import that takes and returns nothing, and suspends until `start`'s promise settles. */
  suspending(start: () => Promise<unknown>): () => void {
    return () => {
      const exports = this.#attached();
      if (exports.asyncify_get_state() === REWINDING) {
        exports.asyncify_stop_rewind();
        return;
      }
      this.#pending = start();
      const header = new DataView(exports.memory.buffer, this.#area, HEADER_SIZE);
      header.setUint32(0, this.#area + HEADER_SIZE, true);
      header.setUint32(4, this.#area + AREA_SIZE, true);
      exports.asyncify_start_unwind(this.#area);
    };
  }

  /** An export that takes and returns nothing, as a function that resolves at its real end. */
  promising(run: () => void): () => Promise<void> {
    return async () => {
      const exports = this.#attached();
      run();
      while (exports.asyncify_get_state() !== NORMAL) {
        exports.asyncify_stop_unwind();
        await this.#pending;
        exports.asyncify_start_rewind(this.#area);
        run();
      }
    };
  }

  #attached(): AsyncifyExports {
    if (this.#exports === undefined) {
      throw new Error('attach() the instance first');
    }
    return this.#exports;
  }
}
