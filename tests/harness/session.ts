// One browser under test: its process, its tabs, and what is done to them between phases. Keeps
// the channel and the driver in step. schedule.ts decides what runs; this file must not know tests.
import { join } from 'node:path';
import type { TortureRequest } from '../torture-wire';
import { TABS } from '../wire';
import type { Action, Browser, Command, Launch, Outcome, Tab } from '../wire';
import { TimeOut } from './channel';
import type { Channel } from './channel';
import { launchChromium } from './drivers/chromium';
import type { Driver, Launcher } from './drivers/driver';
import { launchFirefox } from './drivers/firefox';
import { launchWebkit } from './drivers/webkit';
import { print } from './report';
import type { PeerRequest } from './server';

const LAUNCHERS: Record<Browser, Launcher> = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: launchWebkit,
};

const ARRIVAL_MS = 30_000;

/** A browser sometimes hangs before it opens a page; that is no news about the library. */
const STARTS = 3;

const COMMAND_MS = 30_000;

/** An outcome that did not come: the page that owed it. */
export interface Lost {
  readonly lost?: string | undefined;
}

export interface Surroundings {
  readonly channel: Channel;
  readonly origin: string;
  readonly profiles: string;
}

export class Session {
  readonly #browser: Browser;
  readonly #launch: Launch;
  readonly #around: Surroundings;
  #driver: Driver | undefined;
  #dead: string | undefined;
  #peerBusy: Promise<unknown> = Promise.resolve();
  #strictPolicy: string | undefined;
  #recovery: Promise<void> | undefined;

  constructor(browser: Browser, launch: Launch, around: Surroundings) {
    this.#browser = browser;
    this.#launch = launch;
    this.#around = around;
  }

  get version(): string {
    return this.#driver?.version ?? this.#browser;
  }

  /** Starts the browser on its profile; its tabs have called when it resolves. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#start();
      } catch (error) {
        if (attempt === STARTS) throw error;
        print(`  ${this.#browser} did not start and is started again: ${String(error)}`);
        await this.abandon();
      }
    }
  }

  async #start(): Promise<void> {
    this.#dead = undefined;
    this.#strictPolicy = undefined;
    this.#driver = await LAUNCHERS[this.#browser]({
      profile: this.profile,
      launch: this.#launch,
      url: (tab) => this.#url(tab),
      died: (how) => {
        this.#dead = how;
        this.#forgetAll(`the browser died: ${how}`);
      },
    });
    await this.#allArrive();
  }

  async stop(): Promise<void> {
    this.#forgetAll('the browser is closed');
    await this.#driver?.close();
    this.#driver = undefined;
  }

  /** An end without ceremony, after something unforeseen. */
  async abandon(): Promise<void> {
    this.#forgetAll('the browser is given up');
    await this.#driver?.kill();
    this.#driver = undefined;
  }

  /** Sends a command to the main tab; a time-out or a death is an outcome like any other. */
  async command(command: Command, timeoutMs = COMMAND_MS): Promise<Outcome & Lost> {
    const lost = this.#around.channel.instance('main');
    try {
      return await this.#around.channel.send('main', command, timeoutMs);
    } catch (error) {
      const message = error instanceof TimeOut ? `hung: ${error.message}` : String(error);
      return { ok: false, message, stack: '', lost };
    }
  }

  /** Kills the browser and starts it again on its profile, after what is done to that. */
  async killBrowser(meanwhile: () => void = () => undefined): Promise<void> {
    await this.#driver?.kill();
    this.#forgetAll('the browser is killed');
    meanwhile();
    await this.start();
  }

  /** The folder of the browser's profile. */
  get profile(): string {
    return join(this.#around.profiles, `${this.#browser}-${this.#launch}`);
  }

  /** One request of the kill campaign; a failure is an error. */
  async torture(request: TortureRequest, timeoutMs = COMMAND_MS): Promise<unknown> {
    const outcome = await this.command({ type: 'torture', request }, timeoutMs);
    if (outcome.ok) return outcome.value;
    if ('lost' in outcome) await this.recover(outcome.lost);
    throw new Error(outcome.message);
  }

  async perform(action: Action): Promise<void> {
    switch (action) {
      case 'reload':
        return await this.#leave('main', { type: 'reload' });
      case 'closeTab':
        return await this.#replaceMain();
      case 'killBrowser':
        return await this.killBrowser();
      default:
        throw new Error(`unknown action ${String(action satisfies never)}`);
    }
  }

  /**
   * After a hang or a death: a page that answers, by the mildest means that gives one. Several
   * commands may have been lost with one page; the first to say so gets all of them a new one.
   */
  async recover(lost: string | undefined): Promise<void> {
    const now = this.#around.channel.instance('main');
    if (this.#recovery === undefined && now !== undefined && now !== lost) return;
    this.#recovery ??= this.#recover().finally(() => (this.#recovery = undefined));
    await this.#recovery;
  }

  async #recover(): Promise<void> {
    if (this.#dead === undefined) {
      try {
        return await this.#replaceMain();
      } catch {
        // The tab does not come back, so the browser goes.
      }
    }
    await this.killBrowser();
  }

  /** Lets another tab do its part; one at a time, under the policy asked for. */
  peer(request: PeerRequest): Promise<Outcome> {
    const turn = this.#peerBusy.then(() => this.#askPeer(request));
    this.#peerBusy = turn.catch(() => undefined);
    return turn;
  }

  processes(): readonly number[] {
    return this.#driver?.processes() ?? [];
  }

  async screenshot(file: string): Promise<void> {
    await this.#driver?.screenshot(file);
  }

  async #askPeer({ test, cell, argument, policy }: PeerRequest): Promise<Outcome> {
    const { channel } = this.#around;
    try {
      if (policy !== undefined && this.#strictPolicy !== policy) {
        await this.#leave('strict', { type: 'go', url: `${this.#url('strict')}&policy=${policy}` });
        this.#strictPolicy = policy;
      }
      const tab = policy === undefined ? 'peer' : 'strict';
      return await channel.send(tab, { type: 'peer', test, cell, argument }, COMMAND_MS);
    } catch (error) {
      return { ok: false, message: `another tab: ${String(error)}`, stack: '' };
    }
  }

  /** Sends the page of a tab away and waits for the next one; its last words may get lost. */
  async #leave(tab: Tab, command: Command): Promise<void> {
    const { channel } = this.#around;
    const before = channel.instance(tab);
    const left = channel.send(tab, command, ARRIVAL_MS).catch(() => undefined);
    await channel.arrival(tab, before, ARRIVAL_MS);
    await left;
  }

  async #replaceMain(): Promise<void> {
    const { channel } = this.#around;
    const before = new Map(TABS.map((tab) => [tab, channel.instance(tab)]));
    for (const tab of (await this.#driver?.replaceMain()) ?? []) {
      if (tab === 'strict') this.#strictPolicy = undefined;
      await channel.arrival(tab, before.get(tab), ARRIVAL_MS);
    }
  }

  async #allArrive(): Promise<void> {
    for (const tab of TABS) {
      await this.#around.channel.arrival(tab, undefined, ARRIVAL_MS);
    }
  }

  #forgetAll(why: string): void {
    for (const tab of TABS) this.#around.channel.forget(tab, why);
  }

  #url(tab: Tab): string {
    return `${this.#around.origin}/?tab=${tab}`;
  }
}
