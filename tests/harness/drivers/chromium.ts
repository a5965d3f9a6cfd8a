// Chromium through playwright-core, with a persistent profile. Called by session.ts and demo.ts;
// like every driver it must not know tests, cells or the channel.
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { TABS } from '../../wire';
import type { Tab } from '../../wire';
import { killMarked, marked, markedEnvironment } from '../processes';
import type { Driver, LaunchOptions } from './driver';

/** Starts the browser alone; `died` is told when it goes. */
export async function startChromium(
  profile: string,
  died: (how: string) => void,
): Promise<{ context: BrowserContext; mark: string }> {
  const { env, mark } = markedEnvironment();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    // The only page is our own, and a sandbox is not to be had in every container.
    chromiumSandbox: false,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: ['--disable-gpu', '--disable-dev-shm-usage'],
    env,
  });
  context.on('close', () => died('its connection closed'));
  return { context, mark };
}

export async function launchChromium(options: LaunchOptions): Promise<Driver> {
  let expected = false;
  const { context, mark } = await startChromium(options.profile, (how) => {
    if (!expected) options.died(how);
  });
  const pages = new Map<Tab, Page>();
  const openTab = async (tab: Tab) => {
    const page = await context.newPage();
    page.on('crash', () => options.died(`the renderer of tab ${tab} crashed`));
    pages.set(tab, page);
    await page.goto(options.url(tab));
  };
  for (const tab of TABS) await openTab(tab);
  return {
    version: `Chromium ${context.browser()?.version() ?? ''}`,
    async replaceMain() {
      await pages.get('main')?.close();
      await openTab('main');
      return ['main'];
    },
    async kill() {
      expected = true;
      await killMarked(mark);
    },
    async close() {
      expected = true;
      await context.close();
      await killMarked(mark);
    },
    processes: () => marked(mark),
    async screenshot(file) {
      await pages.get('main')?.screenshot({ path: file });
    },
  };
}
