// Values that go in and come out, and the checks on those that go in. Used by database.ts.
// What a number becomes in SQLite is decided in crates/wasm/src/convert.rs, not here.

import { SqliteError } from './errors.js';
import type { WireParams, WireValue } from './protocol.js';

/** A value that comes out: an INTEGER is a number when that is exact, else a bigint. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/**
 * A value that goes in: booleans become 0 and 1, all kinds of buffers a BLOB (a copy is taken).
 * A `Date` needs the option `dates` of `open`, which says what it becomes.
 */
export type BindValue = SqlValue | boolean | Date | ArrayBuffer | ArrayBufferView;

/** What a `Date` becomes: the text of `toISOString()`, ms since 1970, or an error. */
export type Dates = 'text' | 'ms' | undefined;

/** Parameters by position, or by name, with or without the name's `:`, `@` or `$`. */
export type Params = readonly BindValue[] | Readonly<Record<string, BindValue>>;

/** A row: column name to value; of columns with the same name the last one wins. */
export type Row = Record<string, SqlValue>;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A UTF-16 half without its other half; it has no UTF-8, so it cannot be stored. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The index of the first lone surrogate, or −1; engines answer the usual case much faster. */
function loneSurrogate(text: string): number {
  const { isWellFormed } = text as { isWellFormed?: () => boolean };
  return isWellFormed?.call(text) === true ? -1 : text.search(LONE_SURROGATE);
}

/** Checks parameters and copies what the caller might change before they are bound. */
export function checkParams(params: unknown, dates: Dates): WireParams {
  if (params === undefined) {
    return { named: false, values: [] };
  }
  if (Array.isArray(params)) {
    const values: WireValue[] = [];
    // Holes are `undefined`, and are refused.
    for (let index = 0; index < params.length; index++) {
      values.push(checkValue(params[index], index, dates));
    }
    return { named: false, values };
  }
  if (isPlainObject(params)) {
    const values = Object.entries(params).map(
      ([name, value]) => [name, checkValue(value, name, dates)] as const,
    );
    return { named: true, values };
  }
  throw invalid(`parameters must be an array or a plain object, not ${describe(params)}`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The name of a parameter, or its index, for errors only. */
export type Which = string | number;

/** Checks one value and copies it, if the caller might change it. */
export function checkValue(value: unknown, which: Which, dates: Dates): WireValue {
  switch (typeof value) {
    case 'number':
      return checkNumber(value, which);
    case 'bigint':
      return checkBigint(value, which);
    case 'string':
      return checkString(value, which);
    case 'boolean':
      return value ? 1 : 0;
    default:
      return value === null ? null : checkObject(value, which, dates);
  }
}

function checkObject(value: unknown, which: Which, dates: Dates): WireValue {
  return value instanceof Date ? checkDate(value, which, dates) : checkBytes(value, which);
}

function checkDate(value: Date, which: Which, dates: Dates): WireValue {
  const ms = value.getTime();
  if (dates === undefined) {
    throw refused(which, 'is a Date, which needs the option "dates" of open');
  }
  if (Number.isNaN(ms)) {
    throw refused(which, 'is an invalid Date');
  }
  return dates === 'ms' ? ms : value.toISOString();
}

function checkNumber(value: number, which: Which): number {
  if (Number.isNaN(value)) {
    throw refused(which, `is NaN, which SQLite cannot store`);
  }
  return value;
}

function checkBigint(value: bigint, which: Which): bigint {
  if (value < INT64_MIN || value > INT64_MAX) {
    throw refused(which, `does not fit 64 bits: ${value}`);
  }
  return value;
}

function checkString(value: string, which: Which): string {
  const index = loneSurrogate(value);
  if (index >= 0) {
    throw refused(which, `has a lone surrogate at index ${index}, which is not Unicode text`);
  }
  return value;
}

function checkBytes(value: unknown, which: Which): Uint8Array {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  if (value instanceof ArrayBuffer) {
    return new Uint8Array(value.slice(0));
  }
  throw refused(which, `is ${describe(value)}, which SQLite cannot store`);
}

/** The words for a value that is refused. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'object':
      return value === null ? 'null' : `a ${value.constructor?.name ?? 'object'}`;
    case 'string':
      return JSON.stringify(value.slice(0, 60));
    default:
      return String(value).slice(0, 60);
  }
}

function refused(which: Which, why: string): SqliteError {
  const parameter = typeof which === 'number' ? which + 1 : `"${which}"`;
  return invalid(`parameter ${parameter} ${why}`);
}

function invalid(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}

/** Checks what is to be called. */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') {
    throw invalid(`${what} is a function, not ${describe(value)}`);
  }
}

/** Checks an SQL text. */
export function checkSql(sql: unknown): string {
  if (typeof sql !== 'string') {
    throw new SqliteError(`SQL must be a string, not ${describe(sql)}`, { code: 'INVALID_SQL' });
  }
  const offset = loneSurrogate(sql);
  if (offset >= 0) {
    const message = `the SQL text has a lone surrogate at index ${offset}`;
    throw new SqliteError(message, { code: 'INVALID_SQL', sql, offset });
  }
  return sql;
}
