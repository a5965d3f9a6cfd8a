// What the library takes while it runs in place in this worker: Wasm memory, and temporary files
// that have left memory. It must not know the library beyond the name of their folder.
import { ok } from '../assert';
import { allFiles } from '../disk';
import type { AccessHandle } from '../opfs';

const MIB = 1024 * 1024;
const PAGE_SIZE = 65536;

/** Files of this name are temporary ones. */
const TEMPORARY = /^temp-/;

export interface Watch {
  /** The memory of the last instance that was made; it never shrinks, so it shows its peak. */
  memoryMib(): number;
  /** The most that temporary files held in OPFS at one time since the last call. */
  spilledMib(): number;
  /** Fails unless memory ends at this limit. */
  expectLimit(mib: number): void;
  stop(): void;
}

interface Prototype {
  createSyncAccessHandle(...options: unknown[]): Promise<AccessHandle>;
}

/** Watches from here on; call it before the library is loaded. */
export function watch(): Watch {
  const instantiate = WebAssembly.instantiate;
  const files = FileSystemFileHandle.prototype as unknown as Prototype;
  const open = files.createSyncAccessHandle;
  let memory: WebAssembly.Memory | undefined;
  let peak = 0;
  const sizes = new Map<AccessHandle, number>();
  const resized = (handle: AccessHandle, size: number) => {
    sizes.set(handle, size);
    peak = Math.max(peak, [...sizes.values()].reduce((sum, each) => sum + each, 0));
  };
  Reflect.set(WebAssembly, 'instantiate', async (...given: Parameters<typeof instantiate>) => {
    const made: unknown = await Reflect.apply(instantiate, WebAssembly, given);
    // Of bytes comes a module and an instance, of a module comes an instance.
    const { instance } = made as Partial<WebAssembly.WebAssemblyInstantiatedSource>;
    const { exports } = instance ?? (made as WebAssembly.Instance);
    if (exports['memory'] instanceof WebAssembly.Memory) memory = exports['memory'];
    return made;
  });
  files.createSyncAccessHandle = async function (this: FileSystemFileHandle, ...options) {
    const handle = (await Reflect.apply(open, this, options)) as AccessHandle;
    if (TEMPORARY.test(this.name)) follow(handle, resized, () => sizes.delete(handle));
    return handle;
  };
  const taken = () => {
    ok(memory !== undefined, 'an instance with a memory');
    return memory;
  };
  return {
    memoryMib: () => taken().buffer.byteLength / MIB,
    spilledMib() {
      const before = peak;
      peak = 0;
      return before / MIB;
    },
    expectLimit(mib) {
      const left = (mib * MIB - taken().buffer.byteLength) / PAGE_SIZE;
      ok(left >= 0, `at most ${mib} MiB`);
      ok(refused(() => taken().grow(left + 1)), `no memory beyond ${mib} MiB`);
    },
    stop() {
      Reflect.set(WebAssembly, 'instantiate', instantiate);
      files.createSyncAccessHandle = open;
    },
  };
}

/** Tells of every change of a file's size through this handle. */
function follow(
  handle: AccessHandle,
  resized: (handle: AccessHandle, size: number) => void,
  closed: () => void,
): void {
  const { write, truncate, close } = handle;
  let size = 0;
  handle.write = (data, options) => {
    const count = write.call(handle, data, options);
    size = Math.max(size, (options?.at ?? 0) + data.length);
    resized(handle, size);
    return count;
  };
  handle.truncate = (to) => {
    truncate.call(handle, to);
    size = to;
    resized(handle, size);
  };
  handle.close = () => {
    close.call(handle);
    closed();
  };
}

function refused(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    return error instanceof RangeError;
  }
}

/** Fails while a temporary file lies in OPFS. */
export async function expectNoTemporaryFile(): Promise<void> {
  const left = (await allFiles()).filter((path) => TEMPORARY.test(path.split('/').at(-1) ?? ''));
  ok(left.length === 0, `no temporary file, found ${left.join()}`);
}
