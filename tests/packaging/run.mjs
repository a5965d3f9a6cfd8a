// `node tests/packaging/run.mjs`: packs the package, looks at the tarball as npm, TypeScript and
// bundlers do, installs it into strangers' projects and visits their pages in Chromium. The last
// line is `N passed, M failed`. It takes js/dist, and `npm ci` in this folder and in tests.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { publint } from 'publint';
import * as apps from './apps.mjs';
import { startBrowser, visitTwice } from './browser.mjs';
import { CONTENT, named, withoutCounterpart } from './content.mjs';
import { ISOLATION, serve } from './serve.mjs';

/** What README promises of the scripts that a page loads first: bytes by brotli. */
const PAGE_BYTES_MAX = 12_000;

/** A little more than README says of the plain build by brotli, and the bytes of the other. */
const PLAIN_BYTES_MAX = 580_000;
const TWIN_BYTES_MAX = 3_200_000;

const counts = { passed: 0, failed: 0 };

async function test(name, work) {
  try {
    await work();
    counts.passed += 1;
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}: ${error.stdout ?? ''}${error.stack ?? error}`);
  }
}

/** How long a script may run that has to end by itself, in ms. */
const RUN_MS = 60_000;

/** What is exported for its address alone. */
const UNTYPED = ['./worker.js', './shared.js', './anchorite.wasm', './anchorite.asyncify.wasm'];

/** What a page in Chromium finds, by the options it opens with; together they use every file. */
const VISITS = [
  [{}, { engine: 'jspi', context: 'dedicated-worker', sharing: 'shared' }],
  [{ engine: 'asyncify' }, { engine: 'asyncify', context: 'dedicated-worker', sharing: 'shared' }],
  [{ worker: false }, { engine: 'jspi', context: 'window', sharing: 'exclusive' }],
  [
    { own: true },
    { engine: 'jspi', context: 'dedicated-worker', sharing: 'shared', twice: 42 },
  ],
  [{ sharing: 'owner' }, { engine: 'jspi', context: 'shared-worker', sharing: 'owner' }],
];

async function visitAll(browser, name, server, isolated = false) {
  const visits = VISITS.map(([options, found], index) => {
    const expected = { ...found, entries: true, isolated };
    return test(`${name}, ${JSON.stringify(options)}`, () =>
      visitTwice(browser, server.origin, `${index}.db`, options, expected),
    );
  });
  await Promise.all(visits);
  await server.close();
}

/** With and without isolation, the same folder under the strict policy. */
async function visitFolder(browser, name, folder) {
  await visitAll(browser, name, await serve(folder));
  const isolated = await serve(folder, { headers: ISOLATION });
  await visitAll(browser, `${name}, isolated`, isolated, true);
}

const { tarball, files } = apps.pack();

await test('content', () => {
  assert.deepEqual(named(files), CONTENT);
  assert.deepEqual(withoutCounterpart(files), []);
});

await test('size of what a page loads', () => {
  const scripts = ['index.js', 'core.js'].map((file) => join(apps.ROOT, 'js/dist', file));
  const bytes = scripts.map((script) => brotliCompressSync(readFileSync(script)).length);
  assert.ok(bytes[0] + bytes[1] <= PAGE_BYTES_MAX, `${bytes}`);
});

await test('the two builds', () => {
  const names = ['anchorite.wasm', 'anchorite.asyncify.wasm'];
  const [plain, twin] = names.map((name) => readFileSync(join(apps.ROOT, 'js/dist', name)));
  assert.ok(brotliCompressSync(plain).length <= PLAIN_BYTES_MAX);
  assert.ok(twin.length <= TWIN_BYTES_MAX);
  assert.ok(!plain.includes(homedir()), 'it names a folder of the machine it was made on');
});

await test('publint', async () => {
  const content = new Uint8Array(readFileSync(tarball)).buffer;
  const { messages } = await publint({ pack: { tarball: content }, strict: true });
  assert.deepEqual(messages, []);
});

await test('are the types wrong', () => {
  const attw = join(apps.ROOT, 'tests/packaging/node_modules/.bin/attw');
  const options = ['--profile', 'esm-only', '--no-emoji', '--exclude-entrypoints', ...UNTYPED];
  execFileSync(attw, [tarball, ...options], { encoding: 'utf8' });
});

const tools = join(apps.ROOT, 'tests/packaging/node_modules');
const RUNTIMES = {
  [`Node ${process.versions.node}`]: [process.execPath],
  'Node 22': [join(tools, 'node-22/bin/node')],
  'Node 26': [join(tools, 'node-26/bin/node')],
  Deno: [join(tools, '.bin/deno'), 'run', '--allow-all'],
  Bun: [join(tools, '.bin/bun'), 'run'],
};
const project = apps.installForRuntimes(tarball);

/** Runs a script of the project to its end, which comes by itself. */
async function runs(runtime, script) {
  await test(`${runtime}, ${script}`, async () => {
    const [program, ...words] = RUNTIMES[runtime];
    const options = { cwd: project, timeout: RUN_MS, encoding: 'utf8' };
    await promisify(execFile)(program, [...words, script], options);
  });
}

for (const runtime of Object.keys(RUNTIMES)) {
  await runs(runtime, 'memory.mjs');
  if (runtime.startsWith('Node')) {
    await runs(runtime, 'import.mjs');
    await runs(runtime, 'alone.mjs');
    await runs(runtime, 'directory.mjs');
  }
}

const { browser, close } = await startBrowser();
try {
  const plain = apps.installPlain(tarball);
  await visitFolder(browser, 'without a bundler', plain);
  const typed = await serve(plain, { types: { '.wasm': 'text/plain' } });
  await visitAll(browser, 'wasm as text/plain', typed);

  const vite = apps.install('vite', tarball);
  await visitAll(browser, "Vite's server", await apps.serveByVite(vite, {}));
  const served = await apps.serveByVite(vite, ISOLATION);
  await visitAll(browser, "Vite's server, isolated", served, true);
  await visitFolder(browser, "Vite's build", await apps.buildByVite(vite));

  const webpack = apps.install('webpack', tarball);
  await visitFolder(browser, 'webpack', await apps.buildByWebpack(webpack));
} finally {
  await close();
}

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
