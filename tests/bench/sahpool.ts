// The official npm package over its `opfs-sahpool` as a contestant: synchronous calls in its own
// worker, prepared statements. Used by contest.ts; it must not know the other contestants.
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import type { Workload } from '../wire';
import type { Contestant } from './contest';
import { isCpu, taskOf } from './cpu';
import { CACHE_SIZE, CREATE, INSERT, Ledger, PAGE_SIZE, SELECT, TOTALS } from './workloads';
import { fill, isInsert, isRelaxed, textOf } from './workloads';

type Sqlite3 = Awaited<ReturnType<typeof sqlite3InitModule>>;
type Pool = Awaited<ReturnType<Sqlite3['installOpfsSAHPoolVfs']>>;
type Connection = InstanceType<Pool['OpfsSAHPoolDb']>;
type Statement = ReturnType<Connection['prepare']>;

const KINDS = {
  sahpool: { wal: false, pageSize: 8192 },
  'sahpool-wal': { wal: true, pageSize: PAGE_SIZE },
  'sahpool-wal-8k': { wal: true, pageSize: 8192 },
};

const FILE = '/bench.sqlite';

export class Sahpool implements Contestant {
  readonly #kind: keyof typeof KINDS;
  readonly #workload: Workload;
  readonly #ledger = new Ledger();
  #pool: Pool | undefined;
  #connection: Connection | undefined;
  #prepared: Statement | undefined;
  #rows = 0;

  constructor(kind: keyof typeof KINDS, workload: Workload) {
    this.#kind = kind;
    this.#workload = workload;
  }

  async prepare(rows: number): Promise<void> {
    const sqlite3 = await sqlite3InitModule();
    const name = `bench-${this.#workload}-${this.#kind}`;
    const options = { name, directory: `.${name}`, clearOnInit: true, initialCapacity: 6 };
    this.#rows = rows;
    this.#pool = await sqlite3.installOpfsSAHPoolVfs(options);
    this.#connect();
    this.#db.exec(CREATE);
    this.#db.exec(fill(this.#workload, rows));
    this.#ledger.filled(rows);
    this.#db.close();
    this.#connect();
    this.#checkSettings();
    this.#prepared = this.#db.prepare(isInsert(this.#workload) ? INSERT : SELECT);
    this.check();
  }

  get #db(): Connection {
    if (this.#connection === undefined) throw new Error(`${this.#kind} is not open`);
    return this.#connection;
  }

  async before(): Promise<void> {
    if (!isCpu(this.#workload)) return;
    const { before } = taskOf(this.#workload, this.#rows);
    if (before !== undefined) this.#db.exec(before);
  }

  run(values: Int32Array<ArrayBuffer>): number {
    if (isCpu(this.#workload)) {
      const { sql, question } = taskOf(this.#workload, this.#rows);
      if (sql !== undefined) this.#db.exec(sql);
      return Number(this.#db.selectValue(question));
    }
    const statement = this.#prepared;
    if (statement === undefined) throw new Error(`${this.#kind} is not prepared`);
    if (isInsert(this.#workload)) return this.#insert(statement, values);
    let sum = 0;
    for (const id of values) {
      statement.bind(1, id);
      sum += statement.step() ? Number(statement.get(0)) : Number.NaN;
      statement.reset();
    }
    return sum;
  }

  #insert(statement: Statement, values: Int32Array<ArrayBuffer>): number {
    for (const a of values) statement.bind(1, a).bind(2, textOf(a)).stepReset();
    this.#ledger.inserted(values);
    return 0;
  }

  check(): void {
    const [row] = this.#db.selectObjects(TOTALS);
    this.#ledger.check(row?.['n'], row?.['total']);
  }

  async finish(): Promise<void> {
    this.check();
    const verdict = this.#db.selectValue('PRAGMA integrity_check');
    if (verdict !== 'ok') throw new Error(String(verdict));
    this.#prepared?.finalize();
    this.#db.close();
    await this.#pool?.removeVfs();
  }

  get #synchronous(): number {
    return isRelaxed(this.#workload) ? 1 : 2;
  }

  /** Default settings are left alone; a WAL needs this package to lock exclusively. */
  #connect(): void {
    if (this.#pool === undefined) throw new Error('there is no pool');
    this.#connection = new this.#pool.OpfsSAHPoolDb(FILE);
    const { wal, pageSize } = KINDS[this.#kind];
    if (!wal) return;
    this.#db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA locking_mode = exclusive;
      PRAGMA journal_mode = wal; PRAGMA synchronous = ${this.#synchronous};
      PRAGMA cache_size = ${CACHE_SIZE}`);
  }

  #checkSettings(): void {
    const { wal, pageSize } = KINDS[this.#kind];
    const settings = {
      journal_mode: wal ? 'wal' : 'delete',
      synchronous: this.#synchronous,
      page_size: pageSize,
      cache_size: CACHE_SIZE,
    };
    for (const [name, value] of Object.entries(settings)) {
      const is = this.#db.selectValue(`PRAGMA ${name}`);
      if (is !== value) throw new Error(`${name} is ${String(is)}, not ${value}`);
    }
  }
}
