// How much room the origin has, and whether the browser may take it away. Public functions; no
// engine is needed for them. They must not know what is stored.

import { SqliteError } from './errors.js';

/** The storage of the origin: all of it, not of databases alone. */
export interface StorageInfo {
  /** Whether the browser keeps it until its user removes it; otherwise it may, for want of room. */
  readonly persisted: boolean;
  /** How much there may be, in bytes, as the browser guesses; `undefined` where it does not say. */
  readonly quota: number | undefined;
  /** How much there is, in bytes, roughly; `undefined` where the browser does not say. */
  readonly usage: number | undefined;
}

/** Resolves to what the browser says. Rejects with `UNSUPPORTED` where it has no such thing. */
export async function storageInfo(): Promise<StorageInfo> {
  const storage = manager();
  const [persisted, { quota, usage }] = await Promise.all([
    storage.persisted(),
    storage.estimate(),
  ]);
  return { persisted, quota, usage };
}

/**
 * Asks the browser not to remove the storage of the origin for want of room; resolves to whether it
 * will not. Some browsers ask their user. `open` never does this.
 *
 * Rejects with `UNSUPPORTED` where it cannot be asked for, as in workers.
 */
export async function requestPersistence(): Promise<boolean> {
  const storage = manager();
  if (typeof storage.persist !== 'function') {
    throw unsupported('persistence can be asked for in a page only');
  }
  return storage.persist();
}

function manager(): StorageManager {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  if (typeof storage?.persisted !== 'function' || typeof storage.estimate !== 'function') {
    throw unsupported('this context has no navigator.storage');
  }
  return storage;
}

function unsupported(message: string): SqliteError {
  return new SqliteError(message, { code: 'UNSUPPORTED' });
}
