/**
 * How Vite builds and serves the console. Read by `npm run dev` and `npm run build`.
 * Everything is emitted as a file of its own: the production policy allows no inline code and no
 * `data:` script, worker or wasm.
 */
/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin, type UserConfig } from 'vite';

/** Emits the service worker with the names of the files that it keeps. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => !/\.(?:map|html)$/.test(name));
      const source = readFileSync(new URL('service-worker.js', import.meta.url), 'utf8')
        .replace('__VERSION__', `anchorite ${files.join(' ')}`)
        .replace('__FILES__', JSON.stringify([...files, 'icon.svg']));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

/**
 * In Firefox a SharedWorker starts the worker that has the files. Trusted Types hold there too, and
 * the page's policy does not: this is the same as in src/offline.ts, ahead of the worker's script.
 */
const TRUST_WORKERS = `globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    const { origin, pathname } = new URL(url, location.href);
    const isWorker = /\\/assets\\/worker-[\\w-]+\\.js$/.test(pathname);
    return isWorker && origin === location.origin ? url : null;
  },
});`;

const config: UserConfig = defineConfig({
  base: './',
  plugins: [serviceWorker()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  worker: { format: 'es', rolldownOptions: { output: { banner: TRUST_WORKERS } } },
  server: { fs: { allow: ['.', '../js'] } },
});

export default config;
