/**
 * Keeps the console for visits without a network, and says which URLs may become scripts.
 * Called by main.ts before anything else is loaded.
 *
 * The policy requires Trusted Types: a `default` policy lets through the workers of this build and
 * its service worker, which are named by Vite, and no HTML or script text at all.
 */

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { readonly createScriptURL: (url: string) => string | null },
  ): unknown;
}

const WORKERS = /^\/(?:[^?#]*\/)?(?:assets\/(?:worker|shared)-[\w-]+\.js|sw\.js)$/;

/** Lets the workers through. */
export function trustWorkers(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => {
      const { origin, pathname } = new URL(url, document.baseURI);
      return origin === location.origin && WORKERS.test(pathname) ? url : null;
    },
  });
}

/** Keeps this build; a browser that refuses that shows the console all the same. */
export function keepOffline(): void {
  if (!import.meta.env.PROD) return;
  void navigator.serviceWorker?.register('./sw.js').catch(() => undefined);
}
