/**
 * Values as somebody types them: their kinds, the text of each, and what a text is read as. Used by
 * edit-value.ts and insert-row.ts. Pure.
 */
import type { SqlValue } from 'anchorite';
import { hex, real } from '../sql/quote.ts';

export type Kind = 'null' | 'integer' | 'real' | 'text' | 'blob';

export const KINDS: readonly (readonly [kind: Kind, words: string])[] = [
  ['text', 'TEXT'],
  ['integer', 'INTEGER'],
  ['real', 'REAL'],
  ['blob', 'BLOB in hex'],
  ['null', 'NULL'],
];

export function textOf(value: SqlValue): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === 'number' ? real(value) : String(value);
}

export function kindOf(value: SqlValue): Kind {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'blob';
  if (typeof value === 'bigint') return 'integer';
  return typeof value === 'number' ? 'real' : 'text';
}

/** What is wrong with a text. */
export interface Problem {
  readonly problem: string;
}

export function isProblem(read: SqlValue | Problem | undefined): read is Problem {
  return typeof read === 'object' && read !== null && 'problem' in read;
}

/** The kind that a text seems to be of, for a column of this declared type. */
export function guessKind(text: string, type: string): Kind {
  const isInteger = /INT/i.test(type);
  if (!isInteger && /CHAR|CLOB|TEXT/i.test(type)) return 'text';
  if (!isInteger && /BLOB/i.test(type)) return isHex(text) ? 'blob' : 'text';
  const trimmed = text.trim();
  // What begins with + or 0 may be a code; where it is a number, SQLite makes one of the text.
  if (/^(?:0|-?[1-9]\d*)$/.test(trimmed)) {
    if (!fits(BigInt(trimmed))) return 'text';
    return /REAL|FLOA|DOUB/i.test(type) && !isInteger ? 'real' : 'integer';
  }
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(trimmed) ? 'real' : 'text';
}

/** The value, or what is wrong with the text. */
export function readAs(kind: Kind, text: string): SqlValue | Problem {
  const trimmed = text.trim();
  switch (kind) {
    case 'null':
      return null;
    case 'text':
      return text;
    case 'integer': {
      const value = /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
      const isGood = value !== undefined && fits(value);
      return isGood ? value : { problem: 'An INTEGER is a whole number of at most 64 bits.' };
    }
    case 'real': {
      const value = Number(trimmed);
      const isNumber = trimmed !== '' && !Number.isNaN(value);
      return isNumber ? value : { problem: 'A REAL is a number, such as 1.5 or -2e10.' };
    }
    case 'blob': {
      if (!isHex(text)) return { problem: 'Bytes are pairs of hexadecimal digits, such as 0AFF.' };
      const pairs = text.replace(/\s/g, '').match(/../g) ?? [];
      return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
    }
  }
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function isHex(text: string): boolean {
  return /^(?:[0-9a-f]{2})*$/i.test(text.replace(/\s/g, ''));
}
