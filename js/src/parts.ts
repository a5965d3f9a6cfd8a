// The parts of the package that a page loads when it needs them. Used by client.ts and
// statements.ts; in-place.ts brings along what cannot be loaded later. It must not know what they
// do.

import { currentContext } from './context.js';
import { SqliteError, text } from './errors.js';

/** Inserts many rows. */
type Bulk = typeof import('./bulk.js');

let loadBulk: () => Promise<Bulk> = () => import('./bulk.js').catch(cannotImport('bulk.js'));

/** The part that inserts many rows. */
export function bulkPart(): Promise<Bulk> {
  return loadBulk();
}

/** Brings that part along. */
export function bringBulk(bulk: Bulk): void {
  loadBulk = () => Promise.resolve(bulk);
}

/** Says of a part of the package why it cannot be loaded. */
export function cannotImport(part: string): (cause: unknown) => never {
  return (cause) => {
    const why =
      currentContext() === 'service-worker'
        ? 'a ServiceWorker cannot import anything later; import "anchorite/in-place" there'
        : text(cause);
    const message = `cannot load a part of the package, ${part}: ${why}`;
    throw new SqliteError(message, { code: 'WORKER_LOAD_FAILED', cause });
  };
}
