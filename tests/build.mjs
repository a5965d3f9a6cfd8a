// Bundles the test page and the harness into dist/; `npm run build` calls it after the type checks.
// The library itself stays outside the page's bundle: a stranger's page without a bundler loads
// js/dist as it is, and so does this one, from /anchorite/.
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
  entryPoints: [
    'page/before.ts',
    'page/main.ts',
    'page/inside.ts',
    'page/probe.ts',
    'page/torture/victim.ts',
  ],
  outbase: 'page',
  outdir: 'dist/page',
  plugins: [anchoriteAsServed],
});

await build({
  ...common,
  entryPoints: {
    harness: 'harness/main.ts',
    bench: 'harness/bench.ts',
    probe: 'harness/probe.ts',
    torture: 'harness/torture.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  platform: 'node',
  target: 'node20',
  packages: 'external',
});
