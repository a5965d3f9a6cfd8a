// The two VFSes of wa-sqlite for several tabs, by its own API: the synchronous build, prepared
// statements. Used by tab-worker.ts; it must not know the other subjects.
import { Factory, SQLITE_ROW } from '@journeyapps/wa-sqlite';
import createModule from '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
import { OPFSCoopSyncVFS } from '@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js';
import { OPFSWriteAheadVFS } from '@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js';
import { INCREMENT, SELECT } from './tab-connections';
import type { Connection, Subject } from './tab-connections';
import { CACHE_SIZE, PAGE_SIZE } from './workloads';

const COMMON = [`page_size = ${PAGE_SIZE}`, `cache_size = ${CACHE_SIZE}`, 'temp_store = memory'];

/** What else is set at each open. */
const KINDS = {
  'write-ahead': { vfs: OPFSWriteAheadVFS, pragmas: ['synchronous = full'] },
  'write-ahead-read': {
    vfs: OPFSWriteAheadVFS,
    pragmas: ['synchronous = full', 'lazy_lock = read'],
  },
  'coop-sync': { vfs: OPFSCoopSyncVFS, pragmas: ['synchronous = full'] },
};

/** What lies beside a database. */
const SUFFIXES = ['', '-journal', '-wal', '-wa0', '-wa1'];

export class WaSqlite implements Subject {
  readonly #kind: keyof typeof KINDS;
  #loaded: Promise<SQLiteAPI> | undefined;

  constructor(kind: keyof typeof KINDS) {
    this.#kind = kind;
  }

  async open(database: string): Promise<Connection> {
    this.#loaded ??= this.#load();
    const api = await this.#loaded;
    const connection = new PeerConnection(api, await api.open_v2(database));
    for (const pragma of [...COMMON, ...KINDS[this.#kind].pragmas]) {
      await connection.exec(`PRAGMA ${pragma}`);
    }
    return connection;
  }

  async #load(): Promise<SQLiteAPI> {
    const module: unknown = await createModule();
    const api = Factory(module);
    const vfs = await KINDS[this.#kind].vfs.create(this.#kind, module);
    api.vfs_register(vfs, true);
    return api;
  }

  async forget(database: string): Promise<void> {
    const root = await navigator.storage.getDirectory();
    for (const suffix of SUFFIXES) {
      await root.removeEntry(`${database}${suffix}`).catch(() => undefined);
    }
  }
}

class PeerConnection implements Connection {
  readonly syncsHere = true;
  readonly #api: SQLiteAPI;
  readonly #db: number;
  readonly #prepared = new Map<string, number>();

  constructor(api: SQLiteAPI, db: number) {
    this.#api = api;
    this.#db = db;
  }

  /** Its journal is a matter of the VFS, and `synchronous` as it says not always as it is. */
  async checkSettings(): Promise<void> {
    for (const [name, value] of Object.entries({ page_size: PAGE_SIZE, cache_size: CACHE_SIZE })) {
      const is = await this.ask(`PRAGMA ${name}`);
      if (is !== value) throw new Error(`${name} is ${String(is)}, not ${value}`);
    }
  }

  async exec(sql: string): Promise<void> {
    await this.#api.exec(this.#db, sql);
  }

  async ask(sql: string): Promise<unknown> {
    let answer: unknown;
    await this.#api.exec(this.#db, sql, ([value]) => (answer = value));
    return answer;
  }

  async increment(): Promise<void> {
    await this.#run(await this.#statement(INCREMENT));
  }

  async select(id: number): Promise<number> {
    const statement = await this.#statement(SELECT);
    this.#api.bind(statement, 1, id);
    return Number(await this.#run(statement));
  }

  /** The first value, if there is one; a statement that was refused can be made again. */
  async #run(statement: number): Promise<unknown> {
    try {
      const state = await this.#api.step(statement);
      return state === SQLITE_ROW ? this.#api.column(statement, 0) : undefined;
    } finally {
      await this.#api.reset(statement).catch(() => undefined);
    }
  }

  async #statement(sql: string): Promise<number> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    for await (const made of this.#api.statements(this.#db, sql, { unscoped: true })) {
      this.#prepared.set(sql, made);
      return made;
    }
    throw new Error(`${sql} is no statement`);
  }

  async close(): Promise<void> {
    for (const statement of this.#prepared.values()) await this.#api.finalize(statement);
    this.#prepared.clear();
    await this.#api.close(this.#db);
  }
}
