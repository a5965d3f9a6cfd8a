// Bundles src into dist, with source maps, beside the pair of wasm files. Run by
// `npm run build`, after tsc has written the types.

import { copyFileSync, statSync } from 'node:fs';
import { build } from 'esbuild';

const WASM = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

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

await build({
  ...common,
  entryPoints: {
    local: 'src/local.ts',
    worker: 'src/worker/worker.ts',
    shared: 'src/worker/shared.ts',
  },
});
