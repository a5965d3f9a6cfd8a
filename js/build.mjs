// Bundles src into dist: index.js and its chunks, in-place.js, worker.js and shared.js, with source
// maps, beside the pair of wasm files. Run by `npm run build`, after tsc has written the types.

import { copyFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const WASM = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

for (const file of readdirSync('dist').filter((name) => /-[A-Z0-9]{8}\.js/.test(name))) {
  rmSync(`dist/${file}`);
}

/** What README promises: bytes by brotli. */
const PAGE_BYTES_MAX = 12_000;

const sizes = {};
for (const [engine, file] of Object.entries(WASM)) {
  copyFileSync(`src/wasm/${file}`, `dist/${file}`);
  sizes[engine] = statSync(`dist/${file}`).size;
}

/** What a page's entry and the chunks that it always loads come to. */
function brotliSize(outputs, file) {
  const chunks = outputs[file].imports.filter(({ kind }) => kind === 'import-statement');
  const own = brotliCompressSync(readFileSync(file)).length;
  return chunks.reduce((bytes, { path }) => bytes + brotliSize(outputs, path), own);
}

const options = {
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

// What a page imports: the engine's own code is a chunk that is loaded only where it runs in place.
// Chunks lie beside the worker, which is found by where they are.
const { metafile } = await build({
  ...options,
  entryPoints: { index: 'src/index.ts' },
  splitting: true,
  chunkNames: '[name]-[hash]',
  metafile: true,
});
const pageBytes = brotliSize(metafile.outputs, 'dist/index.js');
if (pageBytes > PAGE_BYTES_MAX) {
  throw new Error(`a page would load ${pageBytes} bytes, ${PAGE_BYTES_MAX} are promised`);
}

await build({
  ...options,
  entryPoints: {
    'in-place': 'src/index-in-place.ts',
    worker: 'src/worker/worker.ts',
    shared: 'src/worker/shared.ts',
  },
});
