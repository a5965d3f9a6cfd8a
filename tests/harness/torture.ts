// `node tests/torture.mjs`: the kill campaign. Workers are terminated at chosen calls, browsers are
// killed while they write, and after each the databases must hold what was acknowledged.
// `cargo xtask torture browser` calls it in full, `cargo xtask test` in a sample.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from '../wire';
import { Acknowledgements } from './acknowledgements';
import { Channel } from './channel';
import { ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';
import { Score, generator } from './score';
import { serveTests } from './server';
import { Session } from './session';
import { killBrowsers } from './torture-browsers';
import { loseNames } from './torture-names';
import { killWorkers } from './torture-workers';

/** How many kills of each sort in one engine. */
interface Plan {
  readonly workers: number;
  readonly browsers: number;
  /** Losses of names. */
  readonly names: number;
}

const FULL: Record<Browser, Plan> = {
  chromium: { workers: 300, browsers: 50, names: 20 },
  firefox: { workers: 150, browsers: 20, names: 0 },
  webkit: { workers: 60, browsers: 20, names: 0 },
};

const SAMPLE: Plan = { workers: 10, browsers: 2, names: 0 };

/** In a sample two engines share the processors; in full each has them alone, for the times. */
const SAMPLE_LANES: readonly (readonly Browser[])[] = [['chromium', 'webkit'], ['firefox']];
const FULL_LANES: readonly (readonly Browser[])[] = [['chromium', 'firefox', 'webkit']];

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'boolean', default: false },
      engines: { type: 'string', default: 'chromium,firefox,webkit' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      workers: { type: 'string' },
      browsers: { type: 'string' },
      names: { type: 'string' },
    },
  });
  print(`torture browser: seed ${values.seed}`);
  const wanted = values.engines.split(',');
  const score = new Score();
  const lanes = values.sample ? SAMPLE_LANES : FULL_LANES;
  const run = async (browser: Browser, profiles: string) => {
    const plan = values.sample ? SAMPLE : FULL[browser];
    const kills = {
      workers: Number(values.workers ?? plan.workers),
      browsers: Number(values.browsers ?? plan.browsers),
      names: Number(values.names ?? plan.names),
    };
    const random = generator(`${values.seed} ${browser}`);
    await tortureBrowser({ browser, kills, sample: values.sample, random, score, profiles });
  };
  await withProfiles(async (profiles) => {
    const inTurn = async (lane: readonly Browser[]) => {
      for (const browser of lane) if (wanted.includes(browser)) await run(browser, profiles);
    };
    await Promise.all(lanes.map(inTurn));
  });
  const folder = join(ROOT, 'target/torture');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'browser.json'), score.json(values.seed));
  return score.finish(values.sample);
}

interface Run {
  readonly browser: Browser;
  readonly kills: Plan;
  readonly sample: boolean;
  readonly random: () => number;
  readonly score: Score;
  readonly profiles: string;
}

async function tortureBrowser({ browser, kills, sample, random, score, profiles }: Run) {
  const channel = new Channel();
  const acknowledgements = new Acknowledgements();
  const nobody = () => Promise.reject(new Error('a kill campaign has no second tab'));
  const server = await serveTests(channel, '', nobody, acknowledgements);
  const session = new Session(browser, 'plain', { channel, origin: server.origin, profiles });
  try {
    await session.start();
    print(session.version);
    const around = { session, browser, sample, random, score };
    await killWorkers(around, kills.workers);
    await killBrowsers(around, kills.browsers, acknowledgements);
    await loseNames(around, kills.names);
  } catch (error) {
    score.trouble(browser, `the campaign broke off: ${String(error)}`);
  } finally {
    await session.abandon();
    server.close();
  }
}
