// A campaign as the tables of docs/performance.md. bench.ts leaves them beside the samples.
// It must not know how anything was measured.
import type { Subject } from '../wire';
import type { Campaign } from './bench-campaign';
import { calls, digits } from './bench-table';
import { figure, median } from './bench-verdict';
import type { Judged, Rounds } from './bench-verdict';

export function markdown(title: string, { workloads, judged }: Campaign): string {
  const figures = Object.entries(workloads).flatMap(([workload, rounds]) => [
    `| \`${workload}\`, ${rounds.length} rounds | | |`,
    ...(Object.keys(rounds[0] ?? {}) as Subject[]).map((subject) => row(rounds, subject)),
  ]);
  return [
    `### ${title}`,
    '',
    '| subject | µs per operation: median (min–max) | calls per operation |',
    '|---|---|---|',
    ...figures,
    '',
    '| workload | ratio | median (90 % interval) | at most | verdict |',
    '|---|---|---|---|---|',
    ...judged.map(verdictRow),
    '',
  ].join('\n');
}

function row(rounds: Rounds, subject: Subject): string {
  const figures = rounds.map((round) => figure(round[subject]));
  const range = `${digits(Math.min(...figures))}–${digits(Math.max(...figures))}`;
  const counted = calls(rounds.at(-1)?.[subject]);
  return `| ${subject} | ${digits(median(figures))} (${range}) | ${counted} |`;
}

function verdictRow({ workload, ours, other, limit, ratio, verdict }: Judged): string {
  const interval = `${digits(ratio.median)} (${digits(ratio.low)}–${digits(ratio.high)})`;
  return `| \`${workload}\` | ${ours} / ${other} | ${interval} | ${limit} | ${verdict} |`;
}
