/**
 * What a mistake in SQL was probably meant to be. Called by runs.ts. Pure: SQLite's message and the
 * names that there are in, a sentence out.
 */
import type { Vocabulary } from '../editor/completion.ts';
import { KEYWORDS } from '../sql/words.ts';
import { visible } from '../words.ts';

/** What to do about this message of SQLite, as far as it can be told. */
export function advise(
  message: string,
  { tables, functions }: Vocabulary,
  database: string,
): string | undefined {
  const [, what = '', name = ''] = MISSING.exec(message) ?? SYNTAX.exec(message) ?? [];
  const columns = () => Object.values(tables).flat();
  switch (what) {
    case 'table':
      return didYouMean(name, Object.keys(tables)) ?? elsewhere(database, Object.keys(tables));
    case 'column':
      return didYouMean(name, columns());
    case 'function':
      return didYouMean(name, functions);
    case 'near':
      return didYouMean(name, KEYWORDS.toUpperCase().split(' '));
    default:
      return undefined;
  }
}

const MISSING = /^no such (table|column|function): (?:.*\.)?([^.]+)$/;
const SYNTAX = /^(near) "(\w{3,})": syntax error$/;

function elsewhere(database: string, tables: readonly string[]): string {
  const here = `“${visible(database)}” is open here`;
  if (tables.length === 0) return `${here}, and is empty: another database may have the table.`;
  return `${here}. The Schema panel lists its tables; another database may have this one.`;
}

/** The name that takes the fewest changes, if they are few. */
function didYouMean(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const known of names) {
    if (Math.abs(known.length - wanted.length) > most) continue;
    const distance = changes(wanted, known.toLowerCase());
    if (distance > 0 && distance <= most && distance < (best?.distance ?? Infinity)) {
      best = { name: known, distance };
    }
  }
  return best && `Did you mean ${visible(best.name)}?`;
}

/** How many letters are to be put in, left out, exchanged or swapped to make `b` of `a`. */
function changes(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const at = (some: readonly number[], index: number) => some[index] ?? 0;
      let least = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, at(before, j - 2) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
