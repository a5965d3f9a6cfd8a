/**
 * One thing at a time: says what goes on and for how long, and lets it be given up.
 * Made by main.ts; everything that takes time and touches the database is done through it.
 */
import { describe, type Failure } from './run/failure.ts';
import { duration } from './words.ts';

/** Does something; resolves to what it came to, in words. `say` tells how far it is. */
export type Action = (signal: AbortSignal, say: (progress: string) => void) => Promise<string>;

/** A person need not read the time of what is over sooner. */
const CLOCK_FROM_MS = 300;
const TICK_MS = 100;

export type OnFailure = (failure: Failure) => void;

export interface TaskElements {
  readonly activity: HTMLElement;
  readonly clock: HTMLElement;
  readonly cancel: HTMLButtonElement;
}

export class Tasks {
  readonly #elements: TaskElements;
  readonly #onBusy: (busy: boolean) => void;
  readonly #fail: (failure: Failure) => void;
  #running: AbortController | undefined;
  /** What goes on, in words. */
  #activity = '';

  constructor(
    elements: TaskElements,
    onBusy: (busy: boolean) => void,
    fail: (failure: Failure) => void,
  ) {
    this.#elements = elements;
    this.#onBusy = onBusy;
    this.#fail = fail;
    elements.cancel.addEventListener('click', () => this.cancel());
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * What is asked for while something else goes on is not done, and it says so; resolves to whether
   * it was done.
   */
  async perform(
    activity: string,
    action: Action,
    onFailure: OnFailure = this.#fail,
  ): Promise<boolean> {
    if (this.busy) {
      this.#say(`${this.#activity} Wait for it or cancel it first.`);
      return false;
    }
    const controller = new AbortController();
    const end = this.#begin(controller, activity);
    let words = 'Failed.';
    let done = false;
    try {
      words = await action(controller.signal, (progress) => this.#say(`${activity} ${progress}`));
      done = true;
    } catch (error) {
      if (isAbort(error)) words = messageOf(error);
      else onFailure(describe(error));
    }
    end(words);
    return done;
  }

  /** Says something, unless what goes on has to be said. */
  note(words: string): void {
    if (!this.busy) this.#say(words);
  }

  /** Gives up what runs. */
  cancel(): void {
    const words = 'Cancelled: what ran has changed nothing.';
    this.#running?.abort(new DOMException(words, 'AbortError'));
    if (this.busy) this.#say('Cancelling…');
  }

  #begin(controller: AbortController, activity: string): (words: string) => void {
    const { clock, cancel } = this.#elements;
    const started = performance.now();
    this.#running = controller;
    this.#activity = activity;
    this.#onBusy(true);
    document.body.toggleAttribute('data-busy', true);
    this.#say(activity);
    const tick = setInterval(() => {
      const ms = performance.now() - started;
      cancel.hidden = ms < CLOCK_FROM_MS;
      clock.textContent = ms < CLOCK_FROM_MS ? '' : duration(ms);
    }, TICK_MS);
    return (words) => {
      clearInterval(tick);
      this.#running = undefined;
      cancel.hidden = true;
      clock.textContent = '';
      this.#onBusy(false);
      this.#say(words);
      document.body.toggleAttribute('data-busy', false);
    };
  }

  #say(words: string): void {
    this.#elements.activity.textContent = words;
  }
}

/** Whether somebody has thought better of it. */
export function isAbort(error: unknown): boolean {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return name === 'AbortError' || (cause !== undefined && isAbort(cause));
}

function messageOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  return name === 'AbortError' ? message : messageOf(cause);
}
