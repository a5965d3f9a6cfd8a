/**
 * A file of rows: what its columns are, of which types they seem to be, and its rows as they come.
 * Used by import-table.ts. It reads a file more than once and never holds all of it, but for a JSON
 * array, which has no other way. Must not know databases.
 */
import type { BindValue } from 'anchorite';
import { size } from '../words.ts';
import { guessSeparator, records } from './csv.ts';

/** The types of columns; `REAL,` is a REAL that is written with a comma. */
export type Type = 'INTEGER' | 'REAL' | 'REAL,' | 'TEXT';

/** How text is written as bytes. */
export type Encoding = 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be';

/** How a file is to be read, as far as somebody has said. */
export interface Reading {
  /** Whether the first record has the names. */
  readonly header: boolean;
  readonly encoding?: Encoding | undefined;
}

export interface Tabular {
  readonly encoding: Encoding;
  readonly columns: readonly { readonly name: string; readonly type: Type }[];
  /** The first rows, to look at. */
  readonly sample: readonly (readonly BindValue[])[];
  /** All rows; `onBytes` hears how much of the file is read. */
  rows(types: readonly Type[], onBytes: (bytes: number) => void): AsyncIterable<BindValue[]>;
}

const GUESSED_FROM = 1000;
/** So many bytes tell how a file is written. */
const LOOKED_AT = 1 << 20;
const JSON_MAX = 300_000_000;

/** Reads the beginning of a file. */
export async function readTabular(file: File, reading: Reading): Promise<Tabular> {
  return /\.(?:json|ndjson|jsonl)$/i.test(file.name) ? readJson(file) : readCsv(file, reading);
}

async function readCsv(file: File, { header, encoding: chosen }: Reading): Promise<Tabular> {
  const start = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const encoding = chosen ?? guessEncoding(start);
  const separator = guessSeparator(new TextDecoder(encoding).decode(start));
  const all = (onBytes: (bytes: number) => void) =>
    records(textOf(file, encoding, onBytes), separator);
  const first = await firstOf(all(() => undefined)).catch((error: unknown) => {
    if (chosen !== undefined || encoding === 'windows-1252') throw error;
  });
  // What was guessed does not hold for the first rows already.
  if (first === undefined) return readCsv(file, { header, encoding: 'windows-1252' });
  if (first.length === 0) throw new Error(`${file.name} is empty, so there is nothing to import.`);
  const names = header ? (first.shift() ?? []) : [];
  const width = Math.max(names.length, ...first.map((record) => record.length));
  const columns = Array.from({ length: width }, (_, index) => ({
    name: names[index]?.trim() || `column ${index + 1}`,
    type: guessType(
      first.map((record) => record[index] ?? ''),
      separator,
    ),
  }));
  const types = columns.map(({ type }) => type);
  return {
    encoding,
    columns: distinct(columns),
    sample: first.slice(0, 20).map((record) => valuesOf(record, types)),
    async *rows(chosen, onBytes) {
      let isFirst = header;
      for await (const record of all(onBytes)) {
        if (!isFirst) yield valuesOf(record, chosen);
        isFirst = false;
      }
    },
  };
}

async function firstOf(all: AsyncIterable<string[]>): Promise<string[][]> {
  const first: string[][] = [];
  for await (const record of all) {
    first.push(record);
    if (first.length > GUESSED_FROM) break;
  }
  return first;
}

function valuesOf(record: readonly string[], types: readonly Type[]): BindValue[] {
  return types.map((type, index) => valueFrom(record[index] ?? '', type));
}

/** What is not of its column's type stays as it is: nothing is lost by a wrong guess. */
function valueFrom(text: string, type: Type): BindValue {
  if (text === '') return null;
  if (type === 'INTEGER' && INTEGER.test(text)) return BigInt(text);
  if (type === 'REAL' && NUMBER.test(text)) return Number(text);
  if (type === 'REAL,' && isNumberWithComma(text)) return Number(text.replace(',', '.'));
  return text;
}

/** As SQLite writes it: a postcode with a nought in front, or a long number, stays text. */
const INTEGER = /^-?(?:0|[1-9]\d{0,17})$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isNumberWithComma(text: string): boolean {
  return !text.includes('.') && NUMBER.test(text.replace(',', '.'));
}

/** Where commas part nothing, they may stand in numbers. */
function guessType(texts: readonly string[], separator: string): Type {
  const some = texts.filter((text) => text !== '');
  if (some.length === 0) return 'TEXT';
  if (some.every((text) => INTEGER.test(text))) return 'INTEGER';
  if (some.every((text) => NUMBER.test(text))) return 'REAL';
  return separator !== ',' && some.every(isNumberWithComma) ? 'REAL,' : 'TEXT';
}

/** What a byte order mark says; else UTF-8, if it can be that, or what Windows has long written. */
export function guessEncoding(start: Uint8Array): Encoding {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  try {
    // The last character may be cut in two.
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

function distinct<T extends { readonly name: string }>(columns: readonly T[]): T[] {
  const seen = new Set<string>();
  return columns.map((column) => {
    let { name } = column;
    for (let number = 2; seen.has(name.toLowerCase()); number += 1)
      name = `${column.name} ${number}`;
    seen.add(name.toLowerCase());
    return { ...column, name };
  });
}

/** The text of a file, piece by piece. What is not of the encoding would be lost: an error. */
async function* textOf(
  file: File,
  encoding: Encoding,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const reader = file.stream().getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      onBytes(bytes);
      yield decoder.decode(value, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Error(
      `${file.name} is not ${encoding.toUpperCase()}, as is seen within its first ` +
        `${size(bytes)}. Choose another encoding for it.`,
    );
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

type Json = Readonly<Record<string, unknown>>;

async function readJson(file: File): Promise<Tabular> {
  const start = (await file.slice(0, 1024).text()).replace(/^\uFEFF/, '').trimStart();
  const isArray = start.startsWith('[');
  if (isArray && file.size > JSON_MAX) {
    throw new Error(`${file.name} is too large to be one JSON array. One object a line can be.`);
  }
  const whole = isArray ? (JSON.parse(await file.text()) as unknown[]) : undefined;
  const all = (onBytes: (bytes: number) => void) => whole ?? lines(file, onBytes);
  const first: Json[] = [];
  for await (const item of all(() => undefined)) {
    first.push(asObject(item, file.name));
    if (first.length === GUESSED_FROM) break;
  }
  const names = [...new Set(first.flatMap((item) => Object.keys(item)))];
  if (names.length === 0) throw new Error(`${file.name} has no objects with names in them.`);
  const columns = names.map((name) => ({ name, type: jsonType(first.map((item) => item[name])) }));
  const values = (item: unknown) => {
    const object = asObject(item, file.name);
    return names.map((name) => jsonValue(object[name]));
  };
  return {
    encoding: 'utf-8',
    columns: distinct(columns),
    sample: first.slice(0, 20).map(values),
    async *rows(_, onBytes) {
      for await (const item of all(onBytes)) yield values(item);
    },
  };
}

async function* lines(file: File, onBytes: (bytes: number) => void): AsyncGenerator<unknown> {
  let rest = '';
  for await (const piece of textOf(file, 'utf-8', onBytes)) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') yield JSON.parse(line) as unknown;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as unknown;
}

function asObject(item: unknown, name: string): Json {
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) return item as Json;
  throw new Error(`${name} must hold objects, in one array or one a line.`);
}

function jsonType(values: readonly unknown[]): Type {
  const some = values.filter((value) => value !== null && value !== undefined);
  if (some.length > 0 && some.every((v) => Number.isSafeInteger(v) || typeof v === 'boolean')) {
    return 'INTEGER';
  }
  return some.length > 0 && some.every((v) => typeof v === 'number') ? 'REAL' : 'TEXT';
}

function jsonValue(value: unknown): BindValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof value === 'string' || typeof value === 'boolean' ? value : JSON.stringify(value);
}
