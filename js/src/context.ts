// Which kind of global this is, without touching one that may be missing (Node, SSR). Used by
// client.ts to choose where the engine runs, and by host.ts to report it.

import type { Context } from './protocol.js';

/** The context, or `undefined` outside a browser. */
export function currentContext(): Context | undefined {
  if ('DedicatedWorkerGlobalScope' in globalThis) {
    return 'dedicated-worker';
  }
  if ('SharedWorkerGlobalScope' in globalThis) {
    return 'shared-worker';
  }
  if ('ServiceWorkerGlobalScope' in globalThis) {
    return 'service-worker';
  }
  return 'Window' in globalThis ? 'window' : undefined;
}
