// The one error class of the package, and its way over the wire. Used by both ends.

import type { WireError } from './protocol.js';

/** What an error is made of. */
export interface SqliteErrorDetails {
  /** See {@link SqliteError.code}. */
  readonly code: string;
  /** See {@link SqliteError.extendedCode}; `code` by default. */
  readonly extendedCode?: string | undefined;
  /** See {@link SqliteError.sql}. */
  readonly sql?: string | undefined;
  /** See {@link SqliteError.offset}. */
  readonly offset?: number | undefined;
  /** What has caused it, of any kind. */
  readonly cause?: unknown;
  /** See {@link SqliteError.mayHaveCommitted}. */
  readonly mayHaveCommitted?: boolean;
}

/**
 * Every rejection of this package.
 *
 * `code` is SQLite's primary result code by name (`SQLITE_CONSTRAINT`), or one of ours:
 * `OPFS_UNAVAILABLE`, `ENGINE_UNAVAILABLE`, `ENGINE_FAILED`, `WASM_LOAD_FAILED`,
 * `WORKER_LOAD_FAILED`, `WORKER_DIED`, `CONNECTION_LOST`, `OUTDATED`, `INVALID_NAME`,
 * `INVALID_OPTION`, `INVALID_PARAMETER`, `INVALID_SQL`, `TRANSACTION_ABORTED`, `CURSOR_EXPIRED`,
 * `TIMEOUT`, `UNSAFE_INTEGER`, `EXISTS`, `CLOSED`, `UNSUPPORTED`, `NEWER_DATABASE`,
 * `MIGRATION_CHANGED`, `INVALID_KEY`.
 */
export class SqliteError extends Error {
  /** The primary code. */
  readonly code: string;
  /** The extended code (`SQLITE_CONSTRAINT_UNIQUE`); equal to `code` where there is none. */
  readonly extendedCode: string;
  /** The SQL text that was passed in, if there was one. */
  readonly sql: string | undefined;
  /**
   * Where in `sql` the mistake is: an index into the string (UTF-16 units, from its start);
   * `undefined` when SQLite does not say.
   */
  readonly offset: number | undefined;
  /**
   * With `CONNECTION_LOST`: whether the call may have taken effect all the same. `false` means that
   * it has not, and will not.
   */
  readonly mayHaveCommitted: boolean | undefined;

  constructor(message: string, details: SqliteErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SqliteError';
    this.code = details.code;
    this.extendedCode = details.extendedCode ?? details.code;
    this.sql = details.sql;
    this.offset = details.offset;
    this.mayHaveCommitted = details.mayHaveCommitted;
  }
}

/** Of a call that was given up, and has not happened. */
export function interrupted(): SqliteError {
  return new SqliteError('interrupted', { code: 'SQLITE_INTERRUPT' });
}

/** Whether a call has not happened because it was given up. */
export function isInterrupt(error: unknown): boolean {
  return error instanceof SqliteError && error.code === 'SQLITE_INTERRUPT';
}

/** The errors after which the transaction that the call belonged to is over. */
const ending = new WeakSet<SqliteError>();

/** Notes on an error that the transaction of its call is over. */
export function markEnding(error: SqliteError): SqliteError {
  ending.add(error);
  return error;
}

/** Whether an error has ended the transaction of its call. */
export function isEnding(error: unknown): boolean {
  return error instanceof SqliteError && ending.has(error);
}

/** Does something with one of a list; its error says with which. */
export function inList<T>(list: string, index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SqliteError)) {
      throw error;
    }
    const { code, sql, offset } = error;
    throw new SqliteError(`${list}[${index}]: ${error.message}`, { code, sql, offset });
  }
}

/** For the wire: an error of any kind as plain data. */
export function toWire(error: unknown): WireError {
  if (error instanceof SqliteError) {
    const { code, extendedCode, message, offset, cause } = error;
    return {
      code,
      extendedCode,
      message,
      offset,
      cause: reason(cause),
      ended: ending.has(error),
    };
  }
  const code = 'ENGINE_FAILED';
  const message = text(error);
  return { code, extendedCode: code, message, offset: undefined, cause: undefined, ended: false };
}

/** The words of a cause; those of a plain `Error` stand by themselves. */
function reason(cause: unknown): string | undefined {
  const plain = cause instanceof Error && cause.name === 'Error';
  return cause === undefined ? undefined : plain ? cause.message : text(cause);
}

/** From the wire: an error again, with the text that was asked about. */
export function fromWire(error: WireError, sql: string | undefined): SqliteError {
  const { code, extendedCode, message, offset } = error;
  const cause = error.cause === undefined ? undefined : new Error(error.cause);
  // What the engine itself has lost was a cursor, which only reads.
  const lost = code === 'CONNECTION_LOST' ? { mayHaveCommitted: false } : {};
  const made = new SqliteError(message, { code, extendedCode, sql, offset, cause, ...lost });
  return error.ended ? markEnding(made) : made;
}

/** The words of whatever was thrown. */
export function text(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
