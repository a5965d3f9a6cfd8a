// SQL texts by number, so that a question that comes again need not be copied into the memory of
// the instance. Used by engine.ts; crates/wasm/src/texts.rs keeps them.

/** Texts that have a number; then it begins anew. */
const TEXTS_MAX = 256;

/** Length of the longest text that gets one, as of those that an instance keeps compiled. */
const LENGTH_MAX = 8 * 1024;

/** The texts of one instance. */
export class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #keep: (number: number, sql: string) => void;

  /** `keep` makes a number known. */
  constructor(keep: (number: number, sql: string) => void) {
    this.#keep = keep;
  }

  /** The number of a text, if it comes again; now it has one, unless it is too long. */
  again(sql: string): number | undefined {
    const number = this.#numbers.get(sql);
    if (number === undefined && sql.length <= LENGTH_MAX) {
      this.#add(sql);
    }
    return number;
  }

  #add(sql: string): void {
    if (this.#numbers.size === TEXTS_MAX) {
      this.#numbers.clear();
    }
    const number = this.#numbers.size;
    this.#numbers.set(sql, number);
    this.#keep(number, sql);
  }
}
