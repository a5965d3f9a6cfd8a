// Rows that come a batch at a time, while they are asked for. Made by statements.ts. It must not
// know whether that is a database or a transaction.
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

/** Rows, one by one, for `for await`. */
export interface RowIterator<R> extends AsyncIterableIterator<R> {
  /** The same as a stream, instead: one that is cancelled ends the iteration. */
  toStream(): ReadableStream<R>;
}

let lastCursor = 0;

/** Makes one; nothing is asked for before its first row is. */
export function iterate(
  place: Statements,
  statement: WireStatement,
  options: IterateOptions,
): RowIterator<unknown> {
  const { rows: shape = 'object', batchRows: count = BATCH_ROWS, signal } = options;
  const { sql } = statement;
  const cursor = ++lastCursor;
  const send = <Name extends 'iterate' | 'pull'>(ask: Ask<Name>) =>
    limited(options, (end) => place.send<Name>(ask, sql, end));
  const rows = generate(
    {
      open: () => send<'iterate'>({ operation: 'iterate', ...statement, cursor, count }),
      pull: () => send<'pull'>({ operation: 'pull', cursor, count }),
      end: () => place.send<'endCursor'>({ operation: 'endCursor', cursor }, sql, undefined),
    },
    (pulled) => shaped(pulled.rows, shape),
    signal,
  );
  return Object.assign(rows, { toStream: () => toStream(rows) });
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

function toStream<R>(rows: AsyncGenerator<R, undefined>): ReadableStream<R> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await rows.next();
        if (done) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      async cancel() {
        await rows.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
