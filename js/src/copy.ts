// Copies of a whole database: a Blob, a stream, another database. Loaded by database.ts, as a
// part of its own. It must not know how a copy is made; crates/wasm/src/copies.rs draws that.

import type { Channel } from './client.js';
import type { BackupOptions, ExportOptions, TransferProgress } from './options.js';
import type { CopyTarget, Operations } from './protocol.js';

/** The connection that is asked for a copy. */
export interface Source {
  readonly channel: Channel;
  readonly session: number;
}

/** What goes on with a copy that was begun. */
type Act = 'copyStep' | 'copyRead' | 'copyEnd';

/** Resolves to what is committed now. */
export async function exportAs(
  as: 'blob' | 'stream',
  source: Source,
  options: ExportOptions,
  signal: AbortSignal | undefined,
): Promise<Blob | ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { portable = false, onProgress } = options;
  const target = { to: undefined, overwrite: false, portable };
  const copy = await Copy.make(source, target, onProgress, signal);
  const stream = copy.stream(options.signal);
  return as === 'stream' ? stream : blobOf(stream.getReader());
}

/** Copies it to another database. */
export async function backUp(
  source: Source,
  to: string,
  options: BackupOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { overwrite = false, onProgress } = options;
  const copy = await Copy.make(source, { to, overwrite, portable: false }, onProgress, signal);
  await copy.ending(() => copy.finish(to, signal));
  await copy.end();
}

/** The browser keeps the parts of a Blob where it likes, and that is not the memory of the page. */
async function blobOf(reader: ReadableStreamDefaultReader<BlobPart>): Promise<Blob> {
  const parts: Blob[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(new Blob([next.value]));
  }
  return new Blob(parts, { type: 'application/vnd.sqlite3' });
}

/** A copy that the engine keeps. */
class Copy {
  readonly #source: Source;
  readonly #key = crypto.randomUUID();

  private constructor(source: Source) {
    this.#source = source;
  }

  /** Resolves when all is copied. */
  static async make(
    source: Source,
    target: CopyTarget,
    onProgress: TransferProgress | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Copy> {
    const copy = new Copy(source);
    const { channel, session } = source;
    const place = { operation: 'copyBegin', session, key: copy.#key } as const;
    const request = { ...place, ...target };
    const size = await channel.request<'copyBegin'>(request, undefined, signal);
    await copy.ending(async () => {
      let done: number;
      do {
        signal?.throwIfAborted();
        done = await copy.#ask<'copyStep'>('copyStep');
        onProgress?.(done, size);
      } while (done < size);
      signal?.throwIfAborted();
    });
    return copy;
  }

  /** Each pull is a message; an abort breaks it off. */
  stream(signal: AbortSignal | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
    let giveUp = (): void => undefined;
    const end = async () => {
      signal?.removeEventListener('abort', giveUp);
      await this.end();
    };
    const start = (controller: ReadableStreamDefaultController) => {
      giveUp = () => {
        controller.error(signal?.reason);
        end().catch(() => undefined);
      };
      signal?.addEventListener('abort', giveUp);
    };
    const pull = async (controller: ReadableStreamDefaultController) => {
      const bytes = await this.ending(() => this.#ask<'copyRead'>('copyRead'));
      if (signal?.aborted) {
        return;
      }
      if (bytes.length > 0) {
        controller.enqueue(bytes);
      } else {
        controller.close();
        await end();
      }
    };
    return new ReadableStream({ start, pull, cancel: end }, { highWaterMark: 0 });
  }

  /** Puts it in place. */
  finish(to: string, signal: AbortSignal | undefined): Promise<undefined> {
    const { channel, session } = this.#source;
    const request = { operation: 'copyFinish', session, key: this.#key, to } as const;
    return channel.request<'copyFinish'>(request, undefined, signal);
  }

  /** The engine removes what it has of it. */
  end(): Promise<undefined> {
    return this.#ask<'copyEnd'>('copyEnd');
  }

  /** Does something that ends the copy if it fails. */
  async ending<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // The error that made us give up is the one to report.
      await this.end().catch(() => undefined);
      throw error;
    }
  }

  /** Not by way of those who wait for the connection: that may be what they wait for. */
  #ask<Name extends Act>(operation: Name): Promise<Operations[Name]['answers']> {
    const { channel, session } = this.#source;
    return channel.request<Name>({ operation, session, key: this.#key } as never);
  }
}
