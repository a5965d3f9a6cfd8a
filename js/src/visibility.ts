// Whether the page is seen, for its worker, which cannot know: a context that is frozen holds its
// locks for as long as that lasts, so it must have given back what others may want. Used by
// client.ts. It must not know what is given back.
//
//   visible ◄──► hidden ◄──► frozen (also in the back/forward cache)
//
// A worker stops when the `freeze` handler of its page has returned. It is told nothing after that,
// and it cannot say when it is done; so the handler takes its time: more of it while calls are
// under way, one of which may just have got the lock that it waited for, and has to write and sync.

import type { PageState } from './protocol.js';

/** How long the worker has, in ms: 20 was enough for five calls of OPFS or Web Locks. */
const FREEZE_MS = 40;

/** The same while calls are under way. */
const FREEZE_BUSY_MS = 200;

/**
 * Calls back whenever the state of the page changes, until the signal says so; it answers whether
 * calls are under way.
 */
export function onPageState(tell: (state: PageState) => boolean, signal: AbortSignal): void {
  const now = (): void => {
    tell(document.visibilityState === 'hidden' ? 'hidden' : 'visible');
  };
  const freeze = (): void => {
    const end = performance.now() + (tell('frozen') ? FREEZE_BUSY_MS : FREEZE_MS);
    while (performance.now() < end);
  };
  document.addEventListener('visibilitychange', now, { signal });
  document.addEventListener('freeze', freeze, { signal });
  document.addEventListener('resume', now, { signal });
  globalThis.addEventListener('pageshow', now, { signal });
  if (document.visibilityState === 'hidden') {
    now();
  }
}
