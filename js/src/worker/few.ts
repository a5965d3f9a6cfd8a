// Answers on their way into a message: what Rust has made of rows, few.rs says. Used by engine.ts,
// host.ts, page.ts and clients.ts.

import type { FewRows, Operation, Operations, PackedRows, RowBatch } from '../protocol.js';
import type { ShortAnswer } from '../short.js';

/** What Rust answers: the values, and the columns at their end; or batches. */
export type RustRows = (FewRows['cells'][number] | FewRows['columns'])[] | PackedRows;

/** The rows for a message. */
export function forMessage(rows: RustRows): RowBatch {
  if (!Array.isArray(rows)) {
    return rows;
  }
  const columns = rows.pop() as FewRows['columns'];
  return { columns, cells: rows as FewRows['cells'] };
}

/** An answer that came at once, in short if it is. */
export function replyOf<Reply extends { readonly id: number; readonly value: RowBatch }>(
  reply: Reply,
): Reply | ShortAnswer {
  const { id, value } = reply;
  return 'cells' in value ? [id, value.columns, ...value.cells] : reply;
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
