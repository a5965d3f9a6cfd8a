// What becomes of a connection and its calls when the owner of the database has died. Used by
// owned.ts. It must not know how a call is made.
//
// An owner that dies says nothing, so whatever was handed to it may have been carried out: a word
// of receipt could be lost with it. What can only read is asked again, since that changes nothing.

import { SqliteError } from './errors.js';
import type { Request } from './protocol.js';

/** What is known of a connection from the answers that have come. */
export interface Standing {
  /** Whether it has a transaction open. */
  transaction: boolean;
  /** Whether it may have something that no other connection has: settings, temporary tables. */
  own: boolean;
}

/** A call that was handed to the owner and not answered. */
export interface Handed {
  readonly request: Request;
  readonly sql: string | undefined;
}

/** Words without which no statement makes something of the connection's own. */
const MAKES_OWN = /\b(?:pragma|attach|temp|temporary)\b/i;

/** Functions that ask what this connection did last. */
const ASKS_OWN = /\b(?:changes|total_changes|last_insert_rowid)\b/i;

const BEGINS = /\b(?:begin|savepoint)\b/i;
const ENDS = /\b(?:commit|end|release|rollback)\b/i;
const READS = /^\s*(?:select|values)\b/i;

/** Whether the connection may have something of its own after this text. */
export function makesOwn(sql: string): boolean {
  return MAKES_OWN.test(sql);
}

/**
 * Nothing if all calls, in this order, can be made again by a new connection as if nothing had
 * happened; else for each of them whether it may have committed.
 */
export function judge(
  { transaction, own }: Standing,
  calls: readonly Handed[],
): readonly boolean[] | undefined {
  if (!transaction && !own && calls.every(canBeRepeated)) {
    return undefined;
  }
  let inside = transaction && !calls.some(({ sql = '' }) => BEGINS.test(sql));
  return calls.map((call) => {
    const ends = ENDS.test(call.sql ?? '');
    const only = onlyReads(call) || (inside && !ends);
    inside &&= !ends;
    return !only;
  });
}

/** What the caller of a lost call is told. */
export function connectionLost(mayHaveCommitted: boolean, sql: string | undefined): SqliteError {
  const what = mayHaveCommitted ? 'may have been carried out' : 'has not been carried out';
  const message = `the context that had the database is gone; the call ${what}`;
  return new SqliteError(message, { code: 'CONNECTION_LOST', sql, mayHaveCommitted });
}

/** What these read, or have begun, is gone with the owner. */
const KEPT: readonly string[] = [
  ...['copyBegin', 'copyStep', 'copyRead', 'copyEnd'],
  ...['blobOpen', 'blobRead', 'record', 'recorded', 'invert', 'concat', 'release'],
];

/** What reads, whatever the text; the cursor of a pull is gone with its owner, which it is told. */
const ONLY_READ: readonly string[] = [
  ...['export', 'sequence', 'close', 'describe'],
  ...['iterate', 'pull', 'endCursor'],
  ...KEPT,
];

/** Whether the connection keeps something that its user relies on after this. */
export function keepsOwn({ operation }: Request): boolean {
  return operation === 'record' || operation === 'createFunction';
}

function canBeRepeated(call: Handed): boolean {
  const isKept = KEPT.includes(call.request.operation);
  return (
    !isKept && onlyReads(call) && !ASKS_OWN.test(call.sql ?? '') && !MAKES_OWN.test(call.sql ?? '')
  );
}

/** A query is one statement. */
function onlyReads({ request, sql = '' }: Handed): boolean {
  const { operation } = request;
  return ONLY_READ.includes(operation) || (operation === 'query' && READS.test(sql));
}
