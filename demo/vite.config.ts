/**
 * How Vite builds and serves the console. Read by `npm run dev` and `npm run build`.
 * Everything is emitted as a file of its own: the production policy allows no inline code and no
 * `data:` script, worker or wasm.
 */
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  worker: { format: 'es' },
  server: { fs: { allow: ['.', '../js'] } },
});

export default config;
