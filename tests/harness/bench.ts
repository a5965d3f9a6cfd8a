// `node tests/bench.mjs`: what the twin costs, measured in each engine that runs both builds.
// Uses the servers and the drivers of the test run; the measuring itself is in page/measure.ts.
import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Figures } from '../page/measure';
import type { Browser, Twin } from '../wire';
import { Channel } from './channel';
import { BROWSERS, ROOT, makeProfiles, removeProfiles } from './options';
import { killAll } from './processes';
import { print } from './report';
import { serveTests } from './server';
import { Session } from './session';

const TIME_OUT_MS = 600_000;

export async function main(args: readonly string[]): Promise<number> {
  const wanted = args.length === 0 ? BROWSERS : BROWSERS.filter((name) => args.includes(name));
  const folder = join(ROOT, 'target/bench');
  mkdirSync(folder, { recursive: true });
  const profiles = makeProfiles();
  const results: Record<string, Figures> = {};
  try {
    for (const browser of wanted) {
      const [version, figures] = await measureIn(browser, profiles);
      results[version] = figures;
      show(version, figures);
    }
  } finally {
    await killAll();
    removeProfiles(profiles);
  }
  writeFileSync(join(folder, 'twins.json'), JSON.stringify(results, null, 1));
  return 0;
}

async function measureIn(browser: Browser, profiles: string): Promise<[string, Figures]> {
  const channel = new Channel();
  const nobody = () => Promise.reject(new Error('a measurement has no second tab'));
  const server = await serveTests(channel, '', nobody);
  const session = new Session(browser, 'plain', { channel, origin: server.origin, profiles });
  await session.start();
  try {
    const twins: Twin[] = browser === 'webkit' ? ['asyncify'] : ['jspi', 'asyncify'];
    const outcome = await session.command({ type: 'measure', twins }, TIME_OUT_MS);
    if (!outcome.ok) throw new Error(`${browser}: ${outcome.message}`);
    return [session.version, outcome.value as Figures];
  } finally {
    await session.stop();
    server.close();
  }
}

/** Median with minimum and maximum, and the median of the ratios round by round. */
function show(version: string, figures: Figures): void {
  print(`\n${version}`);
  for (const [name, { jspi, asyncify }] of Object.entries(figures)) {
    const ratios = jspi?.map((value, round) => (asyncify?.[round] ?? 0) / value);
    const columns = [
      jspi && `jspi ${summary(jspi)}`,
      asyncify && `asyncify ${summary(asyncify)}`,
      ratios && `ratio ${summary(ratios)}`,
    ];
    print(`  ${name.padEnd(34)} ${columns.filter((column) => column).join('   ')}`);
  }
}

function summary(samples: readonly number[]): string {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number) => (sorted[index] ?? Number.NaN).toPrecision(3);
  return `${at(sorted.length >> 1)} (${at(0)}–${at(sorted.length - 1)})`;
}
