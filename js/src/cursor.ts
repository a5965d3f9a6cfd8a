// A cursor of the engine, as rows. Loaded by iterate.ts when the first row is asked for. It must
// not know whether they are of a database or a transaction.
//
//   first next() ──► open ──batch──► … ──last batch──► done
//                      │ break, return(), throw(), an aborted signal: the cursor is ended
//
// The next batch is asked for when the first row of one is taken, so that two are at hand at most.

import { limited } from './limit.js';
import type { IterateOptions } from './options.js';
import type { Pulled, WireStatement } from './protocol.js';
import { shaped } from './rows.js';
import type { Ask, Statements } from './statements.js';

/** How many rows are asked for at once. */
const BATCH_ROWS = 1000;

let lastCursor = 0;

/** The rows, whose cursor is opened for the first of them. */
export function rowsOf(
  place: Statements,
  statement: WireStatement,
  options: IterateOptions,
): AsyncGenerator<unknown, undefined> {
  const { rows: shape = 'object', batchRows: count = BATCH_ROWS, signal } = options;
  const { sql } = statement;
  const cursor = ++lastCursor;
  const send = <Name extends 'iterate' | 'pull'>(ask: Ask<Name>) =>
    limited(options, (end) => place.send<Name>(ask, sql, end));
  return generate(
    {
      open: () => send<'iterate'>({ operation: 'iterate', ...statement, cursor, count }),
      pull: () => send<'pull'>({ operation: 'pull', cursor, count }),
      end: () => place.send<'endCursor'>({ operation: 'endCursor', cursor }, sql, undefined),
    },
    (pulled) => shaped(pulled.rows, shape),
    signal,
  );
}

/** What is asked of a cursor. */
interface Cursor {
  open(): Promise<Pulled>;
  pull(): Promise<Pulled>;
  end(): Promise<undefined>;
}

async function* generate(
  cursor: Cursor,
  toRows: (pulled: Pulled) => unknown[],
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, undefined> {
  signal?.throwIfAborted();
  let isLeft = true;
  try {
    let pulled = await cursor.open();
    for (;;) {
      isLeft = !pulled.done;
      const next = isLeft ? cursor.pull() : undefined;
      // It is waited for later, if at all.
      next?.catch(() => undefined);
      for (const row of toRows(pulled)) {
        yield row;
        signal?.throwIfAborted();
      }
      if (next === undefined) {
        return undefined;
      }
      pulled = await next;
    }
  } finally {
    if (isLeft) {
      // Not waited for: who breaks off in a transaction would wait for its end. What is asked later
      // is carried out later; and a cursor that has failed is gone already.
      cursor.end().catch(() => undefined);
    }
  }
}
