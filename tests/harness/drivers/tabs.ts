// A browser with as many tabs as are asked for, each with a process of its own: Chromium and
// Firefox through puppeteer-core, on a persistent profile. tabs-browser.ts and demo.ts call it;
// like every driver it must not know tests, cells or the channel.
import { mkdirSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import type { Browser as Puppet, CDPSession, LaunchOptions, Page } from 'puppeteer-core';
import type { Browser } from '../../wire';
import { killMarked, marked, markedEnvironment } from '../processes';

/** The browsers that can be given many tabs. */
export type TabbedBrowser = Exclude<Browser, 'webkit'>;

const COMMON = {
  headless: true,
  protocolTimeout: 30_000,
  handleSIGINT: false,
  handleSIGTERM: false,
  handleSIGHUP: false,
} as const;

const LAUNCH: Record<TabbedBrowser, LaunchOptions> = {
  chromium: {
    ...COMMON,
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--renderer-process-limit=40',
    ],
  },
  firefox: {
    ...COMMON,
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    extraPrefsFirefox: { 'dom.ipc.processCount.webIsolated': 40 },
  },
};

/** How long a tab may take to close; one whose process is gone does not always answer. */
const CLOSE_MS = 5000;

/** Starts the browser alone; `mark` is that of its processes. */
export async function launchPuppet(
  browser: TabbedBrowser,
  profile: string,
): Promise<{ readonly puppet: Puppet; readonly mark: string }> {
  const { env, mark } = markedEnvironment();
  mkdirSync(profile, { recursive: true });
  const puppet = await puppeteer.launch({ ...LAUNCH[browser], userDataDir: profile, env });
  return { puppet, mark };
}

export class TabDriver {
  readonly #puppet: Puppet;
  readonly #mark: string;
  readonly #pages = new Map<string, Page>();
  readonly #sessions = new Map<string, CDPSession>();
  readonly version: string;

  private constructor(puppet: Puppet, mark: string, version: string) {
    this.#puppet = puppet;
    this.#mark = mark;
    this.version = version;
  }

  static async launch(browser: TabbedBrowser, profile: string): Promise<TabDriver> {
    const { puppet, mark } = await launchPuppet(browser, profile);
    return new TabDriver(puppet, mark, (await puppet.version()).replace('/', ' '));
  }

  /** Opens an address in a new tab, in a window of its own: it is visible, like all others. */
  async open(tab: string, url: string): Promise<void> {
    const page = await this.#puppet.newPage({ type: 'window' });
    this.#pages.set(tab, page);
    await page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  async reload(tab: string): Promise<void> {
    await this.#page(tab).reload({ waitUntil: 'domcontentloaded' });
  }

  /** Also for a tab whose process is gone. */
  async close(tab: string): Promise<void> {
    const page = this.#page(tab);
    this.#pages.delete(tab);
    this.#sessions.delete(tab);
    const late = AbortSignal.timeout(CLOSE_MS);
    const given = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve()));
    await Promise.race([page.close().catch(() => undefined), given]);
  }

  /** Freezes the page of a tab as a browser does to save energy, or lets it go on. Chromium. */
  async setFrozen(tab: string, frozen: boolean): Promise<void> {
    const session = await this.#session(tab);
    await session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' });
  }

  /** Removes what an origin has stored, as a user may. Chromium. */
  async clearStorage(tab: string, origin: string): Promise<void> {
    const session = await this.#session(tab);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }

  /** Kept, since making one takes longer than what it is used for. */
  async #session(tab: string): Promise<CDPSession> {
    const session = this.#sessions.get(tab) ?? (await this.#page(tab).createCDPSession());
    this.#sessions.set(tab, session);
    return session;
  }

  /** The processes of the browser. */
  processes(): number[] {
    return marked(this.#mark);
  }

  /** SIGKILL to every process of the browser at once; resolves when they are gone. */
  async kill(): Promise<void> {
    await killMarked(this.#mark);
  }

  #page(tab: string): Page {
    const page = this.#pages.get(tab);
    if (page === undefined) throw new Error(`there is no tab ${tab}`);
    return page;
  }
}
