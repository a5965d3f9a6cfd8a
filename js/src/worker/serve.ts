// The entry `anchorite/worker`: for a worker of the application's own, in which SQL finds functions
// and collations beside the engine. given.ts is the page's end. It must not know what is asked.

import { currentContext } from '../context.js';
import { SqliteError } from '../errors.js';
import { type HereMessage, isGreeting, WIRE } from '../greeting.js';
import { declare, type ServeOptions } from './declare.js';
import { Host } from './host.js';
import { holdLife } from './life.js';
import { Page } from './page.js';

export { SqliteError, type SqliteErrorDetails } from '../errors.js';
export type { SqlFunction } from '../functions.js';
export type { FunctionOptions } from '../options.js';
export type { BindValue, SqlValue } from '../values.js';
export type {
  ServedAggregate,
  ServedCollation,
  ServedFunction,
  ServedOptions,
  ServeOptions,
} from './declare.js';

let isServing = false;

/**
 * Makes this worker one that a page can open databases with: `open(name, {worker})`. To be called
 * once, when the worker's script runs; what it takes is there in each of its connections.
 *
 * Throws `INVALID_OPTION`, `INVALID_NAME` or `INVALID_PARAMETER` for what cannot be served, and
 * `UNSUPPORTED` where this is no dedicated worker or it was called before; then `open` rejects with
 * `WORKER_LOAD_FAILED`.
 */
export function serve(options: ServeOptions = {}): void {
  const declarations = declare(options);
  if (currentContext() !== 'dedicated-worker' || isServing) {
    const why = isServing ? 'is called once' : 'is for a dedicated worker';
    throw new SqliteError(`serve() ${why}`, { code: 'UNSUPPORTED' });
  }
  isServing = true;
  const host = new Host('exclusive', declarations);
  const life = holdLife();
  const here = async (): Promise<void> => {
    postMessage({ anchorite: 'here', wire: WIRE, life: await life } satisfies HereMessage);
  };
  addEventListener('message', (event) => {
    if (isGreeting(event.data, 'greet')) {
      event.stopImmediatePropagation();
      const [port] = event.ports;
      void (port === undefined ? here() : lay(host, port));
    }
  });
  void here();
}

/** From now on a page asks by this port. */
function lay(host: Host, port: MessagePort): void {
  const page = new Page(host, (replies, transfer) => port.postMessage(replies, transfer));
  port.onmessage = ({ data }) => page.hear(data);
}
