// Bundles src into dist, with source maps, beside the pair of wasm files. Run by
// `npm run build`, after tsc has written the types.
//
//   index.js, in-place.js,   the entries; what several parts have is in core.js, which all import
//   live.js, migrations.js,
//   blob.js, changesets.js
//   bulk.js, copy.js,        parts that core.js loads when they are needed
//   cursor.js, functions.js,
//   given.js,
//   local.js, owned.js,
//   sizes.js,
//   source.js
//   worker.js, shared.js     the workers, each whole
//   serve.js                 the entry for workers of the application's own, with an engine
//   node.js                  the entry for Node, with an engine

import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const WASM = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

/** What README promises of what a page loads first: bytes by brotli. */
const PAGE_BYTES_MAX = 12_000;

const sizes = {};
for (const [engine, file] of Object.entries(WASM)) {
  copyFileSync(`src/wasm/${file}`, `dist/${file}`);
  sizes[engine] = statSync(`dist/${file}`).size;
}

const common = {
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  keepNames: false,
  sourcemap: true,
  define: { WASM_BYTES: JSON.stringify(sizes) },
  logLevel: 'warning',
};

/** What is loaded when it is needed. */
const LATER = {
  bulk: 'src/bulk.ts',
  copy: 'src/copy.ts',
  cursor: 'src/cursor.ts',
  functions: 'src/functions.ts',
  given: 'src/given.ts',
  local: 'src/local.ts',
  owned: 'src/owned.ts',
  sizes: 'src/sizes.ts',
  source: 'src/source.ts',
};
const ENTRIES = {
  index: 'src/index.ts',
  'in-place': 'src/in-place.ts',
  live: 'src/live.ts',
  migrations: 'src/migrations.ts',
  blob: 'src/blob.ts',
  changesets: 'src/changesets.ts',
};
const NODE = { node: 'src/node/index.ts' };

/** Where each source is that another file of the package has. */
const elsewhere = new Map(Object.entries(LATER).map(([part, path]) => [resolve(path), part]));

/** Imports what is elsewhere from there. */
const apart = {
  name: 'apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir }) => {
      const part = elsewhere.get(resolve(resolveDir, path.replace(/\.js$/, '.ts')));
      return part && { path: `./${part}.js`, external: true };
    });
  },
};

const entryPoints = { core: 'src/core.ts' };
const core = await build({ ...common, entryPoints, plugins: [apart], metafile: true });
const isEntry = new Set(Object.values(ENTRIES));
for (const path of Object.keys(core.metafile.inputs).filter((path) => !isEntry.has(path))) {
  elsewhere.set(resolve(path), 'core');
}
await build({ ...common, entryPoints: { ...LATER, ...ENTRIES }, plugins: [apart] });

// With an engine in place of its own, for what that takes for the globals of a browser is ours.
elsewhere.delete(resolve(LATER.local));
await build({
  ...common,
  entryPoints: NODE,
  external: ['node:*'],
  inject: ['src/node/globals.ts'],
  plugins: [apart],
});

await build({
  ...common,
  entryPoints: {
    worker: 'src/worker/worker.ts',
    shared: 'src/worker/shared.ts',
    serve: 'src/worker/serve.ts',
  },
});

for (const part of [...Object.keys({ ...LATER, ...ENTRIES, ...NODE }), 'serve']) {
  // Fails where a part imports from core.js what that does not export.
  await import(`./dist/${part}.js`);
}

const pageBytes = ['index', 'core']
  .map((part) => brotliCompressSync(readFileSync(`dist/${part}.js`)).length)
  .reduce((sum, bytes) => sum + bytes);
if (pageBytes > PAGE_BYTES_MAX) {
  throw new Error(`a page would load ${pageBytes} bytes, ${PAGE_BYTES_MAX} are promised`);
}
