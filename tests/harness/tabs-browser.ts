// Many tabs of one browser, and what can be done to them: asked, reloaded, killed, frozen. The
// scenarios of the torture of tabs work with it. It must not know any scenario.
import { join } from 'node:path';
import type { Answer, OpenedTab, Statement, TabOptions, TabRequest } from '../tabs-wire';
import { Channel, TimeOut } from './channel';
import { TabDriver } from './drivers/tabs';
import type { TabbedBrowser } from './drivers/tabs';
import { killOne } from './processes';
import { serveTests } from './server';
import type { RunningServer, Witness } from './server';
import { Wrong } from './tabs-score';

const ARRIVAL_MS = 30_000;
const ANSWER_MS = 30_000;

/** A main thread that was kept busy for so long is told from others by its time. */
const SPIN_MS = 250;
const SPIN_TICKS = 10;
const LOOKS = 5;

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

  /** The process of a tab: the one whose main thread is busy when the page of the tab is. */
  async process(tab: string): Promise<number> {
    for (let look = 0; look < LOOKS; look++) {
      const before = this.#driver.mainThreads();
      await this.ask(tab, { type: 'spin', milliseconds: SPIN_MS });
      const ran = [...this.#driver.mainThreads()]
        .map(([pid, ticks]) => ({ pid, ticks: ticks - (before.get(pid) ?? ticks) }))
        .sort((a, b) => b.ticks - a.ticks);
      const [first, second] = ran;
      if (first !== undefined && first.ticks >= SPIN_TICKS) {
        if (first.ticks >= 2 * (second?.ticks ?? 0)) return first.pid;
      }
    }
    throw new Error(`no process of tab ${tab} is to be found`);
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
