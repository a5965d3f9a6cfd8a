// `node tests/torture-tabs.mjs`: tabs of one browser with one database, in every way of sharing
// it, while they are reloaded, frozen and killed. `cargo xtask torture tabs-browser` calls it in
// full, `cargo xtask test` in a sample.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Way } from '../tabs-wire';
import { Acknowledgements } from './acknowledgements';
import type { TabbedBrowser } from './drivers/tabs';
import { ROOT, makeProfiles, removeProfiles } from './options';
import { killAll } from './processes';
import { print } from './report';
import { generator } from './score';
import { TabsBrowser } from './tabs-browser';
import { count, ledger, migrate, reload } from './tabs-calm';
import { freezeIdle, freezeInside, freezeWaiting } from './tabs-freeze';
import { kill, killBrowser } from './tabs-kills';
import {
  clearStorage,
  dieBetweenFrames,
  withoutBroadcast,
  withoutSharedWorker,
} from './tabs-mishaps';
import { TabsScore } from './tabs-score';

/** How much of everything there is in one browser with one way of sharing. */
export interface Scale {
  /** Of each tab. */
  readonly transactions: number;
  readonly ledgerSeconds: number;
  readonly migrations: number;
  /** Of each tab. */
  readonly reloads: number;
  /** Of workers and processes. */
  readonly kills: number;
  readonly browserKills: number;
  /** Of an idle tab; of others a fifth. */
  readonly freezes: number;
  /** Deaths between two frames. */
  readonly mishaps: number;
  /** A sample is too short, and its machine too busy, to tell whether somebody waits for long. */
  readonly judgesWaits: boolean;
}

const FULL: Scale = {
  transactions: 2000,
  ledgerSeconds: 60,
  migrations: 10,
  reloads: 100,
  kills: 200,
  browserKills: 20,
  freezes: 50,
  mishaps: 20,
  judgesWaits: true,
};
const SAMPLE: Scale = {
  transactions: 50,
  ledgerSeconds: 4,
  migrations: 1,
  reloads: 2,
  kills: 4,
  browserKills: 1,
  freezes: 5,
  mishaps: 1,
  judgesWaits: false,
};

/** How each browser shares a database. */
const WAYS: Readonly<Record<TabbedBrowser, readonly Way[]>> = {
  chromium: ['shared', 'hand-over'],
  firefox: ['owner', 'hand-over'],
};

/** What a scenario works with. */
export interface TabsRun {
  readonly tabs: TabsBrowser;
  readonly way: Way;
  readonly scale: Scale;
  readonly score: TabsScore;
  readonly random: () => number;
  readonly acknowledgements: Acknowledgements;
  /** Of its own; tabs are named after it. */
  readonly database: string;
  /** Browser, way and scenario, in words. */
  readonly where: string;
}

const SCENARIOS: Readonly<Record<string, (run: TabsRun) => Promise<void>>> = {
  count,
  ledger,
  migrate,
  reload,
  kill,
  'kill-browser': killBrowser,
  'freeze-idle': freezeIdle,
  'freeze-inside': freezeInside,
  'freeze-waiting': freezeWaiting,
  frames: dieBetweenFrames,
  cleared: clearStorage,
  'no-broadcast': withoutBroadcast,
  'no-shared-worker': withoutSharedWorker,
};

/** Only Chromium can be told to freeze a tab, or to clear its storage. */
const CHROMIUM_ONLY = /^(freeze-|cleared)/;

interface Campaign {
  readonly scale: Scale;
  readonly seed: string;
  readonly ways: readonly string[];
  readonly scenarios: readonly string[];
  readonly score: TabsScore;
  readonly profiles: string;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      engines: { type: 'string', default: 'chromium,firefox' },
      sharing: { type: 'string', default: 'shared,owner,hand-over' },
      kills: { type: 'string' },
      only: { type: 'string', default: Object.keys(SCENARIOS).join() },
    },
  });
  print(`torture tabs-browser: seed ${values.seed}`);
  const score = new TabsScore();
  const profiles = makeProfiles();
  const tidyUp = async () => {
    await killAll();
    removeProfiles(profiles);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void tidyUp().finally(() => process.exit(130)));
  }
  const scale = values.sample ? SAMPLE : FULL;
  const campaign: Campaign = {
    scale: { ...scale, kills: Number(values.kills ?? scale.kills) },
    seed: values.seed,
    ways: values.sharing.split(','),
    scenarios: values.only.split(','),
    score,
    profiles,
  };
  const wanted = values.engines.split(',');
  const browsers = (['chromium', 'firefox'] as const).filter((name) => wanted.includes(name));
  try {
    // Each has the processors alone, for the waits.
    for (const browser of browsers) await tortureBrowser(browser, campaign);
  } finally {
    await tidyUp();
  }
  const folder = join(ROOT, 'target/torture');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tabs-browser.json'), score.json(values.seed));
  return score.finish();
}

async function tortureBrowser(browser: TabbedBrowser, campaign: Campaign): Promise<void> {
  const { ways, scenarios, scale, score, profiles, seed } = campaign;
  const acknowledgements = new Acknowledgements();
  const tabs = await TabsBrowser.start(browser, profiles, acknowledgements);
  print(tabs.version);
  try {
    for (const way of WAYS[browser].filter((name) => ways.includes(name))) {
      for (const name of scenarios) {
        if (browser !== 'chromium' && CHROMIUM_ONLY.test(name)) continue;
        const where = `${browser} ${way} ${name}`;
        const random = generator(`${seed} ${where}`);
        const database = `${way}-${name}`;
        const around = { tabs, way, scale, score, random, acknowledgements, database, where };
        await scenario(name, around);
      }
    }
  } finally {
    await tabs.end();
  }
}

/** One scenario on tabs of its own; after a trouble the browser is a new one. */
async function scenario(name: string, run: TabsRun): Promise<void> {
  const { score, where, tabs } = run;
  const began = performance.now();
  try {
    const carryOut = SCENARIOS[name];
    if (carryOut === undefined) throw new Error(`no scenario is called ${name}`);
    await carryOut(run);
    await tabs.closeAll();
  } catch (error) {
    score.trouble(where, error);
    await tabs.restart();
  }
  score.tell(where, (performance.now() - began) / 1000);
}
