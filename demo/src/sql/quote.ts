/**
 * Names and values as SQL text. Used wherever SQL is written for somebody to read or to save; what
 * is only run takes parameters. Must not know databases.
 */
import type { SqlValue } from 'anchorite';

/** A name in double quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The words that SQLite takes for a name in quotes alone. */
const RESERVED = new Set(
  (
    'add all alter and as autoincrement between case cast check collate commit constraint create ' +
    'current_date current_time current_timestamp default deferrable delete distinct drop else ' +
    'escape except exists foreign from group having in index insert intersect into is isnull ' +
    'join limit not nothing notnull null on or order primary raise references returning select ' +
    'set table then to transaction union unique update using values when where'
  ).split(' '),
);

/** A name as a person would write it: in quotes only if it needs them. */
export function plainName(name: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name.toLowerCase());
  return isPlain ? name : quoteName(name);
}

/** A literal that SQLite reads as the same value. */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `X'${hex(value)}'`;
  if (typeof value === 'string') return textLiteral(value);
  return typeof value === 'number' ? real(value) : String(value);
}

/** A REAL that is never taken for an INTEGER. */
export function real(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '9e999';
  if (value === Number.NEGATIVE_INFINITY) return '-9e999';
  const digits = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(digits) ? `${digits}.0` : digits;
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SQLite ends SQL text at a NUL, so that a value with one goes in as bytes. */
function textLiteral(text: string): string {
  if (!text.includes('\0')) return `'${text.replaceAll("'", "''")}'`;
  return `CAST(X'${hex(new TextEncoder().encode(text))}' AS TEXT)`;
}
