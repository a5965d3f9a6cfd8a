// Bundles the test page and the harness into dist/; `npm run build` calls it after the type checks.
// The library itself stays outside the page's bundle: a stranger's page without a bundler loads
// js/dist as it is, and so does this one, from /anchorite/.
import { copyFileSync } from 'node:fs';
import { build } from 'esbuild';

const anchoriteAsServed = {
  name: 'anchorite-as-served',
  setup(bundler) {
    bundler.onResolve({ filter: /^anchorite$/ }, () => ({
      path: '/anchorite/index.js',
      external: true,
    }));
  },
};

const common = { bundle: true, format: 'esm', target: 'es2022', sourcemap: 'inline' };

await build({
  ...common,
  entryPoints: {
    before: 'page/before.ts',
    main: 'page/main.ts',
    inside: 'page/inside.ts',
    probe: 'page/probe.ts',
    'torture/victim': 'page/torture/victim.ts',
    bench: 'bench/worker.ts',
  },
  outdir: 'dist/page',
  plugins: [anchoriteAsServed],
});

// The peer looks for its module beside the script it is bundled into.
copyFileSync('node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm', 'dist/page/sqlite3.wasm');

await build({
  ...common,
  entryPoints: {
    harness: 'harness/main.ts',
    bench: 'harness/bench.ts',
    probe: 'harness/probe.ts',
    torture: 'harness/torture.ts',
    'bench-verdict.test': 'harness/bench-verdict.test.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  platform: 'node',
  target: 'node20',
  packages: 'external',
});
