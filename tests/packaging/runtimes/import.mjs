// Imports the entries where nothing may be asked of the surroundings: no global that a browser has
// and a server may not. run.mjs runs it in Node, in a project that has the package.
import assert from 'node:assert/strict';

const FOREIGN = [
  ...['window', 'self', 'document', 'location', 'navigator', 'indexedDB', 'localStorage', 'caches'],
  ...['Worker', 'SharedWorker', 'BroadcastChannel', 'fetch', 'crypto', 'performance'],
  ...['FileSystemWritableFileStream', 'Window', 'DedicatedWorkerGlobalScope'],
];

const touched = [];
for (const name of FOREIGN) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      touched.push(name);
      return undefined;
    },
  });
}

const files = new URL('./node_modules/anchorite/dist/', import.meta.url);
for (const entry of ['index', 'blob', 'changesets', 'live', 'migrations', 'node']) {
  await import(new URL(`${entry}.js`, files).href);
}
assert.deepEqual(touched, []);

// What a bundler for servers without Node takes: it imports, and `open` says why it cannot.
const { open, SqliteError } = await import(new URL('index.js', files).href);
const anchorite = await import('anchorite');
assert.equal(anchorite.SqliteError, SqliteError, 'one class for all entries');
assert.equal((await import('anchorite/node')).open, anchorite.open);
assert.equal((await import('anchorite/in-place')).open, open);
