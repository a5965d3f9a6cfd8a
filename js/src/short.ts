// The two messages that an awaited SELECT is made of, as few things as can be: to clone the names
// of the long ones, and to read them, took a tenth of its time. Used by both ends of every channel;
// docs/protocol.md draws them.

import type { OwnerReplyMessage, RequestMessage, WireValue } from './protocol.js';

/** A `query` outside a transaction, with its values by position, that nobody can give up. */
export type ShortQuestion = readonly [
  id: number,
  session: number,
  first: boolean,
  sql: string,
  ...values: WireValue[],
];

/** Few rows, of a connection that has no transaction open. */
export type ShortAnswer = readonly [
  id: number,
  columns: readonly string[],
  ...cells: readonly WireValue[],
];

/** The message, in short where it has a short form. */
export function shortened(message: RequestMessage): RequestMessage | ShortQuestion {
  const { id, request, stop } = message;
  if (request.operation !== 'query' || request.inside || request.params.named || stop) {
    return message;
  }
  return [id, request.session, request.first, request.sql, ...request.params.values];
}

/** What it is short for; nothing in it was looked at yet. */
export function lengthened(question: ShortQuestion): RequestMessage {
  const [id, session, first, sql, ...values] = question;
  const params = { named: false, values } as const;
  const request = { operation: 'query', session, inside: false, first, sql, params } as const;
  return { id, request, stop: undefined };
}

/** The rows of an answer that is short, with what goes without saying. */
export function answered(answer: ShortAnswer): OwnerReplyMessage & { readonly value: unknown } {
  const [id, columns, ...cells] = answer;
  return { id, value: { columns, cells }, transaction: false };
}
