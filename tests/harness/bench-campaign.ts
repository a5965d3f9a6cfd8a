// The measurements in one browser: which workloads, on which subjects, how many rounds.
// bench.ts calls it, once a browser; page/measure.ts carries the steps out.
// It must not know how a subject does its work.
import type { Figures } from '../bench/twins';
import type { Browser, Heat, Measured, MeasureJob, Subject, Twin, Workload } from '../wire';
import { TARGETS, judge } from './bench-verdict';
import type { Judged, Rounds } from './bench-verdict';
import { print } from './report';

/** How much is measured: all of it, or just enough to see that it works. */
export interface Scale {
  readonly leastRounds: number;
  readonly mostRounds: number;
  /** Divides the rows of the tables. */
  readonly fewerRows: number;
  /** Divides the operations of a chunk. */
  readonly fewerOperations: number;
  /** Whether the peers behind messages take part, each of which has to be started. */
  readonly pagePeers: boolean;
}

export const CAMPAIGN: Scale = {
  leastRounds: 9,
  mostRounds: 25,
  fewerRows: 1,
  fewerOperations: 1,
  pagePeers: true,
};
export const SAMPLE: Scale = {
  leastRounds: 1,
  mostRounds: 1,
  fewerRows: 50,
  fewerOperations: 10,
  pagePeers: false,
};

interface Plan {
  readonly subjects: readonly Subject[];
  readonly rows: number;
  readonly chunks: number;
  /** Operations of a chunk: enough of them that a clock of 0.1 ms does. */
  readonly count: number;
  /** Each operation is acknowledged as durable. */
  readonly durable: boolean;
}

/** Calls that are given up in each build. */
const CANCELS = 200;

const PEERS: readonly Subject[] = ['sahpool', 'sahpool-wal'];

/** They are called over messages, as ours is from a page. */
const PAGE_PEERS: readonly Subject[] = ['page-sahpool', 'page-wa-pool', 'page-wa-coop'];

const OF_CPU: Plan = {
  subjects: ['sahpool-wal', 'jspi', 'asyncify', 'sync'],
  rows: 200_000,
  chunks: 3,
  count: 1,
  durable: false,
};

const PLANS: Readonly<Record<Workload, Plan>> = {
  autocommit: {
    subjects: ['floor', ...PEERS, 'sahpool-wal-8k', 'jspi', 'asyncify', 'solo'],
    rows: 1000,
    chunks: 12,
    count: 50,
    durable: true,
  },
  'relaxed-commit': {
    subjects: ['sahpool-wal', 'jspi', 'asyncify'],
    rows: 1000,
    chunks: 12,
    count: 200,
    durable: false,
  },
  point: {
    subjects: [...PEERS, 'jspi', 'asyncify', 'solo'],
    rows: 100_000,
    chunks: 10,
    count: 2000,
    durable: false,
  },
  reads: {
    subjects: ['floor', ...PEERS, 'jspi', 'asyncify'],
    rows: 200_000,
    chunks: 10,
    count: 500,
    durable: false,
  },
  'page-point': {
    subjects: ['floor', ...PAGE_PEERS, 'jspi', 'asyncify'],
    rows: 100_000,
    chunks: 10,
    count: 200,
    durable: false,
  },
  'page-burst': {
    subjects: [...PAGE_PEERS, 'jspi', 'asyncify'],
    rows: 100_000,
    chunks: 3,
    count: 2000,
    durable: false,
  },
  'page-scan': {
    subjects: [...PAGE_PEERS, 'jspi', 'asyncify'],
    rows: 100_000,
    chunks: 3,
    count: 1,
    durable: false,
  },
  'page-bulk': {
    subjects: [...PAGE_PEERS, 'jspi', 'asyncify'],
    rows: 100_000,
    chunks: 3,
    count: 1,
    durable: false,
  },
  'cpu-aggregate': OF_CPU,
  'cpu-join': OF_CPU,
  'cpu-sort': OF_CPU,
  'cpu-index': OF_CPU,
  'cpu-update': OF_CPU,
  'cpu-delete': OF_CPU,
  'cpu-vacuum': OF_CPU,
  'fts-build': { ...OF_CPU, rows: 50_000 },
  'fts-match': { ...OF_CPU, rows: 50_000 },
  'async-commit': {
    subjects: ['floor', 'jspi', 'asyncify'],
    rows: 64_000,
    chunks: 6,
    count: 5,
    durable: true,
  },
};

const WORKLOADS = Object.keys(PLANS) as Workload[];

/** WebKitGTK has neither JSPI nor a sync handle that opens. */
const withoutHandles = (browser: Browser): boolean => browser === 'webkit';

export type Send = (job: MeasureJob) => Promise<unknown>;

export interface Campaign {
  readonly workloads: Partial<Record<Workload, Rounds>>;
  readonly judged: readonly Judged[];
  readonly twins: Figures;
}

export async function measureIn(
  browser: Browser,
  scale: Scale,
  only: string,
  send: Send,
): Promise<Campaign> {
  const workloads: Partial<Record<Workload, Rounds>> = {};
  const judged: Judged[] = [];
  const wanted = withoutHandles(browser) ? (['async-commit'] as const) : WORKLOADS;
  for (const workload of wanted.filter((name) => name.includes(only))) {
    const heat = heatOf(browser, workload, scale);
    const rounds = await contest(heat, scale, send);
    workloads[workload] = rounds;
    if (scale === CAMPAIGN) judged.push(...judgeAll(heat, rounds));
  }
  const twins = scale === CAMPAIGN ? await twinCosts(browser, only, send) : {};
  return { workloads, judged, twins };
}

/** What is measured of the builds beside workloads: what the twin costs, and to give calls up. */
async function twinCosts(browser: Browser, only: string, send: Send): Promise<Figures> {
  const twins: Twin[] = withoutHandles(browser) ? ['asyncify'] : ['jspi', 'asyncify'];
  const jobs: MeasureJob[] = [
    { step: 'twins', twins, rounds: CAMPAIGN.leastRounds },
    { step: 'cancels', twins, count: CANCELS },
  ];
  const figures: Figures = {};
  for (const job of jobs.filter(({ step }) => step.includes(only))) {
    Object.assign(figures, await send(job));
  }
  return figures;
}

function heatOf(browser: Browser, workload: Workload, { pagePeers }: Scale): Heat {
  const { subjects } = PLANS[workload];
  const runs = (subject: Subject) =>
    (!withoutHandles(browser) || subject !== 'jspi') &&
    (browser === 'chromium' || subject !== 'solo') &&
    (pagePeers || !PAGE_PEERS.includes(subject));
  return { workload, subjects: subjects.filter(runs) };
}

/** Rounds until every target is decided, or the patience is at its end. */
async function contest(heat: Heat, scale: Scale, send: Send): Promise<Rounds> {
  const { rows, chunks, count } = PLANS[heat.workload];
  const size = { chunks, count: Math.ceil(count / scale.fewerOperations) };
  await send({ step: 'prepare', heat, rows: Math.ceil(rows / scale.fewerRows) });
  const rounds: Record<string, Measured>[] = [];
  // The first round warms up compilers and caches, and only its answers count.
  for (let number = 0; number <= scale.mostRounds; number++) {
    const job = { step: 'round', heat, ...size, seed: 1 + number * 1000 } as const;
    const round = (await send(job)) as Record<Subject, Measured>;
    checkSyncs(heat, round, size);
    if (number > 0) rounds.push(round);
    if (rounds.length >= scale.leastRounds && isDecided(heat, rounds)) break;
  }
  await send({ step: 'finish', heat });
  print(`  ${heat.workload}: ${rounds.length} rounds`);
  return rounds;
}

/** A commit that was acknowledged without a call for durability is no commit. */
function checkSyncs(
  { workload, subjects }: Heat,
  round: Readonly<Record<string, Measured>>,
  { chunks, count }: { chunks: number; count: number },
): void {
  if (!PLANS[workload].durable) return;
  for (const subject of subjects) {
    const syncs = round[subject]?.syncs ?? 0;
    if (syncs >= chunks * count) continue;
    throw new Error(`${workload}, ${subject}: ${syncs} syncs for ${chunks * count} commits`);
  }
}

function judgeAll({ workload, subjects }: Heat, rounds: Rounds): Judged[] {
  const here = TARGETS.filter((target) => target.workload === workload);
  const ran = (subject: Subject) => subjects.includes(subject);
  const measured = here.filter(({ ours, other }) => ran(ours) && ran(other));
  return measured.map((target) => judge(target, rounds));
}

function isDecided(heat: Heat, rounds: Rounds): boolean {
  return judgeAll(heat, rounds).every(({ verdict }) => verdict !== 'undecided');
}
