// Tabs that the browser freezes, as it does to save energy: their workers stand still with all they
// hold, and a lock they have asked for is granted to them all the same. Chromium only.
// torture-tabs.ts calls each scenario. It must not know how a browser is driven.
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../tabs-wire';
import { options } from './tabs-calm';
import { Wrong } from './tabs-score';
import type { TabsRun } from './torture-tabs';

/** How long the frozen tab had been idle, in ms. */
const IDLE_MS = [5, 2000, 0, 50];

/** A tab's first opens, not judged: while the browser still compiles what it has just loaded. */
const FIRST_TURNS = 2;

/** A newcomer may be delayed by so much. */
const DELAY_MAX_MS = 100;

/** Who comes after one that was frozen while it waited must have written by then. */
const NEXT_MAX_MS = 1000;

/** Where times are not judged: far from any time limit. */
const STUCK_MS = 4000;

/** Of those who meet a transaction that does not go on, and by how much they may miss it. */
const TIMEOUT_MS = 1000;
const LATE_MAX_MS = 500;

/** The error says who does not go on. */
const HOLDER = /held by the page/;

const TABLE = 'CREATE TABLE IF NOT EXISTS a (who TEXT)';
const WRITE = 'INSERT INTO a VALUES (?)';
const COUNT = 'SELECT count(*) AS n FROM a';

/** How long a newcomer took for each. */
interface Times {
  readonly open: number;
  readonly read: number;
  readonly write: number;
}

/** A tab that only has the database open, and one that comes while it is frozen. */
export async function freezeIdle(run: TabsRun): Promise<void> {
  const { tabs, score, scale, where, database } = run;
  const [holder, other, newcomer] = [`${database}-0`, `${database}-1`, `${database}-2`];
  for (const name of [holder, other, newcomer]) await tabs.tab(name);
  const usual: Times[] = [];
  const delayed: (Times & { readonly what: string })[] = [];
  for (let turn = -FIRST_TURNS; turn < 2 * scale.freezes; turn++) {
    const [frozen, idle] = [turn > 0 && turn % 2 === 1, IDLE_MS[(turn >> 1) % IDLE_MS.length] ?? 0];
    const alone = (turn >> 3) % 2 === 0;
    const name = `${database}-${turn}`;
    await tabs.open(holder, name, options(run, turn >> 1));
    await tabs.rows(holder, [TABLE]);
    if (!alone) await tabs.open(other, name, options(run, turn));
    if (!alone) await tabs.rows(other, [WRITE, 'other']);
    await tabs.rows(holder, [WRITE, 'holder']);
    if (idle > 0) await delay(idle);
    if (frozen) await tabs.setFrozen(holder, true);
    const times = await come(run, newcomer, name);
    if (frozen) await tabs.setFrozen(holder, false);
    const what = `${idle} ms idle and ${alone ? 'alone' : 'with another'}`;
    if (frozen) delayed.push({ ...times, what });
    else if (turn >= 0) usual.push(times);
    await tabs.rows(holder, [WRITE, 'holder']);
    const [row] = await tabs.rows(holder, [COUNT]);
    const due = alone ? 3 : 4;
    if (row?.['n'] !== due) throw new Wrong('lost', `${row?.['n']} of ${due} rows after a thaw`);
    for (const tab of alone ? [holder, newcomer] : [holder, other, newcomer]) {
      await tabs.ask(tab, { type: 'close' });
    }
    if (frozen) score.count('freezes');
  }
  for (const step of ['open', 'read', 'write'] as const) {
    const base = median(usual.map((times) => times[step]));
    score.figure(where, `usual ${step} ms`, base);
    for (const { what, ...times } of delayed) {
      const late = times[step] - base;
      score.figure(where, `${step} later by ms`, late);
      if (late > (scale.judgesWaits ? DELAY_MAX_MS : STUCK_MS)) {
        throw new Wrong('stuck', `frozen ${what}: a ${step} came ${Math.round(late)} ms later`);
      }
    }
  }
}

async function come({ tabs, ...run }: TabsRun, tab: string, database: string): Promise<Times> {
  const opened = await tabs.open(tab, database, options({ tabs, ...run }, 1));
  const read = answered(await tabs.sql(tab, [COUNT]));
  const write = answered(await tabs.sql(tab, [WRITE, 'newcomer']));
  return { open: opened.milliseconds, read: read.milliseconds, write: write.milliseconds };
}

function answered(answer: Answer): Answer {
  const { error, milliseconds } = answer;
  if (error === undefined) return answer;
  const after = `after ${Math.round(milliseconds)} ms`;
  throw new Wrong('stuck', `a newcomer got ${error.code} ${after}: ${error.message}`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** A tab that is inside a transaction: others are told in time, and nothing is lost by the thaw. */
export async function freezeInside(run: TabsRun): Promise<void> {
  const { tabs, score, scale, where, database } = run;
  const [frozen, other] = [`${database}-frozen`, `${database}-other`];
  for (const [index, tab] of [frozen, other].entries()) {
    await tabs.tab(tab);
    await tabs.open(tab, database, options(run, index, TIMEOUT_MS));
  }
  await tabs.rows(frozen, [TABLE]);
  let due = 0;
  for (let turn = 0; turn < Math.ceil(scale.freezes / 5); turn++) {
    await tabs.rows(frozen, ['BEGIN IMMEDIATE'], [WRITE, 'frozen']);
    await tabs.setFrozen(frozen, true);
    const { error, milliseconds } = await tabs.sql(other, [WRITE, 'other']);
    await tabs.setFrozen(frozen, false);
    score.figure(where, 'refused after ms', milliseconds);
    if (error?.code !== 'SQLITE_BUSY') throw new Wrong('partial', `the other got ${error?.code}`);
    if (!HOLDER.test(error.message)) throw new Error(`it does not say who: ${error.message}`);
    if (scale.judgesWaits && milliseconds > TIMEOUT_MS + LATE_MAX_MS) {
      throw new Wrong('stuck', `the other was refused only after ${Math.round(milliseconds)} ms`);
    }
    const committed = await tabs.sql(frozen, ['COMMIT']);
    due += committed.error === undefined ? 1 : 0;
    await tabs.rows(other, [WRITE, 'other']);
    due += 1;
    for (const tab of [frozen, other]) {
      const [row] = await tabs.rows(tab, [COUNT]);
      if (row?.['n'] !== due) throw new Wrong('lost', `${row?.['n']} of ${due} rows in ${tab}`);
    }
    score.count('freezes');
  }
}

/** A tab that waits for another: when its turn comes it is frozen, and must not stop the next. */
export async function freezeWaiting(run: TabsRun): Promise<void> {
  const { tabs, score, scale, where, database } = run;
  const [writer, frozen, next] = [`${database}-0`, `${database}-1`, `${database}-2`];
  for (const [index, tab] of [writer, frozen, next].entries()) {
    await tabs.tab(tab);
    await tabs.open(tab, database, options(run, index));
  }
  await tabs.rows(writer, [TABLE]);
  for (let turn = 1; turn <= Math.ceil(scale.freezes / 5); turn++) {
    await tabs.rows(writer, ['BEGIN IMMEDIATE'], [WRITE, 'writer']);
    const waiting = tabs.sql(frozen, [WRITE, 'frozen']);
    // It is looked at last, or never where something else is wrong.
    waiting.catch(() => undefined);
    await tabs.ask(next, { type: 'waited', database });
    await tabs.setFrozen(frozen, true);
    await tabs.rows(writer, ['COMMIT']);
    const { milliseconds, error } = await tabs.sql(next, [WRITE, 'next']);
    await tabs.setFrozen(frozen, false);
    score.figure(where, 'the next writes after ms', milliseconds);
    if (error !== undefined) throw new Wrong('stuck', `the next got ${error.code}`);
    const late = scale.judgesWaits && milliseconds > NEXT_MAX_MS;
    if (late) throw new Wrong('stuck', `the next wrote after ${Math.round(milliseconds)} ms`);
    const its = await waiting;
    if (its.error !== undefined) throw new Wrong('stuck', `after the thaw: ${its.error.code}`);
    const [row] = await tabs.rows(next, [COUNT]);
    if (row?.['n'] !== 3 * turn) throw new Wrong('lost', `${row?.['n']} of ${3 * turn} rows`);
    score.count('freezes');
  }
}
