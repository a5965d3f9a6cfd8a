/**
 * The console's own database: what was run, and what was saved by name. Used by the History panel
 * and main.ts. It is opened when it is first needed; where it cannot be, nothing else suffers.
 */
import { type Database, type OpenOptions, open } from 'anchorite';
import { OWN_NAME } from '../workspace.ts';

/** So many runs are remembered. */
const RUNS_KEPT = 1000;
const SQL_KEPT = 100_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, database TEXT NOT NULL, sql TEXT NOT NULL,
    outcome TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS saved (title TEXT PRIMARY KEY, sql TEXT NOT NULL, at TEXT NOT NULL);
`;

export interface Run {
  readonly id: bigint;
  readonly at: string;
  readonly database: string;
  readonly sql: string;
  readonly outcome: string;
}

export interface Saved {
  readonly title: string;
  readonly sql: string;
}

export class Store {
  readonly #options: OpenOptions;
  #opening: Promise<Database> | undefined;

  constructor(options: OpenOptions) {
    this.#options = options;
  }

  async addRun(database: string, sql: string, outcome: string): Promise<void> {
    if (sql.length > SQL_KEPT) return;
    const own = await this.#open();
    await own.transaction(async (tx) => {
      await tx.run('DELETE FROM run WHERE sql = ? AND database = ?', [sql, database]);
      const values = [new Date().toISOString(), database, sql, outcome];
      await tx.run('INSERT INTO run (at, database, sql, outcome) VALUES (?, ?, ?, ?)', values);
      await tx.run('DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?', [RUNS_KEPT]);
    });
  }

  async runs(wanted: string): Promise<Run[]> {
    const own = await this.#open();
    return own.query<Run>(
      'SELECT * FROM run WHERE instr(lower(sql), lower(?)) > 0 ORDER BY id DESC LIMIT 200',
      [wanted],
    );
  }

  async clear(): Promise<void> {
    await (await this.#open()).run('DELETE FROM run');
  }

  /** Whether a query is kept by this title. */
  async has(title: string): Promise<boolean> {
    const own = await this.#open();
    const sql = 'SELECT count(*) FROM saved WHERE title = ?';
    return (await own.get<bigint>(sql, [title], { rows: 'scalar' })) === 1n;
  }

  async save(title: string, sql: string): Promise<void> {
    const own = await this.#open();
    await own.run('INSERT OR REPLACE INTO saved (title, sql, at) VALUES (?, ?, ?)', [
      title,
      sql,
      new Date().toISOString(),
    ]);
  }

  async saved(wanted: string): Promise<Saved[]> {
    const own = await this.#open();
    return own.query<Saved>(
      `SELECT title, sql FROM saved WHERE instr(lower(title || ' ' || sql), lower(?)) > 0
       ORDER BY title COLLATE NOCASE`,
      [wanted],
    );
  }

  async forget(title: string): Promise<void> {
    await (await this.#open()).run('DELETE FROM saved WHERE title = ?', [title]);
  }

  #open(): Promise<Database> {
    this.#opening ??= this.#openNow();
    this.#opening.catch(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openNow(): Promise<Database> {
    const own = await open(OWN_NAME, this.#options);
    await own.exec(SCHEMA);
    return own;
  }
}
