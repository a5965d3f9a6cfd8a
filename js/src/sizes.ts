// How large the storage of the origin is, and the databases in it: a part of the package that
// quota.ts loads when it is asked. It must not know what is in them but for how a database begins.

import { SqliteError } from './errors.js';
import type { DatabaseSize, StorageInfo } from './quota.js';

/** What `storageInfo` promises. */
export async function storageInfo(): Promise<StorageInfo> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  if (typeof storage?.persisted !== 'function' || typeof storage.estimate !== 'function') {
    throw new SqliteError('this context has no navigator.storage', { code: 'UNSUPPORTED' });
  }
  const [persisted, { quota, usage }, databases] = await Promise.all([
    storage.persisted(),
    storage.estimate(),
    storage.getDirectory().then(sizesIn, () => undefined),
  ]);
  return { persisted, quota, usage, databases };
}

/** Where this library keeps files of its own. */
const PRIVATE = '.anchorite';

/** Files may come and go meanwhile. */
async function sizesIn(root: FileSystemDirectoryHandle): Promise<DatabaseSize[]> {
  const files = new Map<string, number>();
  const names: string[] = [];
  const walk = async (directory: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [key, handle] of directory.entries()) {
      const name = path + key;
      if (handle.kind === 'directory') {
        await (name === PRIVATE || walk(handle as FileSystemDirectoryHandle, `${name}/`));
        continue;
      }
      const file = await (handle as FileSystemFileHandle).getFile().catch(() => undefined);
      const head = await file?.slice(0, 16).text();
      files.set(name, file?.size ?? 0);
      if (head === 'SQLite format 3\0') {
        names.push(name);
      }
    }
  };
  await walk(root, '');
  const bytes = (name: string) =>
    ['', '-wal', '-journal', '-shm'].reduce((sum, side) => sum + (files.get(name + side) ?? 0), 0);
  names.sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => ({ name, bytes: bytes(name) }));
}
