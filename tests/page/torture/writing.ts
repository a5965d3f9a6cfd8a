// A writer that goes on until its tab ends: transactions of several rows, numbered from 1, each
// acknowledged to the harness before the next begins. tab.ts starts it; harness/tabs-kills.ts
// says which contents are right. It must not know who is killed.
import type { Database } from 'anchorite';
import { acknowledge, reportFailure } from '../home';

/** Rows of a transaction; those of older ones are deleted. */
const PARTS = 3;
const KEPT = 20;

export class Writing {
  /** Resolves when the first transaction is acknowledged. */
  readonly begun: Promise<void>;
  readonly #database: Database;
  readonly #writer: string;
  readonly #ended: Promise<void>;
  #stopped = false;
  /** When the last transaction was begun. */
  #asked = 0;

  constructor(database: Database, writer: string) {
    this.#database = database;
    this.#writer = writer;
    this.begun = this.#once(1);
    this.#ended = this.begun.then(() => this.#run());
    this.#ended.catch((error: unknown) => {
      if (!this.#stopped) void reportFailure(`${writer}: ${told(error, this.#asked)}`);
    });
  }

  /** What it says from now on counts for nothing: its worker is about to end. */
  abandon(): void {
    this.#stopped = true;
  }

  /** Resolves when the last transaction is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    for (let n = 2; !this.#stopped; n++) await this.#once(n);
  }

  async #once(n: number): Promise<void> {
    try {
      await this.#transaction(n);
    } catch (error) {
      if (!(await this.#isLost(error, n))) throw error;
    }
    await acknowledge(this.#writer, n);
  }

  async #transaction(n: number): Promise<void> {
    const writer = this.#writer;
    this.#asked = performance.now();
    await this.#database.exec('BEGIN IMMEDIATE; UPDATE total SET n = n + 1');
    for (let part = 0; part < PARTS; part++) {
      const body = `${writer} ${n} ${part} `.repeat(n % 40);
      await this.#database.query('INSERT INTO part VALUES (?, ?, ?, ?)', [writer, n, part, body]);
    }
    await this.#database.query('DELETE FROM part WHERE writer = ? AND n <= ?', [writer, n - KEPT]);
    await this.#database.query('INSERT OR REPLACE INTO writer VALUES (?, ?)', [writer, n]);
    await this.#database.exec('COMMIT');
  }

  /** The owner died, which is told: what came of it is looked up, and done if it was not. */
  async #isLost(error: unknown, n: number): Promise<boolean> {
    const { code, mayHaveCommitted } = error as { code?: string; mayHaveCommitted?: boolean };
    if (code !== 'CONNECTION_LOST') return false;
    const found = await this.#database
      .query<{ n: number }>('SELECT n FROM writer WHERE writer = ?', [this.#writer])
      .catch(async (again: unknown) => (await this.#isLost(again, n)) && []);
    if (found === false) return false;
    const done = (found[0]?.n ?? 0) === n;
    if (done && mayHaveCommitted === false) throw new Error(`transaction ${n} was denied`);
    if (!done) await this.#once(n);
    return true;
  }
}

function told(error: unknown, asked: number): string {
  const { extendedCode, sql } = error as { extendedCode?: unknown; sql?: unknown };
  const after = Math.round(performance.now() - asked);
  return `${String(error)} (${String(extendedCode)}) in ${String(sql)} after ${after} ms`;
}
