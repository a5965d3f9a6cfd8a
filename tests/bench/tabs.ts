// The page's part of the tabs' benchmark: opens tabs, lets the subjects take turns in them, and
// checks that nothing was lost. Called by page/measure.ts; it must not know how a subject works.
import type {
  Role,
  TabRequest,
  TabRun,
  TabsHeat,
  TabsJob,
  TabsRound,
  TabsSubject,
} from '../bench-tabs-wire';
import { CHANNEL } from './tab-messages';
import type { FromTab, ToTab } from './tab-messages';

/** How long a tab is idle before another one comes; leases are given back after 10 ms. */
const IDLE_MS = 100;

/** What a tab of `tabs-handover` writes before it is idle. */
const BUSY_MS = 20;

let tabs: Tabs | undefined;

/** What each subject has acknowledged, by its database. */
const acknowledged = new Map<string, number>();

export async function measureTabs(job: TabsJob): Promise<unknown> {
  const { heat } = job;
  switch (job.step) {
    case 'tabs-prepare':
      tabs ??= await Tabs.open(heat.roles.length);
      for (const subject of heat.subjects) await prepare(tabs, heat, subject);
      return null;
    case 'tabs-round':
      return await round(job);
    case 'tabs-finish':
      for (const subject of heat.subjects) await finish(opened(), heat, subject);
      await tabs?.close();
      tabs = undefined;
      return null;
    default:
      throw new Error(`unknown step ${JSON.stringify(job satisfies never)}`);
  }
}

function opened(): Tabs {
  if (tabs === undefined) throw new Error('there are no tabs');
  return tabs;
}

const database = ({ workload }: TabsHeat, subject: TabsSubject) => `bench-${workload}-${subject}`;

/** Between rounds of `tabs-handover` nobody has anything open. */
const staysOpen = ({ workload }: TabsHeat) => workload !== 'tabs-handover';

async function prepare(tabs: Tabs, heat: TabsHeat, subject: TabsSubject): Promise<void> {
  const name = database(heat, subject);
  await tabs.ask(0, subject, { step: 'forget', database: name });
  await tabs.ask(0, subject, { step: 'open', database: name });
  await tabs.ask(0, subject, { step: 'fill', rows: heat.rows });
  acknowledged.set(name, 0);
  if (!staysOpen(heat)) return await void tabs.ask(0, subject, { step: 'close' });
  for (let tab = 1; tab < heat.roles.length; tab++) {
    await tabs.ask(tab, subject, { step: 'open', database: name });
  }
}

async function finish(tabs: Tabs, heat: TabsHeat, subject: TabsSubject): Promise<void> {
  const name = database(heat, subject);
  if (!staysOpen(heat)) await tabs.ask(0, subject, { step: 'open', database: name });
  await tabs.ask(0, subject, { step: 'check' });
  const last = staysOpen(heat) ? heat.roles.length : 1;
  for (let tab = 0; tab < last; tab++) await tabs.ask(tab, subject, { step: 'close' });
  await tabs.ask(0, subject, { step: 'forget', database: name });
}

/** Each subject in turn, another one first each time. */
async function round(
  job: Extract<TabsJob, { step: 'tabs-round' }>,
): Promise<Partial<Record<TabsSubject, TabsRound>>> {
  const { subjects } = job.heat;
  const start = job.number % subjects.length;
  const results: Partial<Record<TabsSubject, TabsRound>> = {};
  for (const subject of [...subjects.slice(start), ...subjects.slice(0, start)]) {
    results[subject] = staysOpen(job.heat)
      ? { runs: await together(job, subject), times: {} }
      : { runs: [], times: await handOver(job.heat, subject) };
  }
  return results;
}

/** All tabs at the same time; then the counter must be what was acknowledged. */
async function together(
  { heat, number, milliseconds, counted }: Extract<TabsJob, { step: 'tabs-round' }>,
  subject: TabsSubject,
): Promise<TabRun[]> {
  const { roles, rows } = heat;
  const start = (role: Role, tab: number) =>
    writing(heat, subject, tab, {
      ...{ role, milliseconds, rows, counted },
      seed: 1 + number * 100 + tab,
    });
  const runs = await Promise.all(roles.map(start));
  await checkCount(heat, subject, number % roles.length);
  return runs;
}

/** Runs in one tab, and keeps account of what it wrote. */
async function writing(
  heat: TabsHeat,
  subject: TabsSubject,
  tab: number,
  run: Omit<Extract<TabRequest, { step: 'run' }>, 'step'>,
): Promise<TabRun> {
  const done = (await opened().ask(tab, subject, { step: 'run', ...run })) as TabRun;
  const name = database(heat, subject);
  const written = run.role === 'write' ? done.operations : 0;
  acknowledged.set(name, (acknowledged.get(name) ?? 0) + written);
  return done;
}

async function checkCount(heat: TabsHeat, subject: TabsSubject, tab: number): Promise<void> {
  const right = acknowledged.get(database(heat, subject));
  const counted = await opened().ask(tab, subject, { step: 'count' });
  if (counted === right) return;
  throw new Error(`${subject}: the counter is ${String(counted)}, acknowledged were ${right}`);
}

/**
 * How long a second tab takes to open and to commit: with nobody there, and with a first tab that
 * was alone and is idle. Then the first one is busy and idle again, and the second one commits.
 */
async function handOver(heat: TabsHeat, subject: TabsSubject): Promise<Record<string, number>> {
  const tabs = opened();
  const name = database(heat, subject);
  const open = { step: 'open', database: name } as const;
  const write = (tab: number, milliseconds: number) =>
    writing(heat, subject, tab, {
      ...{ role: 'write', milliseconds, rows: 1, seed: 1, counted: false },
    });
  const openAndWrite = async (tab: number) => {
    const started = performance.now();
    await tabs.ask(tab, subject, open);
    await write(tab, 0.001);
    return performance.now() - started;
  };
  const alone = await openAndWrite(1);
  await tabs.ask(1, subject, { step: 'close' });
  await tabs.ask(0, subject, open);
  await write(0, BUSY_MS);
  await idle();
  const second = await openAndWrite(1);
  await write(0, BUSY_MS);
  await idle();
  const { worst } = await write(1, 0.001);
  await checkCount(heat, subject, 0);
  for (const tab of [0, 1]) await tabs.ask(tab, subject, { step: 'close' });
  return { alone, second, beyond: second - alone, first: worst };
}

const idle = () => new Promise((resolve) => setTimeout(resolve, IDLE_MS));

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Tabs of the browser's, each in a browsing context group of its own. */
class Tabs {
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #pending = new Map<string, Pending>();
  readonly #count: number;
  #number = 0;

  private constructor(count: number) {
    this.#count = count;
    this.#channel.onmessage = ({ data }: MessageEvent<FromTab | ToTab>) => {
      if ('from' in data) this.#take(data);
    };
  }

  static async open(count: number): Promise<Tabs> {
    const tabs = new Tabs(count);
    for (let tab = 0; tab < count; tab++) {
      const arrived = tabs.#wait(tab, 0);
      window.open(`/page/bench-tab.html?number=${tab}`, '_blank', 'noopener');
      await arrived;
    }
    return tabs;
  }

  ask(tab: number, subject: TabsSubject, request: TabRequest): Promise<unknown> {
    return this.#send({ tab, number: ++this.#number, subject, request });
  }

  async close(): Promise<void> {
    for (let tab = 0; tab < this.#count; tab++) await this.#send({ tab, number: ++this.#number });
    this.#channel.close();
  }

  #send(words: ToTab): Promise<unknown> {
    const answer = this.#wait(words.tab, words.number);
    this.#channel.postMessage(words);
    return answer;
  }

  #wait(tab: number, number: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.set(`${tab} ${number}`, { resolve, reject });
    });
  }

  #take({ from, number, value, failure }: FromTab): void {
    const key = `${from} ${number}`;
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (failure === undefined) pending?.resolve(value);
    else pending?.reject(new Error(failure));
  }
}
