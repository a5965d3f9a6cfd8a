// A peer in a worker behind the plainest wrapper there is: one message for each call, one for each
// answer. Started by page-peers.ts. It must not know what is measured.
import { Factory, SQLITE_ROW } from '@journeyapps/wa-sqlite';
import createModule from '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
import { AccessHandlePoolVFS } from '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js';
import { OPFSCoopSyncVFS } from '@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js';
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { CACHE_SIZE, PAGE_SIZE } from './workloads';

/** What a page asks of a peer. */
export type Call =
  | { readonly call: 'open'; readonly kind: Kind; readonly name: string }
  | { readonly call: 'exec'; readonly sql: string }
  /** The rows as objects; the statement stays prepared. */
  | { readonly call: 'rows'; readonly sql: string; readonly params: readonly Value[] }
  /** All in one transaction, by one statement. */
  | { readonly call: 'insert'; readonly sql: string; readonly rows: readonly (readonly Value[])[] };

export type Kind = 'page-sahpool' | 'page-wa-pool' | 'page-wa-coop';
export type Value = number | string;
export type Rows = readonly Readonly<Record<string, unknown>>[];

interface Peer {
  exec(sql: string): Promise<void>;
  rows(sql: string, params: readonly Value[]): Promise<Rows>;
  insert(sql: string, rows: readonly (readonly Value[])[]): Promise<void>;
}

const PRAGMAS = `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA cache_size = ${CACHE_SIZE};
  PRAGMA temp_store = memory; PRAGMA synchronous = full;`;

/** Statements by their text, each prepared once. */
class Prepared<Statement> {
  readonly #known = new Map<string, Statement>();
  readonly #make: (sql: string) => Promise<Statement>;

  constructor(make: (sql: string) => Promise<Statement>) {
    this.#make = make;
  }

  async of(sql: string): Promise<Statement> {
    const known = this.#known.get(sql) ?? (await this.#make(sql));
    this.#known.set(sql, known);
    return known;
  }
}

async function openSahpool(name: string): Promise<Peer> {
  const sqlite3 = await sqlite3InitModule();
  const pool = await sqlite3.installOpfsSAHPoolVfs({
    name,
    directory: `.${name}`,
    clearOnInit: true,
  });
  const db = new pool.OpfsSAHPoolDb('/bench.sqlite');
  db.exec(`${PRAGMAS} PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;`);
  const prepared = new Prepared(async (sql: string) => db.prepare(sql));
  return {
    exec: async (sql) => void db.exec(sql),
    async rows(sql, params) {
      const statement = await prepared.of(sql);
      if (params.length > 0) statement.bind([...params]);
      const rows: Record<string, unknown>[] = [];
      while (statement.step()) rows.push(statement.get({}) as Record<string, unknown>);
      statement.reset();
      return rows;
    },
    async insert(sql, rows) {
      const statement = await prepared.of(sql);
      db.exec('BEGIN');
      for (const row of rows) statement.bind(row as Value[]).stepReset();
      db.exec('COMMIT');
    },
  };
}

const WA = { 'page-wa-pool': AccessHandlePoolVFS, 'page-wa-coop': OPFSCoopSyncVFS };

async function openWa(kind: keyof typeof WA, name: string): Promise<Peer> {
  const module: unknown = await createModule();
  const api = Factory(module);
  api.vfs_register(await WA[kind].create(name, module), true);
  const db = await api.open_v2('bench.sqlite');
  await api.exec(db, PRAGMAS);
  const prepared = new Prepared(async (sql: string) => {
    for await (const made of api.statements(db, sql, { unscoped: true })) return made;
    throw new Error(`${sql} is no statement`);
  });
  return {
    exec: async (sql) => void (await api.exec(db, sql)),
    async rows(sql, params) {
      const statement = await prepared.of(sql);
      if (params.length > 0) api.bind_collection(statement, [...params]);
      const columns = api.column_names(statement);
      const rows: Record<string, unknown>[] = [];
      while ((await api.step(statement)) === SQLITE_ROW) {
        const row: Record<string, unknown> = {};
        const values = api.row(statement);
        for (let i = 0; i < columns.length; i++) row[columns[i] as string] = values[i];
        rows.push(row);
      }
      await api.reset(statement);
      return rows;
    },
    async insert(sql, rows) {
      const statement = await prepared.of(sql);
      await api.exec(db, 'BEGIN');
      for (const row of rows) {
        api.bind_collection(statement, row as Value[]);
        await api.step(statement);
        await api.reset(statement);
      }
      await api.exec(db, 'COMMIT');
    },
  };
}

let peer: Peer | undefined;

async function answer(call: Call): Promise<Rows | undefined> {
  if (call.call === 'open') {
    peer =
      call.kind === 'page-sahpool'
        ? await openSahpool(call.name)
        : await openWa(call.kind, call.name);
    return undefined;
  }
  if (peer === undefined) throw new Error('it is not open');
  if (call.call === 'exec') await peer.exec(call.sql);
  else if (call.call === 'insert') await peer.insert(call.sql, call.rows);
  else return await peer.rows(call.sql, call.params);
  return undefined;
}

self.addEventListener(
  'message',
  async ({ data: { id, call } }: MessageEvent<{ id: number; call: Call }>) => {
    try {
      self.postMessage({ id, value: await answer(call) });
    } catch (error) {
      self.postMessage({ id, error: String(error) });
    }
  },
);
