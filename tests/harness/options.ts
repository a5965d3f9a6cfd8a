// The command line of the test run, and its matrix; main.ts calls it.
// It must not start anything.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Cell, Context, Twin } from '../wire';

export const BROWSERS: readonly Browser[] = ['chromium', 'firefox', 'webkit'];

/**
 * The matrix of the whole run. WebKitGTK has neither JSPI nor a sync handle that opens; the engine
 * `sync` takes such handles, and is tested in the library's own worker.
 */
export const CELLS: readonly Cell[] = BROWSERS.flatMap((browser) => {
  const twins: readonly Twin[] = browser === 'webkit' ? ['asyncify'] : ['jspi', 'asyncify'];
  const contexts: readonly Context[] =
    browser === 'webkit' ? ['window'] : ['worker', 'window', 'inside'];
  const cells = twins.flatMap((twin) => contexts.map((context) => ({ browser, twin, context })));
  return browser === 'webkit' ? cells : [...cells, { browser, twin: 'sync', context: 'worker' }];
});

export interface Options {
  readonly out: string;
  readonly browsers: readonly Browser[];
  readonly filter: string;
  readonly cell: string;
}

export function parse(args: readonly string[]): Options {
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = [args[index], args[index + 1]];
    const known = ['--out', '--engines', '--filter', '--cell'].includes(name ?? '');
    if (!known || value === undefined) throw new Error(`unknown or bare option ${name}\n${USAGE}`);
    given.set(name ?? '', value);
  }
  const names = given.get('--engines')?.split(',') ?? BROWSERS;
  const wrong = names.find((name) => !BROWSERS.some((browser) => browser === name));
  if (wrong !== undefined) throw new Error(`no engine is called ${wrong}\n${USAGE}`);
  return {
    out: resolve(given.get('--out') ?? join(ROOT, 'target/test-report')),
    browsers: BROWSERS.filter((browser) => names.includes(browser)),
    filter: given.get('--filter') ?? '',
    cell: given.get('--cell') ?? '',
  };
}

const USAGE =
  'node tests/run.mjs [--out folder] [--engines chromium,firefox,webkit] ' +
  '[--cell part of a cell name] [--filter part of a test name]';

/** The repository: this file runs bundled, as tests/dist/harness.mjs. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
