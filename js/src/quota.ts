// How much room the origin has, what takes it, and whether the browser may take it away. Public
// functions; no engine is needed for them. What takes room is looked up in sizes.ts. They must not
// know what is in a database.

import { SqliteError } from './errors.js';
import { part } from './parts.js';

/** The storage of the origin: all of it, not of databases alone. */
export interface StorageInfo {
  /** Whether the browser keeps it until its user removes it; otherwise it may, for want of room. */
  readonly persisted: boolean;
  /** How much there may be, in bytes, as the browser guesses; `undefined` where it does not say. */
  readonly quota: number | undefined;
  /** How much there is, in bytes, roughly; `undefined` where the browser does not say. */
  readonly usage: number | undefined;
  /** The databases in OPFS, sorted by name; `undefined` where there is no OPFS. */
  readonly databases: readonly DatabaseSize[] | undefined;
}

/** How large a database is. */
export interface DatabaseSize {
  /** By which it is opened. */
  readonly name: string;
  /** Of its file and of those beside it (`-wal`, `-journal`, `-shm`). */
  readonly bytes: number;
}

/** Resolves to what the browser says. Rejects with `UNSUPPORTED` where it has no such thing. */
export async function storageInfo(): Promise<StorageInfo> {
  return (await part('sizes')).storageInfo();
}

/**
 * Asks the browser not to remove the storage of the origin for want of room; resolves to whether it
 * will not. Some browsers ask their user. `open` never does this.
 *
 * Rejects with `UNSUPPORTED` where it cannot be asked for, as in workers.
 */
export async function requestPersistence(): Promise<boolean> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  if (typeof storage?.persist !== 'function') {
    const message = 'persistence can be asked for in a page only';
    throw new SqliteError(message, { code: 'UNSUPPORTED' });
  }
  return storage.persist();
}
