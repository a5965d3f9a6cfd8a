// Firefox through puppeteer-core and WebDriver BiDi, with a persistent profile.
// Called by session.ts; like every driver it must not know tests, cells or the channel.
import { mkdirSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import type { Page } from 'puppeteer-core';
import { TABS } from '../../wire';
import type { Tab } from '../../wire';
import { killMarked, marked, markedEnvironment } from '../processes';
import type { Driver, LaunchOptions } from './driver';

/** OPFS is refused in private windows, and with this every window is one. */
const REFUSED = { 'browser.privatebrowsing.autostart': true };

export async function launchFirefox(options: LaunchOptions): Promise<Driver> {
  const { env, mark } = markedEnvironment();
  mkdirSync(options.profile, { recursive: true });
  let expected = false;
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: options.profile,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    extraPrefsFirefox: options.launch === 'refused' ? REFUSED : {},
    env,
  });
  browser.process()?.once('exit', (code, signal) => {
    if (!expected) options.died(`it ended with ${signal ?? code}`);
  });
  const pages = new Map<Tab, Page>();
  const openTab = async (tab: Tab) => {
    const page = await browser.newPage();
    pages.set(tab, page);
    await page.goto(options.url(tab), { waitUntil: 'domcontentloaded' });
  };
  for (const tab of TABS) await openTab(tab);
  return {
    version: (await browser.version()).replace('/', ' '),
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
      await browser.close();
      await killMarked(mark);
    },
    processes: () => marked(mark),
    async screenshot(file) {
      await pages.get('main')?.screenshot({ path: file as `${string}.png` });
    },
  };
}
