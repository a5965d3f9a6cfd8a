// What axe-core finds in the screens of the console, light and dark. demo.ts runs it in Chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ConsolePage } from './demo-page';
import type { Step } from './demo-steps';
import { ROOT } from './options';

interface Found {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

const SCREENS = [
  ['chart', (page: ConsolePage) => page.pressWords('Chart')],
  ['plan', (page: ConsolePage) => page.pressWords('Plan')],
  ['error', (page: ConsolePage) => page.run('SELECT 1; SELEC')],
  ['files', (page: ConsolePage) => page.panel('Files')],
  ['history', (page: ConsolePage) => page.panel('History')],
  ['engine', (page: ConsolePage) => page.panel('Engine')],
  ['keys', (page: ConsolePage) => page.click('keys')],
] as const;

export async function axeSteps(page: ConsolePage, step: Step): Promise<void> {
  const require = createRequire(join(ROOT, 'tests/package.json'));
  const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  for (const scheme of ['light', 'dark']) {
    await step(`has no serious fault that axe finds, ${scheme}`, async () => {
      await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.run('SELECT GenreId, count(*) AS tracks, NULL AS x FROM Track GROUP BY 1');
      await page.page.evaluate(source);
      const faults = await faultsOf(page, 'table');
      for (const [name, show] of SCREENS) {
        await show(page);
        await page.idle();
        faults.push(...(await faultsOf(page, name)));
      }
      await page.keys('Escape');
      await page.panel('Schema');
      if (faults.length > 0) throw new Error(faults.join('\n'));
    });
  }
}

async function faultsOf(page: ConsolePage, screen: string): Promise<string[]> {
  const found = (await page.page.evaluate(`axe
    .run(document, { resultTypes: ['violations'] })
    .then(({ violations }) => violations.map(({ id, impact, nodes }) => ({
      id, impact, nodes: nodes.map(({ target }) => ({ target })),
    })))`)) as Found[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${screen}: ${id} at ${nodes.map(({ target }) => target.join(' ')).slice(0, 4)}`);
}
