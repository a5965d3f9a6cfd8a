// The channel to the pages: each tab long-polls for commands and posts outcomes. The same in every
// engine, so that a browser needs to be driven only for its start, its tabs and its end.
// It must not know tests.
import type { ServerResponse } from 'node:http';
import type { TabRequest } from '../tabs-wire';
import type { Command, Outcome } from '../wire';
import { PRODUCTION } from './policies';
import { send } from './files';

/** A poll without news is answered after this time, and the page asks again. */
const POLL_MS = 20_000;

interface Pending {
  readonly tab: string;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

interface Listener {
  readonly instance: string;
  waiting: ServerResponse | undefined;
  readonly queue: string[];
}

export class Channel {
  readonly #listeners = new Map<string, Listener>();
  readonly #pending = new Map<number, Pending>();
  readonly #seen = new Set<string>();
  #arrivals: (() => void)[] = [];
  #number = 0;

  /** A page asks for its next command; a page not seen before replaces the one in its tab. */
  poll(tab: string, instance: string, response: ServerResponse): void {
    const current = this.#listeners.get(tab);
    const listener = current?.instance === instance ? current : this.#welcome(tab, instance);
    const next = listener?.queue.shift();
    if (listener === undefined) answerPoll(response, 410, '');
    else if (next !== undefined) answerPoll(response, 200, next);
    else this.#keepWaiting(listener, response);
  }

  /** A page calls for the first time; nothing for one that has been given up. */
  #welcome(tab: string, instance: string): Listener | undefined {
    if (this.#seen.has(instance)) return undefined;
    this.#seen.add(instance);
    this.forget(tab, 'another page came into its tab');
    const listener = { instance, waiting: undefined, queue: [] };
    this.#listeners.set(tab, listener);
    for (const arrived of this.#arrivals.splice(0)) arrived();
    return listener;
  }

  #keepWaiting(listener: Listener, response: ServerResponse): void {
    listener.waiting = response;
    const timer = setTimeout(() => {
      if (listener.waiting === response) listener.waiting = undefined;
      answerPoll(response, 204, '');
    }, POLL_MS);
    response.on('close', () => clearTimeout(timer));
    response.on('finish', () => clearTimeout(timer));
  }

  done(number: number, outcome: Outcome): void {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    clearTimeout(pending?.timer);
    pending?.resolve(outcome);
  }

  /** Sends a command; rejects when the time is up or the page is gone. */
  send(tab: string, command: Command | TabRequest, timeoutMs: number): Promise<Outcome> {
    const listener = this.#listeners.get(tab);
    if (listener === undefined) return Promise.reject(new Error(`no page in tab ${tab}`));
    const number = ++this.#number;
    const text = JSON.stringify({ number, command });
    return new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(number);
        reject(new TimeOut(`no answer after ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#pending.set(number, { tab, timer, resolve, reject });
      const waiting = listener.waiting;
      listener.waiting = undefined;
      if (waiting !== undefined) answerPoll(waiting, 200, text);
      else listener.queue.push(text);
    });
  }

  /** The page in a tab is gone or about to go: what it owes will not come. */
  forget(tab: string, why: string): void {
    this.#listeners.get(tab)?.waiting?.end();
    this.#listeners.delete(tab);
    for (const [number, pending] of this.#pending) {
      if (pending.tab !== tab) continue;
      this.#pending.delete(number);
      clearTimeout(pending.timer);
      pending.reject(new Error(`the page went away: ${why}`));
    }
  }

  /** The page in a tab; undefined before it has called. */
  instance(tab: string): string | undefined {
    return this.#listeners.get(tab)?.instance;
  }

  /** Resolves when a page other than `before` has called from this tab. */
  async arrival(tab: string, before: string | undefined, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.instance(tab) === before) {
      const left = deadline - Date.now();
      if (left <= 0) throw new TimeOut(`no page called from tab ${tab} in ${timeoutMs / 1000} s`);
      await this.#nextArrival(left);
    }
  }

  #nextArrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#arrivals.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export class TimeOut extends Error {}

function answerPoll(response: ServerResponse, status: number, body: string): void {
  if (response.writableEnded || response.destroyed) return;
  send(response, { status, type: 'application/json', body, policy: PRODUCTION });
}
