// Databases as files: import, list, rename, delete. Each starts an engine, uses it, and ends it.

import { type Channel, connect } from './client.js';
import { checkName } from './database.js';
import { limited } from './limit.js';
import { checkOptions, FILE_OPTIONS, type FileOptions, type ImportOptions } from './options.js';
import { part } from './parts.js';

/** What can be imported; a `File` is a `Blob`. */
export type ImportSource = Uint8Array | ArrayBuffer | Blob | Response | ReadableStream<Uint8Array>;

/**
 * Imports an SQLite file as the database `name`.
 *
 * It is written under a temporary name and checked (`PRAGMA quick_check`) before it replaces
 * anything, so that the old or the new database is there, never a mixture.
 *
 * Rejects with `SQLITE_NOTADB` or `SQLITE_CORRUPT` for content that is not a sound database,
 * `EXISTS` for a name that is taken and no `overwrite`, `SQLITE_BUSY` when it is open for 5 s, with
 * the error of a stream, with the reason of `signal`, and as `open` does. In each case nothing is
 * left of what came in.
 */
export async function importDatabase(
  name: string,
  source: ImportSource,
  options: ImportOptions = {},
): Promise<void> {
  checkName(name);
  checkOptions(options, [...FILE_OPTIONS, 'overwrite', 'onProgress']);
  const { opened, bringIn } = await part('source');
  const incoming = opened(source);
  await withChannel(options, (channel, signal) =>
    bringIn(channel, name, incoming, options, signal),
  );
}

/** Resolves to the names of all SQLite databases in OPFS, sorted. Rejects as `open` does. */
export async function listDatabases(options: FileOptions = {}): Promise<string[]> {
  checkOptions(options, FILE_OPTIONS);
  return withChannel(options, (channel, signal) =>
    channel.request<'list'>({ operation: 'list' }, undefined, signal),
  );
}

/**
 * Deletes a database and its side files; resolves to whether there was one.
 *
 * Rejects with `SQLITE_BUSY` when it is open elsewhere for 5 s, and as `open` does.
 */
export async function deleteDatabase(name: string, options: FileOptions = {}): Promise<boolean> {
  checkName(name);
  checkOptions(options, FILE_OPTIONS);
  return withChannel(options, (channel, signal) =>
    channel.request<'delete'>({ operation: 'delete', name }, undefined, signal),
  );
}

/**
 * Gives a database another name, by a copy: for a moment there must be room for both.
 *
 * Rejects with `SQLITE_CANTOPEN` when there is none, with `EXISTS` when the new name is taken, with
 * `SQLITE_BUSY` when it is open elsewhere for 5 s, and as `open` does.
 */
export async function renameDatabase(
  name: string,
  to: string,
  options: FileOptions = {},
): Promise<void> {
  checkName(name);
  checkName(to);
  checkOptions(options, FILE_OPTIONS);
  return withChannel(options, (channel, signal) =>
    channel.request<'rename'>({ operation: 'rename', name, to }, undefined, signal),
  );
}

async function withChannel<T>(
  options: FileOptions,
  work: (channel: Channel, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return limited(options, async (signal) => {
    const [channel] = await connect(options);
    try {
      return await work(channel, signal);
    } finally {
      channel.end();
    }
  });
}
