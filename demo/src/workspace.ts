/**
 * The one open database and the files beside it. Called by main.ts.
 * Everything here goes through the public API of `anchorite`; it must not know the page.
 */
import {
  type Database,
  importDatabase,
  listDatabases,
  type OpenOptions,
  open,
  type Row,
  SqliteError,
} from 'anchorite';

/** What a run gave: rows of one statement, or nothing to show from a script. */
export type Outcome = { kind: 'rows'; rows: Row[]; ms: number } | { kind: 'script'; ms: number };

/** Holds at most one open database and replaces it by another. */
export class Workspace {
  #database: Database | undefined;
  readonly #options: OpenOptions;

  constructor(options: OpenOptions) {
    this.#options = options;
  }

  get database(): Database | undefined {
    return this.#database;
  }

  /** Opens `name`, and only when that has worked closes the database open until then. */
  async open(name: string): Promise<Database> {
    const previous = this.#database;
    if (previous?.name === name && !previous.closed) return previous;
    this.#database = await open(name, this.#options);
    await previous?.close();
    return this.#database;
  }

  /** Opens `name` anew, also when it is open already: the way out after an engine has died. */
  async reopen(name: string): Promise<Database> {
    await this.#close();
    return this.open(name);
  }

  /**
   * Runs `sql`. The library refuses a script in query() before any of it has run (INVALID_SQL);
   * it is then run as a whole, and has no rows to show.
   */
  async run(sql: string): Promise<Outcome> {
    const database = this.#opened();
    const start = performance.now();
    try {
      const rows = await database.query(sql);
      return { kind: 'rows', rows, ms: performance.now() - start };
    } catch (error) {
      if (!(error instanceof SqliteError && error.code === 'INVALID_SQL')) throw error;
    }
    const scriptStart = performance.now();
    await database.exec(sql);
    return { kind: 'script', ms: performance.now() - scriptStart };
  }

  /** Makes `name` a copy of `source` and opens it. If that fails, what was open is open again. */
  async importOver(name: string, source: Blob): Promise<Database> {
    const wasOpen = this.#database?.name === name;
    if (wasOpen) await this.#close();
    try {
      await importDatabase(name, source, { ...this.#options, overwrite: true });
    } catch (error) {
      if (wasOpen) await this.open(name);
      throw error;
    }
    return this.open(name);
  }

  /** The open database as the bytes of one file. */
  export(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#opened().export();
  }

  /** Names of all databases, the open one among them. */
  async names(): Promise<string[]> {
    const names = new Set(await listDatabases(this.#options));
    if (this.#database !== undefined) names.add(this.#database.name);
    return [...names].sort();
  }

  #opened(): Database {
    if (this.#database === undefined) throw new Error('No database is open.');
    return this.#database;
  }

  async #close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
  }
}
