// The tabs' benchmark in one browser: which workloads, on which subjects, how many rounds, and what
// is promised of them. bench.ts calls it, once a browser; bench/tabs.ts carries the steps out.
// It must not know how a subject does its work.
import type {
  Role,
  TabRun,
  TabsHeat,
  TabsRound,
  TabsSubject,
  TabsWorkload,
} from '../bench-tabs-wire';
import type { Browser, Calls } from '../wire';
import { CAMPAIGN } from './bench-campaign';
import type { Scale, Send } from './bench-campaign';
import { interval } from './bench-verdict';
import type { Interval, Verdict } from './bench-verdict';
import { print } from './report';

/** How long each subject has its turn. */
const TURN_MS = 1000;

interface Plan {
  readonly subjects: Readonly<Partial<Record<Browser, readonly TabsSubject[]>>>;
  readonly roles: readonly Role[];
  readonly rows: number;
}

const OURS: readonly TabsSubject[] = ['shared', 'owner', 'exclusive'];

const PEERS: readonly TabsSubject[] = ['write-ahead', 'write-ahead-read', 'coop-sync'];

const PLANS: Readonly<Record<TabsWorkload, Plan>> = {
  'tabs-increment': {
    subjects: { chromium: ['shared', ...PEERS], firefox: ['owner', 'coop-sync'] },
    roles: ['write', 'write', 'write', 'write'],
    rows: 1000,
  },
  'tabs-read': {
    subjects: { chromium: ['shared', ...PEERS], firefox: ['owner', 'coop-sync'] },
    roles: ['write', 'read', 'read', 'read'],
    rows: 10_000,
  },
  'tabs-point': {
    subjects: { firefox: ['owner', 'exclusive'] },
    roles: ['read'],
    rows: 10_000,
  },
  'tabs-handover': {
    subjects: { chromium: ['shared', 'write-ahead', 'coop-sync'] },
    roles: ['write', 'write'],
    rows: 1000,
  },
};

const WRITES = 'increments per second';
const READS = 'reads per second';
const SHARE = 'share of the slowest tab';
const FIRST = 'first commit of an idle tab, ms';
const BEYOND = 'to open and commit, beyond the same alone, ms';
const FLUSHES = 'flushes per increment';

/** One number for each round of each subject. */
export interface Series {
  readonly workload: TabsWorkload;
  readonly figure: string;
  readonly rounds: Readonly<Partial<Record<TabsSubject, readonly number[]>>>;
}

/** What is promised of a figure of ours: as it is, or divided by that of another. */
interface Goal {
  readonly workload: TabsWorkload;
  readonly figure: string;
  readonly ours: TabsSubject;
  readonly other?: TabsSubject;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
}

export interface JudgedGoal extends Goal {
  readonly value: Interval;
  readonly verdict: Verdict | 'not comparable';
}

const LEAST = { bound: 'at least' } as const;
const MOST = { bound: 'at most' } as const;
const INCREMENT = { workload: 'tabs-increment', figure: WRITES, ...LEAST } as const;
const READ = { workload: 'tabs-read', ...LEAST, limit: 1 } as const;
const POINT = { workload: 'tabs-point', figure: READS, ...LEAST } as const;
const HANDOVER = { workload: 'tabs-handover', ours: 'shared', ...MOST, limit: 10 } as const;

const OF_WRITE_AHEAD: readonly Goal[] = (['write-ahead', 'write-ahead-read'] as const).flatMap(
  (other) => [
    { ...INCREMENT, ours: 'shared', other, limit: 1.5 },
    { ...READ, figure: READS, ours: 'shared', other },
    { ...READ, figure: WRITES, ours: 'shared', other },
  ],
);

const GOALS: readonly Goal[] = [
  ...OF_WRITE_AHEAD,
  { ...INCREMENT, figure: SHARE, ours: 'shared', limit: 0.5 },
  { ...INCREMENT, ours: 'owner', other: 'coop-sync', limit: 5 },
  { ...POINT, ours: 'owner', other: 'exclusive', limit: 1 / 1.2 },
  { ...HANDOVER, figure: BEYOND },
  { ...HANDOVER, figure: FIRST },
];

export interface TabsCampaign {
  readonly series: readonly Series[];
  readonly judged: readonly JudgedGoal[];
  /** Every turn of every tab; the first round is the one in which calls were counted. */
  readonly rounds: Readonly<Partial<Record<TabsWorkload, Rounds>>>;
  readonly calls: readonly CallsOf[];
}

/** What the operations of one role took of the browser. */
export interface CallsOf {
  readonly workload: TabsWorkload;
  readonly subject: TabsSubject;
  readonly role: Role;
  readonly calls: Readonly<Record<string, Calls>>;
  readonly operations: number;
}

type Rounds = readonly Readonly<Partial<Record<TabsSubject, TabsRound>>>[];

export async function measureTabsIn(
  browser: Browser,
  scale: Scale,
  only: string,
  send: Send,
): Promise<TabsCampaign> {
  const all: Partial<Record<TabsWorkload, Rounds>> = {};
  const series: Series[] = [];
  const calls: CallsOf[] = [];
  const workloads = (Object.keys(PLANS) as TabsWorkload[]).filter((name) => name.includes(only));
  for (const workload of workloads) {
    const { roles, rows, subjects } = PLANS[workload];
    const heat = { workload, roles, rows, subjects: subjects[browser] ?? [] };
    if (heat.subjects.length === 0) continue;
    const rounds = await contest(heat, scale, send);
    all[workload] = rounds;
    series.push(...seriesOf(heat, rounds.slice(1)));
    calls.push(...callsOf(heat, rounds[0] ?? {}));
  }
  return { series, judged: scale === CAMPAIGN ? judgeAll(series) : [], rounds: all, calls };
}

/**
 * Rounds until every goal is decided, or the patience is at its end. In the first one compilers and
 * caches warm up and calls are counted, so that only its answers and its calls say something.
 */
async function contest(heat: TabsHeat, scale: Scale, send: Send): Promise<Rounds> {
  await send({ step: 'tabs-prepare', heat });
  const milliseconds = TURN_MS / scale.fewerOperations;
  const rounds: Readonly<Partial<Record<TabsSubject, TabsRound>>>[] = [];
  for (let number = 0; number <= scale.mostRounds; number++) {
    const job = { step: 'tabs-round', heat, number, milliseconds, counted: number === 0 } as const;
    const round = (await send(job)) as (typeof rounds)[number];
    checkFlushes(heat, round);
    rounds.push(round);
    if (number >= scale.leastRounds && isDecided(heat, rounds.slice(1))) break;
  }
  await send({ step: 'tabs-finish', heat });
  print(`  ${heat.workload}: ${rounds.length - 1} rounds`);
  return rounds;
}

/** A commit of ours that was acknowledged without a flush is none; of a peer's it is shown. */
function checkFlushes({ workload, roles }: TabsHeat, round: Rounds[number]): void {
  for (const subject of OURS) {
    const runs = (round[subject]?.runs ?? []).filter((_, tab) => roles[tab] === 'write');
    const made = sum(runs.map(({ syncs = Number.NaN }) => syncs));
    if (!(made < operations(runs))) continue;
    throw new Error(`${workload}, ${subject}: ${made} flushes for ${operations(runs)} commits`);
  }
}

function isDecided(heat: TabsHeat, rounds: Rounds): boolean {
  return judgeAll(seriesOf(heat, rounds)).every(({ verdict }) => verdict !== 'undecided');
}

/** Of each role, all tabs taken together; nothing where they are made in another context. */
function callsOf(heat: TabsHeat, round: Rounds[number]): CallsOf[] {
  const { workload, subjects, roles } = heat;
  return subjects.flatMap((subject) =>
    [...new Set(roles)].map((role) => {
      const runs = (round[subject]?.runs ?? []).filter((_, tab) => roles[tab] === role);
      const calls: Record<string, Calls> = {};
      for (const [method, counted] of runs.flatMap((run) => Object.entries(run.calls))) {
        const so = calls[method] ?? { calls: 0, bytes: 0 };
        calls[method] = { calls: so.calls + counted.calls, bytes: so.bytes + counted.bytes };
      }
      return { workload, subject, role, calls, operations: operations(runs) };
    }),
  );
}

/** Every figure there is of a round, in the order in which it is shown. */
function figures({ roles }: TabsHeat, { runs, times }: TabsRound): Record<string, number> {
  if (runs.length === 0) {
    const { alone = Number.NaN, beyond = Number.NaN, first = Number.NaN } = times;
    return { 'to open and commit alone, ms': alone, [BEYOND]: beyond, [FIRST]: first };
  }
  const writers = runs.filter((_, tab) => roles[tab] === 'write');
  const readers = runs.filter((_, tab) => roles[tab] === 'read');
  const shares = writers.map(rate);
  return {
    [WRITES]: sum(shares),
    ...(writers.length > 1 && { [SHARE]: (Math.min(...shares) * writers.length) / sum(shares) }),
    [FLUSHES]: sum(writers.map(({ syncs = Number.NaN }) => syncs)) / operations(writers),
    [READS]: sum(readers.map(rate)),
    'longest increment, ms': Math.max(...writers.map(({ worst }) => worst)),
    'longest ten reads, ms': Math.max(...readers.map(({ worst }) => worst)),
    'refused and made again, of a thousand':
      (sum(runs.map(({ busy }) => busy)) * 1000) / operations(runs),
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const operations = (runs: readonly TabRun[]) => sum(runs.map((run) => run.operations));
const rate = (run: TabRun) => (run.operations * 1000) / run.milliseconds;

/** Without the figures that are about nothing here: no reader, no writer, no call in sight. */
function seriesOf(heat: TabsHeat, rounds: Rounds): Series[] {
  const names = new Map<string, Partial<Record<TabsSubject, number[]>>>();
  for (const round of rounds) {
    for (const subject of heat.subjects) {
      const of = round[subject];
      for (const [name, value] of of === undefined ? [] : Object.entries(figures(heat, of))) {
        const row = names.get(name) ?? {};
        (row[subject] ??= []).push(value);
        names.set(name, row);
      }
    }
  }
  const told = ([, row]: [string, Partial<Record<TabsSubject, number[]>>]) =>
    Object.values(row).some((values) => values.some((value) => Number.isFinite(value) && value));
  return [...names]
    .filter(told)
    .map(([figure, of]) => ({ workload: heat.workload, figure, rounds: of }));
}

/** The goals of which both sides were measured. */
export function judgeAll(series: readonly Series[]): JudgedGoal[] {
  return GOALS.flatMap((goal) => {
    const of = (figure: string, subject: TabsSubject | undefined) =>
      subject && series.find((one) => isOf(one, goal.workload, figure))?.rounds[subject];
    const ours = of(goal.figure, goal.ours);
    const other = of(goal.figure, goal.other);
    if (ours === undefined || (goal.other !== undefined && other === undefined)) return [];
    const value = interval(ours.map((one, round) => one / (other?.[round] ?? 1)));
    const flushes = of(FLUSHES, goal.other) ?? [];
    const comparable = !flushes.some((each) => each < 1);
    return [{ ...goal, value, verdict: comparable ? verdict(goal, value) : 'not comparable' }];
  });
}

const isOf = (one: Series, workload: TabsWorkload, figure: string): boolean =>
  one.workload === workload && one.figure === figure;

function verdict({ bound, limit }: Goal, { low, high }: Interval): Verdict {
  const [isMet, isMissed] =
    bound === 'at least' ? [low >= limit, high < limit] : [high <= limit, low > limit];
  if (isMet) return 'met';
  return isMissed ? 'missed' : 'undecided';
}
