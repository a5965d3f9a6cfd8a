// Measurements as text: a table per workload, the calls behind an operation, the verdicts.
// bench.ts prints it. It must not know how anything was measured.
import type { Figures } from '../bench/twins';
import type { Measured, Subject, Workload } from '../wire';
import type { Campaign } from './bench-campaign';
import { cpuSet, figure, mean, median } from './bench-verdict';
import type { Judged, Rounds } from './bench-verdict';

export function table(title: string, { workloads, judged, twins }: Campaign): string {
  const lines = [`\n${title}`];
  for (const [workload, rounds] of Object.entries(workloads)) {
    lines.push(`\n${workload}, µs per operation, ${rounds.length} rounds`);
    lines.push(row('', ['median', 'min', 'max', 'mean', 'calls per operation']));
    for (const subject of Object.keys(rounds[0] ?? {}) as Subject[]) {
      lines.push(row(subject, columns(rounds, subject)));
    }
    const here = judged.filter((target) => target.workload === (workload as Workload));
    lines.push(...here.map(line));
  }
  return [...lines, ...cpuLines(workloads), ...twinLines(twins)].join('\n');
}

function columns(rounds: Rounds, subject: Subject): string[] {
  const figures = rounds.map((round) => figure(round[subject]));
  const means = rounds.map((round) => mean(round[subject]));
  const shown = [median(figures), Math.min(...figures), Math.max(...figures), median(means)];
  return [...shown.map(digits), calls(rounds.at(-1)?.[subject])];
}

/** Of the counted chunk of the last round, which is as long as a timed one. */
export function calls(measured: Pick<Measured, 'calls' | 'operations'> | undefined): string {
  const entries = Object.entries(measured?.calls ?? {}).filter(([, { calls: n }]) => n > 0);
  const operations = measured?.operations ?? 1;
  const each = entries.map(([method, counted]) => {
    const bytes = counted.bytes > 0 ? ` (${Math.round(counted.bytes / operations)} B)` : '';
    return `${method} ${digits(counted.calls / operations)}${bytes}`;
  });
  return each.join(', ');
}

function line({ ours, other, limit, ratio, verdict }: Judged): string {
  const { low, median: middle, high } = ratio;
  const range = `${digits(middle)} (${digits(low)}–${digits(high)})`;
  return `  ${verdict.padEnd(10)}${`${ours} / ${other}`.padEnd(26)}${range}, at most ${limit}`;
}

/** Against a peer, and what JSPI and the twin cost the module that never suspends. */
const CPU_RATIOS = [
  ['jspi', 'sahpool-wal'],
  ['asyncify', 'sahpool-wal'],
  ['jspi', 'sync'],
  ['asyncify', 'sync'],
] as const;

function cpuLines(workloads: Campaign['workloads']): string[] {
  return CPU_RATIOS.flatMap(([ours, other]) => {
    const ratio = cpuSet(workloads, ours, other);
    if (ratio === undefined || !Number.isFinite(ratio.high)) return [];
    const range = `${digits(ratio.median)} (${digits(ratio.low)}–${digits(ratio.high)})`;
    return [`\ncpu, all of them: ${ours} / ${other} ${range}`];
  });
}

function twinLines(figures: Figures): string[] {
  return Object.entries(figures).map(([name, { jspi, asyncify }]) => {
    const ratios = jspi?.map((value, round) => (asyncify?.[round] ?? Number.NaN) / value);
    const shown = [
      jspi && `jspi ${spread(jspi)}`,
      asyncify && `asyncify ${spread(asyncify)}`,
      ratios && `ratio ${spread(ratios)}`,
    ];
    return `  ${name.padEnd(34)} ${shown.filter((column) => column).join('   ')}`;
  });
}

function spread(samples: readonly number[]): string {
  const bounds = [Math.min(...samples), Math.max(...samples)].map(digits);
  return `${digits(median(samples))} (${bounds.join('–')})`;
}

function row(name: string, cells: readonly string[]): string {
  const [last = '', ...rest] = [...cells].reverse();
  const padded = rest.reverse().map((cell) => cell.padStart(9));
  return `  ${name.padEnd(16)}${padded.join('')}   ${last}`;
}

export const digits = (value: number): string =>
  Number.isFinite(value) && value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
