// The content security policies of the run: the production one on every response, and the stricter
// ones under which the library must fail with a clear error. It must not weaken the production one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './options';

export const PRODUCTION = readFileSync(join(ROOT, 'demo/csp.txt'), 'utf8').trim();

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
