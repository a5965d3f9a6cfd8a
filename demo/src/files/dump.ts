/**
 * A database as SQL text, as the sqlite3 shell's .dump writes it. Called by the Files panel.
 * Virtual tables are made anew, and their insides come with them: shadow tables are left out.
 */
import type { Database, SqlValue } from 'anchorite';
import { readSchema } from '../schema/read.ts';
import { literal, quoteName } from '../sql/quote.ts';

const PIECE = 1 << 20;

/** All of `main`, of one snapshot. */
export async function dump(
  database: Database,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<Blob> {
  const items = (await readSchema(database)).filter(
    ({ schema, shadow }) => schema === 'main' && !shadow,
  );
  const tables = items.filter(({ kind }) => kind === 'table');
  const later = items.filter(({ kind, ddl }) => kind !== 'table' && ddl !== null);
  const pieces: Blob[] = [];
  let text = 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n';
  await database.transaction(
    async (tx) => {
      for (const { name, ddl, columns } of tables) {
        say(name);
        text += `${ddl};\n`;
        const names = columns.filter(({ generated }) => !generated).map((c) => quoteName(c.name));
        const into = `INSERT INTO ${quoteName(name)} (${names.join(',')}) VALUES(`;
        const sql = `SELECT ${names.join(', ')} FROM ${quoteName(name)}`;
        for await (const row of tx.iterate<SqlValue[]>(sql, [], { rows: 'array', signal })) {
          text += `${into}${row.map(literal).join(',')});\n`;
          if (text.length > PIECE) {
            pieces.push(new Blob([text]));
            text = '';
          }
        }
      }
    },
    { mode: 'deferred', name: 'dump', signal },
  );
  text += later.map(({ ddl }) => `${ddl};\n`).join('');
  return new Blob([...pieces, `${text}COMMIT;\n`], { type: 'application/sql' });
}
