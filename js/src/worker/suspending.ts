// What an engine can do that can suspend, and what one cannot that does not: refused before it
// runs. Used by host.ts and engine.ts. It must not know how an engine suspends.

import { SqliteError } from '../errors.js';
import type { Can, EngineName, Request } from '../protocol.js';
import type { Stop } from '../stop.js';
import type { Declarations } from './declare.js';

/** What an engine can do. Locks are waited for outside of it. */
export function abilities(engine: EngineName): Can {
  const suspends = engine !== 'sync';
  return { cancel: suspends, asyncFunctions: suspends, waitForLocks: true };
}

/** Refuses what would have to be heard, or waited for, while SQL runs. */
export function checkAbilities(can: Can, request: Request, signal: Stop | undefined): void {
  if (!can.asyncFunctions && request.operation === 'createFunction') {
    throw cannotSuspend(
      `the function "${request.name}" is carried out by the page, which takes a promise: let a ` +
        'worker of your own serve it (docs/functions.md), or use another engine',
    );
  }
  if (!can.cancel && signal !== undefined && signal.timed !== true && runsLong(request)) {
    throw cannotSuspend(
      'a signal cannot stop a statement that runs: give a timeout, which can, or use another ' +
        'engine',
    );
  }
}

/** Refuses functions of which it is seen that they answer promises. */
export function checkDeclared(can: Can, { functions }: Declarations): void {
  const found = functions.find(({ isAsync }) => isAsync);
  if (!can.asyncFunctions && found !== undefined) {
    const message = `the function "${found.name}" is asynchronous: let it answer at once`;
    throw cannotSuspend(`${message}, or use another engine`);
  }
}

/** The beginning of a transaction takes time only outside of SQL, where it waits for locks. */
const BEGIN = /^BEGIN \w+$/;

/** Whether it may be SQL of the caller, or all of a database, that runs. */
function runsLong(request: Request): boolean {
  if (request.operation === 'exec' && BEGIN.test(request.sql)) {
    return false;
  }
  return 'inside' in request || request.operation === 'export' || request.operation === 'vacuum';
}

function cannotSuspend(why: string): SqliteError {
  const message = `the engine "sync" cannot wait while SQL runs: ${why}`;
  return new SqliteError(message, { code: 'ENGINE_CANNOT_SUSPEND' });
}
