// The entry `anchorite/blob`: one blob of a row as a stream, of which a part at a time is in
// memory. It must not know how the engine keeps it open; crates/engine/src/blobs.rs says that.

import { SqliteError } from './errors.js';
import { checkOptions } from './options.js';
import { sql } from './sql.js';
import type { Statements } from './statements.js';
import type { Transaction } from './transaction.js';

/** Where a blob is. */
export interface BlobPlace {
  /** The name of the table. */
  readonly table: string;
  /** The name of the column. */
  readonly column: string;
  /** Of the row; an INTEGER PRIMARY KEY is its rowid. */
  readonly rowid: number | bigint;
  /** Which database; default `'main'`. */
  readonly schema?: string;
}

/** Options of `blobReader`. */
export interface BlobReadOptions {
  /** Where it begins, in bytes; default 0. */
  readonly start?: number;
  /** Where it ends, in bytes; default, and at most: the size of the blob. */
  readonly end?: number;
  /** The most bytes of a chunk; default 256 KiB. */
  readonly chunkSize?: number;
  /** After how long without a pull, in ms, it is closed, with `TIMEOUT`; default 60 000. */
  readonly idleTimeout?: number;
  /** Ends the stream with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of `blobWriter`. */
export interface BlobWriteOptions {
  /**
   * The new size, in bytes: the value becomes that many zeros before anything is written, and
   * closing the stream before there are so many bytes is an error. Default: it keeps its size, and
   * what is not written its content.
   */
  readonly size?: number;
  /** Where writing begins, in bytes; default 0. */
  readonly start?: number;
  /** Aborts the stream with its reason. */
  readonly signal?: AbortSignal;
}

const CHUNK_SIZE = 256 * 1024;
const IDLE_TIMEOUT_MS = 60_000;

/** Bytes sent to the engine at once. */
const PIECE_SIZE = 1024 * 1024;

/** A blob as a stream. */
export class BlobReader extends ReadableStream<Uint8Array<ArrayBuffer>> {
  /** Of the whole blob, in bytes. */
  readonly size: number;

  /** @internal */
  constructor(size: number, source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>) {
    super(source, { highWaterMark: 0 });
    this.size = size;
  }
}

/** A stream into a blob. */
export class BlobWriter extends WritableStream<BufferSource> {
  /** Of the whole blob, in bytes. */
  readonly size: number;

  /** @internal */
  constructor(size: number, sink: UnderlyingSink<BufferSource>) {
    super(sink);
    this.size = size;
  }
}

/**
 * Opens a blob, or a text as UTF-8, for reading. Each pull reads a chunk; so much is in memory.
 *
 * Until it was read, cancelled, or not pulled for `idleTimeout`, the connection stays at the
 * snapshot that it reads. Opened by a transaction, it ends with that.
 *
 * Rejects with `SQLITE_ERROR` where there is no such table, column or row, or its value is neither
 * a blob nor a text. The stream ends with `SQLITE_ABORT` when this connection changes the row.
 */
export async function blobReader(
  target: Statements,
  place: BlobPlace,
  options: BlobReadOptions = {},
): Promise<BlobReader> {
  const wire = checkPlace(target, place);
  checkOptions(options, ['start', 'end', 'chunkSize', 'idleTimeout', 'signal']);
  options.signal?.throwIfAborted();
  const key = crypto.randomUUID();
  const ask = { operation: 'blobOpen', key, writes: false, ...wire } as const;
  const size = await target.send<'blobOpen'>(ask, undefined, undefined);
  const { start = 0, end = size } = options;
  if (start > end || end > size) {
    await release(target, key);
    throw refused(`the blob has ${size} bytes, not those from ${start} to ${end}`);
  }
  return new BlobReader(size, new Reading(target, key, [start, end], options));
}

/** A blob that is being read. */
class Reading implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #target: Statements;
  readonly #key: string;
  readonly #options: BlobReadOptions;
  #at: number;
  readonly #end: number;
  #controller: ReadableStreamDefaultController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    target: Statements,
    key: string,
    [start, end]: readonly [number, number],
    options: BlobReadOptions,
  ) {
    this.#target = target;
    this.#key = key;
    this.#at = start;
    this.#end = end;
    this.#options = options;
  }

  async start(controller: ReadableStreamDefaultController): Promise<void> {
    this.#controller = controller;
    this.#options.signal?.addEventListener('abort', this.#abort);
    if (this.#at === this.#end) {
      controller.close();
      await this.cancel();
    } else {
      this.#watch();
    }
  }

  async pull(controller: ReadableStreamDefaultController): Promise<void> {
    clearTimeout(this.#timer);
    const { chunkSize = CHUNK_SIZE } = this.#options;
    const from = this.#at;
    const count = Math.min(chunkSize, this.#end - from);
    try {
      const ask = { operation: 'blobRead', key: this.#key, from, count } as const;
      controller.enqueue(await this.#target.send<'blobRead'>(ask, undefined, undefined));
    } catch (error) {
      await this.cancel().catch(() => undefined);
      throw error;
    }
    this.#at += count;
    if (this.#at === this.#end) {
      controller.close();
      await this.cancel();
    } else {
      this.#watch();
    }
  }

  async cancel(): Promise<void> {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    await release(this.#target, this.#key);
  }

  #watch(): void {
    const { idleTimeout = IDLE_TIMEOUT_MS } = this.#options;
    const message = `the blob was not read for ${idleTimeout} ms and was closed`;
    const expire = () => this.#fail(new SqliteError(message, { code: 'TIMEOUT' }));
    this.#timer = setTimeout(expire, idleTimeout);
  }

  readonly #abort = (): void => this.#fail(this.#options.signal?.reason);

  #fail(reason: unknown): void {
    this.#controller?.error(reason);
    // A connection that is gone has nothing open.
    this.cancel().catch(() => undefined);
  }
}

/**
 * Opens a blob for writing: in a transaction of its own, which is committed when the stream is
 * closed and rolled back when it is aborted or fails; or, with `target` a transaction, as a part of
 * that. Until then other calls of `target` wait.
 *
 * Rejects as `blobReader` does, and with `SQLITE_BUSY`. Bytes beyond the size are
 * `INVALID_PARAMETER`; 30 s without any end it with `TIMEOUT`.
 */
export async function blobWriter(
  target: Statements,
  place: BlobPlace,
  options: BlobWriteOptions = {},
): Promise<BlobWriter> {
  checkPlace(target, place);
  checkOptions(options, ['size', 'start', 'signal']);
  options.signal?.throwIfAborted();
  const writing = new Writing(target, place, options);
  return new BlobWriter(await writing.opened, writing);
}

/** A blob that is being written. */
class Writing implements UnderlyingSink<BufferSource> {
  /** Resolves to the size of the blob. */
  readonly opened: Promise<number>;
  readonly #options: BlobWriteOptions;
  readonly #key = crypto.randomUUID();
  /** Of the transaction that it is in. */
  readonly #settled: Promise<void>;
  #commit: () => void = () => undefined;
  #rollBack: (reason: unknown) => void = () => undefined;
  #tx: Transaction | undefined;
  #at: number;
  #size = 0;

  constructor(target: Statements, place: BlobPlace, options: BlobWriteOptions) {
    this.#options = options;
    this.#at = options.start ?? 0;
    const ended = new Promise<void>((resolve, reject) => {
      this.#commit = resolve;
      this.#rollBack = reject;
    });
    let open: (size: number) => void = () => undefined;
    let refuse: (reason: unknown) => void = () => undefined;
    this.opened = new Promise((resolve, reject) => {
      open = resolve;
      refuse = reject;
    });
    this.#settled = target.together(async (tx) => {
      open(await this.#open(tx, place));
      await ended.catch(async (reason) => {
        await release(tx, this.#key).catch(() => undefined);
        throw reason;
      });
      await release(tx, this.#key);
    }, {});
    this.#settled.catch(refuse);
  }

  start(controller: WritableStreamDefaultController): void {
    const { signal } = this.#options;
    const abort = () => {
      controller.error(signal?.reason);
      this.#rollBack(signal?.reason);
    };
    signal?.addEventListener('abort', abort);
    const over = () => signal?.removeEventListener('abort', abort);
    this.#settled.then(over, (error) => {
      over();
      controller.error(error);
    });
  }

  async write(chunk: BufferSource): Promise<void> {
    try {
      const bytes = bytesOf(chunk);
      if (bytes.length > this.#size - this.#at) {
        throw refused(`the blob has ${this.#size} bytes; there is no room for more`);
      }
      for (let start = 0; start < bytes.length; start += PIECE_SIZE) {
        await this.#write(bytes.slice(start, start + PIECE_SIZE));
      }
    } catch (error) {
      await this.abort(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    const { size } = this.#options;
    if (size !== undefined && this.#at < size) {
      const error = refused(`the stream has ended after ${this.#at} of ${size} bytes`);
      await this.abort(error);
      throw error;
    }
    this.#commit();
    await this.#settled;
  }

  async abort(reason: unknown): Promise<void> {
    this.#rollBack(reason);
    await this.#settled.catch(() => undefined);
  }

  async #open(tx: Transaction, place: BlobPlace): Promise<number> {
    const wire = checkPlace(tx, place);
    const { schema, table, column, rowid } = wire;
    const { size } = this.#options;
    if (size !== undefined) {
      const set = sql`UPDATE ${sql.id(schema, table)} SET ${sql.id(column)} = zeroblob(${size})`;
      const { changes } = await tx.run(sql`${set} WHERE rowid = ${rowid}`);
      if (changes === 0) {
        throw new SqliteError(`no such rowid: ${rowid}`, { code: 'SQLITE_ERROR' });
      }
    }
    const ask = { operation: 'blobOpen', key: this.#key, writes: true, ...wire } as const;
    this.#size = await tx.send<'blobOpen'>(ask, undefined, undefined);
    this.#tx = tx;
    if (this.#at > this.#size) {
      throw refused(`the blob has ${this.#size} bytes; writing cannot begin at ${this.#at}`);
    }
    return this.#size;
  }

  async #write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const ask = { operation: 'blobWrite', key: this.#key, from: this.#at, bytes } as const;
    this.#at += bytes.length;
    await this.#tx?.send<'blobWrite'>(ask, undefined, undefined);
  }
}

async function release(target: Statements, key: string): Promise<void> {
  try {
    await target.send<'release'>({ operation: 'release', key }, undefined, undefined);
  } catch (error) {
    // What has ended has nothing open any more.
    if (!(error instanceof SqliteError && error.code === 'CLOSED')) {
      throw error;
    }
  }
}

function bytesOf(chunk: BufferSource): Uint8Array {
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) {
    return new Uint8Array(chunk);
  }
  throw refused('a blob is written by bytes: a typed array, a DataView or an ArrayBuffer');
}

function checkPlace(target: Statements, place: BlobPlace): Required<BlobPlace> {
  if (typeof target?.send !== 'function') {
    throw refused('a blob is in a Database or a Transaction');
  }
  const { schema = 'main', table, column, rowid } = place ?? {};
  for (const [part, name] of Object.entries({ schema, table, column })) {
    if (typeof name !== 'string' || name.includes('\0')) {
      throw refused(`the ${part} of a blob is a name`);
    }
  }
  if (typeof rowid !== 'bigint' && !Number.isSafeInteger(rowid)) {
    throw refused('the rowid of a blob is an integer: a number that is exact, or a bigint');
  }
  return { schema, table, column, rowid };
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}
