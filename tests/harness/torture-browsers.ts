// Browser kills: several databases are written to at once, the whole browser is killed at a random
// moment, and the same profile is opened again. Acknowledgements are noted outside of it.
// torture.ts calls `killBrowsers`. It must not know what a workload writes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Bounds, Handles, Verdict, WorkloadName, Writer } from '../torture-wire';
import type { Browser, Twin } from '../wire';
import type { Acknowledgements } from './acknowledgements';
import { print } from './report';
import { pick } from './score';
import type { Surroundings } from './score';

/** A kill comes after so many acknowledgements at most, and so much later. */
const ACKNOWLEDGEMENTS_MAX = 60;
const LATER_MAX_MS = 60;

/** One kill in so many is followed by new databases. */
const RENEWED = 6;

export async function killBrowsers(
  around: Surroundings,
  kills: number,
  acknowledgements: Acknowledgements,
): Promise<void> {
  const { browser, random, score, session } = around;
  const started = performance.now();
  let known = new Map<string, Bounds>();
  for (let kill = 0; kill < kills; kill++) {
    const groups = writers(around, kill);
    acknowledgements.forget();
    for (const { inWindow, group } of groups) {
      await session.torture({ type: 'writeOn', writers: group, inWindow });
    }
    const count = 1 + Math.floor(random() * ACKNOWLEDGEMENTS_MAX);
    await acknowledgements.arrived(count);
    await delay(random() * LATER_MAX_MS);
    await session.perform('killBrowser');
    const verdicts: Verdict[] = [];
    for (const { inWindow, group } of groups) {
      for (const writer of group) {
        const before = known.get(writer.database)?.acknowledged ?? -1;
        const acknowledged = acknowledgements.of(writer.database) ?? before;
        const bounds = { acknowledged, begun: acknowledged + 1 };
        const request = { type: 'verify', writer, bounds, inWindow } as const;
        const verdict = (await session.torture(request)) as Verdict;
        const state = verdict.state;
        known.set(writer.database, { acknowledged: state, begun: state });
        verdicts.push(named(verdict, writer, inWindow));
      }
    }
    const what = `kill ${kill + 1} of the browser after ${count} acknowledgements`;
    score.kill({ browser, kind: 'browser', what, verdicts });
    if (Math.floor(random() * RENEWED) === 0 || verdicts.some(({ trouble }) => trouble)) {
      for (const database of known.keys()) await session.torture({ type: 'remove', database });
      known = new Map();
    }
  }
  const took = ((performance.now() - started) / 1000).toFixed(1);
  if (kills > 0) print(`  ${browser}: ${kills} kills of the browser in ${took} s`);
}

function named(verdict: Verdict, writer: Writer, inWindow: boolean): Verdict {
  if (verdict.trouble === undefined) return verdict;
  const where = inWindow ? 'in the window' : 'in a worker';
  const who = `${writer.twin} ${writer.workload} on ${writer.handles} handles ${where}`;
  return { ...verdict, trouble: `${who}: ${verdict.trouble}` };
}

interface Group {
  readonly inWindow: boolean;
  readonly group: readonly Writer[];
}

/** Who writes until the next kill; the modes and twins take turns. */
function writers({ browser, random }: Surroundings, kill: number): Group[] {
  const modes: readonly WorkloadName[] = ['delete', 'truncate', 'persist', 'attach', 'import'];
  const mode = modes[kill % modes.length] ?? 'delete';
  const twin = twinFor(browser, random);
  const writer = (workload: WorkloadName, handles: Handles, where: string): Writer => {
    const database = `kill-${where}-${workload}-${handles}.db`;
    return { database, workload, handles, twin };
  };
  const window = ['wal', mode] as const;
  const inWindow = {
    inWindow: true,
    group: window.map((workload) => writer(workload, 'async', 'window')),
  };
  if (browser === 'webkit') return [inWindow];
  const inWorkers = [
    writer('wal', 'sync', 'worker'),
    writer(mode, 'sync', 'worker'),
    writer(pick(random, window), 'async', 'worker'),
  ];
  return [inWindow, { inWindow: false, group: inWorkers }];
}

function twinFor(browser: Browser, random: () => number): Twin {
  return browser === 'webkit' ? 'asyncify' : pick(random, ['jspi', 'asyncify'] as const);
}
