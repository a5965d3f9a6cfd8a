// What writers under torture say when they have committed, kept where no kill reaches it. The
// server hears it, and campaigns wait for it. It must not know what is written.

/** Writers that acknowledge nothing for so long have stopped. */
const STALLED_MS = 30_000;

export class Acknowledgements {
  #states = new Map<string, number>();
  #count = 0;
  #failure: Error | undefined;
  #listeners: (() => void)[] = [];

  /** One writer has committed a transaction. */
  note(writer: string, state: number): void {
    this.#states.set(writer, state);
    this.#count++;
    this.#tell();
  }

  fail(message: string): void {
    this.#failure = new Error(message);
    this.#tell();
  }

  forget(): void {
    this.#states = new Map();
    this.#count = 0;
    this.#failure = undefined;
  }

  of(writer: string): number | undefined {
    return this.#states.get(writer);
  }

  /** Resolves when so many have come since `forget`. */
  async arrived(count: number): Promise<void> {
    await this.#until(() => this.#count >= count);
  }

  /** Resolves when so many more have come than by now. */
  async more(count: number): Promise<void> {
    await this.arrived(this.#count + count);
  }

  /** Resolves when a writer has come so far. */
  async reached(writer: string, state: number): Promise<void> {
    await this.#until(() => (this.of(writer) ?? 0) >= state);
  }

  async #until(done: () => boolean): Promise<void> {
    const stalled = setTimeout(() => this.fail('the writers have stopped'), STALLED_MS);
    try {
      while (!done()) {
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => this.#listeners.push(resolve));
      }
    } finally {
      clearTimeout(stalled);
    }
  }

  #tell(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
