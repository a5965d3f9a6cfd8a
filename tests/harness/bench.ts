// `node tests/bench.mjs`: ours against the official package and against the browser's bare calls,
// and what the twin costs. Uses the servers and the drivers of the test run; the measuring itself
// is in page/measure.ts. It must not know any workload.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Browser, MeasureJob } from '../wire';
import { CAMPAIGN, SAMPLE, measureIn } from './bench-campaign';
import type { Campaign, Scale } from './bench-campaign';
import { markdown } from './bench-markdown';
import { table } from './bench-table';
import { measureTabsIn } from './bench-tabs';
import type { TabsCampaign } from './bench-tabs';
import { tabsMarkdown, tabsTable } from './bench-tabs-table';
import { bestRatios } from './bench-verdict';
import type { Verdict } from './bench-verdict';
import { withLoneSession } from './lone';
import { BROWSERS, ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';

type Measured = Campaign & { readonly tabs: TabsCampaign };

/** One step: a file of 200 MB is built in one, and a round on a slow disk is another. */
const TIME_OUT_MS = 600_000;

/** What is off its target by this factor is broken and not slow. */
const SAMPLE_TOLERANCE = 10;

export async function main(args: readonly string[]): Promise<number> {
  const wanted = BROWSERS.filter((name) => args.includes(name));
  const scale = args.includes('--sample') ? SAMPLE : CAMPAIGN;
  const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length) ?? '';
  const folder = join(ROOT, 'target/bench');
  mkdirSync(folder, { recursive: true });
  const results: Record<string, Measured> = {};
  const tables: string[] = [];
  await withProfiles(async (profiles) => {
    for (const browser of wanted.length === 0 ? BROWSERS : wanted) {
      const before = load();
      const [version, campaign] = await inBrowser(browser, profiles, scale, only);
      results[version] = campaign;
      const title = `${version}, load average ${before} before and ${load()} after`;
      print(table(title, campaign) + tabsTable(campaign.tabs));
      tables.push(markdown(title, campaign), tabsMarkdown(campaign.tabs));
    }
  });
  const processors = cpus().map(({ model }) => model);
  const text = JSON.stringify({ date: new Date(), processors, load: load(), results }, null, 1);
  writeFileSync(join(folder, 'results.json'), text);
  writeFileSync(join(folder, 'results.md'), tables.join('\n'));
  const campaigns = Object.values(results);
  if (scale === SAMPLE) return concludeSample(campaigns);
  return conclude(campaigns.flatMap(({ judged, tabs }) => [...judged, ...tabs.judged]));
}

/** Of the last minute: figures of a busy machine say little. */
const load = (): string => (loadavg()[0] ?? Number.NaN).toFixed(1);

async function inBrowser(
  browser: Browser,
  profiles: string,
  scale: Scale,
  only: string,
): Promise<[string, Measured]> {
  return await withLoneSession(browser, profiles, async (session) => {
    const send = async (job: MeasureJob) => {
      const outcome = await session.command({ type: 'measure', job }, TIME_OUT_MS);
      if (!outcome.ok) throw new Error(`${browser}, ${job.step}: ${outcome.message}`);
      return outcome.value;
    };
    print(session.version);
    const campaign = await measureIn(browser, scale, only, send);
    const tabs = await measureTabsIn(browser, scale, only, send);
    return [session.version, { ...campaign, tabs }];
  });
}

/** The last line; a target that is missed is news and no failure. */
function conclude(judged: readonly { readonly verdict: string }[]): number {
  const count = (wanted: Verdict) => judged.filter(({ verdict }) => verdict === wanted).length;
  const counts = `${count('met')} targets met, ${count('missed')} missed`;
  print(`\nbench: ${counts}, ${count('undecided')} undecided`);
  return 0;
}

/** A sample checks the answers and that nothing is slower by far; for a verdict it is too short. */
function concludeSample(campaigns: readonly Campaign[]): number {
  const ratios = campaigns.flatMap(({ workloads }) => bestRatios(workloads));
  const absurd = ratios.filter(({ ratio, limit }) => !(ratio <= limit * SAMPLE_TOLERANCE));
  for (const { workload, ours, other, ratio } of absurd) {
    print(`${workload}: ${ours} takes ${ratio.toFixed(1)} times as long as ${other}`);
  }
  print(`bench: a sample with ${ratios.length} ratios, ${absurd.length} of them absurd`);
  return absurd.length === 0 ? 0 : 1;
}
