/**
 * A value as one line of a cell. Used by the grid and the preview of imports.
 * INTEGERs are bigints here and REALs numbers, so that `1` and `1.0` look as different as they are.
 */
import type { SqlValue } from 'anchorite';
import { real } from '../sql/quote.ts';
import { head, size, visible } from '../words.ts';

const MAX_TEXT = 300;
const MAX_BYTES = 12;

export type CellKind = 'null' | 'number' | 'text' | 'blob';

/** How a value looks, and what it is. */
export function cellOf(value: SqlValue): { readonly text: string; readonly kind: CellKind } {
  if (value === null) return { text: 'NULL', kind: 'null' };
  if (value instanceof Uint8Array) return { text: blobText(value), kind: 'blob' };
  if (typeof value === 'string') return { text: visible(head(value, MAX_TEXT)), kind: 'text' };
  return { text: typeof value === 'number' ? shownReal(value) : String(value), kind: 'number' };
}

function shownReal(value: number): string {
  if (Number.isFinite(value)) return real(value);
  return value > 0 ? 'Inf' : '-Inf';
}

function blobText(bytes: Uint8Array): string {
  const pairs = Array.from(bytes.subarray(0, MAX_BYTES), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const more = bytes.length > MAX_BYTES ? ' …' : '';
  return `BLOB ${size(bytes.length)}  ${pairs.join(' ')}${more}`;
}
