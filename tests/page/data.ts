// Test data over HTTP and as the native SQLite answered: tests/data, and target/oracle.json that
// tests/oracle writes. It must not know which test asks, nor the library beyond its values.
import type { BindValue, Params, SqlValue } from 'anchorite';
import { AssertionError, show } from './assert';
import { fetchJson, fetchOk } from './home';

/** A SQL value as the data files write it. */
export type Wire =
  | null
  | { readonly i: string }
  | { readonly r: string }
  | { readonly t: string }
  | { readonly b: string };

export interface CorpusQuery {
  readonly id: string;
  readonly setup?: readonly string[];
  readonly sql: readonly string[];
  readonly params?: readonly Wire[] | Record<string, Wire>;
  readonly fails?: boolean;
}

export interface Corpus {
  readonly name: string;
  readonly database: string;
  readonly queries: readonly CorpusQuery[];
}

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Wire[])[];
}

export interface Refusal {
  readonly error: {
    readonly code: string;
    readonly extendedCode: string;
    readonly message: string;
    readonly offset: number | null;
  };
}

export type FileState = { readonly size: number; readonly sha256: string } | null;

export interface DiskState {
  readonly main: FileState;
  readonly wal: FileState;
  readonly journal: FileState;
}

export interface TwinRun {
  readonly database: string;
  readonly seed: number;
  readonly now: number;
  /** What was written: after opening, after each statement, after closing. */
  readonly written: readonly DiskState[];
  /** What was synced, at the same moments. */
  readonly synced: readonly DiskState[];
}

export interface Oracle {
  readonly sourceId: string;
  readonly sqliteVersion: string;
  readonly compileOptions: readonly string[];
  readonly queries: Record<string, Rows | Refusal>;
  readonly twins: Record<string, TwinRun>;
  /** A digest of the answers to each damaged copy of Chinook. */
  readonly damaged: readonly number[];
}

export const DATA = '/tests/data/';

let oracleOnce: Promise<Oracle> | undefined;

/** What native SQLite of the same source answered, computed in this test run. */
export function oracle(): Promise<Oracle> {
  oracleOnce ??= fetchJson<Oracle>('/target/oracle.json');
  return oracleOnce;
}

export function corpus(name: string): Promise<Corpus> {
  return fetchJson<Corpus>(`${DATA}queries/${name}.json`);
}

/** A database of the corpus, unpacked where it is kept packed. */
export async function databaseFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetchOk(new URL(path, new URL(DATA, location.href)).pathname);
  if (!path.endsWith('.gz')) return new Uint8Array(await response.arrayBuffer());
  const unpacked = (await response.blob()).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

export const chinook = (): Promise<Uint8Array<ArrayBuffer>> =>
  databaseFile('../../demo/public/chinook.sqlite');

export function toParams(params: readonly Wire[] | Record<string, Wire>): Params {
  if (Array.isArray(params)) return (params as readonly Wire[]).map(toValue);
  return Object.fromEntries(
    Object.entries(params as Record<string, Wire>).map(([name, wire]) => [name, toValue(wire)]),
  );
}

/** The one JavaScript value that stands for this SQL value. */
export function toValue(wire: Wire): BindValue & SqlValue {
  if (wire === null) return null;
  if ('i' in wire) {
    const number = Number(wire.i);
    return Number.isSafeInteger(number) ? number : BigInt(wire.i);
  }
  if ('r' in wire) return new DataView(fromHex(wire.r).buffer).getFloat64(0);
  return 't' in wire ? wire.t : fromHex(wire.b);
}

/** What differs between the rows the library gave and the ones native SQLite gave. */
export function rowsDiffer(actual: readonly Record<string, SqlValue>[], expected: Rows): string {
  if (actual.length !== expected.rows.length) {
    return `${actual.length} rows, should be ${expected.rows.length}`;
  }
  for (const [number, wires] of expected.rows.entries()) {
    const row = actual[number] ?? {};
    const columns = Object.keys(row);
    if (columns.join('\0') !== expected.columns.join('\0')) {
      return `columns ${show(columns)}, should be ${show(expected.columns)}`;
    }
    for (const [index, column] of columns.entries()) {
      const [is, should] = [row[column], toValue(wires[index] ?? null)];
      if (!same(is, should)) return `row ${number}, ${column}: ${show(is)}, not ${show(should)}`;
    }
  }
  return '';
}

function same(a: SqlValue | undefined, b: SqlValue): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return Object.is(a, b);
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0) throw new AssertionError(`"${hex}" is not hexadecimal`);
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
