/**
 * Turns whatever was thrown into what the page can show. Called by main.ts.
 * Knows error codes and words for them; must not touch the page or the database.
 */
import { SqliteError } from 'anchorite';

/** An error in the console's words. */
export interface Failure {
  code: string;
  message: string;
  /** What lies behind it, where that is known. */
  cause: string | undefined;
  /** What the person can do about it, where something can be done. */
  advice: string | undefined;
  /** Index into the SQL text that was run, where SQLite names the place. */
  offset: number | undefined;
  /** The open database can no longer answer and has to be opened anew. */
  lost: boolean;
}

const ADVICE: Readonly<Record<string, string>> = {
  OPFS_UNAVAILABLE:
    'The origin private file system is where databases are kept. ' +
    'It needs https or localhost, and some browsers refuse it in private windows.',
  SQLITE_BUSY: 'It may be open in another tab or window: close it there, then try again.',
  SQLITE_NOTADB: 'Choose a file that the sqlite3 shell can open. Nothing here was changed.',
  SQLITE_FULL: "The browser's storage for this site is used up. Free some space, then try again.",
  ENGINE_UNAVAILABLE: "Remove “engine” from this page's address to let it choose by itself.",
  INVALID_OPTION: "“engine” in this page's address can be jspi or asyncify.",
};

const LOST = new Set(['CLOSED', 'ENGINE_FAILED', 'WORKER_DIED']);

/** Describes `error`; never throws. */
export function describe(error: unknown): Failure {
  if (!(error instanceof SqliteError)) return describeOther(error);
  const code = error.extendedCode || error.code;
  return {
    code,
    message: error.message,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
    advice: ADVICE[error.code],
    offset: error.offset,
    lost: LOST.has(error.code),
  };
}

function describeOther(error: unknown): Failure {
  const known = error instanceof Error ? error : new Error(String(error));
  const { name: code, message } = known;
  return { code, message, cause: undefined, advice: undefined, offset: undefined, lost: false };
}
