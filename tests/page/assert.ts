// The assertions of the test list. They compare by value, tell -0 from 0 and 1 from 1n, and print
// both sides. They must not know the library beyond the shape of its errors.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function ok(value: unknown, what: string): asserts value {
  if (!value) throw new AssertionError(`expected ${what}`);
}

/** Deep equality of plain data: numbers by Object.is, bytes by content, objects by own keys. */
export function equal(actual: unknown, expected: unknown, what = 'value'): void {
  const path = firstDifference(actual, expected, what);
  if (path === undefined) return;
  throw new AssertionError(`${path}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`);
}

export function match(actual: unknown, pattern: RegExp, what = 'text'): void {
  if (typeof actual === 'string' && pattern.test(actual)) return;
  throw new AssertionError(`${what}: ${show(actual)} does not match ${String(pattern)}`);
}

/** What a rejection must look like; a RegExp is matched, anything else is compared. */
export interface Rejection {
  readonly code?: string;
  readonly extendedCode?: string;
  readonly message?: RegExp;
  readonly offset?: number | undefined;
  readonly sql?: string;
}

/** Waits for a promise that has to reject, and gives the error back for a closer look. */
export async function rejects(
  promise: Promise<unknown>,
  expected: Rejection,
  what = 'call',
): Promise<Error & Record<string, unknown>> {
  const error = await promise.then(
    (value) => new AssertionError(`${what}: resolved with ${show(value)}, should have rejected`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new AssertionError(`${what}: rejected with ${show(error)}`);
  if (error instanceof AssertionError) throw error;
  const fields = error as Error & Record<string, unknown>;
  for (const [key, wanted] of Object.entries(expected)) {
    const label = `${what}: ${key} of "${error.message}" (${String(fields['code'])})`;
    if (wanted instanceof RegExp) match(fields[key], wanted, label);
    else equal(fields[key], wanted, label);
  }
  return fields;
}

function firstDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path} (kind)`;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return bytesDiffer(a, b, path);
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.join('\0') !== Object.keys(right).join('\0')) return `${path} (keys or length)`;
  for (const key of keys) {
    const difference = firstDifference(left[key], right[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function bytesDiffer(a: Uint8Array, b: Uint8Array, path: string): string | undefined {
  if (a.length !== b.length) return `${path} (${a.length} bytes against ${b.length})`;
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? undefined : `${path} (byte ${at})`;
}

const LONGEST_SHOWN = 400;

export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item);
    if (Object.is(item, -0)) return '-0';
    if (item instanceof Uint8Array) return `bytes(${item.length}) ${item.slice(0, 24).join(' ')}`;
    if (item instanceof Error) return `${item.name}: ${item.message}`;
    return item;
  });
  return text === undefined ? String(value) : text.slice(0, LONGEST_SHOWN);
}
