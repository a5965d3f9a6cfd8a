// Unit tests of the verdicts of bench-tabs.ts, for `node --test`.
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAll } from './bench-tabs';
import type { Series } from './bench-tabs';

const five = (value: number) => [value, value, value, value, value];

const increments = (shared: number, peer: number, flushes: number): Series[] => [
  {
    workload: 'tabs-increment',
    figure: 'increments per second',
    rounds: { shared: five(shared), 'write-ahead': five(peer) },
  },
  {
    workload: 'tabs-increment',
    figure: 'flushes per increment',
    rounds: { shared: five(1), 'write-ahead': five(flushes) },
  },
];

const verdicts = (series: readonly Series[]) => judgeAll(series).map(({ verdict }) => verdict);

test('more per second is better', () => {
  deepEqual(verdicts(increments(300, 200, 1)), ['met']);
  deepEqual(verdicts(increments(290, 200, 1)), ['missed']);
});

test('a peer that does not flush at each commit is not compared with', () => {
  deepEqual(verdicts(increments(300, 200, 0.5)), ['not comparable']);
});

test('fewer milliseconds are better, and no other is needed', () => {
  const first = (value: number): Series => ({
    workload: 'tabs-handover',
    figure: 'first commit of an idle tab, ms',
    rounds: { shared: five(value) },
  });
  deepEqual(verdicts([first(10)]), ['met']);
  deepEqual(verdicts([first(11)]), ['missed']);
});
