// The parts of the package that a page loads when it needs them. Used by client.ts, database.ts,
// files.ts, owned.ts, quota.ts and statements.ts; in-place.ts brings along what cannot be loaded
// later. It must not know what they do.

import { currentContext } from './context.js';
import { SqliteError, text } from './errors.js';
import type { Outbox } from './outbox.js';
import type { AnswerMessage, CallMessage, WireValue } from './protocol.js';

/** Many rows, in and out, copies, SQL functions of the page, sizes of files, and what comes in. */
interface Parts {
  readonly bulk: typeof import('./bulk.js');
  readonly copy: typeof import('./copy.js');
  readonly cursor: typeof import('./cursor.js');
  readonly functions: typeof import('./functions.js');
  readonly sizes: typeof import('./sizes.js');
  readonly source: typeof import('./source.js');
}

type Loaders = { readonly [Name in keyof Parts]: () => Promise<Parts[Name]> };

let loaders: Loaders = {
  bulk: () => import('./bulk.js'),
  copy: () => import('./copy.js'),
  cursor: () => import('./cursor.js'),
  functions: () => import('./functions.js'),
  sizes: () => import('./sizes.js'),
  source: () => import('./source.js'),
};

/** Loads a part, unless it is here. */
export function part<Name extends keyof Parts>(name: Name): Promise<Parts[Name]> {
  return loaders[name]().catch(cannotImport(`${name}.js`));
}

/** Brings all of them along. */
export function bringParts({ bulk, copy, cursor, functions, sizes, source }: Parts): void {
  loaders = {
    bulk: () => Promise.resolve(bulk),
    copy: () => Promise.resolve(copy),
    cursor: () => Promise.resolve(cursor),
    functions: () => Promise.resolve(functions),
    sizes: () => Promise.resolve(sizes),
    source: () => Promise.resolve(source),
  };
}

/** What a function of this page answers; rejects with what it throws. */
export async function carryOut(number: number, args: readonly WireValue[]): Promise<WireValue> {
  return (await part('functions')).carryOut(number, args);
}

/** The same for a message, as a message. */
export async function answerCall(
  message: CallMessage,
  outbox: Pick<Outbox<AnswerMessage>, 'add'>,
): Promise<void> {
  const { call, function: number, args } = message;
  try {
    outbox.add({ called: call, value: await carryOut(number, args) }, []);
  } catch (error) {
    outbox.add({ called: call, thrown: text(error) }, []);
  }
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
