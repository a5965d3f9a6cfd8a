// Where databases are kept: a directory, as `navigator` shows OPFS and its locks. Used by
// globals.ts and index.ts. It must not know what is kept there.

import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { SqliteError } from '../errors.js';
import { Directory } from './files.js';
import { DirectoryLocks } from './locks.js';

/** Of `navigator` what an engine in place uses. */
interface Place {
  readonly storage: { getDirectory(): Promise<Directory> };
  readonly locks: DirectoryLocks | undefined;
}

/** Another one for each directory, since an engine keeps the one that it has begun with. */
export let navigator: Place = {
  storage: {
    getDirectory: () => Promise.reject(new Error('there is no directory: call setDirectory')),
  },
  locks: undefined,
};

/** Keeps databases there from now on; the directory is made when it is needed. */
export function useDirectory(directory: string): void {
  if (typeof directory !== 'string' || directory === '') {
    throw new SqliteError('a directory must be a path', { code: 'INVALID_OPTION' });
  }
  const path = resolve(directory);
  const locks = new DirectoryLocks(path);
  const storage = {
    async getDirectory(): Promise<Directory> {
      mkdirSync(path, { recursive: true });
      return new Directory(path);
    },
  };
  navigator = { storage, locks };
}
