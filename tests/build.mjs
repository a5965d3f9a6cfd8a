// Bundles the test page and the harness into dist/; `npm run build` calls it after the type checks.
// The library itself stays outside the page's bundle: a stranger's page without a bundler loads
// js/dist as it is, and so does this one, from /anchorite/.
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { docExamples } from './examples.mjs';

/** The file of an entry; `worker.js` is the package's own worker. */
const fileOf = (entry) => (entry === 'worker' ? 'serve' : entry.replace(/\.js$/, ''));

const anchoriteAsServed = {
  name: 'anchorite-as-served',
  setup(bundler) {
    bundler.onResolve({ filter: /^anchorite(\/[\w.-]+)?$/ }, ({ path }) => ({
      path: `/anchorite/${fileOf(path.split('/')[1] ?? 'index')}.js`,
      external: true,
    }));
  },
};

/** The modules of the contract, the client and rusqlite's tests are loaded as they are, too. */
const modulesAsServed = {
  name: 'modules-as-served',
  setup(bundler) {
    bundler.onResolve({ filter: /^(contract|client)-module$/ }, ({ path }) => {
      const name = path.replace('-module', '');
      return { path: `/${name}/${name}.js`, external: true };
    });
    bundler.onResolve({ filter: /^suite-module$/ }, () => ({
      path: '/target/suite/pkg/rusqlite.js',
      external: true,
    }));
  },
};

const stockGlue = {
  name: 'stock-glue',
  setup(bundler) {
    const glue = fileURLToPath(new URL('stock-wasm/anchorite.js', import.meta.url));
    bundler.onResolve({ filter: /\/wasm\/anchorite\.js$/ }, () => ({ path: glue }));
  },
};

/** The names in the contract's one list, by the macro they stand in. */
function contractCases() {
  const text = readFileSync(new URL('contract/src/list.rs', import.meta.url), 'utf8');
  const [, every, sparse] = text
    .split('macro_rules!')
    .map((part) =>
      [...part.matchAll(/(\w+): \[([\s\w,]*)\]/g)].flatMap(([, module, names]) =>
        (names.match(/\w+/g) ?? []).map((name) => `${module}::${name}`),
      ),
    );
  return { every, sparse };
}

/** The names in the one list of the Rust client's cases. */
function clientCases() {
  const text = readFileSync(new URL('client/src/list.rs', import.meta.url), 'utf8');
  const [, every] = text.split('macro_rules!');
  return [...every.matchAll(/(\w+): \[([\s\w,]*)\]/g)].flatMap(([, module, names]) =>
    (names.match(/\w+/g) ?? []).map((name) => `${module}::${name}`),
  );
}

const common = { bundle: true, format: 'esm', target: 'es2022', sourcemap: 'inline' };

await build({
  ...common,
  entryPoints: {
    before: 'page/before.ts',
    main: 'page/main.ts',
    inside: 'page/inside.ts',
    served: 'page/served.ts',
    'my-worker': 'example-worker',
    elsewhere: 'page/elsewhere.ts',
    tab: 'page/tab.ts',
    'wire/watched-worker': 'page/wire/watched-worker.ts',
    'wire/watched-shared': 'page/wire/watched-shared.ts',
    probe: 'page/probe.ts',
    'console/drive': 'page/console/drive.ts',
    'torture/victim': 'page/torture/victim.ts',
    'torture/tab': 'page/torture/tab.ts',
    'large/stages': 'page/large/stages.ts',
    'suite/worker': 'page/suite/worker.ts',
    bench: 'bench/worker.ts',
    'bench-page-peer': 'bench/page-peer-worker.ts',
    'bench-tab': 'bench/tab.ts',
    'bench-tab-worker': 'bench/tab-worker.ts',
  },
  outdir: 'dist/page',
  plugins: [anchoriteAsServed, modulesAsServed, docExamples],
  define: {
    CONTRACT: JSON.stringify(contractCases()),
    CLIENT: JSON.stringify(clientCases()),
  },
});

// The library's worker with the glue of the module that has stock SQLite (tests/stock-wasm), which
// the full torture of tabs builds.
if (existsSync('stock-wasm')) {
  const size = (file) => statSync(`stock-wasm/${file}`).size;
  const sizes = { jspi: size('anchorite.wasm'), asyncify: size('anchorite.asyncify.wasm') };
  await build({
    ...common,
    entryPoints: { worker: '../js/src/worker/worker.ts' },
    outdir: 'dist/stock',
    plugins: [stockGlue],
    define: { WASM_BYTES: JSON.stringify(sizes) },
  });
}

// The peers look for their modules beside the scripts they are bundled into.
copyFileSync('node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm', 'dist/page/sqlite3.wasm');
const waSqlite = 'node_modules/@journeyapps/wa-sqlite/dist/wa-sqlite.wasm';
copyFileSync(waSqlite, 'dist/page/wa-sqlite.wasm');
copyFileSync('bench/tab.html', 'dist/page/bench-tab.html');

await build({
  ...common,
  entryPoints: {
    harness: 'harness/main.ts',
    bench: 'harness/bench.ts',
    probe: 'harness/probe.ts',
    torture: 'harness/torture.ts',
    'torture-tabs': 'harness/torture-tabs.ts',
    large: 'harness/large.ts',
    suite: 'harness/suite.ts',
    'torture-wire': 'harness/torture-wire.ts',
    'bench-verdict.test': 'harness/bench-verdict.test.ts',
    'bench-tabs.test': 'harness/bench-tabs.test.ts',
    'console-text.test': 'harness/console-text.test.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  platform: 'node',
  target: 'node20',
  packages: 'external',
});
