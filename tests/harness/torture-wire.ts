// `node tests/torture-wire.mjs`: 100,000 messages that no page sends to an engine, and a million
// calls of a page, in each engine and build, to a worker and to an owner. `cargo xtask torture
// wire` calls it. What is said is in page/wire/. Leaves target/torture/wire.json; the last line
// sums up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { FuzzFigures, FuzzJob, SoakFigures } from '../fuzz-wire';
import type { Browser, Twin } from '../wire';
import { withLoneSession } from './lone';
import { ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';
import type { Session } from './session';

const TWINS: readonly Twin[] = ['jspi', 'asyncify'];
const PLACES = ['worker', 'owner'] as const;

/** What memory may grow by after the warm-up, in bytes. */
const GROWTH_MAX = 1_000_000;

const STEP_MS = 60 * 60_000;

interface Plan {
  readonly messages: number;
  readonly calls: number;
  readonly seed: number;
}

interface Result {
  readonly engine: string;
  readonly job: FuzzJob;
  readonly figures?: FuzzFigures | SoakFigures;
  readonly failure?: string;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engines: { type: 'string', default: 'chromium,firefox' },
      messages: { type: 'string', default: '100000' },
      calls: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string', default: 'fuzz,soak' },
    },
  });
  const { engines, messages, calls, seed, only } = values;
  const plan = { messages: Number(messages), calls: Number(calls), seed: Number(seed) };
  print(`torture wire: seed ${seed}`);
  const jobs = jobsOf(plan).filter(({ step }) => only.split(',').includes(step));
  const results: Result[] = [];
  await withProfiles(async (profiles) => {
    for (const browser of engines.split(',') as Browser[]) {
      await runBrowser(browser, jobs, profiles, results);
    }
  });
  const folder = join(ROOT, 'target/torture');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'wire.json'), JSON.stringify(results, null, 1));
  return summary(results);
}

/** What is done in each engine. */
function jobsOf({ messages, calls, seed }: Plan): readonly FuzzJob[] {
  const places = TWINS.flatMap((twin) => PLACES.map((place) => ({ twin, place })));
  return places.flatMap(({ twin, place }): FuzzJob[] => {
    const prefix = `wire-${twin}-${place}-`;
    return [
      { step: 'fuzz', request: { twin, place, messages, seed, prefix } },
      { step: 'soak', request: { twin, place, calls, prefix } },
    ];
  });
}

async function runBrowser(
  browser: Browser,
  jobs: readonly FuzzJob[],
  profiles: string,
  results: Result[],
): Promise<void> {
  const work = async (session: Session) => {
    print(`\n${session.version}`);
    for (const job of jobs) {
      const outcome = await session.command({ type: 'wire', job }, STEP_MS);
      const result = judged(session.version, job, outcome);
      results.push(result);
      print(`  ${show(result)}`);
      if ('lost' in outcome) await session.recover(outcome.lost);
    }
  };
  await withLoneSession(browser, profiles, work, true);
}

function judged(
  engine: string,
  job: FuzzJob,
  outcome: { readonly ok: boolean; readonly value?: unknown; readonly message?: string },
): Result {
  if (!outcome.ok) return { engine, job, failure: outcome.message ?? '' };
  const figures = outcome.value as FuzzFigures | SoakFigures;
  const failure = 'wasm' in figures ? grown(figures) : undefined;
  return { engine, job, figures, ...(failure !== undefined && { failure }) };
}

/** What has grown too much. */
function grown({ wasm, statements, heaps = 0, locks }: SoakFigures): string | undefined {
  const sizes = { wasm, statements, heaps };
  const large = Object.entries(sizes).filter(([, bytes]) => bytes >= GROWTH_MAX);
  const words = large.map(([name, bytes]) => `${name} has grown by ${bytes} bytes`);
  if (locks > 0) words.push(`${locks} locks more`);
  return words.length > 0 ? words.join(', ') : undefined;
}

function show({ job, figures, failure }: Result): string {
  const { twin, place } = job.request;
  const name = `${job.step} ${twin} ${place}`.padEnd(22);
  const words = figures === undefined ? '' : JSON.stringify(figures);
  return failure === undefined ? `${name} ${words}` : `${name} FAILED: ${failure} ${words}`;
}

function summary(results: readonly Result[]): number {
  const failed = results.filter(({ failure }) => failure !== undefined);
  const all = results.map(({ figures }): Partial<FuzzFigures & SoakFigures> => figures ?? {});
  const sum = (of: 'sent' | 'errors' | 'rows' | 'calls') =>
    all.reduce((total, figures) => total + (figures[of] ?? 0), 0);
  print(
    `\ntorture wire: ${sum('sent')} messages that no page sends, ${sum('errors')} answered ` +
      `with an error, ${sum('rows')} rows kept meanwhile; ${sum('calls')} calls; ` +
      `${failed.length} failed`,
  );
  return failed.length === 0 && results.length > 0 ? 0 : 1;
}
