// How large the databases of the origin are: a part of the package that quota.ts loads when it is
// asked. It must not know what is in them but for how a database begins.

import type { DatabaseSize } from './quota.js';

/** Where this library keeps files of its own. */
const PRIVATE = '.anchorite';

/** Files may come and go meanwhile. */
export async function sizesIn(root: FileSystemDirectoryHandle): Promise<DatabaseSize[]> {
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
