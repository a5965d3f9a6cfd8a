/**
 * Turns whatever was thrown into what the page can show. Called by main.ts and task.ts.
 * Knows error codes and words for them; must not touch the page or the database.
 */
import { SqliteError } from 'anchorite';
import { StatementFailure } from './runner.ts';

/** An error in the console's words. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** What lies behind it, where that is known. */
  readonly cause: string | undefined;
  /** What the person can do about it, where something can be done. */
  readonly advice: string | undefined;
  /** Index into the SQL text that was run, where SQLite names the place. */
  readonly offset: number | undefined;
  /** The open database can no longer answer and has to be opened anew. */
  readonly lost: boolean;
}

const CONNECTION_LOST =
  'The tab that served this database was closed or has crashed, and another has taken over. ' +
  'Run it again.';

const ADVICE: Readonly<Record<string, string>> = {
  OPFS_UNAVAILABLE:
    'Databases are kept in the origin private file system, which this browser does not give to ' +
    'this page. If this is a private window, open the page in an ordinary one. Otherwise it ' +
    'needs https or localhost, and leave to keep data for this site.',
  SQLITE_BUSY:
    'Another tab or window is using it, as the message says. ' +
    'Let it finish or close it there, then try again.',
  SQLITE_BUSY_SNAPSHOT: 'Somebody else has changed the database meanwhile. Run it again.',
  SQLITE_NOTADB: 'Choose a file that the sqlite3 shell can open. Nothing here was changed.',
  SQLITE_CORRUPT:
    'The file is damaged. Nothing here was changed; try a backup, or sqlite3’s .recover.',
  SQLITE_FULL:
    "The browser's storage for this site is used up. " +
    'Delete a database under Files, or free some space on the disk; then try again.',
  SQLITE_READONLY:
    'Nothing was written. If PRAGMA query_only was set, PRAGMA query_only = 0 takes it back.',
  SQLITE_NOMEM: 'This takes more memory than a page has. A LIMIT or fewer columns take less.',
  SQLITE_TOOBIG: 'A value is larger than SQLite takes here: 256 MiB.',
  SQLITE_IOERR:
    'The browser could not read or write the file. Reload the page; what was committed is kept.',
  SQLITE_CONSTRAINT_FOREIGNKEY:
    'A row would refer to one that is not there. Change or delete the row that refers first.',
  EXISTS: 'Choose another name, or delete the other database first.',
  CONNECTION_LOST,
  WORKER_DIED: 'Its engine was ended from outside. What was committed is kept: open it again.',
  ENGINE_FAILED: 'Its engine has failed. What was committed is kept: open it again.',
  OUTDATED: 'A newer version of this page is open in another tab. Reload this one.',
  ENGINE_UNAVAILABLE: "Remove “engine” from this page's address to let it choose by itself.",
  INVALID_OPTION: "“engine” in this page's address can be jspi or asyncify.",
};

/** As Chromium, Firefox and WebKit say it. */
const NOT_LOADED = /dynamically imported module|Importing a module script/;
const RELOAD =
  'A part of this page could not be fetched. Is there a network? Reload the page, then try again.';

const LOST = new Set(['CLOSED', 'ENGINE_FAILED', 'WORKER_DIED', 'OUTDATED']);

/** Describes `error`; never throws. */
export function describe(error: unknown): Failure {
  if (error instanceof StatementFailure) return describeStatement(error);
  if (!(error instanceof SqliteError)) return describeOther(error);
  const code = error.extendedCode || error.code;
  return {
    code,
    message: error.message,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
    advice: ADVICE[code] ?? ADVICE[error.code],
    offset: error.offset,
    lost: LOST.has(error.code),
  };
}

function describeStatement({ piece, cause }: StatementFailure): Failure {
  const failure = describe(cause);
  // Where SQLite names no place, the statement is the place.
  return { ...failure, offset: piece.start + (failure.offset ?? 0) };
}

function describeOther(error: unknown): Failure {
  const known = error instanceof Error ? error : new Error(String(error));
  const { name: code, message } = known;
  const advice = NOT_LOADED.test(message) ? RELOAD : undefined;
  return { code, message, cause: undefined, advice, offset: undefined, lost: false };
}
