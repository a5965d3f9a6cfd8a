/**
 * Changes of a table's rows: cells, rows that are deleted, rows that are new. All become SQL here,
 * to be looked at or to be run; they are made in one transaction, and undone in another. Used by
 * browser.ts and insert-row.ts. What is changed or deleted must be as it was seen.
 */
import type { Database, SqlValue, Transaction } from 'anchorite';
import { hex, literal, quoteName } from '../sql/quote.ts';
import { count } from '../words.ts';

const SHOWN_MAX = 1000;

/** Where changes are made. */
export interface Place {
  /** The table's name as SQL has it. */
  readonly table: string;
  /** Its columns, but for those that are computed. */
  readonly columns: readonly string[];
  /** What identifies a row: columns, or a name of the row number. */
  readonly keys: readonly string[];
  readonly withoutRowid: boolean;
  /** Whether a module keeps the rows, in tables of its own. */
  readonly virtual: boolean;
}

type Values = readonly SqlValue[];

/** A cell's new value; `key` finds its row, by the columns of the same places. */
export interface CellChange {
  readonly kind: 'cell';
  /** The row's number in words for people. */
  readonly row: number;
  readonly column: string;
  readonly before: SqlValue;
  readonly after: SqlValue;
  readonly key: Values;
}

/** A row that goes, by its key and the values of all columns. */
export interface Deletion {
  readonly kind: 'delete';
  readonly row: number | undefined;
  readonly key: Values;
  readonly values: Values;
}

/** A row that comes. Columns that are left out get their defaults. */
export interface Insertion {
  readonly kind: 'insert';
  readonly columns: readonly string[];
  readonly values: Values;
  /** The row as it has become, once it is there. */
  readonly as?: { readonly key: Values; readonly values: Values };
}

export type Change = CellChange | Deletion | Insertion;

/** What was done. */
export interface Made {
  readonly changes: readonly Change[];
  /** How many rows triggers and foreign keys have changed besides. */
  readonly elsewhere: number;
}

/** Writes a value into SQL. */
type Put = (value: SqlValue) => string;

/** The statements, as somebody would write them. */
export function preview(place: Place, changes: readonly Change[]): string {
  const lines = changes.map((change) => `${statement(place, change, shown)};`);
  return changes.length === 1 ? lines.join() : ['BEGIN;', ...lines, 'COMMIT;'].join('\n');
}

/** A literal, but for bytes that nobody would read. */
function shown(value: SqlValue): string {
  if (!(value instanceof Uint8Array) || value.length <= SHOWN_MAX) return literal(value);
  return `X'${hex(value.subarray(0, 16))}…' /* ${count(value.length, 'byte')} */`;
}

/** Makes all of them or none: a row that is no longer as it was seen stops it. */
export async function apply(
  database: Database,
  place: Place,
  changes: readonly Change[],
  signal?: AbortSignal,
): Promise<Made> {
  return database.transaction(
    async (tx) => {
      const before = await totalChanges(tx);
      const made: Change[] = [];
      for (const change of changes) made.push(await make(tx, place, change));
      const total = (await totalChanges(tx)) - before;
      return { changes: made, elsewhere: place.virtual ? 0 : total - made.length };
    },
    { name: 'the changes of the table browser', ...(signal ? { signal } : {}) },
  );
}

/**
 * What takes them back: nothing, if a value is not known as it was. A key that was changed is
 * looked for as it is now.
 */
export function reversed(place: Place, changes: readonly Change[]): Change[] | undefined {
  const back = [...changes].reverse().map((change) => reverse(place, change));
  return back.every((change) => change !== undefined) ? back : undefined;
}

function reverse(place: Place, change: Change): Change | undefined {
  switch (change.kind) {
    case 'cell': {
      const { before, after, column, key } = change;
      if (!isExact(before)) return undefined;
      const now = key.map((value, index) => (place.keys[index] === column ? after : value));
      return { ...change, before: after, after: before, key: now };
    }
    case 'delete': {
      if (!change.values.every(isExact)) return undefined;
      const columns = place.withoutRowid ? place.columns : [...place.columns, ...place.keys];
      const values = place.withoutRowid ? change.values : [...change.values, ...change.key];
      return { kind: 'insert', columns, values };
    }
    case 'insert':
      return change.as && { kind: 'delete', row: undefined, ...change.as };
  }
}

/** TEXT that is not UTF-8 is read with U+FFFD in the place of what it is. */
function isExact(value: SqlValue): boolean {
  return typeof value !== 'string' || !value.includes('\uFFFD');
}

/** The values are put in the order in which they stand in the text. */
function statement(place: Place, change: Change, put: Put): string {
  const { table } = place;
  switch (change.kind) {
    case 'cell':
      return (
        `UPDATE ${table} SET ${quoteName(change.column)} = ${put(change.after)}` +
        `\n  WHERE ${isRow(place, change.key, put)}`
      );
    case 'delete':
      return `DELETE FROM ${table}\n  WHERE ${isRow(place, change.key, put)}`;
    case 'insert': {
      if (change.columns.length === 0) return `INSERT INTO ${table} DEFAULT VALUES`;
      const columns = change.columns.map(quoteName).join(', ');
      return `INSERT INTO ${table} (${columns})\n  VALUES (${change.values.map(put).join(', ')})`;
    }
  }
}

/** The row number's names stand in quotes as columns do: where no column is called so, it is it. */
function isRow({ keys }: Place, key: Values, put: Put): string {
  const parts = keys.map((name, index) => `${quoteName(name)} IS ${put(key[index] ?? null)}`);
  return parts.join(' AND ');
}

/** What has to be found, besides the key. One comparison: an AND of each would be too deep. */
function asSeen({ columns }: Place, change: Change, put: Put): string {
  const seen: (readonly [string, SqlValue])[] = [];
  if (change.kind === 'cell') seen.push([change.column, change.before]);
  if (change.kind === 'delete') {
    columns.forEach((name, index) => {
      seen.push([name, change.values[index] ?? null]);
    });
  }
  const known = seen.filter(([, value]) => isExact(value));
  if (known.length === 0) return '';
  const names = known.map(([name]) => quoteName(name)).join(', ');
  const values = known.map(([, value]) => `${put(value)} COLLATE BINARY`).join(', ');
  return ` AND (${names}) IS (${values})`;
}

async function make(tx: Transaction, place: Place, change: Change): Promise<Change> {
  const params: SqlValue[] = [];
  const put = (value: SqlValue) => {
    params.push(value);
    // A whole number would be an INTEGER; those are bigints here.
    return typeof value === 'number' && Number.isInteger(value) ? 'CAST(? AS REAL)' : '?';
  };
  const sql = statement(place, change, put) + asSeen(place, change, put);
  if (change.kind === 'insert') return insert(tx, place, change, sql, params);
  const { changes } = await tx.run(sql, params);
  if (changes === 1) return change;
  const which = change.row === undefined ? 'The new row' : `Row ${change.row.toLocaleString('en')}`;
  throw new Error(
    `${which} has been changed or deleted meanwhile, so nothing was changed. ` +
      'Load the table again and look at it.',
  );
}

/** What has come of a row is read again: defaults, types and triggers have had their say. */
async function insert(
  tx: Transaction,
  place: Place,
  change: Insertion,
  sql: string,
  params: SqlValue[],
): Promise<Insertion> {
  const key = await insertedKey(tx, place, sql, params);
  if (key === undefined) {
    throw new Error('A trigger or ON CONFLICT has left the new row out, so nothing was changed.');
  }
  const names = place.columns.map(quoteName).join(', ');
  const found = `SELECT ${names} FROM ${place.table} WHERE ${isRow(place, key, () => '?')}`;
  const [values] = await tx.query<SqlValue[]>(found, key, { rows: 'array' });
  return values === undefined ? change : { ...change, as: { key, values } };
}

async function insertedKey(
  tx: Transaction,
  { keys, withoutRowid }: Place,
  sql: string,
  params: SqlValue[],
): Promise<SqlValue[] | undefined> {
  if (withoutRowid) {
    const returning = `${sql}\nRETURNING ${keys.map(quoteName).join(', ')}`;
    const [key] = await tx.query<SqlValue[]>(returning, params, { rows: 'array' });
    return key;
  }
  const { changes, lastInsertRowid } = await tx.run(sql, params);
  return changes === 1 ? [BigInt(lastInsertRowid)] : undefined;
}

async function totalChanges(tx: Transaction): Promise<number> {
  return Number(await tx.get('SELECT total_changes()', [], { rows: 'scalar' }));
}
