// What seldom happens to tabs: one dies between two frames of its transaction, the user clears the
// storage, the browser lacks what tabs talk by. torture-tabs.ts calls each scenario.
// It must not know how a browser is driven.
import type { Bounds, Moment, Verdict, VictimEnd, Writer } from '../torture-wire';
import { pick } from './score';
import { countIn, options } from './tabs-calm';
import { Wrong } from './tabs-score';
import type { TabsRun } from './torture-tabs';

/** A call must have come to some end after this time: its time limit and a little. */
const SETTLED_MS = 6000;

/** The others go on when a worker that sleeps has ended, for which Chromium takes 2 s. */
const OTHERS_MAX_MS = 3000;

/** Of the victim's writes to the WAL the one at which it dies, in what it does first. */
const WRITES = 12;
const TRANSACTIONS = 10;

const MOMENTS: readonly Moment[] = ['before', 'during', 'after'];
const NOTHING: Bounds = { acknowledged: -1, begun: -1 };

/** A tab dies in or between its writes to the WAL while another waits for the same lock. */
export async function dieBetweenFrames(run: TabsRun): Promise<void> {
  const { tabs, random, score, scale, where, way } = run;
  if (way === 'owner') return;
  const [victim, other] = [`${run.database}-victim`, `${run.database}-other`];
  for (const tab of [victim, other]) await tabs.tab(tab);
  for (let turn = 0; turn < scale.mishaps; turn++) {
    const database = `${run.database}-${turn}.db`;
    await tabs.open(other, database, options(run, turn));
    await tabs.rows(other, ['CREATE TABLE beside (n)']);
    const twin = pick(random, ['jspi', 'asyncify'] as const);
    const writer: Writer = { database, workload: 'wal', handles: 'sync', twin, sharing: way };
    const occurrence = 1 + Math.floor(random() * WRITES);
    const target = { step: 'write wal', occurrence, moment: pick(random, MOMENTS) };
    const order = { type: 'victim', writer, target, transactions: TRANSACTIONS } as const;
    const request = { ...order, bounds: NOTHING };
    const end = (await tabs.ask(victim, { type: 'torture', request })) as VictimEnd;
    const what = `${target.moment} write ${occurrence}`;
    if (!end.stopped) throw new Error(`the victim never came to its ${what}`);
    const { error, milliseconds } = await tabs.sql(other, ['INSERT INTO beside VALUES (?)', turn]);
    if (error !== undefined) throw new Wrong('stuck', `${what}: ${error.code} ${error.message}`);
    score.figure(where, 'others after ms', milliseconds);
    const late = scale.judgesWaits && milliseconds > OTHERS_MAX_MS;
    if (late) throw new Wrong('stuck', `${what}: the other waited ${Math.round(milliseconds)} ms`);
    const look = { type: 'verify', writer, bounds: end.bounds, inWindow: false } as const;
    const { trouble } = (await tabs.ask(victim, { type: 'torture', request: look })) as Verdict;
    if (trouble !== undefined) throw new Wrong('lost', `${what}: ${trouble}`);
    await tabs.ask(other, { type: 'close' });
    score.count('mishaps');
  }
}

/** All files go while two tabs have them open: no call hangs, and new pages begin anew. */
export async function clearStorage(run: TabsRun): Promise<void> {
  const { tabs, database, score, where } = run;
  const names = [`${database}-0`, `${database}-1`];
  for (const [index, name] of names.entries()) {
    await tabs.tab(name);
    await tabs.open(name, database, options(run, index));
  }
  await tabs.rows(names[0] ?? '', ['CREATE TABLE a (b)'], ['INSERT INTO a VALUES (?)', 1]);
  await tabs.rows(names[1] ?? '', ['SELECT * FROM a']);
  await tabs.clearStorage(names[0] ?? '');
  for (const name of names) {
    const { milliseconds } = await tabs.sql(name, ['INSERT INTO a VALUES (?)', 2]);
    score.figure(where, 'settled after ms', milliseconds);
    if (milliseconds > SETTLED_MS) throw new Wrong('stuck', `a call took ${milliseconds} ms`);
  }
  for (const name of names) {
    // It may say what has become of the files, but must not hang.
    await tabs.ask(name, { type: 'close' }).catch((error: unknown) => {
      if (error instanceof Wrong) throw error;
    });
  }
  for (const name of names) await tabs.reload(name);
  for (const [index, name] of names.entries()) {
    await tabs.open(name, database, options(run, index));
    const insert = ['INSERT INTO c VALUES (?)', index] as const;
    await tabs.rows(name, ['CREATE TABLE IF NOT EXISTS c (d)'], insert);
  }
  const check = await tabs.rows(names[0] ?? '', ['PRAGMA integrity_check']);
  const [row] = await tabs.rows(names[1] ?? '', ['SELECT count(*) AS n FROM c']);
  if (row?.['n'] !== names.length) throw new Wrong('lost', `${row?.['n']} rows after new opens`);
  if (check[0]?.['integrity_check'] !== 'ok') throw new Wrong('partial', JSON.stringify(check));
  score.count('mishaps');
}

/** Nothing to tell others by that one waits for them. By itself no browser takes turns then. */
export async function withoutBroadcast(run: TabsRun): Promise<void> {
  const choice = run.way === 'hand-over' ? 'told' : 'by itself';
  await countIn({ ...run, folder: 'no-broadcast' }, choice);
}

/** No SharedWorker: tabs take turns by themselves. */
export async function withoutSharedWorker(run: TabsRun): Promise<void> {
  await countIn({ ...run, folder: 'shared-404' }, 'by itself');
}
