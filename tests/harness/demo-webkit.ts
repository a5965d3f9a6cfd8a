// The built demo in WebKitGTK, driven by a page that has it in a frame (page/console/drive.ts): a
// smoke test. main.ts calls it; it must not know the steps.
import { join } from 'node:path';
import { TABS } from '../wire';
import type { DrivenStep } from '../wire';
import { demoRow } from './demo';
import { launchWebkit } from './drivers/webkit';
import { fileIn, send } from './files';
import { DEMO } from './policies';
import type { Results } from './report';
import { bodyOf, listen, plain, type RunningServer } from './server';

/** How long the browser may take to tell of the first step, and of each other one. */
const STEP_MS = 60_000;

/** What the other tabs show. */
const BLANK = 'about:blank';

/** The driving page may have a frame, and the console may be in it. */
const DRIVER = `${DEMO.replace("style-src 'self'", "style-src 'unsafe-inline'")}; frame-src 'self'`;
const DRIVEN = DEMO.replace("frame-ancestors 'none'", "frame-ancestors 'self'");

export async function runDemoInWebkit(profiles: string, results: Results): Promise<void> {
  const row = demoRow('webkit');
  results.begin(row);
  const page = new DrivingPage(row, results);
  const server = await serveDriven((step) => page.heard(step));
  let search = '';
  const url = (tab: string) => (tab === TABS[0] ? `${server.origin}/drive/${search}` : BLANK);
  const profile = join(profiles, 'demo-webkit');
  const died = (how: string) => page.died(how);
  const driver = await launchWebkit({ profile, launch: 'plain', url, died });
  try {
    await page.ends();
    search = '?again';
    await driver.replaceMain();
    await page.ends();
  } catch (error) {
    results.failed(row, 'goes on to the end', STEP_MS, String(error), '');
  } finally {
    await driver.close();
    server.close();
  }
}

/** The page, as far as it is heard of. */
class DrivingPage {
  readonly #row: string;
  readonly #results: Results;
  #end: (fault?: string) => void = () => {};
  #limit: NodeJS.Timeout | undefined;

  constructor(row: string, results: Results) {
    this.#row = row;
    this.#results = results;
  }

  /** Resolves with its last step; rejects when it is silent for too long. */
  ends(): Promise<void> {
    const silent = () => this.#end('nothing is heard of it');
    this.#limit = setTimeout(silent, STEP_MS);
    return new Promise((resolve, reject) => {
      this.#end = (fault) => {
        clearTimeout(this.#limit);
        if (fault === undefined) resolve();
        else reject(new Error(fault));
      };
    });
  }

  heard({ name, milliseconds, fault }: DrivenStep): void {
    this.#limit?.refresh();
    if (name === '') this.#end();
    else if (fault === undefined) this.#results.passed(this.#row, name, milliseconds);
    else this.#results.failed(this.#row, name, milliseconds, fault, '');
  }

  died(how: string): void {
    this.#end(how);
  }
}

function serveDriven(heard: (step: DrivenStep) => void): Promise<RunningServer> {
  return listen((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'POST') {
      void bodyOf(request).then((body) => {
        heard(JSON.parse(body.toString()) as DrivenStep);
        plain(response, 200, 'heard');
      });
    } else if (pathname === '/drive/') {
      send(response, { ...fileIn('tests/page/console/', 'drive.html'), policy: DRIVER });
    } else if (pathname.startsWith('/page/')) {
      send(response, { ...fileIn('tests/dist/page/', pathname.slice(6)), policy: DRIVER });
    } else {
      send(response, { ...fileIn('demo/dist/', pathname.slice(1)), policy: DRIVEN });
    }
  });
}
