// The tabs' benchmark as text for the terminal and as the tables of docs/performance.md. bench.ts
// prints the one and keeps the other. It must not know how anything was measured.
import type { TabsSubject } from '../bench-tabs-wire';
import { calls, digits } from './bench-table';
import type { CallsOf, JudgedGoal, Series, TabsCampaign } from './bench-tabs';
import { median } from './bench-verdict';

const spread = (values: readonly number[]): readonly string[] =>
  [median(values), Math.min(...values), Math.max(...values)].map(shown);

/** What is not seen from where it was measured, and zero, which has no digits. */
function shown(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value === 0 ? '0' : digits(value);
}

const subjects = ({ rounds }: Series) => Object.entries(rounds) as [TabsSubject, number[]][];

const sides = ({ ours, other }: JudgedGoal) => (other === undefined ? ours : `${ours} / ${other}`);

function bounds({ value, bound, limit }: JudgedGoal): [string, string] {
  const range = `${shown(value.median)} (${shown(value.low)}–${shown(value.high)})`;
  return [range, `${bound} ${digits(limit)}`];
}

/** Only those that say something: an owner makes its calls in another context. */
const told = (all: readonly CallsOf[]) => all.filter((one) => calls(one) !== '');

export function tabsTable({ series, judged, calls: all }: TabsCampaign): string {
  const lines = series.flatMap((one) => {
    const rounds = subjects(one)[0]?.[1].length ?? 0;
    return [
      `\n${one.workload}, ${one.figure}: median, min, max of ${rounds} rounds`,
      ...subjects(one).map(([subject, values]) => {
        const cells = spread(values).map((cell) => cell.padStart(9));
        return `  ${subject.padEnd(18)}${cells.join('')}`;
      }),
    ];
  });
  const verdicts = judged.map((goal) => {
    const what = `${goal.workload}, ${goal.figure}: ${sides(goal)}`;
    return `  ${goal.verdict.padEnd(16)}${what}: ${bounds(goal).join(', ')}`;
  });
  const made = told(all).map((one) => {
    return `  ${`${one.workload} ${one.role}`.padEnd(24)}${one.subject.padEnd(18)}${calls(one)}`;
  });
  const parts = [lines, ['', 'calls per operation', ...made], ['', ...verdicts]];
  return parts.flatMap((part) => (part.length > 1 ? part : [])).join('\n');
}

export function tabsMarkdown({ series, judged, calls: all }: TabsCampaign): string {
  if (series.length === 0) return '';
  const figures = series.flatMap((one) =>
    subjects(one).map(([subject, values]) => {
      const [middle, least, most] = spread(values);
      const what = `\`${one.workload}\` | ${one.figure} | ${subject}`;
      return `| ${what} | ${middle} (${least}–${most}) |`;
    }),
  );
  const verdicts = judged.map((goal) => {
    const [range, limit] = bounds(goal);
    const what = `\`${goal.workload}\` | ${goal.figure} | ${sides(goal)}`;
    return `| ${what} | ${range} | ${limit} | ${goal.verdict} |`;
  });
  return [
    '| workload | figure | subject | median (min–max) |',
    '|---|---|---|---|',
    ...figures,
    '',
    '| workload | role | subject | calls per operation |',
    '|---|---|---|---|',
    ...told(all).map((one) => {
      return `| \`${one.workload}\` | ${one.role} | ${one.subject} | ${calls(one)} |`;
    }),
    '',
    '| workload | figure | of | median (90 % interval) | promised | verdict |',
    '|---|---|---|---|---|---|',
    ...verdicts,
    '',
  ].join('\n');
}
