// A stranger's project: type-checked against js/dist/index.d.ts with lib ES2022 and DOM only, and
// with skipLibCheck off. It is never run.
import { deleteDatabase, importDatabase, listDatabases, open, sql, SqliteError } from 'anchorite';
import { storageInfo } from 'anchorite';
import { type BlobPlace, blobReader, blobWriter } from 'anchorite/blob';
import { apply, concat, invert, record } from 'anchorite/changesets';
import type { Conflict, ConflictAction, Recording } from 'anchorite/changesets';
import type { BindValue, Database, OpenOptions, Params, Row, SqlValue } from 'anchorite';
import { live } from 'anchorite/live';
import type { Difference, Live } from 'anchorite/live';
import { migrate } from 'anchorite/migrations';
import type { Migrated, Migration } from 'anchorite/migrations';
import type { Limits, LogLine, RunResult, Sql, Statement, Stats, Transaction } from 'anchorite';
import type { StorageInfo, WasmSource } from 'anchorite';

const options: OpenOptions = { engine: 'auto', worker: false };
const params: Params = { name: 'é', big: 1n, bytes: new Uint8Array(2), yes: true, none: null };
const bind: BindValue = new ArrayBuffer(2);

export async function use(): Promise<string> {
  const db: Database = await open('a.db', options);
  await db.exec('CREATE TABLE a (b)');
  const rows: Row[] = await db.query('SELECT * FROM a WHERE b = ?', [bind]);
  const value: SqlValue | undefined = rows[0]?.['b'];
  const typed = await db.query<{ n: number }>('SELECT :name AS n', params);
  const total: number = typed.reduce((sum, row) => sum + row.n, 0);
  const bytes: Uint8Array = await db.export();
  await db.vacuum({ pageSize: 8192 });
  const durable: 'power-loss' | 'process' | 'none' = db.info.durable;
  await importDatabase('b.db', new Blob([]), { overwrite: true });
  const names: string[] = await listDatabases();
  const gone: boolean = await deleteDatabase('b.db');
  await db.close();
  const { engine, storage, can } = db.info;
  return [value, total, bytes.length, names, gone, engine, storage, durable, can.cancel].join();
}

export async function openWithAll(module: WebAssembly.Module): Promise<number> {
  const limits: Limits = { length: 1000, attached: 0 };
  const lines: LogLine[] = [];
  const source: WasmSource = new URL('https://example.org/anchorite.wasm');
  const db = await open('a.db', {
    ...{ foreignKeys: false, limits, signal: AbortSignal.timeout(1000) },
    ...{ onLog: (line) => lines.push(line), wasm: { jspi: source, asyncify: module } },
  });
  const { cache, wal, holders }: Stats = await db.stats();
  const room: StorageInfo = await storageInfo();
  const sizes: number[] = (room.databases ?? []).map(({ bytes }) => bytes);
  // @ts-expect-error: no such limit
  await open('a.db', { limits: { lenght: 5 } });
  return cache.hits + (wal?.oldestReader ?? 0) + holders.length + sizes.length;
}

interface Note {
  id: number;
  text: string;
}

export async function ask(db: Database): Promise<unknown[]> {
  const { changes, lastInsertRowid }: RunResult = await db.run('DELETE FROM a', [1]);
  const rowid: number | bigint = lastInsertRowid;
  const note: Note | undefined = await db.get<Note>('SELECT id, text FROM note');
  const plain: Row | undefined = await db.get('SELECT 1');
  const arrays: SqlValue[][] = await db.query('SELECT 1', [], { rows: 'array' });
  const named: Row[] = await db.query('SELECT 1 AS a', [], { timeout: 1000 });
  const pairs = await db.query<[number, string]>('SELECT 1, 2', [], { rows: 'array' });
  const texts: string[] = await db.query<string>('SELECT 1', undefined, { rows: 'scalar' });
  const one: number | undefined = await db.get<number>('SELECT 1', [], { rows: 'scalar' });
  const piece: Sql = sql`SELECT ${1} FROM ${sql.id('a')} WHERE b IN (${sql.join([1, 'b', null])})`;
  const statement: Statement = await db.prepare(piece);
  const type: string | undefined = statement.columns[0]?.declaredType;
  const notes: Note[] = await statement.query<Note>({ id: 1 });
  const { changes: inserted } = await db.insertMany('a', [[1], { b: new Date() }]);
  const [first] = await db.batch(['SELECT 1', piece, { sql: 'SELECT ?', params: [1] }]);
  const done: string = await db.transaction(
    async (tx: Transaction) => {
      await tx.transaction((part) => part.run('DELETE FROM a'));
      return 'done';
    },
    { mode: 'deferred', name: 'cleaning', idleTimeout: 1000 },
  );
  const counts = [changes, rowid, inserted, pairs[0]?.[0], one, first?.rows.length, named.length];
  return [...counts, note?.text, plain?.['1'], arrays, texts, type, notes, done];
}

export async function bring(db: Database): Promise<number> {
  const last: Migration = { name: 'last', up: sql`DROP TABLE ${sql.id('a')}`, foreignKeys: true };
  const list = ['SELECT 1', sql`SELECT 2`, (tx: Transaction) => tx.run('DELETE FROM a'), last];
  const done: Migrated = await migrate(db, list, { onProgress: (applied, all) => applied + all });
  return done.version + done.applied;
}

export async function follow(db: Database, signal: AbortSignal): Promise<number> {
  const notes: Live<readonly Note[]> = live<Note>(db, 'SELECT id, text FROM note');
  const stop: () => void = notes.subscribe((rows) => rows.map(({ text }) => text));
  stop();
  const options = { key: ['id'], signal };
  for await (const { added, removed } of live<Note>(db, sql`SELECT 1`, undefined, options)) {
    const ids: number[] = [...added, ...removed].map(({ id }) => id);
    return ids.length;
  }
  const last: Live<Difference<Row>> = live(db, 'SELECT 1', [], { key: ['1'] });
  for await (const [text] of live<string>(db, 'SELECT 1', [], { rows: 'scalar' })) {
    return (text ?? '').length;
  }
  return Number(last !== undefined);
}

// @ts-expect-error a key goes with objects
export const wrongKey = (db: Database) => live(db, 'SELECT 1', [], { key: ['a'], rows: 'array' });

// @ts-expect-error a migration does something
export const nothing: Migration = { name: 'nothing' };

// @ts-expect-error a piece of SQL is made by the tag alone
export const forged: Sql = { text: 'SELECT 1', values: [] };

// @ts-expect-error a mode that does not exist
export const wrongTransaction = (db: Database) => db.transaction(() => 1, { mode: 'write' });

export async function copies(db: Database): Promise<unknown[]> {
  const blob: Blob = await db.export({ as: 'blob', portable: true, onProgress: () => undefined });
  const stream: ReadableStream<Uint8Array> = await db.export({ as: 'stream' });
  const bytes: Uint8Array = await db.export({ portable: true });
  await db.backupTo('backup.db', { overwrite: true, signal: new AbortController().signal });
  const onProgress = (done: number, total: number | undefined) => done / (total ?? 1);
  await importDatabase('c.db', await fetch('c.db'), { onProgress });
  return [blob, stream, bytes];
}

export async function streams(db: Database): Promise<unknown[]> {
  const place: BlobPlace = { table: 'a', column: 'b', rowid: 1n };
  const reader: ReadableStream<Uint8Array> = await blobReader(db, place, { start: 1, end: 2 });
  const size: number = await db.transaction(async (tx) => {
    const writer = await blobWriter(tx, place, { size: 5 });
    await new Blob(['words']).stream().pipeTo(writer);
    return writer.size;
  });
  return [reader, size];
}

export async function changes(db: Database): Promise<Uint8Array> {
  const recording: Recording = await record(db, { tables: ['a'] });
  const bytes: Uint8Array = await recording.changeset();
  const decide = (conflict: Conflict): ConflictAction =>
    conflict.kind === 'foreignKey' || conflict.current?.['b'] === null ? 'abort' : 'omit';
  await apply(db, bytes, { onConflict: decide });
  await apply(db, bytes, { onConflict: { data: 'replace', notFound: 'omit' } });
  const { omitted, replaced } = await apply(db, bytes, { onConflict: 'omit' });
  await recording.end();
  return omitted > replaced ? concat(db, bytes, bytes) : invert(db, bytes);
}

export function explain(error: unknown): string {
  if (!(error instanceof SqliteError)) return 'not ours';
  const offset: number | undefined = error.offset;
  return `${error.code} ${error.extendedCode} ${error.sql ?? ''} ${offset ?? ''} ${error.message}`;
}

// @ts-expect-error an engine that does not exist
export const wrongEngine: OpenOptions = { engine: 'wasm' };

export const everything: OpenOptions = {
  journalMode: 'truncate',
  durability: 'full',
  readonly: false,
  pageSize: 512,
  busyTimeout: 0,
  tempMemory: 2 ** 20,
  storage: 'memory',
  create: false,
  int64: 'bigint',
  dates: 'text',
  cacheSize: 2 ** 22,
};

// @ts-expect-error a journal mode that does not exist
export const wrongMode: OpenOptions = { journalMode: 'WAL2' };

// @ts-expect-error a function is no SQL value
export const wrongParams: Params = [() => 1];
