// Strangers' projects around the packed package: made anew in target/packaging, with the tarball
// installed, then built or served. Called by run.mjs; it must not know browsers.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, createServer } from 'vite';
import webpack from 'webpack';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const APP = join(ROOT, 'tests/packaging/app');
export const WORK = join(ROOT, 'target/packaging');

function npm(folder, ...words) {
  const options = { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  return execFileSync('npm', words, options);
}

/** Packs the package as it would be published: the tarball, and the files in it. */
export function pack() {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  const words = ['pack', '--json', '--silent', '--pack-destination', WORK];
  const [{ filename, files }] = Object.values(JSON.parse(npm(join(ROOT, 'js'), ...words)));
  return { tarball: join(WORK, filename), files: files.map(({ path }) => path) };
}

/** A fresh project with the package installed, and nothing else. */
export function install(name, tarball) {
  const folder = join(WORK, name);
  cpSync(APP, folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}\n');
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', tarball);
  return folder;
}

/** A project that is run, not visited. */
export function installForRuntimes(tarball) {
  const folder = install('runtimes', tarball);
  cpSync(join(ROOT, 'tests/packaging/runtimes'), folder, { recursive: true });
  return folder;
}

/** Without a bundler: the page names the files, since an import map would be an inline script. */
export function installPlain(tarball) {
  const folder = install('plain', tarball);
  for (const script of ['main.js', 'own-worker.js']) {
    const text = readFileSync(join(folder, script), 'utf8');
    const files = text.replaceAll(/'anchorite(?:\/(\w+))?'/g, (_, entry = 'index') => {
      return `'/node_modules/anchorite/dist/${entry === 'worker' ? 'serve' : entry}.js'`;
    });
    writeFileSync(join(folder, script), files);
  }
  return folder;
}

async function viteConfig(folder) {
  const { default: recipe } = await import(pathToFileURL(join(folder, 'vite.config.js')));
  return { ...recipe, root: folder, configFile: false, logLevel: 'error' };
}

/** Vite's development server with the package from node_modules; its address, and how to end it. */
export async function serveByVite(folder, headers) {
  const config = await viteConfig(folder);
  const server = await createServer({ ...config, server: { host: '127.0.0.1', port: 0, headers } });
  await server.listen();
  const { port } = server.httpServer.address();
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** The folder that Vite's build leaves. */
export async function buildByVite(folder) {
  await build(await viteConfig(folder));
  return join(folder, 'dist');
}

/** The folder that webpack's build leaves, with the page beside it. */
export async function buildByWebpack(folder) {
  const { default: recipe } = await import(pathToFileURL(join(folder, 'webpack.config.cjs')));
  const output = join(folder, 'dist');
  const config = { ...recipe, context: folder, output: { ...recipe.output, path: output } };
  const stats = await new Promise((resolve, reject) => {
    webpack(config, (error, done) => (error ? reject(error) : resolve(done)));
  });
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  cpSync(join(folder, 'index.html'), join(output, 'index.html'));
  return output;
}
