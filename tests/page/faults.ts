// Makes a call of the file system or of Web Locks fail, as browsers do at bad moments. Used by
// tests that run in the context of the library. It must not know the library.

type Method = (this: unknown, ...args: unknown[]) => unknown;

interface Patched {
  readonly holder: Record<string, Method>;
  readonly name: string;
  readonly real: Method;
}

/** What can fail: globals by name, since contexts differ in what they have. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  StorageManager: ['getDirectory'],
  FileSystemDirectoryHandle: ['getFileHandle', 'getDirectoryHandle', 'removeEntry'],
  FileSystemFileHandle: ['getFile', 'createWritable', 'createSyncAccessHandle', 'move'],
  FileSystemWritableFileStream: ['write', 'truncate', 'close'],
  FileSystemSyncAccessHandle: ['read', 'write', 'truncate', 'getSize', 'flush', 'close'],
  Blob: ['arrayBuffer'],
  LockManager: ['request'],
};

/** These answer or throw at once; all others answer with a promise. */
const IMMEDIATE = 'FileSystemSyncAccessHandle';

/**
 * Runs `action` while `decide` is asked at each call, named like `FileSystemFileHandle.move`.
 * A call for which it answers an error fails with it; a handle is closed all the same.
 */
export async function withFaults<T>(
  decide: (call: string) => unknown,
  action: () => Promise<T>,
): Promise<T> {
  const patched = Object.entries(METHODS).flatMap(([type, names]) =>
    names.flatMap((name) => patch(type, name, decide)),
  );
  try {
    return await action();
  } finally {
    for (const { holder, name, real } of patched) holder[name] = real;
  }
}

function patch(type: string, name: string, decide: (call: string) => unknown): Patched[] {
  const globals = globalThis as Record<string, unknown>;
  const global = globals[type] as { prototype?: object } | undefined;
  const holder = global?.prototype as Record<string, Method> | undefined;
  const real = holder?.[name];
  if (holder === undefined || real === undefined) return [];
  holder[name] = function (this: unknown, ...args: unknown[]) {
    const error = decide(`${type}.${name}`);
    if (error === undefined) return real.apply(this, args);
    if (type !== IMMEDIATE) return Promise.reject(error);
    if (name === 'close') real.apply(this, args);
    throw error;
  };
  return [{ holder, name, real }];
}

/** Fails the `nth` call, and tells which one that was. */
export class NthCall {
  #left: number;
  met: string | undefined;

  constructor(nth: number) {
    this.#left = nth;
  }

  readonly decide = (call: string): unknown => {
    if (--this.#left !== 0) return undefined;
    this.met = call;
    return new DOMException(`${call} fails on purpose`, 'UnknownError');
  };
}
