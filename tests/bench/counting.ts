// Counts the calls of the browser's file methods by standing in front of them.
// contest.ts uses it. It must not change what a call does.
import type { Calls } from '../wire';

/** Interface and method; those of a context that lacks the interface are left out. */
const WATCHED: readonly (readonly [string, string])[] = [
  ['FileSystemSyncAccessHandle', 'read'],
  ['FileSystemSyncAccessHandle', 'write'],
  ['FileSystemSyncAccessHandle', 'truncate'],
  ['FileSystemSyncAccessHandle', 'getSize'],
  ['FileSystemFileHandle', 'createWritable'],
  ['FileSystemFileHandle', 'getFile'],
  ['FileSystemWritableFileStream', 'write'],
  ['Blob', 'slice'],
  ['LockManager', 'request'],
  ['LockManager', 'query'],
  ['BroadcastChannel', 'postMessage'],
];

/** The two calls after which something is durable: counted always, they take longest anyway. */
const SYNCS: readonly (readonly [string, string])[] = [
  ['FileSystemSyncAccessHandle', 'flush'],
  ['WritableStream', 'close'],
];

type Method = (this: unknown, ...values: unknown[]) => unknown;

let syncCount = 0;
for (const [name, method] of SYNCS) wrap(name, method, () => syncCount++);

/** How many calls for durability this context has made. */
export function syncs(): number {
  return syncCount;
}

/** Counts all watched calls until `stop`. */
export function countCalls(): { stop: () => Record<string, Calls> } {
  const counted: Record<string, Calls> = {};
  const before = syncCount;
  const undo = WATCHED.map(([name, method]) =>
    wrap(name, method, (bytes) => {
      const so = counted[method] ?? { calls: 0, bytes: 0 };
      counted[method] = { calls: so.calls + 1, bytes: so.bytes + bytes };
    }),
  );
  return {
    stop() {
      for (const restore of undo) restore();
      return { ...counted, sync: { calls: syncCount - before, bytes: 0 } };
    },
  };
}

/** `seen` is told the bytes a call has moved, as far as it says. */
function wrap(name: string, method: string, seen: (bytes: number) => void): () => void {
  const holder = (globalThis as Record<string, unknown>)[name] as { prototype: object } | undefined;
  const prototype = holder?.prototype as Record<string, Method> | undefined;
  const original = prototype?.[method];
  if (prototype === undefined || original === undefined) return () => undefined;
  prototype[method] = function (...values) {
    const outcome = original.apply(this, values);
    seen(typeof outcome === 'number' && method !== 'getSize' ? outcome : bytesOf(values[0]));
    return outcome;
  };
  return () => (prototype[method] = original);
}

/** Of what is handed to a writable: bytes, or bytes with a position. */
function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (typeof value !== 'object' || value === null || !('data' in value)) return 0;
  return bytesOf((value as { data: unknown }).data);
}
