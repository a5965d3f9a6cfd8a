// When a context gives up what another one waits for: after its next job if it has had it for long
// enough to be worth the trouble, at once when it has nothing to do. Used by engine.ts. It must not
// know locks.

/** A context has nothing to do when its last job ended so long ago, in ms. */
const IDLE_MS = 10;

/** What it is asked about and does. */
interface Holder {
  /** For how many ms more it keeps what is waited for; nothing if it has nothing of it. */
  keepsFor(database: string): number | undefined;
  /** Whether a transaction is open, which may need it. */
  isInside(): boolean;
  /** Gives up what nothing here needs, before the next job. */
  give(): void;
}

/** One per engine. */
export class Yielding {
  readonly #holder: Holder;
  /** The databases that others wait for, and until when they are kept: known between two jobs. */
  readonly #wanted = new Map<string, number | undefined>();
  #isRunning = false;
  #lastDone = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(holder: Holder) {
    this.#holder = holder;
  }

  /** Whether anybody waits, as far as is known. */
  get isWanted(): boolean {
    return this.#wanted.size > 0;
  }

  /** Another context waits for this database. */
  want(database: string): void {
    this.#wanted.set(database, this.#wanted.get(database));
    this.#consider();
  }

  /** Around each job that this context was asked for. */
  async during<T>(job: () => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    this.#isRunning = true;
    try {
      return await job();
    } finally {
      this.#isRunning = false;
      this.#lastDone = performance.now();
      this.#consider();
    }
  }

  #consider(): void {
    if (this.#wanted.size === 0 || this.#isRunning) {
      return;
    }
    clearTimeout(this.#timer);
    const now = performance.now();
    const ends = [...this.#wanted.keys()].map((database) => this.#keptUntil(database, now));
    if (this.#wanted.size === 0) {
      return;
    }
    const left = Math.min(...ends, this.#lastDone + IDLE_MS) - now;
    if (left > 0) {
      this.#timer = setTimeout(() => this.#consider(), left);
      return;
    }
    // What an open transaction may need is asked about again after its next job.
    const again = this.#holder.isInside() ? [...this.#wanted.keys()] : [];
    this.#wanted.clear();
    for (const database of again) {
      this.#wanted.set(database, undefined);
    }
    this.#holder.give();
  }

  /** Asks once for each that others wait for. */
  #keptUntil(database: string, now: number): number {
    const known = this.#wanted.get(database);
    const kept = known === undefined ? this.#holder.keepsFor(database) : known - now;
    if (kept === undefined) {
      this.#wanted.delete(database);
      return Number.POSITIVE_INFINITY;
    }
    this.#wanted.set(database, now + kept);
    return now + kept;
  }
}
