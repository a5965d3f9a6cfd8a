// Looks at and touches the files in OPFS behind the library's back. It must not know the library.
import type { DiskState, FileState } from './data';

export async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of a file, or undefined where there is none. A new look every time. */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const handle = await handleOf(path, false);
    return new Uint8Array(await (await handle.getFile()).arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** The size of a file without its bytes; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await (await handleOf(path, false)).getFile()).size;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return 0;
    throw error;
  }
}

export async function writeFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const writable = await (await handleOf(path, true)).createWritable();
  await writable.write(bytes.slice());
  await writable.close();
}

/** The paths of all files in OPFS, sorted. */
export async function allFiles(): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === 'file') found.push(path + name);
      else await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
    }
  };
  await walk(await navigator.storage.getDirectory(), '');
  return found.sort();
}

/** Removes every file and folder at the top whose name begins so; one still in use stays. */
export async function removeAll(prefix: string): Promise<void> {
  const root = await navigator.storage?.getDirectory().catch(() => undefined);
  if (root === undefined) return;
  for await (const name of root.keys()) {
    if (!name.startsWith(prefix)) continue;
    await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
}

/** Main and side files of a database; an empty file counts as none. */
export async function diskState(database: string): Promise<DiskState> {
  return {
    main: await fileState(database),
    wal: await fileState(`${database}-wal`),
    journal: await fileState(`${database}-journal`),
  };
}

async function fileState(path: string): Promise<FileState> {
  const bytes = await readFile(path);
  if (bytes === undefined || bytes.length === 0) return null;
  return { size: bytes.length, sha256: await sha256(bytes) };
}

export async function handleOf(path: string, create: boolean): Promise<FileSystemFileHandle> {
  const parts = path.split('/');
  const last = parts.pop() ?? '';
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return await folder.getFileHandle(last, { create });
}
