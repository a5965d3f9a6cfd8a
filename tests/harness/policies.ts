// The content security policies of the run: that of the demo, the same for pages of the tests, and
// the stricter ones under which the library must fail with a clear error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './options';

/** What the demo is served with. */
export const DEMO = readFileSync(join(ROOT, 'demo/csp.txt'), 'utf8').trim();

/** The same for a page that has no policy of Trusted Types, as that of a stranger. */
export const PRODUCTION = DEMO.replace(/; require-trusted-types-for .*$/, '');

/** Named policies a page or a faulty folder can ask for. */
export function policy(name: string | null): string {
  switch (name) {
    case null:
      return PRODUCTION;
    case 'no-wasm':
      return replaced(" 'wasm-unsafe-eval'", '');
    case 'no-worker':
      return replaced("worker-src 'self'", "worker-src 'none'");
    case 'no-connect':
      return replaced("connect-src 'self'", "connect-src 'none'");
    default:
      throw new Error(`no policy is called ${name}`);
  }
}

function replaced(from: string, to: string): string {
  if (!PRODUCTION.includes(from)) throw new Error(`demo/csp.txt does not hold "${from}"`);
  return PRODUCTION.replace(from, to);
}
