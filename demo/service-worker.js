/*
 * The console's service worker: after the first visit it is there without a network.
 * vite.config.ts puts the names of the build's files in and emits it as sw.js. It must not know
 * databases: those are kept by the page.
 *
 * Files under assets/ have their content's hash in their names and never change, so what is kept of
 * them serves; anything else is asked for first, and what is kept serves where nobody answers.
 */
const VERSION = '__VERSION__';
const FILES = __FILES__;

/** Of the two builds of SQLite, the one that this browser runs. */
const LEFT_OUT = 'Suspending' in WebAssembly ? 'asyncify' : 'anchorite-';

self.addEventListener('install', (event) => {
  const wanted = FILES.filter((name) => !(name.endsWith('.wasm') && name.includes(LEFT_OUT)));
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(['./', ...wanted])));
});

self.addEventListener('activate', (event) => {
  const forget = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  event.respondWith(answer(event.request, url.pathname.includes('/assets/')));
});

async function answer(request, lasts) {
  const cache = await caches.open(VERSION);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (lasts && kept !== undefined) return kept;
  try {
    const response = await fetch(request);
    if (response.ok && response.status === 200) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    if (kept !== undefined) return kept;
    throw error;
  }
}
