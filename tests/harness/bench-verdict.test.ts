// Unit tests of bench-verdict.ts, for `node --test`.
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { interval, judge, median } from './bench-verdict';
import type { Target } from './bench-verdict';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const rounds = (ratios: readonly number[]) =>
  ratios.map((ratio) => ({
    jspi: { chunks: [ratio, ratio, 1000], operations: 1, syncs: 0, calls: {} },
    sahpool: { chunks: [1, 1, 0], operations: 1, syncs: 0, calls: {} },
  }));

const target: Target = { workload: 'point', ours: 'jspi', other: 'sahpool', limit: 1 };

test('the median of an even number lies between the two in the middle', () => {
  equal(median([4, 1, 3, 2]), 2.5);
  equal(median([3, 1, 2]), 2);
});

test('the interval is that of the binomial distribution', () => {
  // By hand: 2 · (1 + 9) / 2⁹ = 3.9 % lie outside 2…8, and 18 % outside 3…7.
  const nine = interval(upTo(9));
  equal(`${nine.low} ${nine.median} ${nine.high}`, '2 5 8');
  // 2 / 2⁵ = 6.3 % lie outside 1…5.
  const five = interval(upTo(5));
  equal(`${five.low} ${five.high}`, '1 5');
  // The tables have 8…18 for 25 samples at 90 %.
  const many = interval(upTo(25));
  equal(`${many.low} ${many.high}`, '8 18');
});

test('too few samples say nothing', () => {
  const { low, high } = interval(upTo(4));
  equal(`${low} ${high}`, '0 Infinity');
});

test('a verdict needs the whole interval on one side', () => {
  equal(judge(target, rounds([0.8, 0.9, 0.9, 0.9, 1])).verdict, 'met');
  equal(judge(target, rounds([1.1, 1.2, 1.2, 1.2, 1.3])).verdict, 'missed');
  equal(judge(target, rounds([0.9, 1.2, 1.2, 1.2, 1.3])).verdict, 'undecided');
});
