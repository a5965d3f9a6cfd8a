// A folder over HTTP under a strict policy, as a stranger would serve it. Called by run.mjs; it
// must not know what is in the folder.
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { ROOT } from './apps.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};
const DEMO = readFileSync(join(ROOT, 'demo/csp.txt'), 'utf8').trim();
/** A stranger's page has no policy of Trusted Types. */
const POLICY = DEMO.replace(/; require-trusted-types-for .*$/, '');

/** What makes a page cross-origin isolated. */
export const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Serves a folder; `types` are other MIME types than the right ones. */
export async function serve(folder, { headers = {}, types = {} } = {}) {
  const server = createServer(({ url }, response) => {
    const path = normalize(new URL(url, 'http://127.0.0.1').pathname);
    const file = join(folder, path === '/' ? 'index.html' : path);
    const common = { 'content-security-policy': POLICY, 'cache-control': 'no-store', ...headers };
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { ...common, 'content-type': 'text/plain' }).end(`no ${path}`);
      return;
    }
    const type = { ...TYPES, ...types }[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...common, 'content-type': type }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}
