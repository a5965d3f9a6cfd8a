// Options: their defaults, and loud checks on names and types. Used by the public functions.

import { SqliteError } from './errors.js';
import type { EngineChoice, TestHooks } from './protocol.js';

/** Where and how the engine runs. */
export interface EngineOptions {
  /**
   * Which build runs; default `'auto'`: `'jspi'` where the browser has it, else `'asyncify'`.
   * A build that cannot run here rejects with `ENGINE_UNAVAILABLE`.
   */
  readonly engine?: EngineChoice;
  /**
   * Whether a dedicated worker is started for the engine; default `true` in a Window.
   * `false` runs it in place, on asynchronous file handles. Elsewhere it always runs in place.
   */
  readonly worker?: boolean;
  /** @internal */
  readonly testHooks?: TestHooks;
}

/** Options of `open`. */
export interface OpenOptions extends EngineOptions {}

/** Options of `importDatabase`. */
export interface ImportOptions extends EngineOptions {
  /** Whether a database of that name may be replaced; default `false`. */
  readonly overwrite?: boolean;
}

const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  engine: (value) => value === 'auto' || value === 'jspi' || value === 'asyncify',
  worker: (value) => typeof value === 'boolean',
  overwrite: (value) => typeof value === 'boolean',
  testHooks: (value) => typeof value === 'object' && value !== null,
};

/** The options that every public function takes. */
export const ENGINE_OPTIONS: readonly string[] = ['engine', 'worker', 'testHooks'];

/** Refuses unknown options, naming the one that was probably meant, and values of another type. */
export function checkOptions(options: unknown, allowed: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) {
      throw invalid(`there is no option "${name}"${suggest(name, allowed)}`);
    }
    if (value !== undefined && !CHECKS[name]?.(value)) {
      throw invalid(`option "${name}" cannot be ${JSON.stringify(value)}`);
    }
  }
}

function suggest(name: string, allowed: readonly string[]): string {
  const near = allowed.find((option) => distance(name.toLowerCase(), option.toLowerCase()) <= 2);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function invalid(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_OPTION' });
}
