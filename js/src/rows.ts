// The shapes in which rows come out. Used by statements.ts.

import type { RowBatch } from './protocol.js';
import type { Row, SqlValue } from './values.js';

/**
 * What a row is: an object by column names, of which the last of each name counts; an array of all
 * values; or the value of the first column alone.
 */
export type RowShape = 'object' | 'array' | 'scalar';

/** The rows in the shape that is asked for. */
export function shaped(batch: RowBatch, shape: RowShape): unknown[] {
  switch (shape) {
    case 'object':
      return toObjects(batch);
    case 'array':
      return [...batch.rows];
    case 'scalar':
      return batch.rows.map((row) => row[0]);
    default:
      return shape satisfies never;
  }
}

function toObjects({ columns, rows }: RowBatch): Row[] {
  // Assigning to it would set the prototype; no other name does anything but hold its value.
  const toObject = columns.includes('__proto__') ? fromEntries : assign;
  return rows.map((row) => toObject(columns, row));
}

/** Several times as fast as `fromEntries`. */
function assign(columns: readonly string[], row: readonly SqlValue[]): Row {
  const object: Row = {};
  for (let i = 0; i < columns.length; i++) {
    object[columns[i] as string] = row[i] as SqlValue;
  }
  return object;
}

function fromEntries(columns: readonly string[], row: readonly SqlValue[]): Row {
  return Object.fromEntries(columns.map((name, i) => [name, row[i] as SqlValue]));
}
