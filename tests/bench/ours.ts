// Our library as a contestant, by its public API: in place in a worker or a window, or behind its
// own worker. Used by contest.ts; it must not know the other contestants.
import { deleteDatabase, open } from 'anchorite';
import type { Database, OpenOptions } from 'anchorite';
import type { Twin, Workload } from '../wire';
import type { Contestant } from './contest';
import { isCpu, taskOf } from './cpu';
import {
  CACHE_SIZE,
  CREATE,
  CREATE_WIDE,
  INSERT,
  Ledger,
  PAGE_SIZE,
  SCAN,
  SELECT,
  TOTALS,
  WIDE_TOTALS,
  fill,
  fillWide,
  isInsert,
  isRelaxed,
  isWide,
  sumOf,
  textOf,
  wideRows,
} from './workloads';

export class Ours implements Contestant {
  readonly #name: string;
  readonly #workload: Workload;
  readonly #options: OpenOptions;
  readonly #ledger = new Ledger();
  #open: Database | undefined;
  #rows = 0;
  #wide: (number | string)[][] = [];

  /** `solo` is the JSPI build with a database that other contexts might share, and none does. */
  constructor(subject: Twin | 'solo', workload: Workload) {
    this.#name = `bench-${workload}-${subject}.sqlite`;
    this.#workload = workload;
    const engine = subject === 'solo' ? 'jspi' : subject;
    const sharing = subject === 'solo' ? 'shared' : 'exclusive';
    const worker = workload.startsWith('page-');
    const durability = isRelaxed(workload) ? 'relaxed' : 'full';
    this.#options = { engine, worker, sharing, durability } as OpenOptions;
  }

  async prepare(rows: number): Promise<void> {
    await deleteDatabase(this.#name, { engine: this.#options.engine ?? 'auto' });
    this.#open = await open(this.#name, this.#options);
    this.#rows = rows;
    const [create, filled] = isWide(this.#workload)
      ? [CREATE_WIDE, fillWide(rows)]
      : [CREATE, fill(this.#workload, rows)];
    await this.#db.exec(`${create}; ${filled}`);
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

  async before(): Promise<void> {
    if (isCpu(this.#workload)) {
      const { before } = taskOf(this.#workload, this.#rows);
      if (before !== undefined) await this.#db.exec(before);
    }
    if (this.#workload !== 'page-bulk') return;
    await this.#db.exec(`DROP TABLE s; ${CREATE_WIDE}`);
    this.#wide = wideRows(this.#rows);
  }

  async run(values: Int32Array<ArrayBuffer>): Promise<number> {
    const db = this.#db;
    if (isCpu(this.#workload)) return await this.#carryOut(taskOf(this.#workload, this.#rows));
    switch (this.#workload) {
      case 'page-scan':
        return sumOf(await db.query(SCAN));
      case 'page-bulk':
        await db.insertMany('s', this.#wide);
        return 0;
      case 'page-burst':
        return sumOf(
          (await Promise.all(Array.from(values, (id) => db.query(SELECT, [id])))).flat(),
        );
      default:
        return isInsert(this.#workload) ? await this.#insert(values) : await this.#read(values);
    }
  }

  async #carryOut({ sql, question }: ReturnType<typeof taskOf>): Promise<number> {
    if (sql !== undefined) await this.#db.exec(sql);
    const [row] = await this.#db.query<{ answer: number }>(question);
    return row?.answer ?? Number.NaN;
  }

  async #read(values: Int32Array<ArrayBuffer>): Promise<number> {
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
    const [row] = await this.#db.query(isWide(this.#workload) ? WIDE_TOTALS : TOTALS);
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
      synchronous: isRelaxed(this.#workload) ? 1 : 2,
      page_size: PAGE_SIZE,
      cache_size: CACHE_SIZE,
    };
    for (const [name, value] of Object.entries(settings)) {
      const [row] = await this.#db.query(`PRAGMA ${name}`);
      if (row?.[name] !== value) throw new Error(`${name} is ${String(row?.[name])}, not ${value}`);
    }
  }
}
