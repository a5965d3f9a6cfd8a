// A stranger's project: type-checked against js/dist/index.d.ts with lib ES2022 and DOM only, and
// with skipLibCheck off. It is never run.
import { deleteDatabase, importDatabase, listDatabases, open, SqliteError } from 'anchorite';
import type { BindValue, Database, OpenOptions, Params, Row, SqlValue } from 'anchorite';

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
};

// @ts-expect-error a journal mode that does not exist
export const wrongMode: OpenOptions = { journalMode: 'WAL2' };

// @ts-expect-error a function is no SQL value
export const wrongParams: Params = [() => 1];
