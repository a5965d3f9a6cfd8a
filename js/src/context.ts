// Which kind of global this is, without touching one that may be missing (Node, SSR). Used by
// client.ts to choose where the engine runs, and by host.ts to report it; set by node/index.ts.

import type { Context } from './protocol.js';

/** Where this is, if no browser says so. */
interface Place {
  readonly context: Context;
  /** In the words that others are told. */
  readonly page: string;
}

let place: Place | undefined;

/** Says where this is, outside a browser. */
export function setPlace(known: Place): void {
  place = known;
}

/** The path of the page, or what there is instead; empty if it cannot be said. */
export function currentPage(): string {
  const { location } = globalThis as { location?: { readonly pathname: string } };
  return place?.page ?? location?.pathname ?? '';
}

/** The context, or `undefined` where nothing can run. */
export function currentContext(): Context | undefined {
  if (place !== undefined) {
    return place.context;
  }
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
