/**
 * Changes of rows in words: what waits, what was done, and what it means to delete. Used by
 * browser.ts. It asks the database what depends on a table; it must not know the page.
 */
import type { Database } from 'anchorite';
import type { Confirmation } from '../dialogs.ts';
import { quoteName } from '../sql/quote.ts';
import { count, visible } from '../words.ts';
import { type Change, type Deletion, type Made, type Place, reversed } from './changes.ts';
import type { Item } from './read.ts';

/** So many rows, or ranges of them, are named; the others are counted. */
const RANGES_NAMED = 6;

export function waitingWords(changes: number): string {
  return `${count(changes, 'change')} not made yet`;
}

/** What somebody should know before they leave changes that wait. */
export function askLeave(changes: number, table: string): Confirmation {
  const they = changes === 1 ? 'It is' : 'They are';
  return {
    title: `Leave ${count(changes, 'change')} unmade?`,
    text: `${waitingWords(changes)} in “${visible(table)}”. ${they} lost when you leave the table.`,
    action: 'Discard and leave',
  };
}

const DONE: Readonly<Record<Change['kind'], readonly [noun: string, done: string]>> = {
  cell: ['change', 'made'],
  delete: ['row', 'deleted'],
  insert: ['row', 'inserted'],
};

/** What was done, and what besides. */
export function changedWords({ changes, elsewhere }: Made, canUndo: boolean): string {
  const [first] = changes;
  if (first === undefined) return '';
  const [noun, done] = DONE[first.kind];
  const words = [`${count(changes.length, noun)} ${done}.`];
  if (elsewhere > 0) {
    const left = canUndo ? ', which Undo leaves as they are' : '';
    words.push(`Triggers and foreign keys have changed ${count(elsewhere, 'row')} more${left}.`);
  }
  if (!canUndo) words.push('It cannot be undone.');
  return words.join(' ');
}

/** What somebody should know before they delete. */
export async function askDeletion(
  database: Database,
  item: Item,
  place: Place,
  deletions: readonly Deletion[],
): Promise<Confirmation> {
  const rows = deletions.map(({ row }) => row ?? 0);
  const number = count(rows.length, 'row');
  const which = rows.length === 1 ? `row ${rows[0]?.toLocaleString('en')}` : number;
  const effects = await effectsOf(database, item, rows.length === 1 ? 'it' : 'them');
  const them = rows.length === 1 ? 'the row' : 'the rows';
  const words = rows.length === 1 ? [] : [`These are ${ranges(rows)}.`];
  words.push(...effects);
  if (reversed(place, deletions) === undefined) {
    words.push('Some of the text is not UTF-8 and could not be put back: there is no Undo.');
  } else {
    words.push(`Undo can put ${them} back${effects.length > 0 ? ', but nothing else' : ''}.`);
  }
  return {
    title: `Delete ${which} from “${visible(item.name)}”?`,
    text: words.join(' '),
    action: `Delete ${number}`,
  };
}

/** `rows 2–4, 7 and 9`. */
function ranges(rows: readonly number[]): string {
  const found: { first: number; last: number }[] = [];
  for (const row of rows) {
    const latest = found.at(-1);
    if (latest?.last === row - 1) latest.last = row;
    else found.push({ first: row, last: row });
  }
  const name = (row: number) => row.toLocaleString('en');
  const named = found.slice(0, RANGES_NAMED).map(({ first, last }) => {
    return first === last ? name(first) : `${name(first)}–${name(last)}`;
  });
  const others = found.slice(RANGES_NAMED);
  const left = others.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (left > 0) named.push(`${left.toLocaleString('en')} more`);
  const last = named.pop() ?? '';
  return `rows ${named.length === 0 ? last : `${named.join(', ')} and ${last}`}`;
}

const REFERENCES = `SELECT DISTINCT s.name, f.on_delete AS act
  FROM $schema.sqlite_schema s JOIN pragma_foreign_key_list(s.name, ?1) f
  WHERE s.type = 'table' AND f."table" = ?2 COLLATE NOCASE
    AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
    AND (SELECT foreign_keys FROM pragma_foreign_keys)`;
const TRIGGERS = `SELECT name, sql FROM $schema.sqlite_schema
  WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE`;

/** What the database does by itself when rows are deleted. */
async function effectsOf(
  database: Database,
  { schema, name }: Item,
  them: string,
): Promise<string[]> {
  const within = (sql: string) => sql.replace('$schema', () => quoteName(schema));
  const references = await database.query<{ name: string; act: string }>(within(REFERENCES), [
    schema,
    name,
  ]);
  const triggers = await database.query<{ name: string; sql: string }>(within(TRIGGERS), [name]);
  const named = (some: readonly { name: string }[]) =>
    some.map((one) => `“${visible(one.name)}”`).join(', ');
  const gone = references.filter(({ act }) => act === 'CASCADE');
  const kept = references.filter(({ act }) => act !== 'CASCADE');
  const run = triggers.filter(({ sql }) => /\bDELETE\s+ON\b/i.test(sql));
  const words: string[] = [];
  if (gone.length > 0) words.push(`Rows of ${named(gone)} that refer to ${them} are deleted, too.`);
  if (kept.length > 0) words.push(`Rows of ${named(kept)} cease to refer to ${them}.`);
  if (run.length > 0) words.push(`${count(run.length, 'trigger')} run: ${named(run)}.`);
  return words;
}
