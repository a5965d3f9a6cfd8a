// What SQL calls a function or a collation. Used by functions.ts in the page and by
// worker/declare.ts.

import { SqliteError } from './errors.js';
import { describe } from './values.js';

/** SQLite's own limit. */
const NAME_SIZE_MAX = 255;

/** Refuses what SQLite cannot call it; `what` it is, for the error. */
export function checkSqlName(name: unknown, what: string): string {
  if (
    typeof name !== 'string' ||
    name === '' ||
    name.includes('\0') ||
    new TextEncoder().encode(name).length > NAME_SIZE_MAX
  ) {
    const message = `${what} has a name of 1 to ${NAME_SIZE_MAX} bytes, not ${describe(name)}`;
    throw new SqliteError(message, { code: 'INVALID_NAME' });
  }
  return name;
}
