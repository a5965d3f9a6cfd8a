// What is in the source of an import, in pieces, and their way to an engine. Loaded by files.ts, as
// a part of its own. It must not know how that was reached.

import type { Channel } from './client.js';
import { SqliteError } from './errors.js';
import type { ImportSource } from './files.js';
import type { ImportOptions } from './options.js';

/** Bytes sent to the engine at once. */
const PIECE_SIZE = 1024 * 1024;

/** Bytes to come, each piece a copy of at most `PIECE_SIZE`. */
export type Pieces = AsyncGenerator<Uint8Array<ArrayBuffer>>;

/** What is in a source, and how much, if that is known. */
export interface Opened {
  readonly total: number | undefined;
  readonly pieces: (signal: AbortSignal | undefined) => Pieces;
}

/** Refuses anything but a source at once. */
export function opened(source: ImportSource): Opened {
  if (source instanceof Blob) {
    return { total: source.size, pieces: () => piecesOfBlob(source) };
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    return { total: bytes.length, pieces: () => piecesOfBytes(bytes) };
  }
  const stream = source instanceof Response ? bodyOf(source) : source;
  if (typeof stream?.getReader === 'function') {
    return { total: undefined, pieces: (signal) => piecesOfStream(stream, signal) };
  }
  const message =
    'an import takes a Uint8Array, an ArrayBuffer, a Blob, a Response or a ReadableStream';
  throw refused(message);
}

/** Makes a database of it; whatever goes wrong, nothing is left of what came in. */
export async function bringIn(
  channel: Channel,
  name: string,
  { total, pieces }: Opened,
  { overwrite = false, onProgress }: ImportOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const begin = { operation: 'importBegin', name, overwrite } as const;
  const number = await channel.request<'importBegin'>(begin);
  try {
    let done = 0;
    for await (const bytes of pieces(signal)) {
      signal?.throwIfAborted();
      done += bytes.length;
      await channel.request<'importAppend'>({ operation: 'importAppend', import: number, bytes });
      onProgress?.(done, total);
    }
    signal?.throwIfAborted();
    const finish = { operation: 'importFinish', import: number, name } as const;
    await channel.request<'importFinish'>(finish, undefined, signal);
  } catch (error) {
    await abandon(channel, number);
    throw error;
  }
}

/** The error that made us give up is the one to report, so one from here must not replace it. */
async function abandon(channel: Channel, number: number): Promise<void> {
  await channel
    .request<'importAbandon'>({ operation: 'importAbandon', import: number })
    .catch(() => undefined);
}

function bodyOf({ ok, status, body, url }: Response): ReadableStream<Uint8Array> {
  if (!ok || body === null) {
    throw refused(`the response of ${url} has ${ok ? 'no body' : `the status ${status}`}`);
  }
  return body;
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}

async function* piecesOfBlob(blob: Blob): Pieces {
  for (let start = 0; start < blob.size; start += PIECE_SIZE) {
    yield new Uint8Array(await blob.slice(start, start + PIECE_SIZE).arrayBuffer());
  }
}

async function* piecesOfBytes(bytes: Uint8Array): Pieces {
  for (let start = 0; start < bytes.length; start += PIECE_SIZE) {
    yield bytes.slice(start, start + PIECE_SIZE);
  }
}

/**
 * By its reader: not every engine can iterate or transfer a stream. An abort ends the wait for a
 * stream that says nothing, which then looks as if it had ended.
 */
async function* piecesOfStream(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Pieces {
  const reader = stream.getReader();
  // What the source makes of that is of no interest any more.
  const cancel = () => reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener('abort', cancel);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield* piecesOfBytes(next.value);
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    await cancel();
  }
}
