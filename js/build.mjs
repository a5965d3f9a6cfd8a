// Bundles src into dist, with source maps, beside the pair of wasm files. Run by
// `npm run build`, after tsc has written the types.

import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const WASM = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

/** What README promises of a page's entry: bytes by brotli. */
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

// What a page needs whose engine has a worker; the engine in place is a file of its own.
await build({
  ...common,
  entryPoints: { index: 'src/index.ts', 'in-place': 'src/in-place.ts' },
  external: ['./local.js'],
});

const pageBytes = brotliCompressSync(readFileSync('dist/index.js')).length;
if (pageBytes > PAGE_BYTES_MAX) {
  throw new Error(`a page would load ${pageBytes} bytes, ${PAGE_BYTES_MAX} are promised`);
}

await build({
  ...common,
  entryPoints: {
    local: 'src/local.ts',
    worker: 'src/worker/worker.ts',
    shared: 'src/worker/shared.ts',
  },
});
