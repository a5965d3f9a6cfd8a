// Our library in a tab, in each way in which it shares a database. Used by tab.ts in the window and
// by tab-worker.ts in a worker. It must not know the other subjects.
import { deleteDatabase, open } from 'anchorite';
import type { Database, OpenOptions, Sharing } from 'anchorite';
import { INCREMENT, SELECT } from './tab-connections';
import type { Connection, Subject } from './tab-connections';
import { CACHE_SIZE, PAGE_SIZE } from './workloads';

/** Longer than any tab keeps another one waiting. */
const BUSY_MS = 30_000;

export class Ours implements Subject {
  readonly #sharing: Sharing;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  async open(database: string): Promise<Connection> {
    const options = { sharing: this.#sharing, busyTimeout: BUSY_MS } as OpenOptions;
    return new OurConnection(await open(database, options));
  }

  async forget(database: string): Promise<void> {
    await deleteDatabase(database);
  }
}

class OurConnection implements Connection {
  readonly #db: Database;
  readonly syncsHere: boolean;

  constructor(db: Database) {
    this.#db = db;
    this.syncsHere = typeof window === 'undefined';
  }

  async checkSettings(): Promise<void> {
    const { storage, durable } = this.#db.info;
    if (storage !== 'opfs-sync') throw new Error(`on ${storage}, durable ${String(durable)}`);
    const settings = { journal_mode: 'wal', synchronous: 2, page_size: PAGE_SIZE };
    for (const [name, value] of Object.entries({ ...settings, cache_size: CACHE_SIZE })) {
      const is = await this.ask(`PRAGMA ${name}`);
      if (is !== value) throw new Error(`${name} is ${String(is)}, not ${value}`);
    }
  }

  exec(sql: string): Promise<void> {
    return this.#db.exec(sql);
  }

  async ask(sql: string): Promise<unknown> {
    const [row = {}] = await this.#db.query(sql);
    return Object.values(row)[0];
  }

  async increment(): Promise<void> {
    await this.#db.query(INCREMENT);
  }

  async select(id: number): Promise<number> {
    const [row] = await this.#db.query<{ a: number }>(SELECT, [id]);
    return row?.a ?? Number.NaN;
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
