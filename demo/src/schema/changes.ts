/**
 * Changes of cells that wait to be made: collected, shown as SQL, made in one transaction, and
 * undone in another. Used by browser.ts. Each change says what it expects to find.
 */
import type { Database, SqlValue } from 'anchorite';
import { literal, quoteName } from '../sql/quote.ts';

/** A cell's new value; `key` finds its row, by the columns of the same places. */
export interface Edit {
  readonly row: number;
  readonly column: string;
  readonly before: SqlValue;
  readonly after: SqlValue;
  readonly key: readonly SqlValue[];
}

export interface Place {
  /** The table's name as SQL has it. */
  readonly table: string;
  /** What identifies a row: columns, or a name of the row number. */
  readonly keys: readonly string[];
}

/** The statements, as somebody would write them. */
export function preview(place: Place, edits: readonly Edit[]): string {
  const lines = edits.map(({ column, after, key }) => {
    const where = place.keys.map(
      (name, index) => `${keyName(name)} IS ${literal(key[index] ?? null)}`,
    );
    const set = `${quoteName(column)} = ${literal(after)}`;
    return `UPDATE ${place.table} SET ${set}\n  WHERE ${where.join(' AND ')};`;
  });
  return ['BEGIN;', ...lines, 'COMMIT;'].join('\n');
}

/** Makes all of them or none: a row that is no longer as it was seen stops it. */
export async function apply(
  database: Database,
  place: Place,
  edits: readonly Edit[],
): Promise<void> {
  await database.transaction(
    async (tx) => {
      for (const { row, column, before, after, key } of edits) {
        const where = place.keys.map((name) => `${keyName(name)} IS ?`).join(' AND ');
        const name = quoteName(column);
        const sql = `UPDATE ${place.table} SET ${name} = ? WHERE ${where} AND ${name} IS ?`;
        const { changes } = await tx.run(sql, [after, ...key, before]);
        if (changes !== 1) {
          throw new Error(
            `Row ${row + 1} has been changed or deleted meanwhile, so nothing was changed. ` +
              'Load the table again and look at it.',
          );
        }
      }
    },
    { name: 'the changes of the table browser' },
  );
}

/** What takes them back. A key that was changed is looked for as it is now. */
export function reversed(place: Place, edits: readonly Edit[]): Edit[] {
  return [...edits].reverse().map((edit) => ({
    ...edit,
    before: edit.after,
    after: edit.before,
    key: edit.key.map((value, index) => (place.keys[index] === edit.column ? edit.after : value)),
  }));
}

/** The row number's names are keywords of a sort: in quotes they would be columns just as well. */
function keyName(name: string): string {
  return quoteName(name);
}
