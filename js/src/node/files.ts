// A directory of the file system as OPFS is seen: the handles that vfs/src/opfs asks for, over
// `node:fs`. Used by globals.ts. It must not know who asks, nor what a database is.
//
// Errors have the names that a browser gives them, which vfs/src/opfs/error.rs reads.

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** What errors of the system are called in a browser. */
const NAMES: Readonly<Record<string, string>> = {
  ENOENT: 'NotFoundError',
  ENOTDIR: 'TypeMismatchError',
  EISDIR: 'TypeMismatchError',
  EBUSY: 'NoModificationAllowedError',
  EACCES: 'NotAllowedError',
  EPERM: 'NotAllowedError',
  EROFS: 'NotAllowedError',
  ENOSPC: 'QuotaExceededError',
  EDQUOT: 'QuotaExceededError',
  EFBIG: 'QuotaExceededError',
};

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DOMException) {
      throw error;
    }
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new DOMException(message, NAMES[code] ?? code);
  }
}

/** A name that was made or removed is durable once its directory is; Windows cannot be asked. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

interface Create {
  readonly create?: boolean;
}

/** A `FileSystemDirectoryHandle`. */
export class Directory {
  readonly kind = 'directory';
  readonly name: string;
  readonly #path: string;

  constructor(path: string, name = '') {
    this.#path = path;
    this.name = name;
  }

  async getFileHandle(name: string, { create = false }: Create): Promise<DirectoryFile> {
    const path = join(this.#path, name);
    return translated(() => {
      const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
      closeSync(openSync(path, isThere || !create ? 'r' : 'a'));
      if (!isThere) {
        syncDirectory(this.#path);
      }
      if (statSync(path).isDirectory()) {
        throw new DOMException(`${path} is a directory`, 'TypeMismatchError');
      }
      return new DirectoryFile(this.#path, name);
    });
  }

  async getDirectoryHandle(name: string, { create = false }: Create): Promise<Directory> {
    const path = join(this.#path, name);
    return translated(() => {
      if (create && statSync(path, { throwIfNoEntry: false }) === undefined) {
        mkdirSync(path);
        syncDirectory(this.#path);
      }
      if (!statSync(path).isDirectory()) {
        throw new DOMException(`${path} is a file`, 'TypeMismatchError');
      }
      return new Directory(path, name);
    });
  }

  async removeEntry(name: string): Promise<void> {
    translated(() => {
      rmSync(join(this.#path, name));
      syncDirectory(this.#path);
    });
  }

  /** That it is there says that `move` replaces a file at once, as in Chromium; not called. */
  async remove(): Promise<never> {
    throw new DOMException('only databases are removed', 'NotSupportedError');
  }

  async *values(): AsyncGenerator<Directory | DirectoryFile> {
    for (const entry of translated(() => readdirSync(this.#path, { withFileTypes: true }))) {
      yield entry.isDirectory()
        ? new Directory(join(this.#path, entry.name), entry.name)
        : new DirectoryFile(this.#path, entry.name);
    }
  }

  /** Where a file of this name lies here. */
  place(name: string): string {
    return join(this.#path, name);
  }
}

/** A `FileSystemFileHandle`. */
export class DirectoryFile {
  readonly kind = 'file';
  #folder: string;
  #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  get name(): string {
    return this.#name;
  }

  async createSyncAccessHandle(): Promise<AccessHandle> {
    return translated(() => new AccessHandle(openSync(join(this.#folder, this.#name), 'r+')));
  }

  async getFile(): Promise<Snapshot> {
    const path = join(this.#folder, this.#name);
    return translated(() => new Snapshot(path, 0, statSync(path).size));
  }

  async move(directory: Directory, name: string): Promise<void> {
    const from = join(this.#folder, this.#name);
    const to = directory.place(name);
    translated(() => {
      renameSync(from, to);
      syncDirectory(this.#folder);
      syncDirectory(dirname(to));
    });
    this.#folder = dirname(to);
    this.#name = name;
  }
}

/** A range of a file, read when it is asked for; of a `File` what is used. */
class Snapshot {
  readonly #path: string;
  readonly #start: number;
  readonly #end: number;

  constructor(path: string, start: number, end: number) {
    this.#path = path;
    this.#start = start;
    this.#end = end;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  slice(start: number, end: number): Snapshot {
    const limit = (at: number) => Math.min(this.#start + at, this.#end);
    return new Snapshot(this.#path, limit(start), limit(end));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    const handle = translated(() => new AccessHandle(openSync(this.#path, 'r')));
    try {
      return bytes.buffer.slice(0, handle.read(bytes, { at: this.#start }));
    } finally {
      handle.close();
    }
  }
}

interface At {
  readonly at: number;
}

/** A `FileSystemSyncAccessHandle`. */
class AccessHandle {
  readonly #file: number;

  constructor(file: number) {
    this.#file = file;
  }

  /** A call of the system may read less than there is; it reads nothing at the end. */
  read(buffer: Uint8Array, { at }: At): number {
    let done = 0;
    while (done < buffer.length) {
      const rest = buffer.length - done;
      const count = translated(() => readSync(this.#file, buffer, done, rest, at + done));
      if (count === 0) {
        break;
      }
      done += count;
    }
    return done;
  }

  /** On a full disk a call of the system writes a part, and the next one says so. */
  write(data: Uint8Array, { at }: At): number {
    let done = 0;
    while (done < data.length) {
      const rest = data.length - done;
      done += translated(() => writeSync(this.#file, data, done, rest, at + done));
    }
    return done;
  }

  truncate(size: number): void {
    translated(() => ftruncateSync(this.#file, size));
  }

  getSize(): number {
    return translated(() => fstatSync(this.#file).size);
  }

  flush(): void {
    translated(() => fsyncSync(this.#file));
  }

  close(): void {
    translated(() => closeSync(this.#file));
  }
}
