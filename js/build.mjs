// Bundles src into dist: index.js, worker.js and shared.js, with source maps, beside the pair of
// wasm files. Run by `npm run build`, after tsc has written the types.

import { copyFileSync, statSync } from 'node:fs';
import { build } from 'esbuild';

const WASM = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

const sizes = {};
for (const [engine, file] of Object.entries(WASM)) {
  copyFileSync(`src/wasm/${file}`, `dist/${file}`);
  sizes[engine] = statSync(`dist/${file}`).size;
}

await build({
  entryPoints: {
    index: 'src/index.ts',
    worker: 'src/worker/worker.ts',
    shared: 'src/worker/shared.ts',
  },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  keepNames: false,
  sourcemap: true,
  define: { WASM_BYTES: JSON.stringify(sizes) },
  logLevel: 'warning',
});
