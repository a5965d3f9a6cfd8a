/**
 * Which rows of a grid are selected. Made by the table browser, changed by the grid as keys and
 * clicks say. It knows numbers alone.
 */
export class RowSelection {
  #rows = new Set<number>();
  /** Where a range begins. */
  #anchor: number | undefined;

  get size(): number {
    return this.#rows.size;
  }

  has(row: number): boolean {
    return this.#rows.has(row);
  }

  /** From the first to the last. */
  rows(): number[] {
    return [...this.#rows].sort((a, b) => a - b);
  }

  clear(): void {
    this.#rows.clear();
    this.#anchor = undefined;
  }

  only(row: number): void {
    this.#rows = new Set([row]);
    this.#anchor = row;
  }

  toggle(row: number): void {
    if (!this.#rows.delete(row)) this.#rows.add(row);
    this.#anchor = row;
  }

  /** All from where the range begins, which is `from` where none has begun. */
  extend(from: number, to: number): void {
    this.#anchor ??= from;
    this.range(this.#anchor, to);
  }

  /** All from one to another, which may come before it. */
  range(one: number, other: number): void {
    const [first, last] = [Math.min(one, other), Math.max(one, other)];
    this.#rows = new Set(Array.from({ length: last - first + 1 }, (_, index) => first + index));
  }
}
