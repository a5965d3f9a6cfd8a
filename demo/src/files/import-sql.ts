/**
 * A script of SQL on its way into the open database, all of it or nothing. Called by imports.ts.
 */
import type { Database } from 'anchorite';
import { type Piece, statements } from '../sql/split.ts';
import { count } from '../words.ts';

const MAX_BYTES = 200_000_000;
const AT_ONCE = 200;

/** What a dump says of transactions; here there is one around it all. */
const AROUND = /^(?:BEGIN|COMMIT|END)\b|^PRAGMA\s+foreign_keys\b/i;

/** Runs the script in one transaction; resolves to how many statements it had. */
export async function importSql(
  database: Database,
  file: File,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<number> {
  if (file.size > MAX_BYTES) {
    throw new Error(`${file.name} is too large for a script. Make a .sqlite file of it first.`);
  }
  const text = await file.text();
  let done = 0;
  await database.transaction(
    async (tx) => {
      // Rows of a dump come in any order; what they refer to must be there in the end.
      await tx.exec('PRAGMA defer_foreign_keys = ON');
      for (const part of parts(text)) {
        await tx.exec(part.map(({ sql }) => `${sql};`).join('\n'), { signal });
        done += part.length;
        const at = part.at(-1)?.start ?? 0;
        say(`${Math.round((at / text.length) * 100)} %, ${count(done, 'statement')}`);
      }
    },
    { name: 'import', signal },
  );
  return done;
}

function* parts(text: string): Generator<Piece[]> {
  let part: Piece[] = [];
  for (const piece of statements(text)) {
    if (AROUND.test(piece.sql)) continue;
    part.push(piece);
    if (part.length === AT_ONCE) {
      yield part;
      part = [];
    }
  }
  if (part.length > 0) yield part;
}
