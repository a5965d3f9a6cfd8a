// Figures and verdicts: what a target asks, the ratio of each round, its median and an interval
// that holds the true median with 90 %. bench-campaign.ts feeds it. It must not know browsers.
import type { Measured, Subject, Workload } from '../wire';

/** The rounds of one workload: what each subject did in each of them. */
export type Rounds = readonly Readonly<Partial<Record<Subject, Measured>>>[];

/** `ours` takes at most `limit` times as long as `other`. */
export interface Target {
  readonly workload: Workload;
  readonly ours: Subject;
  readonly other: Subject;
  readonly limit: number;
}

export type Verdict = 'met' | 'missed' | 'undecided';

export interface Judged extends Target {
  readonly ratio: Interval;
  readonly verdict: Verdict;
}

/** A median between the bounds that hold the true one with 90 %. */
export interface Interval {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

const CONFIDENCE = 0.9;

const TWINS = ['jspi', 'asyncify'] as const;

/** What this project promises of each build. */
const OF_EACH: readonly Target[] = TWINS.flatMap((ours) => [
  { workload: 'autocommit', ours, other: 'sahpool-wal', limit: 1 },
  { workload: 'autocommit', ours, other: 'sahpool', limit: 0.5 },
  { workload: 'autocommit', ours, other: 'floor', limit: 1.3 },
  { workload: 'point', ours, other: 'sahpool-wal', limit: ours === 'jspi' ? 0.8 : 1 },
  { workload: 'relaxed-commit', ours, other: 'sahpool-wal', limit: 1 },
  { workload: 'point', ours, other: 'sahpool', limit: 1 },
  { workload: 'reads', ours, other: 'sahpool-wal', limit: 1 },
  { workload: 'reads', ours, other: 'sahpool', limit: 1 },
  { workload: 'async-commit', ours, other: 'floor', limit: 2 },
]);

/** What a page is promised, of the build that runs where there is JSPI; of each peer. */
const OF_PAGES: readonly Target[] = (
  ['page-sahpool', 'page-wa-pool', 'page-wa-coop'] as const
).flatMap((other) => [
  { workload: 'page-scan', ours: 'jspi', other, limit: 0.6 },
  { workload: 'page-bulk', ours: 'jspi', other, limit: 0.6 },
  { workload: 'page-burst', ours: 'jspi', other, limit: 0.4 },
  { workload: 'page-point', ours: 'jspi', other, limit: 0.9 },
]);

/** SQLite's own code, statement by statement; the set of them is what is promised. */
const OF_CPU: readonly Target[] = (
  ['aggregate', 'join', 'sort', 'index', 'update', 'delete', 'vacuum'] as const
).map((name) => ({ workload: `cpu-${name}`, ours: 'jspi', other: 'sahpool-wal', limit: 0.95 }));

/** What it promises. To be ready for other contexts costs next to nothing while none is there. */
export const TARGETS: readonly Target[] = [
  ...OF_EACH,
  ...OF_PAGES,
  ...OF_CPU,
  { workload: 'autocommit', ours: 'solo', other: 'jspi', limit: 1.1 },
  { workload: 'point', ours: 'solo', other: 'jspi', limit: 1.1 },
];

/** µs per operation in one round: the median of its chunks, which no single pause can move. */
export function figure(measured: Measured | undefined): number {
  return median(measured?.chunks ?? []);
}

/** µs per operation with every pause and checkpoint in it. */
export function mean(measured: Measured | undefined): number {
  const chunks = measured?.chunks ?? [];
  return chunks.reduce((sum, value) => sum + value, 0) / chunks.length;
}

export function median(samples: readonly number[]): number {
  const sorted = ascending(samples);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** By order statistics, so that nothing is assumed of how the samples are spread. */
export function interval(samples: readonly number[]): Interval {
  const sorted = ascending(samples);
  const outside = cutOff(sorted.length);
  return {
    low: outside === undefined ? 0 : (sorted[outside] ?? 0),
    median: median(sorted),
    high: outside === undefined ? Infinity : (sorted[sorted.length - 1 - outside] ?? Infinity),
  };
}

/**
 * How many samples may be left out at each end: the true median lies below the k-th smallest of n
 * with the probability that fewer than k of n coins fall on one side.
 */
function cutOff(count: number): number | undefined {
  let outside: number | undefined;
  let below = 0.5 ** count;
  let term = below;
  for (let k = 0; 1 - 2 * below >= CONFIDENCE; k++) {
    outside = k;
    term = (term * (count - k)) / (k + 1);
    below += term;
  }
  return outside;
}

export function judge(target: Target, rounds: Rounds): Judged {
  const ratio = interval(
    rounds.map((round) => figure(round[target.ours]) / figure(round[target.other])),
  );
  return { ...target, ratio, verdict: verdict(ratio, target.limit) };
}

/** The geometric mean of the ratios of all `cpu-…` workloads, round by round. */
export function cpuSet(
  workloads: Readonly<Partial<Record<Workload, Rounds>>>,
  ours: Subject,
  other: Subject,
): Interval | undefined {
  const all = OF_CPU.flatMap(({ workload }) => {
    const rounds = workloads[workload] ?? [];
    const logs = rounds.map((round) => Math.log(figure(round[ours]) / figure(round[other])));
    return logs.some(Number.isNaN) || logs.length === 0 ? [] : [logs];
  });
  if (all.length < OF_CPU.length) return undefined;
  const count = Math.min(...all.map((logs) => logs.length));
  const mean = (round: number) =>
    all.reduce((sum, logs) => sum + (logs[round] ?? Number.NaN), 0) / all.length;
  return interval(Array.from({ length: count }, (_, round) => Math.exp(mean(round))));
}

/** The ratios of the best chunks there were, for a run that is too short for a median. */
export function bestRatios(
  workloads: Readonly<Partial<Record<Workload, Rounds>>>,
): (Target & { readonly ratio: number })[] {
  return TARGETS.flatMap((target) => {
    const rounds = workloads[target.workload] ?? [];
    const best = (subject: Subject) =>
      Math.min(...rounds.flatMap((round) => round[subject]?.chunks ?? []));
    const [ours, other] = [best(target.ours), best(target.other)];
    return [ours, other].every(Number.isFinite) ? [{ ...target, ratio: ours / other }] : [];
  });
}

function verdict({ low, high }: Interval, limit: number): Verdict {
  if (high <= limit) return 'met';
  return low > limit ? 'missed' : 'undecided';
}

function ascending(samples: readonly number[]): number[] {
  return [...samples].sort((a, b) => a - b);
}
