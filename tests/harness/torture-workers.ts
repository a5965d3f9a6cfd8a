// Worker kills: finds out by dry runs which calls each workload makes, then ends victims at calls
// chosen by a seed so that every kind of call gets its share. torture.ts calls `killWorkers`.
// It must not know what a workload writes.
import { HANDLES, WORKLOADS } from '../torture-wire';
import type {
  Bounds,
  Counts,
  Handles,
  Moment,
  Target,
  Verdict,
  VictimEnd,
  Writer,
} from '../torture-wire';
import type { Twin } from '../wire';
import { print } from './report';
import { pick } from './score';
import type { Surroundings } from './score';

/** Enough to pass through VACUUM, a rollback and a large transaction, and as the time allows. */
const TRANSACTIONS: Record<Handles, number> = { sync: 20, async: 8 };
const TRANSACTIONS_SAMPLE: Record<Handles, number> = { sync: 10, async: 4 };

/** Victims that live at the same time; those that stop in a call sleep, and so does the page. */
const LANES = 4;

const VICTIM_MS = 120_000;

/** One victim in so many starts on a new database, and one in so many dies twice in a row. */
const RENEWED = 8;
const TWICE = 4;

const NOTHING: Bounds = { acknowledged: -1, begun: -1 };
const MOMENTS: readonly Moment[] = ['before', 'during', 'after'];

type Recipe = Omit<Writer, 'database'>;

/** A workload, and the calls that a dry run of it has made and others of it may make. */
interface Known {
  readonly recipe: Recipe;
  counts: Counts;
}

export async function killWorkers(around: Surroundings, kills: number): Promise<void> {
  const { browser, sample, random } = around;
  if (kills === 0) return;
  const twins: readonly Twin[] = browser === 'webkit' ? ['asyncify'] : ['jspi', 'asyncify'];
  for (const twin of sample ? [pick(random, twins)] : twins) {
    const known = await dryRuns(around, recipes(around, twin));
    const row = `${browser} ${twin}`;
    for (const { counts } of known) {
      for (const step of Object.keys(counts)) around.score.expect(row, step);
    }
    const started = performance.now();
    let left = kills;
    const lane = async (number: number) => {
      const states = new Map<string, Bounds>();
      while (left > 0) {
        left--;
        while (!(await killOne(around, { known, row, lane: number, states })));
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
    print(`  ${row}: ${kills} worker kills in ${seconds(started)} s`);
  }
}

/** A sample takes one workload on each kind of handle. */
function recipes({ browser, sample, random }: Surroundings, twin: Twin): Recipe[] {
  const kinds = browser === 'webkit' ? (['async'] as const) : HANDLES;
  return kinds.flatMap((handles) => {
    const workloads = sample ? [pick(random, WORKLOADS)] : WORKLOADS;
    return workloads.map((workload) => ({ workload, handles, twin }));
  });
}

async function dryRuns(around: Surroundings, all: readonly Recipe[]): Promise<Known[]> {
  const started = performance.now();
  const known: Known[] = [];
  for (const recipe of all) {
    const began = performance.now();
    const writer = { ...recipe, database: 'torture-dry-run.db' };
    const end = await runVictim(around, writer, undefined, NOTHING);
    const verdict = await verify(around, writer, end.bounds);
    if (verdict.trouble !== undefined) {
      around.score.trouble(around.browser, `${label(recipe)}, nobody killed: ${verdict.trouble}`);
    }
    await command(around, { type: 'remove', database: writer.database });
    known.push({ recipe, counts: end.counts });
    print(`  ${label(recipe)}: ${total(end.counts)} calls, ${seconds(began)} s`);
  }
  print(`  ${known.length} dry runs in ${seconds(started)} s`);
  return known;
}

interface Lane {
  readonly known: readonly Known[];
  readonly row: string;
  readonly lane: number;
  /** What is known of the databases of this lane. */
  readonly states: Map<string, Bounds>;
}

/** One kill, or two in a row, and what they leave; false for a victim that could not be met. */
async function killOne(around: Surroundings, { known, row, lane, states }: Lane): Promise<boolean> {
  const { random, browser, score } = around;
  const { chosen, target } = choose(around, known, row);
  const { recipe, counts } = chosen;
  const database = `torture-${lane}-${recipe.workload}-${recipe.twin}.db`;
  const writer = { ...recipe, database };
  let what = `${label(recipe)}, ${target.moment} ${target.step} ${target.occurrence}`;
  try {
    if (Math.floor(random() * RENEWED) === 0) {
      await command(around, { type: 'remove', database });
      states.delete(database);
    }
    let end = await runVictim(around, writer, target, states.get(database) ?? NOTHING);
    // A later state of the database may make fewer calls; a new one makes those of the dry run.
    const first = { ...target, occurrence: 1 };
    if (!end.stopped) end = await runVictim(around, writer, first, end.bounds);
    if (!end.stopped) {
      await command(around, { type: 'remove', database });
      end = await runVictim(around, writer, first, NOTHING);
    }
    if (!end.stopped) {
      chosen.counts = without(counts, target.step);
      score.unmet(row, target.step);
      states.set(database, end.bounds);
      return false;
    }
    score.hit(row, target.step);
    if (Math.floor(random() * TWICE) === 0) {
      const second = secondTarget(random, counts);
      end = await runVictim(around, writer, second, end.bounds);
      what += `, then ${second.moment} ${second.step} ${second.occurrence}`;
    }
    const verdict = await verify(around, writer, end.bounds);
    states.set(database, { acknowledged: verdict.state, begun: verdict.state });
    score.kill({ browser, kind: 'worker', what, verdicts: [verdict] });
    if (verdict.trouble !== undefined) states.delete(database);
    if (verdict.trouble !== undefined) await command(around, { type: 'remove', database });
  } catch (error) {
    score.trouble(browser, `${what}: ${String(error)}`);
    states.delete(database);
    await command(around, { type: 'remove', database }).catch(() => undefined);
  }
  return true;
}

function without(counts: Counts, step: string): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => name !== step));
}

/** The step with the fewest kills so far, in one of the workloads that take it. */
function choose({ random, score }: Surroundings, known: readonly Known[], row: string) {
  const steps = [...new Set(known.flatMap(({ counts }) => Object.keys(counts)))];
  const fewest = Math.min(...steps.map((step) => score.hits(row, step)));
  const step = pick(
    random,
    steps.filter((name) => score.hits(row, name) === fewest),
  );
  const chosen = pick(
    random,
    known.filter((entry) => step in entry.counts),
  );
  const occurrence = 1 + Math.floor(random() * (chosen.counts[step] ?? 1));
  const target: Target = { step, occurrence, moment: pick(random, MOMENTS) };
  return { chosen, target };
}

/** Early, so that it falls into the recovery from the first kill. */
function secondTarget(random: () => number, counts: Counts): Target {
  const step = pick(random, Object.keys(counts));
  return { step, occurrence: 1 + Math.floor(random() * 4), moment: pick(random, MOMENTS) };
}

async function runVictim(
  around: Surroundings,
  writer: Writer,
  target: Target | undefined,
  bounds: Bounds,
): Promise<VictimEnd> {
  const transactions = (around.sample ? TRANSACTIONS_SAMPLE : TRANSACTIONS)[writer.handles];
  const request = { type: 'victim', writer, target, bounds, transactions } as const;
  return (await command(around, request)) as VictimEnd;
}

async function verify(around: Surroundings, writer: Writer, bounds: Bounds): Promise<Verdict> {
  const inWindow = around.browser === 'webkit';
  return (await command(around, { type: 'verify', writer, bounds, inWindow })) as Verdict;
}

async function command(
  { session }: Surroundings,
  request: Parameters<Surroundings['session']['torture']>[0],
): Promise<unknown> {
  return await session.torture(request, VICTIM_MS);
}

function label({ workload, handles, twin }: Recipe): string {
  return `${twin} ${workload} on ${handles} handles`;
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
