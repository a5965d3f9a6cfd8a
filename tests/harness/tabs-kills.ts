// Tabs that write until something is killed: the worker of one, its process, the whole browser.
// What was acknowledged must be there, whole, and the others must go on soon. torture-tabs.ts calls
// `kill` and `killBrowser`; page/torture/writing.ts writes. It must not know how a browser is
// driven.
import { setTimeout as delay } from 'node:timers/promises';
import { pick } from './score';
import { options } from './tabs-calm';
import { Wrong } from './tabs-score';
import type { TabsRun } from './torture-tabs';

const WRITERS = 4;

/** A kill comes after so many acknowledgements at most, and so much later. */
const ACKNOWLEDGEMENTS_MAX = 40;
const LATER_MAX_MS = 60;

/** After a kill the others must have begun and committed a transaction within this time. */
const OTHERS_MAX_MS = 3000;

/** As page/torture/writing.ts writes them. */
const PARTS = 3;
const KEPT = 20;

const SCHEMA = `CREATE TABLE total (n INTEGER); INSERT INTO total VALUES (0);
  CREATE TABLE writer (writer TEXT PRIMARY KEY, n INTEGER);
  CREATE TABLE part (writer TEXT, n INTEGER, part INTEGER, body TEXT,
    PRIMARY KEY (writer, n, part))`;

/** Every transaction counts in three places; a snapshot in which they differ has a part of one. */
const CONSISTENT = `SELECT (SELECT n FROM total) = (SELECT sum(n) FROM writer) AS summed,
  (SELECT count(*) FROM writer AS w WHERE ${PARTS} * min(w.n, ${KEPT}) <>
    (SELECT count(*) FROM part AS p WHERE p.writer = w.writer)) AS torn`;

interface Writer {
  readonly tab: string;
  readonly index: number;
  /** Another one after each death. */
  readonly name: string;
  readonly process: number | undefined;
}

/** The tabs of one scenario: writers, and one that only looks. */
class Writers {
  readonly #run: TabsRun;
  /** Whether their processes are to be known. */
  readonly #known: boolean;
  readonly #witness: string;
  #all: Writer[] = [];
  #lives = 0;

  constructor(run: TabsRun, known: boolean) {
    this.#run = run;
    this.#known = known;
    this.#witness = `${run.database}-witness`;
  }

  async begin(): Promise<void> {
    const { tabs, database } = this.#run;
    await tabs.tab(this.#witness);
    await tabs.open(this.#witness, database, options(this.#run, 0));
    const [tables] = await tabs.rows(this.#witness, ['SELECT count(*) AS n FROM sqlite_schema']);
    if (tables?.['n'] === 0) await tabs.rows(this.#witness, [SCHEMA]);
    for (let index = 0; index < WRITERS; index++) this.#all.push(await this.#start(index));
    const processes = new Set(this.#all.map(({ process }) => process));
    if (this.#known && processes.size < WRITERS) throw new Error('tabs share a process');
  }

  /** A tab with a writer in it that has begun. */
  async #start(index: number): Promise<Writer> {
    const { tabs, database } = this.#run;
    const name = `${database}-writer-${++this.#lives}`;
    await tabs.tab(name);
    const process = this.#known ? await tabs.process(name) : undefined;
    await tabs.open(name, database, options(this.#run, index));
    await tabs.ask(name, { type: 'write', writer: name });
    return { tab: name, index, name, process };
  }

  /** The same tab with another worker. */
  async #restart({ tab, index, process }: Writer): Promise<Writer> {
    const { tabs, database } = this.#run;
    const name = `${database}-writer-${++this.#lives}`;
    await tabs.open(tab, database, options(this.#run, index));
    await tabs.ask(tab, { type: 'write', writer: name });
    return { tab, index, name, process };
  }

  /** Resolves at a random moment of their work. */
  async moment(): Promise<void> {
    const { random, acknowledgements } = this.#run;
    await acknowledgements.more(1 + Math.floor(random() * ACKNOWLEDGEMENTS_MAX));
    await delay(random() * LATER_MAX_MS);
  }

  async kill(): Promise<void> {
    const { tabs, random, way } = this.#run;
    const victim = pick(random, this.#all);
    const process = random() < 0.5 ? victim.process : undefined;
    const all = way === 'owner' && process === undefined;
    const others = this.#all.filter((writer) => all || writer !== victim);
    const killed = performance.now();
    if (process !== undefined) await tabs.crash(victim.tab, process);
    else await tabs.ask(victim.tab, { type: way === 'owner' ? 'killOwner' : 'terminate' });
    await this.#goOn(others, killed, process === undefined ? 'worker' : 'process');
    await this.check();
    if (others.includes(victim)) return;
    const gone = process !== undefined;
    const next = gone ? await this.#start(victim.index) : await this.#restart(victim);
    this.#all = this.#all.map((writer) => (writer === victim ? next : writer));
  }

  async killBrowser(): Promise<void> {
    const { tabs } = this.#run;
    await tabs.restart();
    const dead = this.#all;
    this.#all = [];
    await this.begin();
    await this.check([...dead, ...this.#all]);
  }

  /** Each of the others commits twice, so once what it began after the kill. */
  async #goOn(others: readonly Writer[], killed: number, what: string): Promise<void> {
    const { acknowledgements, score, scale, where } = this.#run;
    const back = others.map(async ({ name }) => {
      await acknowledgements.reached(name, (acknowledgements.of(name) ?? 0) + 2);
      return performance.now() - killed;
    });
    const slowest = Math.max(...(await Promise.all(back)));
    score.figure(where, `others after a ${what} ms`, slowest);
    if (!scale.judgesWaits || slowest <= OTHERS_MAX_MS) return;
    const late = `the others went on ${Math.round(slowest)} ms after a ${what}`;
    score.trouble(where, new Wrong('stuck', late));
  }

  /** No acknowledged transaction is missing, none is there in part or without having begun. */
  async check(writers: readonly Writer[] = this.#all): Promise<void> {
    const { tabs, acknowledgements } = this.#run;
    const before = writers.map(({ name }) => acknowledgements.of(name) ?? 0);
    const [whole] = await tabs.rows(this.#witness, [CONSISTENT]);
    if (whole?.['summed'] !== 1 || whole['torn'] !== 0) {
      throw new Wrong('partial', `a transaction is there in part: ${JSON.stringify(whole)}`);
    }
    for (const [index, { name }] of writers.entries()) {
      const sql = 'SELECT ifnull(max(n), 0) AS n FROM writer WHERE writer = ?';
      const [row] = await tabs.rows(this.#witness, [sql, name]);
      const [found, acknowledged] = [Number(row?.['n']), before[index] ?? 0];
      if (found < acknowledged) {
        throw new Wrong('lost', `${name} has ${found} of ${acknowledged} transactions`);
      }
      const most = (acknowledgements.of(name) ?? 0) + 1;
      if (found > most) throw new Wrong('partial', `${name} has ${found}, and began ${most}`);
    }
  }

  async integrity(): Promise<void> {
    const check = await this.#run.tabs.rows(this.#witness, ['PRAGMA integrity_check']);
    const found = JSON.stringify(check);
    if (found !== '[{"integrity_check":"ok"}]') throw new Wrong('partial', found);
  }
}

/** Of workers and of processes, while all write. */
export async function kill(run: TabsRun): Promise<void> {
  run.acknowledgements.forget();
  const writers = new Writers(run, true);
  await writers.begin();
  for (let kills = 0; kills < run.scale.kills; kills++) {
    await writers.moment();
    await writers.kill();
    run.score.count('kills');
  }
  await writers.integrity();
}

/** Of the browser, all its processes at once. */
export async function killBrowser(run: TabsRun): Promise<void> {
  run.acknowledgements.forget();
  const writers = new Writers(run, false);
  await writers.begin();
  for (let kills = 0; kills < run.scale.browserKills; kills++) {
    await writers.moment();
    await writers.killBrowser();
    run.score.count('browser kills');
    await writers.integrity();
  }
}
