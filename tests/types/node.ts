// A stranger's tests in Node: type-checked against js/dist/node/index.d.ts, without Node's types.
// It is never run.
import { open, setDirectory, SqliteError } from 'anchorite/node';
import type { Database } from 'anchorite';

export async function prepare(path: string): Promise<Database> {
  const nothing: void = setDirectory(path);
  const db: Database = await open('a.db');
  const context: string = db.info.context;
  return nothing ?? (context === 'node' && db instanceof Object ? db : fail());
}

function fail(): never {
  throw new SqliteError('not in Node', { code: 'UNSUPPORTED' });
}

// @ts-expect-error a path is a string
export const wrongPath = () => setDirectory(new URL('file:///a'));
