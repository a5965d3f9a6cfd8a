// How the rows of one run differ from those of another. Used by live.ts.

import { SqliteError } from './errors.js';

/** What has become of the rows since the last time. */
export interface Difference<Row> {
  /** All of them, in order. */
  readonly rows: readonly Row[];
  /** Those whose key was not there before. */
  readonly added: readonly Row[];
  /** Those whose key is not there any more, as they were. */
  readonly removed: readonly Row[];
  /** Those whose key was there with other values, as they are now. */
  readonly changed: readonly Row[];
}

/** Rows by their keys, in order. */
export type Keyed = ReadonlyMap<string, object>;

/** The rows by key; throws `INVALID_KEY` if a key is NULL, or there twice. */
export function keyed(rows: readonly object[], key: readonly string[]): Keyed {
  const map = new Map<string, object>();
  for (const [index, row] of rows.entries()) {
    const values = key.map((column) => (row as Record<string, unknown>)[column]);
    if (values.includes(null)) {
      throw invalid(`the key (${key.join(', ')}) of rows[${index}] is NULL`);
    }
    const id = values.map(identity).join();
    if (map.has(id)) {
      throw invalid(`the key (${key.join(', ')}) of rows[${index}] is that of another row`);
    }
    map.set(id, row);
  }
  return map;
}

export function difference(before: Keyed, after: Keyed): Difference<object> {
  const added: object[] = [];
  const changed: object[] = [];
  for (const [id, row] of after) {
    const old = before.get(id);
    if (old === undefined) {
      added.push(row);
    } else if (!isSame(old, row)) {
      changed.push(row);
    }
  }
  const removed = [...before].filter(([id]) => !after.has(id)).map(([, row]) => row);
  return { rows: [...after.values()], added, removed, changed };
}

/** Whether two rows, or lists of rows, or values, are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) {
    return true;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
  );
}

/** Numbers of SQL are the same if they are equal, whatever they are in JavaScript. */
function identity(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : `${kind(value)}${String(value)}`;
}

function kind(value: unknown): string {
  return typeof value === 'object' ? 'x' : '';
}

function invalid(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_KEY' });
}
