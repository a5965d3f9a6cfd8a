// Many values in one piece of bytes, as crates/wasm/src/packed.rs reads and draws them. Used by
// bulk.ts. The values are checked; what a number becomes in SQLite is not decided here.

import type { WireValue } from './protocol.js';

const KIND = { null: 0, number: 1, bigint: 2, text: 3, blob: 4 } as const;

/** Where it begins; it grows by doubling. */
const FIRST_SIZE = 64 * 1024;

/** The kind, and a number or a size. */
const HEAD_MAX = 9;

/** Bytes that one unit of UTF-16 may become. */
const UTF8_MAX = 3;

/** Takes values one by one. */
export class Packer {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(FIRST_SIZE);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** Adds a value that was checked. */
  add(value: WireValue): void {
    switch (typeof value) {
      case 'number':
        this.#head(KIND.number, 8);
        this.#view.setFloat64(this.#size, value, true);
        this.#size += 8;
        return;
      case 'bigint':
        this.#head(KIND.bigint, 8);
        this.#view.setBigInt64(this.#size, value, true);
        this.#size += 8;
        return;
      case 'string':
        this.#text(value);
        return;
      default:
        this.#object(value);
    }
  }

  /** All that was added since the last time. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#size);
    this.#size = 0;
    return taken;
  }

  #text(text: string): void {
    this.#head(KIND.text, 4 + text.length * UTF8_MAX);
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#size + 4));
    this.#view.setUint32(this.#size, written, true);
    this.#size += 4 + written;
  }

  #object(value: Uint8Array | null): void {
    if (value === null) {
      this.#head(KIND.null, 0);
      return;
    }
    this.#head(KIND.blob, 4 + value.length);
    this.#view.setUint32(this.#size, value.length, true);
    this.#bytes.set(value, this.#size + 4);
    this.#size += 4 + value.length;
  }

  #head(kind: number, size: number): void {
    const needed = this.#size + HEAD_MAX + size;
    if (needed > this.#bytes.length) {
      this.#grow(needed);
    }
    this.#bytes[this.#size] = kind;
    this.#size += 1;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
