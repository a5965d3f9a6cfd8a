// Answers on their way into a message. Those of a few values cross as they are: to make and to send
// a batch of bytes takes longer. Used by engine.ts, host.ts, worker.ts and clients.ts.

import type { Operation, Operations, PackedRows, RowBatch, WireValue } from '../protocol.js';
import { Batch } from '../rows.js';

/** Bytes of the largest batch whose values cross as they are. */
const FEW = 1024;

/** Where they are read from: to look into the bytes of an array of its own takes long. */
const few = new Uint8Array(new ArrayBuffer(FEW));

/** What Rust answers: the columns, the batches, and what is apart from them. */
export type RustRows = readonly [PackedRows['columns'], PackedRows['batches'], PackedRows['apart']];

/** The rows for a message: as they are, if they are few. */
export function forMessage([columns, batches, apart]: RustRows): RowBatch {
  const [bytes] = batches;
  if (bytes === undefined) {
    return { columns, cells: [] };
  }
  if (batches.length > 1 || apart.length > 0 || bytes.length > FEW) {
    return { columns, batches, apart };
  }
  few.set(bytes);
  const batch = new Batch(few, columns.length, apart);
  const cells: WireValue[] = [];
  for (let index = 0; index < batch.rows * columns.length; index++) {
    cells.push(batch.at(index));
  }
  return { columns, cells };
}

/** What of an answer is handed over, not copied: the bytes of an export, and of rows. */
export function transferable(value: Operations[Operation]['answers']): Transferable[] {
  if (value instanceof Uint8Array) {
    return [value.buffer];
  }
  if (typeof value !== 'object') {
    return [];
  }
  const rows = 'done' in value ? value.rows : value;
  return 'batches' in rows ? [...rows.batches, ...rows.apart].map(({ buffer }) => buffer) : [];
}
