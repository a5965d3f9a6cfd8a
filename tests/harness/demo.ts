// The built demo in Chromium and Firefox, as a person would use it. main.ts calls it; the steps are
// in demo-steps.ts, demo-rows.ts, demo-hostile.ts and demo-axe.ts. It must not know them.
// WebKitGTK, which cannot be driven so, has demo-webkit.ts.
import { join } from 'node:path';
import type { Browser } from '../wire';
import { axeSteps } from './demo-axe';
import { hostileSteps } from './demo-hostile';
import { ConsolePage } from './demo-page';
import { deleteSteps, exportSteps, insertSteps, virtualStep } from './demo-rows';
import * as steps from './demo-steps';
import type { Step } from './demo-steps';
import { launchPuppet } from './drivers/tabs';
import type { TabbedBrowser } from './drivers/tabs';
import { killMarked } from './processes';
import type { Results } from './report';
import type { RunningServer } from './server';

export const DEMO_BROWSERS: readonly Browser[] = ['chromium', 'firefox', 'webkit'];

export function demoRow(browser: Browser): string {
  return `demo in ${browser}`;
}

/** `server` is this run's own: it is closed on the way, to see what is there without it. */
export async function runDemo(
  browser: TabbedBrowser,
  server: RunningServer,
  profiles: string,
  out: string,
  results: Results,
): Promise<void> {
  const row = demoRow(browser);
  results.begin(row);
  const { puppet, mark } = await launchPuppet(browser, join(profiles, `demo-${browser}`));
  const pages: ConsolePage[] = [];
  const step: Step = async (name, action) => {
    const started = performance.now();
    try {
      await action();
      const complaints = await Promise.all(pages.map((page) => page.complaints()));
      const all = complaints.flat();
      if (all.length > 0) throw new Error(`the page complains: ${all.join('; ')}`);
      results.passed(row, name, performance.now() - started);
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      results.failed(row, name, performance.now() - started, message, stack ?? '');
    }
    const path = join(out, `demo-${browser}-${name.replace(/\W+/g, '-')}.png`);
    await pages[0]?.page.screenshot({ path: path as `${string}.png` });
  };
  try {
    const page = await ConsolePage.open(puppet, server.origin);
    pages.push(page);
    await steps.sampleSteps(page, step);
    await steps.resultSteps(page, step);
    await steps.panelSteps(page, step);
    await steps.importSteps(page, step);
    await steps.keepSteps(page, step);
    await deleteSteps(page, step);
    await insertSteps(page, step);
    await virtualStep(page, step);
    await exportSteps(page, step);
    await steps.troubleSteps(page, step);
    if (browser === 'chromium') await axeSteps(page, step);
    const url = await page.page.evaluate(() => location.href);
    const other = await ConsolePage.open(puppet, url);
    pages.push(other);
    await steps.tabSteps(page, other, step);
    await hostileSteps(page, step);
    await offlineStep(page, server, step);
  } finally {
    await puppet.close();
    await killMarked(mark);
  }
}

async function offlineStep(page: ConsolePage, server: RunningServer, step: Step): Promise<void> {
  await step('is there without a network', async () => {
    await page.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.until(() => navigator.serviceWorker.controller, 'the service worker serves');
    server.close();
    await page.page.reload({ waitUntil: 'domcontentloaded' });
    await page.run('SELECT 6 * 7 AS answer');
    await page.says('.grid-row', '42');
  });
}
