// Rows that come a batch at a time, as their user has them. Made by statements.ts. What goes on
// with the cursor is in cursor.ts, a part of its own that the first row brings along.

import type { IterateOptions } from './options.js';
import { part } from './parts.js';
import type { WireStatement } from './protocol.js';
import type { Statements } from './statements.js';

/** Rows, one by one, for `for await`. */
export interface RowIterator<R> extends AsyncIterableIterator<R> {
  /** The same as a stream, instead: one that is cancelled ends the iteration. */
  toStream(): ReadableStream<R>;
}

/** Makes one; nothing is asked for before its first row is. */
export function iterate(
  place: Statements,
  statement: WireStatement,
  options: IterateOptions,
): RowIterator<unknown> {
  const rows = generate(place, statement, options);
  return Object.assign(rows, { toStream: () => toStream(rows) });
}

async function* generate(
  place: Statements,
  statement: WireStatement,
  options: IterateOptions,
): AsyncGenerator<unknown, undefined> {
  const { rowsOf } = await part('cursor');
  return yield* rowsOf(place, statement, options);
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
