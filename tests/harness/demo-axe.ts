// What axe-core finds in the screens of the console, light and dark. demo.ts runs it in Chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ConsolePage } from './demo-page';
import { browse } from './demo-rows';
import type { Step } from './demo-steps';
import { ROOT } from './options';

interface Found {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

/** What is shown together on one screen. */
const SCREENS = [
  ['rows that are selected', (page: ConsolePage) => rows(page)],
  ['new row', (page: ConsolePage) => page.click('insert-row')],
  ['table and schema', (page: ConsolePage) => leaveRows(page)],
  ['chart and files', (page: ConsolePage) => both(page, 'Chart', 'Files')],
  ['plan and history', (page: ConsolePage) => both(page, 'Plan', 'History')],
  ['error and engine', (page: ConsolePage) => mistake(page)],
  ['keys', (page: ConsolePage) => page.click('keys')],
] as const;

async function rows(page: ConsolePage): Promise<void> {
  await page.panel('Schema');
  await browse(page, 'Genre25 · 4.1 kB');
  await page.keys(' ');
}

async function leaveRows(page: ConsolePage): Promise<void> {
  await page.keys('Escape');
  await page.pressWords('← Queries');
}

async function both(page: ConsolePage, view: string, panel: string): Promise<void> {
  await page.pressWords(view);
  await page.panel(panel);
}

async function mistake(page: ConsolePage): Promise<void> {
  await page.run('SELECT 1; SELEC');
  await page.panel('Engine');
}

export async function axeSteps(page: ConsolePage, step: Step): Promise<void> {
  const require = createRequire(join(ROOT, 'tests/package.json'));
  const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  for (const scheme of ['light', 'dark'] as const) {
    await step(`has no serious fault that axe finds, ${scheme}`, async () => {
      await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.run('SELECT GenreId, count(*) AS tracks, NULL AS x FROM Track GROUP BY 1');
      await page.page.evaluate(source);
      const faults: string[] = [];
      const screens = scheme === 'dark' ? SCREENS.slice(0, -1) : SCREENS;
      for (const [name, show] of screens) {
        await show(page);
        await page.idle();
        faults.push(...(await faultsOf(page, name, scheme)));
      }
      await page.keys('Escape');
      await page.panel('Schema');
      if (faults.length > 0) throw new Error(faults.join('\n'));
    });
  }
}

/** In the dark only colours are others. */
async function faultsOf(
  page: ConsolePage,
  screen: string,
  scheme: 'light' | 'dark',
): Promise<string[]> {
  const only = scheme === 'dark' ? "runOnly: ['color-contrast']," : '';
  const found = (await page.page.evaluate(`axe
    .run(document, { ${only} resultTypes: ['violations'] })
    .then(({ violations }) => violations.map(({ id, impact, nodes }) => ({
      id, impact, nodes: nodes.map(({ target }) => ({ target })),
    })))`)) as Found[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const where = nodes.slice(0, 4).map(({ target }) => target.join(' '));
      return `${screen}, ${scheme}: ${id} at ${where.join(', ')}`;
    });
}
