// Rows as they come from the engine, and the shapes in which they come out. Used by statements.ts
// and iterate.ts.
//
// crates/wasm/src/rows.rs draws the bytes of a batch; what is here has its names.

import type { RowBatch, WireValue } from './protocol.js';
import type { Row, SqlValue } from './values.js';

/**
 * What a row is: an object by column names, of which the last of each name counts; an array of all
 * values; or the value of the first column alone.
 */
export type RowShape = 'object' | 'array' | 'scalar';

/**
 * For clients in other languages also a pair: the names of the columns, one array for all rows of a
 * batch, and an array of the values.
 */
type AnyShape = RowShape | 'named';

/** What a cell is. */
const KIND = {
  null: 0,
  float: 1,
  int32: 2,
  bigint: 3,
  text: 4,
  blob: 5,
  textApart: 6,
  blobApart: 7,
} as const;

/** Bytes before the cells, and of a cell. */
const HEAD_SIZE = 8;
const CELL_SIZE = 8;

/** Values by their place. */
interface Cells {
  readonly rows: number;
  at(index: number): SqlValue;
}

/** The rows in the shape that is asked for. */
export function shaped(batch: RowBatch, shape: RowShape): unknown[] {
  const { columns } = batch;
  const rows: unknown[] = [];
  if ('cells' in batch) {
    add(rows, new FewCells(batch.cells, columns.length), columns, shape);
  } else {
    for (const bytes of batch.batches) {
      add(rows, new Batch(bytes, columns.length, batch.apart), columns, shape);
    }
  }
  return rows;
}

/** A byte order mark is a character like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Values that have crossed as they are. */
class FewCells implements Cells {
  readonly rows: number;
  readonly #cells: readonly WireValue[];

  constructor(cells: readonly WireValue[], width: number) {
    this.rows = cells.length / Math.max(width, 1);
    this.#cells = cells;
  }

  at(index: number): SqlValue {
    return this.#cells[index] as SqlValue;
  }
}

/** Values that are read where they lie. */
class Batch implements Cells {
  readonly rows: number;
  readonly #view: DataView;
  readonly #apart: readonly Uint8Array[];
  readonly #kinds: number;
  readonly #texts: string;
  readonly #blobs: Uint8Array;

  constructor(bytes: Uint8Array<ArrayBuffer>, width: number, apart: readonly Uint8Array[]) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.rows = this.#view.getUint32(0, true);
    const cells = this.rows * width;
    this.#kinds = HEAD_SIZE + CELL_SIZE * cells;
    const texts = this.#kinds + cells;
    const blobs = texts + this.#view.getUint32(4, true);
    this.#texts = blobs === texts ? '' : decoder.decode(bytes.subarray(texts, blobs));
    this.#blobs = bytes.subarray(blobs);
    this.#apart = apart;
  }

  at(index: number): SqlValue {
    const view = this.#view;
    const cell = HEAD_SIZE + CELL_SIZE * index;
    switch (view.getUint8(this.#kinds + index)) {
      case KIND.null:
        return null;
      case KIND.float:
        return view.getFloat64(cell, true);
      case KIND.int32:
        return view.getInt32(cell, true);
      case KIND.bigint:
        return view.getBigInt64(cell, true);
      case KIND.text: {
        const start = view.getUint32(cell, true);
        return this.#texts.substring(start, start + view.getUint32(cell + 4, true));
      }
      case KIND.blob: {
        const start = view.getUint32(cell, true);
        return this.#blobs.slice(start, start + view.getUint32(cell + 4, true));
      }
      case KIND.textApart:
        return decoder.decode(this.#apart[view.getUint32(cell, true)]);
      case KIND.blobApart:
        return this.#apart[view.getUint32(cell, true)] as Uint8Array;
      default:
        throw new RangeError('the engine has answered what is no row');
    }
  }
}

/** Makes a row of the cells from `start` on. */
type Maker = (columns: readonly string[], cells: Cells, start: number) => unknown;

const MAKERS: Readonly<Record<AnyShape, Maker>> = {
  object: assign,
  array: listed,
  scalar: (_, cells, start) => cells.at(start),
  named: (columns, cells, start) => [columns, listed(columns, cells, start)],
};

function add(rows: unknown[], cells: Cells, columns: readonly string[], shape: AnyShape): void {
  // Assigning to it would set the prototype; no other name does anything but hold its value.
  const hasProto = shape === 'object' && columns.includes('__proto__');
  const make = hasProto ? fromEntries : MAKERS[shape];
  for (let row = 0; row < cells.rows; row++) {
    rows.push(make(columns, cells, row * columns.length));
  }
}

/** Several times as fast as `fromEntries`. */
function assign(columns: readonly string[], cells: Cells, start: number): Row {
  const object: Row = {};
  for (let i = 0; i < columns.length; i++) {
    object[columns[i] as string] = cells.at(start + i);
  }
  return object;
}

function fromEntries(columns: readonly string[], cells: Cells, start: number): Row {
  return Object.fromEntries(columns.map((name, i) => [name, cells.at(start + i)]));
}

function listed(columns: readonly string[], cells: Cells, start: number): SqlValue[] {
  return columns.map((_, i) => cells.at(start + i));
}
