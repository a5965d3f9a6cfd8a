// `node tests/torture-tabs.mjs`: tabs of one browser with one database, in every way of sharing
// it, while they are reloaded, frozen and killed. `cargo xtask torture tabs-browser` calls it in
// full, `cargo xtask test` in a sample.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Way } from '../tabs-wire';
import { Acknowledgements } from './acknowledgements';
import type { TabbedBrowser } from './drivers/tabs';
import { ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';
import { generator } from './score';
import { TabsBrowser } from './tabs-browser';
import { count, ledger, migrate, reload, versions } from './tabs-calm';
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
  transactions: 25,
  ledgerSeconds: 2,
  migrations: 1,
  reloads: 1,
  kills: 2,
  browserKills: 1,
  freezes: 2,
  mishaps: 1,
  judgesWaits: false,
};

/** A part of everything, of each at least one. */
function reduced(scale: Scale, part: number): Scale {
  const counts = Object.entries(scale).map(([name, count]) =>
    typeof count === 'number' ? [name, Math.ceil(count * part)] : [name, count],
  );
  return Object.fromEntries(counts) as Scale;
}

/** A pass through scenarios in one browser. */
interface Pass {
  /** By default after the way. */
  readonly name?: string;
  /** How a database is shared. */
  readonly way: Way;
  /** Where the library is, if it is not the one as it is shipped; see files.ts. */
  readonly folder?: string;
  /** Those that it is about, if not all, and how much of each. */
  readonly scenarios?: readonly string[];
  readonly part?: number;
}

/** What users of the Rust crate have: SQLite as sqlite-wasm-rs compiles it. */
const STOCK: Pass = {
  name: 'stock',
  way: 'shared',
  folder: 'stock',
  scenarios: ['count', 'ledger', 'kill'],
  part: 0.2,
};

const PASSES: Readonly<Record<TabbedBrowser, readonly Pass[]>> = {
  chromium: [{ way: 'shared' }, { way: 'hand-over' }, STOCK],
  firefox: [{ way: 'owner' }, { way: 'hand-over' }],
};

/** What a scenario works with. */
export interface TabsRun {
  readonly tabs: TabsBrowser;
  readonly way: Way;
  readonly folder: string | undefined;
  readonly scale: Scale;
  readonly score: TabsScore;
  readonly random: () => number;
  readonly acknowledgements: Acknowledgements;
  /** Of its own; tabs are named after it. */
  readonly database: string;
  /** Browser, way and scenario, in words. */
  readonly where: string;
}

interface Scenario {
  readonly carryOut: (run: TabsRun) => Promise<void>;
  /** Where it is carried out, if not everywhere. */
  readonly where?: (browser: TabbedBrowser, way: Way) => boolean;
  /** Which ways a sample takes it with, if not all. */
  readonly sampled?: readonly Way[];
}

/** Only Chromium can be told to freeze a tab, or to clear its storage. */
const inChromium = (browser: TabbedBrowser) => browser === 'chromium';

/** Taking turns is sampled with less, since much of it is what all ways have in common. */
const NOT_TURNS: readonly Way[] = ['shared', 'owner'];

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  count: { carryOut: count },
  ledger: { carryOut: ledger, sampled: NOT_TURNS },
  migrate: { carryOut: migrate },
  reload: { carryOut: reload, sampled: NOT_TURNS },
  versions: { carryOut: versions, where: (_, way) => way !== 'owner', sampled: ['shared'] },
  kill: { carryOut: kill },
  'kill-browser': { carryOut: killBrowser, sampled: NOT_TURNS },
  'freeze-idle': { carryOut: freezeIdle, where: inChromium, sampled: ['shared'] },
  'freeze-inside': { carryOut: freezeInside, where: inChromium },
  'freeze-waiting': { carryOut: freezeWaiting, where: inChromium, sampled: ['shared'] },
  frames: { carryOut: dieBetweenFrames, where: (_, way) => way !== 'owner' },
  cleared: { carryOut: clearStorage, where: inChromium },
  'no-broadcast': { carryOut: withoutBroadcast, sampled: NOT_TURNS },
  'no-shared-worker': {
    carryOut: withoutSharedWorker,
    where: (browser, way) => browser === 'firefox' && way === 'hand-over',
  },
};

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
      part: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      engines: { type: 'string', default: 'chromium,firefox' },
      sharing: { type: 'string', default: 'shared,owner,hand-over,stock' },
      only: { type: 'string', default: Object.keys(SCENARIOS).join() },
    },
  });
  const part = Number(values.part);
  if (!(part > 0 && part <= 1)) throw new Error(`--part ${values.part} is not a part of 1`);
  print(`torture tabs-browser: seed ${values.seed}${part < 1 ? `, ${part} of everything` : ''}`);
  const score = new TabsScore();
  const around = {
    scale: values.sample ? SAMPLE : reduced(FULL, part),
    seed: values.seed,
    ways: values.sharing.split(','),
    scenarios: values.only.split(','),
    score,
  };
  const wanted = values.engines.split(',');
  const browsers = (['chromium', 'firefox'] as const).filter((name) => wanted.includes(name));
  await withProfiles(async (profiles) => {
    const campaign: Campaign = { ...around, profiles };
    if (values.sample) await Promise.all(browsers.map((name) => tortureBrowser(name, campaign)));
    // In full each has the processors alone, for the waits.
    else for (const browser of browsers) await tortureBrowser(browser, campaign);
  });
  const folder = join(ROOT, 'target/torture');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tabs-browser.json'), score.json(values.seed));
  return score.finish();
}

async function tortureBrowser(browser: TabbedBrowser, campaign: Campaign): Promise<void> {
  const { ways, profiles } = campaign;
  const acknowledgements = new Acknowledgements();
  const tabs = await TabsBrowser.start(browser, profiles, acknowledgements);
  print(tabs.version);
  try {
    for (const pass of PASSES[browser].filter((pass) => ways.includes(nameOf(pass)))) {
      await go(pass, tabs, acknowledgements, campaign);
    }
  } finally {
    await tabs.end();
  }
}

function nameOf({ name, way }: Pass): string {
  return name ?? way;
}

async function go(
  pass: Pass,
  tabs: TabsBrowser,
  acknowledgements: Acknowledgements,
  { scenarios, scale, score, seed }: Campaign,
): Promise<void> {
  const { way, folder, part = 1 } = pass;
  const isSample = scale === SAMPLE;
  if (isSample && part < 1) return;
  for (const name of scenarios) {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) throw new Error(`no scenario is called ${name}`);
    if (scenario.where?.(tabs.browser, way) === false) continue;
    if (pass.scenarios?.includes(name) === false) continue;
    if (isSample && scenario.sampled?.includes(way) === false) continue;
    const where = `${tabs.browser} ${nameOf(pass)} ${name}`;
    const random = generator(`${seed} ${where}`);
    const around = { tabs, way, folder, score, random, acknowledgements, where };
    const database = `${nameOf(pass)}-${name}`;
    await play(scenario, { ...around, database, scale: part < 1 ? reduced(scale, part) : scale });
  }
}

/** One scenario on tabs of its own; after a trouble the browser is a new one. */
async function play({ carryOut }: Scenario, run: TabsRun): Promise<void> {
  const { score, where, tabs } = run;
  const began = performance.now();
  try {
    await carryOut(run);
    await tabs.closeAll();
  } catch (error) {
    score.trouble(where, error);
    await tabs.restart();
  }
  score.tell(where, (performance.now() - began) / 1000);
}
