// Counts what the library asks of the browser's storage, by method and kind of file, and stops a
// victim for good at a chosen call. Puts its hands on the prototypes of its own worker or page,
// before the library is loaded there. It must not know the library.
import type { Counts, Handles, Target } from '../../torture-wire';
import type { AccessHandle } from '../opfs';

type Method = (this: object, ...args: unknown[]) => unknown;

/** What to do at the target: the victim is asked to say so, and never goes on. */
export interface Stop {
  readonly target: Target | undefined;
  readonly here: () => void;
}

const NEVER = new Promise<never>(() => undefined);

const counts = new Map<string, number>();
const names = new WeakMap<object, string>();

export function counted(): Counts {
  return Object.fromEntries(counts);
}

/** Call once, before the library touches anything. */
export function watchSteps(stop: Stop, handles: Handles): void {
  const scope = globalThis as unknown as Record<string, { prototype: object } | undefined>;
  const patchAll = (type: string, methods: readonly string[], wrap: Wrap, prefix = '') => {
    const prototype = scope[type]?.prototype as Record<string, Method | undefined> | undefined;
    for (const method of methods) {
      const real = prototype?.[method];
      if (prototype !== undefined && real !== undefined) {
        prototype[method] = wrap(prefix + method, real, stop);
      }
    }
  };
  const calls = ['read', 'write', 'truncate', 'flush', 'getSize', 'close'];
  patchAll('FileSystemSyncAccessHandle', calls, synchronous);
  const files = ['createSyncAccessHandle', 'createWritable', 'getFile', 'move', 'remove'];
  patchAll('FileSystemFileHandle', files, asynchronous);
  const directories = ['getFileHandle', 'getDirectoryHandle', 'removeEntry'];
  patchAll('FileSystemDirectoryHandle', directories, asynchronous);
  const stages = ['write', 'truncate', 'close', 'abort'];
  patchAll('FileSystemWritableFileStream', stages, asynchronous, 'writable ');
  patchAll('LockManager', ['request'], lockRequest);
  if (handles === 'async') patchAll('FileSystemFileHandle', ['createSyncAccessHandle'], refused);
}

type Wrap = (method: string, real: Method, stop: Stop) => Method;

/** Stops by putting the thread to sleep. */
function synchronous(method: string, real: Method, stop: Stop): Method {
  return function (...args) {
    const hit = isTarget(`${method} ${kindOf(names.get(this) ?? '')}`, stop);
    if (hit && stop.target?.moment === 'before') sleepForever(stop);
    if (hit && stop.target?.moment === 'during' && method === 'write') {
      const [data, options] = args as Parameters<AccessHandle['write']>;
      real.call(this, data.subarray(0, data.length >> 1), options);
      sleepForever(stop);
    }
    const result = real.apply(this, args);
    if (hit) sleepForever(stop);
    return result;
  };
}

/** Stops by a promise that nobody resolves. */
function asynchronous(method: string, real: Method, stop: Stop): Method {
  return function (...args) {
    const name = nameOf(this, args);
    const hit = isTarget(`${method} ${kindOf(name)}`, stop);
    if (hit && stop.target?.moment === 'before') return pendForever(stop);
    const promise = real.apply(this, args) as Promise<object | undefined>;
    if (hit && stop.target?.moment === 'during') {
      promise.catch(() => undefined);
      return pendForever(stop);
    }
    return promise.then((result) => {
      if (result !== undefined) names.set(result, name);
      return hit ? pendForever(stop) : result;
    });
  };
}

/** After the call means here: with the lock, before its holder knows. */
function lockRequest(_method: string, real: Method, stop: Stop): Method {
  return function (...args) {
    const hit = isTarget('request lock', stop);
    if (!hit) return real.apply(this, args);
    if (stop.target?.moment === 'before') return pendForever(stop);
    return real.call(this, ...args.slice(0, -1), () => pendForever(stop));
  };
}

function refused(): Method {
  return () => Promise.reject(new DOMException('refused by the test', 'NotSupportedError'));
}

function isTarget(step: string, { target }: Stop): boolean {
  const count = (counts.get(step) ?? 0) + 1;
  counts.set(step, count);
  return target?.step === step && target.occurrence === count;
}

function pendForever({ here }: Stop): Promise<never> {
  here();
  return NEVER;
}

/** Without using the processor: a SharedArrayBuffer is to be had without isolation this way. */
function sleepForever({ here }: Stop): never {
  here();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  for (;;) Atomics.wait(new Int32Array(memory.buffer), 0, 0);
}

/** The file a call is about: the one it names, else the one it is made on. */
function nameOf(receiver: object, args: readonly unknown[]): string {
  if (typeof args[0] === 'string') return args[0];
  if (typeof args[1] === 'string') return args[1];
  return 'name' in receiver ? String(receiver.name) : (names.get(receiver) ?? '');
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^\.anchorite$/, 'private directory'],
  [/^probe$/, 'probe'],
  [/^(new|guard|temp)-/, 'private file'],
  [/-mj[^/]*$/, 'super-journal'],
  [/-wal$/, 'wal'],
  [/-journal$/, 'journal'],
  [/-shm$/, 'shm'],
  [/\.db$/, 'main'],
];

function kindOf(name: string): string {
  return KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}
