// A worker of the application's own in place of the package's, which has called `serve` of
// `anchorite/worker`. A part of the package, loaded by client.ts. It must not know what is asked.
//
//   greet ──► here ──► a port of our own: other messages of that worker are not for us
//         └──► its script fails, or nothing for too long: nothing is left

import { currentContext } from './context.js';
import { SqliteError } from './errors.js';
import { type GreetMessage, type HereMessage, isGreeting, WIRE } from './greeting.js';
import type { GivenWorker } from './options.js';
import type { Line } from './start.js';
import { describe } from './values.js';

/** How long the script may take to load and to call `serve`, in ms. */
const GREETING_MAX_MS = 30_000;

/** Resolves once the worker takes requests; one that was made here ends with the line. */
export async function reachGiven(
  given: GivenWorker,
  limit: number = GREETING_MAX_MS,
): Promise<Line> {
  if (currentContext() !== 'window') {
    const message = 'option "worker" can be a worker of your own only in a Window';
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  const worker = make(given);
  const ends = (): void => {
    if (worker !== given) {
      worker.terminate();
    }
  };
  try {
    const { life } = await greet(worker, limit);
    const { port1: port, port2 } = new MessageChannel();
    worker.postMessage({ anchorite: 'greet' } satisfies GreetMessage, [port2]);
    const end = (): void => {
      port.close();
      ends();
    };
    return { port, life, end };
  } catch (error) {
    ends();
    throw error;
  }
}

function make(given: GivenWorker): Worker {
  if (typeof given === 'object' && !(given instanceof URL)) {
    return given;
  }
  let made: unknown;
  try {
    made = typeof given === 'function' ? given() : new Worker(given, { type: 'module' });
  } catch (error) {
    throw failed('it cannot be made', error);
  }
  if (!(made instanceof Worker)) {
    const message = `option "worker": the function has answered ${describe(made)}, not a Worker`;
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  return made;
}

function greet(worker: Worker, limit: number): Promise<HereMessage> {
  const over = new AbortController();
  const { signal } = over;
  const answer = new Promise<HereMessage>((resolve, reject) => {
    const why = `it has not called serve() of "anchorite/worker" for ${limit} ms`;
    const timer = setTimeout(() => reject(failed(why)), limit);
    signal.addEventListener('abort', () => clearTimeout(timer));
    const onError = (event: ErrorEvent): void => {
      event.preventDefault();
      reject(failed(event.message || 'its script cannot be loaded'));
    };
    const onMessage = ({ data }: MessageEvent<HereMessage>): void => {
      if (isGreeting(data, 'here')) {
        const other = `its "anchorite/worker" is of another version than the page's package`;
        data.wire === WIRE ? resolve(data) : reject(failed(other));
      }
    };
    worker.addEventListener('error', onError, { signal });
    worker.addEventListener('message', onMessage, { signal });
    worker.postMessage({ anchorite: 'greet' } satisfies GreetMessage);
  });
  return answer.finally(() => over.abort());
}

function failed(why: string, cause?: unknown): SqliteError {
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  const message = `the worker that option "worker" gives cannot be used: ${why}${because}`;
  return new SqliteError(message, { code: 'WORKER_LOAD_FAILED', cause });
}
