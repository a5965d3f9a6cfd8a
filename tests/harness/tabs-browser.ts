// Many tabs of one browser, and what can be done to them: asked, reloaded, killed, frozen. The
// scenarios of the torture of tabs work with it. It must not know any scenario.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, OpenedTab, Statement, TabOptions, TabRequest } from '../tabs-wire';
import { Channel, TimeOut } from './channel';
import { TabDriver } from './drivers/tabs';
import type { TabbedBrowser } from './drivers/tabs';
import { isBusy, killOne } from './processes';
import { serveTests } from './server';
import type { RunningServer, Witness } from './server';
import { Wrong } from './tabs-score';

const ARRIVAL_MS = 30_000;
const ANSWER_MS = 30_000;

/** A page that keeps its main thread busy is told from others by looking at all for so long. */
const SPIN_MS = 400;
const LOOK_MS = 5;
const CLEARLY = 0.5;
const SPINS = 10;

const descending = (a: { more: number }, b: { more: number }) => b.more - a.more;

export class TabsBrowser {
  readonly browser: TabbedBrowser;
  readonly #profile: string;
  readonly #channel: Channel;
  readonly #server: RunningServer;
  readonly #tabs = new Set<string>();
  #driver: TabDriver;

  private constructor(
    browser: TabbedBrowser,
    profile: string,
    channel: Channel,
    server: RunningServer,
    driver: TabDriver,
  ) {
    this.browser = browser;
    this.#profile = profile;
    this.#channel = channel;
    this.#server = server;
    this.#driver = driver;
  }

  static async start(
    browser: TabbedBrowser,
    profiles: string,
    witness: Witness,
  ): Promise<TabsBrowser> {
    const channel = new Channel();
    const nobody = () => Promise.reject(new Error('a tab under torture has no peer'));
    const server = await serveTests(channel, '', nobody, witness);
    const profile = join(profiles, `${browser}-tabs`);
    const driver = await TabDriver.launch(browser, profile);
    return new TabsBrowser(browser, profile, channel, server, driver);
  }

  get version(): string {
    return this.#driver.version;
  }

  /** Opens a new tab; its page has called when it resolves. */
  async tab(name: string, path = '/'): Promise<void> {
    // Half of them ask for commands without credentials: page/poll.ts says why.
    const credentials = this.#tabs.size % 2 === 0 ? '' : '&omit';
    this.#tabs.add(name);
    const arrived = this.#channel.arrival(name, undefined, ARRIVAL_MS);
    const url = `${this.#server.origin}${path}?torture&tab=${name}${credentials}`;
    await Promise.all([this.#driver.open(name, url), arrived]);
  }

  async ask(tab: string, request: TabRequest, timeoutMs = ANSWER_MS): Promise<unknown> {
    const outcome = await this.#channel.send(tab, request, timeoutMs).catch((error: unknown) => {
      const kind = error instanceof TimeOut ? 'stuck' : 'failed';
      throw new Wrong(kind, `tab ${tab}, ${JSON.stringify(request)}: ${String(error)}`);
    });
    if (outcome.ok) return outcome.value;
    throw new Error(`tab ${tab}, ${request.type}: ${outcome.message}`);
  }

  /** Opens a database in a tab. */
  async open(tab: string, database: string, options: TabOptions): Promise<OpenedTab> {
    return (await this.ask(tab, { type: 'open', database, options })) as OpenedTab;
  }

  /** Statements in a tab; an error of theirs is an answer. */
  async sql(tab: string, ...statements: Statement[]): Promise<Answer> {
    return (await this.ask(tab, { type: 'sql', statements })) as Answer;
  }

  /** The rows of the last statement; here an error is one. */
  async rows(tab: string, ...statements: Statement[]): Promise<Answer['rows']> {
    const { rows, error } = await this.sql(tab, ...statements);
    if (error !== undefined) throw new Error(`tab ${tab}: ${error.code} ${error.message}`);
    return rows;
  }

  /** Resolves when the next page in the tab has called. */
  async reload(tab: string): Promise<void> {
    const before = this.#channel.instance(tab);
    const arrived = this.#channel.arrival(tab, before, ARRIVAL_MS);
    await Promise.all([this.#driver.reload(tab), arrived]);
  }

  async close(tab: string): Promise<void> {
    this.#tabs.delete(tab);
    this.#channel.forget(tab, 'its tab is closed');
    await this.#driver.close(tab);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#tabs].map((tab) => this.close(tab)));
  }

  async setFrozen(tab: string, frozen: boolean): Promise<void> {
    await this.#driver.setFrozen(tab, frozen);
  }

  /** Removes all files of the origin, whoever has them open. */
  async clearStorage(tab: string): Promise<void> {
    await this.#driver.clearStorage(tab, this.#server.origin);
  }

  /** The process of a tab: the one whose main thread is busy just while the page of the tab is. */
  async process(tab: string): Promise<number> {
    for (let turn = 0; turn < SPINS; turn++) {
      const all = this.#driver.processes();
      const request = { type: 'spin', milliseconds: SPIN_MS } as const;
      const busy = await this.#busy(all, this.ask(tab, request));
      const otherwise = await this.#busy(all, delay(SPIN_MS));
      const more = (pid: number) => (busy.get(pid) ?? 0) - (otherwise.get(pid) ?? 0);
      const [first, second] = all.map((pid) => ({ pid, more: more(pid) })).sort(descending);
      if (first === undefined || first.more < CLEARLY) continue;
      if ((second?.more ?? 0) < first.more / 2) return first.pid;
    }
    throw new Error(`no process of tab ${tab} is to be found`);
  }

  /** How much of the time until then each main thread runs. */
  async #busy(all: readonly number[], then: Promise<unknown>): Promise<Map<number, number>> {
    const looks: number[][] = [];
    let over = false;
    const ended = then.finally(() => (over = true));
    while (!over) {
      await delay(LOOK_MS);
      looks.push(all.filter(isBusy));
    }
    await ended;
    const share = (pid: number) => looks.filter((look) => look.includes(pid)).length / looks.length;
    return new Map(all.map((pid) => [pid, share(pid)]));
  }

  /** SIGKILL to a tab's process; what the tab owes will not come. */
  async crash(tab: string, pid: number): Promise<void> {
    killOne(pid);
    await this.close(tab);
  }

  /** Kills the browser and starts it again on its profile, without tabs. */
  async restart(): Promise<void> {
    await this.#driver.kill();
    for (const tab of this.#tabs) this.#channel.forget(tab, 'the browser is killed');
    this.#tabs.clear();
    this.#driver = await TabDriver.launch(this.browser, this.#profile);
  }

  async end(): Promise<void> {
    await this.#driver.kill();
    this.#server.close();
  }
}
