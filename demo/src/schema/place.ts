/**
 * Whether and how the rows of a table can be told apart, which is what it takes to change one.
 * Used by browser.ts. Pure.
 */
import type { Place } from './changes.ts';
import { type Item, nameOf } from './read.ts';

/** Where a table's rows are changed. */
export function placeOf(item: Item): Place {
  const columns = item.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const { withoutRowid, virtual } = item;
  return { table: nameOf(item), columns, keys: keysOf(item), withoutRowid, virtual };
}

/** Why no row can be changed, in words; `undefined` where rows can be. */
export function whyFixed(item: Item): string | undefined {
  if (item.kind === 'view') return 'Read-only: a view has no rows of its own.';
  if (item.shadow) return 'Read-only: it belongs to a virtual table, which changes it.';
  if (keysOf(item).length > 0) return undefined;
  return 'Read-only: columns have all names of the row number, so that nothing identifies a row.';
}

/** What identifies a row; nothing in a view, which is only looked at. */
function keysOf({ kind, columns, withoutRowid, shadow }: Item): string[] {
  if (kind !== 'table' || shadow) return [];
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key);
  if (withoutRowid) return key.map(({ name }) => name);
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const free = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  return free === undefined ? [] : [free];
}
