// Our library as a contestant, by its public API: in place in a worker or a window, or behind its
// own worker. Used by contest.ts; it must not know the other contestants.
import { deleteDatabase, open } from 'anchorite';
import type { Database, OpenOptions } from 'anchorite';
import type { Twin, Workload } from '../wire';
import type { Contestant } from './contest';
import {
  CACHE_SIZE,
  CREATE,
  INSERT,
  Ledger,
  PAGE_SIZE,
  SELECT,
  TOTALS,
  fill,
  isInsert,
  textOf,
} from './workloads';

export class Ours implements Contestant {
  readonly #name: string;
  readonly #workload: Workload;
  readonly #options: OpenOptions;
  readonly #ledger = new Ledger();
  #open: Database | undefined;

  /** `solo` is the JSPI build with a database that other contexts might share, and none does. */
  constructor(subject: Twin | 'solo', workload: Workload) {
    this.#name = `bench-${workload}-${subject}.sqlite`;
    this.#workload = workload;
    const engine = subject === 'solo' ? 'jspi' : subject;
    const sharing = subject === 'solo' ? 'shared' : 'exclusive';
    this.#options = { engine, worker: workload === 'page-point', sharing } as OpenOptions;
  }

  async prepare(rows: number): Promise<void> {
    await deleteDatabase(this.#name, { engine: this.#options.engine ?? 'auto' });
    this.#open = await open(this.#name, this.#options);
    await this.#db.exec(CREATE);
    await this.#db.exec(fill(this.#workload, rows));
    this.#ledger.filled(rows);
    await this.#db.close();
    this.#open = await open(this.#name, this.#options);
    await this.#checkSettings();
    await this.check();
  }

  get #db(): Database {
    if (this.#open === undefined) throw new Error(`${this.#name} is not open`);
    return this.#open;
  }

  /** Prepared statements are not in the public API yet: `query` compiles its text each time. */
  async run(values: Int32Array<ArrayBuffer>): Promise<number> {
    if (isInsert(this.#workload)) return await this.#insert(values);
    const db = this.#db;
    let sum = 0;
    for (const id of values) {
      const [row] = await db.query<{ a: number }>(SELECT, [id]);
      sum += row?.a ?? Number.NaN;
    }
    return sum;
  }

  async #insert(values: Int32Array<ArrayBuffer>): Promise<number> {
    const db = this.#db;
    for (const a of values) await db.query(INSERT, [a, textOf(a)]);
    this.#ledger.inserted(values);
    return 0;
  }

  async check(): Promise<void> {
    const [row] = await this.#db.query(TOTALS);
    this.#ledger.check(row?.['n'], row?.['total']);
  }

  async finish(): Promise<void> {
    await this.check();
    const [row] = await this.#db.query('PRAGMA integrity_check');
    if (row?.['integrity_check'] !== 'ok') throw new Error(JSON.stringify(row));
    await this.#db.close();
    await deleteDatabase(this.#name, { engine: this.#options.engine ?? 'auto' });
  }

  /** A figure is worth something only together with what it was measured at. */
  async #checkSettings(): Promise<void> {
    const { storage } = this.#db.info;
    const asked = this.#workload === 'async-commit' ? 'opfs-async' : 'opfs-sync';
    if (storage !== asked) throw new Error(`on ${storage}, should be on ${asked}`);
    const settings = {
      journal_mode: 'wal',
      synchronous: 2,
      page_size: PAGE_SIZE,
      cache_size: CACHE_SIZE,
    };
    for (const [name, value] of Object.entries(settings)) {
      const [row] = await this.#db.query(`PRAGMA ${name}`);
      if (row?.[name] !== value) throw new Error(`${name} is ${String(row?.[name])}, not ${value}`);
    }
  }
}
