/**
 * Runs the statements of a script one after the other and tells what each gives, as it comes.
 * Called by main.ts. Knows the database and Rows; must not know the page.
 */
import type { Database, Params, SqlValue } from 'anchorite';
import { ROWS_IN_PAGE, Rows, type Values } from '../results/rows.ts';
import type { Piece } from '../sql/split.ts';

/** Each result may have so many rows in the page, whatever the others have. */
const ROWS_AT_LEAST = 100;

/** What a statement without rows has done. */
export interface Note {
  readonly sql: string;
  readonly changes: number;
  readonly ms: number;
}

/** A statement's failure, and which one it was. */
export class StatementFailure extends Error {
  readonly piece: Piece;

  constructor(piece: Piece, cause: unknown) {
    super('a statement failed', { cause });
    this.piece = piece;
  }
}

export interface Listener {
  /** Asks for the values of parameters. Rejects when the person thinks better of it. */
  ask(names: readonly (string | undefined)[], sql: string): Promise<Params>;
  /** A result begins; its rows come into it. */
  onRows(rows: Rows): void;
  onNote(note: Note): void;
}

/** What a run came to. */
export interface Summary {
  readonly statements: number;
  readonly rows: number;
  readonly changes: number;
  readonly hasMore: boolean;
}

/** Runs `pieces`; rejects with a StatementFailure, what came before it having taken effect. */
export async function runPieces(
  database: Database,
  pieces: Iterable<Piece>,
  listener: Listener,
  signal: AbortSignal,
): Promise<Summary> {
  const summary = { statements: 0, rows: 0, changes: 0, hasMore: false };
  for (const piece of pieces) {
    try {
      await runPiece(database, piece, listener, signal, summary);
    } catch (error) {
      throw new StatementFailure(piece, error);
    }
    summary.statements += 1;
  }
  return summary;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function runPiece(
  database: Database,
  { sql }: Piece,
  listener: Listener,
  signal: AbortSignal,
  summary: Mutable<Summary>,
): Promise<void> {
  const statement = await database.prepare(sql, { signal });
  const { parameters, columns, onlyReads } = statement;
  const params = parameters.length === 0 ? [] : await listener.ask(parameters, sql);
  const started = performance.now();
  if (columns.length === 0) {
    const { changes } = await database.run(sql, params, { signal });
    summary.changes += changes;
    listener.onNote({ sql, changes, ms: performance.now() - started });
    return;
  }
  const limit = Math.max(ROWS_AT_LEAST, ROWS_IN_PAGE - summary.rows);
  const rows = new Rows({ database, sql, params, columns }, limit);
  listener.onRows(rows);
  if (onlyReads) await rows.stream(signal);
  else rows.take(await writing(database, sql, params, signal));
  summary.rows += rows.count;
  summary.hasMore ||= rows.state === 'first';
}

/** A statement that writes is done as a whole before its first row is there. */
async function writing(
  database: Database,
  sql: string,
  params: Params,
  signal: AbortSignal,
): Promise<Values[]> {
  return database.query<SqlValue[]>(sql, params, { rows: 'array', signal });
}
