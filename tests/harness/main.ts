// The run: every browser through the one list, two at a time; the demo; the report.
// tests/run.mjs calls it. It must not know any single test.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Cell } from '../wire';
import { cellId } from '../wire';
import { Channel } from './channel';
import { DEMO_BROWSERS, demoRow, runDemo } from './demo';
import { runDemoInWebkit } from './demo-webkit';
import { CELLS, ROOT, parse } from './options';
import type { Options } from './options';
import { withProfiles } from './profiles';
import { Results, print } from './report';
import { runList, selected } from './schedule';
import { serveDemo, serveTests } from './server';
import { Session } from './session';
import type { Surroundings } from './session';

/** Where a launch in which OPFS is refused can be had, it is one more short session. */
const CAN_REFUSE: readonly Browser[] = ['firefox', 'webkit'];

/** Browsers mostly wait for the disk and for each other, so two of them share the processors. */
const LANES: readonly (readonly Browser[])[] = [['chromium', 'webkit'], ['firefox']];

export async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  const missing = ['js/dist/index.js', 'target/oracle.json'].filter((name) => !at(name));
  if (missing.length > 0) {
    print(`${missing.join(' and ')} missing: run \`cargo xtask test\`, which builds them`);
    return 1;
  }
  rmSync(options.out, { recursive: true, force: true });
  mkdirSync(options.out, { recursive: true });
  const cells = selected(CELLS, options.cell);
  const demos = DEMO_BROWSERS.filter((browser) => wantsDemo(options, demoRow(browser)));
  const results = new Results([...cells.map(cellId), ...demos.map(demoRow)]);
  await withProfiles(async (profiles) => {
    await runBrowsers(options, cells, profiles, results);
    const here = demos.filter((browser) => options.browsers.includes(browser));
    await Promise.all(here.map((browser) => runDemoIfBuilt(browser, options, profiles, results)));
  });
  return results.finish(options.out);
}

async function runBrowsers(
  options: Options,
  cells: readonly Cell[],
  profiles: string,
  results: Results,
): Promise<void> {
  const runLane = async (lane: readonly Browser[]) => {
    for (const browser of lane.filter((name) => options.browsers.includes(name))) {
      const here = cells.filter((cell) => cell.browser === browser);
      if (here.length > 0) await runBrowser(browser, here, options, profiles, results);
    }
  };
  await Promise.all(LANES.map(runLane));
}

async function runBrowser(
  browser: Browser,
  cells: readonly Cell[],
  { out, filter }: Options,
  profiles: string,
  results: Results,
): Promise<void> {
  const started = performance.now();
  const channel = new Channel();
  let current: Session | undefined;
  const server = await serveTests(channel, join(out, 'exports'), (request) => {
    if (current === undefined) return Promise.reject(new Error('no browser runs'));
    return current.peer(request);
  });
  const around: Surroundings = { channel, origin: server.origin, profiles };
  try {
    for (const launch of ['plain', 'refused'] as const) {
      if (launch === 'refused' && !CAN_REFUSE.includes(browser)) continue;
      current = new Session(browser, launch, around);
      await current.start();
      print(`${current.version}${launch === 'refused' ? ', OPFS refused' : ''}`);
      await runList(current, { cells, filter, launch }, results);
      await current.stop();
    }
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    results.failed(`${browser} itself`, 'runs to the end', 0, message, stack ?? '');
    await current?.abandon();
  }
  server.close();
  results.browserTook(browser, (performance.now() - started) / 1000);
}

async function runDemoIfBuilt(
  browser: Browser,
  { out }: Options,
  profiles: string,
  results: Results,
): Promise<void> {
  if (!at('demo/dist/index.html')) return;
  const server = await serveDemo();
  try {
    if (browser === 'webkit') await runDemoInWebkit(profiles, results);
    else await runDemo(browser, server, profiles, out, results);
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    results.failed(demoRow(browser), 'opens', 0, message, stack ?? '');
  } finally {
    server.close();
  }
}

function wantsDemo({ cell, filter }: Options, row: string): boolean {
  return row.includes(cell) && row.includes(filter);
}

function at(name: string): boolean {
  return existsSync(join(ROOT, name));
}
