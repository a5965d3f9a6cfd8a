// The jobs of one instance: one at a time, in order; those that wait for another connection step
// aside. Used by engine.ts. It must not know what a job does, nor the wasm exports.
//
//   add ──► ready ──attempt──► settled
//             ▲        │ parked
//             │        ▼
//             └──── waiting      due again when a lock was given up here (`woken`), when another
//                                context lets go (busy.ts), or at its time limit, for the last time
//
// Of the jobs that may run the oldest runs first, so what has waited goes before what has just
// come. The calls of one session keep their order: a later one waits behind one that is parked.
//
// One that is given up by its signal is not tried any more; if it runs it is stopped, and settles
// by what has become of it. So that this is heard, other tasks have turns between the jobs.

import { interrupted } from '../errors.js';
import { borrow, type Loan, nextPause, type Refused, tryAgain } from './busy.js';
import { nextTask, TURN_MS } from './task.js';

/** What Rust says of a job that has to wait. */
export interface Parked {
  readonly ticket: number;
  /** How long it may be parked in all, in ms. */
  readonly limit: number;
  /** Whether another context is in the way, and not a connection of this instance. */
  readonly elsewhere: boolean;
  /** Whether nobody is in the way any more. */
  readonly again: boolean;
  /** The lock that it has, where it is not the one of the whole database. */
  readonly lock: Refused | undefined;
  /** Whether a part of it has taken effect. */
  readonly progressed: boolean;
}

/** What became of a try. */
export type Outcome =
  | { readonly parked: Parked; readonly woken: boolean }
  | { readonly value: unknown; readonly woken: boolean }
  | { readonly error: unknown; readonly woken: boolean };

/** What the queue runs. `woken`, in the outcome, says that a lock was given up meanwhile. */
export interface Work {
  /** Jobs of the same session keep their order; without one it is in nobody's way. */
  readonly session?: number | undefined;
  /** The Web Lock of the database that it asks for, if it asks for one by name. */
  readonly lock?: string | undefined;
  /** That database. */
  readonly database?: string | undefined;
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
  /** Tries it; `ticket` is that of the last try, and `loan` is given back. Never rejects. */
  attempt(ticket: number | undefined, last: boolean, loan: Loan | undefined): Promise<Outcome>;
  /** While it is being tried: stops it, unless what it does is done by then. */
  stop(): void;
  /** It is not tried again. */
  forget(ticket: number): void;
}

/** Work on its way through the queue. */
interface Job {
  readonly work: Work;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Set while it is parked. */
  ticket: number | undefined;
  due: boolean;
  last: boolean;
  deadline: ReturnType<typeof setTimeout> | undefined;
  /** Ends the wait for another context. */
  waiting: AbortController | undefined;
  /** The lock it has waited for, until its next try. */
  loan: Loan | undefined;
  pause: number;
}

/** One queue per instance. */
export class Queue {
  /** All that is not settled, oldest first. */
  #jobs = new Set<Job>();
  readonly #protocol: number;
  #running = false;
  /** The job that is being tried. */
  #current: Job | undefined;
  /** When other tasks had a turn last, in ms. */
  #turn = 0;
  #waits = 0;
  #held = false;

  /** `protocol` is the number of that by which databases are shared. */
  constructor(protocol: number) {
    this.#protocol = protocol;
  }

  /** Whether nothing runs and nothing waits. */
  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  /** How many jobs had to wait for another connection or context. */
  get waits(): number {
    return this.#waits;
  }

  /** Resolves to the job's value, or rejects with its error. */
  add(work: Work): Promise<unknown> {
    return this.#enqueue(work, (job) => this.#jobs.add(job));
  }

  /** The same before all that is there. */
  addFirst(work: Work): Promise<unknown> {
    return this.#enqueue(work, (job) => (this.#jobs = new Set([job, ...this.#jobs])));
  }

  #enqueue(work: Work, enter: (job: Job) => void): Promise<unknown> {
    if (work.signal?.aborted) {
      return Promise.reject(interrupted());
    }
    return new Promise((resolve, reject) => {
      const parking = { ticket: undefined, deadline: undefined, waiting: undefined };
      const now = { due: true, last: false, loan: undefined, pause: 0 };
      const job = { work, resolve, reject, ...now, ...parking };
      enter(job);
      work.signal?.addEventListener('abort', () => this.#cancel(job));
      void this.#run();
    });
  }

  /** Gives up the jobs of a session; one that runs now is stopped, or comes to its end. */
  drop(session: number, why: unknown): void {
    for (const job of [...this.#jobs]) {
      if (job.work.session === session) {
        this.#giveUp(job, why);
      }
    }
    if (this.#current?.work.session === session) {
      this.#current.work.stop();
    }
  }

  #cancel(job: Job): void {
    if (job === this.#current) {
      job.work.stop();
    } else if (this.#jobs.has(job)) {
      this.#giveUp(job, interrupted());
    }
  }

  #giveUp(job: Job, why: unknown): void {
    this.#settled(job);
    job.waiting?.abort();
    job.loan?.giveBack();
    job.reject(why);
    if (job.ticket !== undefined) {
      job.work.forget(job.ticket);
    }
  }

  /** From now on, or no longer, no lock is waited for; what is parked is tried again after that. */
  hold(held: boolean): void {
    this.#held = held;
    for (const job of this.#jobs) {
      job.waiting?.abort();
      job.waiting = undefined;
    }
    if (!held) {
      this.#wake();
      void this.#run();
    }
  }

  async #run(): Promise<void> {
    if (this.#running) {
      return;
    }
    this.#running = true;
    this.#turn = performance.now();
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      await this.#attempt(job);
      if (performance.now() - this.#turn > TURN_MS) {
        await nextTask();
        this.#turn = performance.now();
      }
    }
    this.#running = false;
  }

  /** The oldest job that may run now. */
  #next(): Job | undefined {
    const blocked = new Set<number | undefined>();
    for (const job of this.#jobs) {
      const { session } = job.work;
      if (blocked.has(session)) {
        continue;
      }
      if (job.due) {
        return job;
      }
      if (session !== undefined) {
        blocked.add(session);
      }
    }
    return undefined;
  }

  async #attempt(job: Job): Promise<void> {
    const { ticket, loan } = job;
    job.due = false;
    job.ticket = undefined;
    job.loan = undefined;
    job.waiting?.abort();
    this.#current = job;
    const outcome = await job.work.attempt(ticket, job.last, loan);
    this.#current = undefined;
    // A refused try has given up no more than it had taken itself.
    const wakes = outcome.woken && !('parked' in outcome && !outcome.parked.progressed);
    if (wakes) {
      this.#wake();
    }
    if ('parked' in outcome) {
      this.#park(job, outcome.parked);
      return;
    }
    this.#settled(job);
    if ('error' in outcome) {
      job.reject(outcome.error);
    } else {
      job.resolve(outcome.value);
    }
  }

  #settled(job: Job): void {
    this.#jobs.delete(job);
    clearTimeout(job.deadline);
  }

  #park(job: Job, { ticket, limit, elsewhere, again, lock }: Parked): void {
    if (!this.#jobs.has(job)) {
      job.work.forget(ticket);
      return;
    }
    job.ticket = ticket;
    if (job.work.signal?.aborted) {
      this.#giveUp(job, interrupted());
      return;
    }
    this.#waits += job.deadline === undefined ? 1 : 0;
    job.deadline ??= setTimeout(() => {
      job.last = true;
      this.#again(job);
    }, limit);
    if (again) {
      // Not from here: what others say would never be heard.
      setTimeout(() => this.#again(job));
    }
    if (elsewhere && !this.#held) {
      void this.#waitElsewhere(job, lock);
    }
  }

  async #waitElsewhere(job: Job, lock: Refused | undefined): Promise<void> {
    const waiting = new AbortController();
    job.waiting = waiting;
    const loan = await this.#wait(job, lock, waiting.signal);
    if (waiting.signal.aborted) {
      loan?.giveBack();
    } else {
      job.loan = loan;
      this.#again(job);
    }
  }

  async #wait(job: Job, lock: Refused | undefined, signal: AbortSignal): Promise<Loan | undefined> {
    if (lock?.queues) {
      return borrow(lock, this.#protocol, signal);
    }
    job.pause = nextPause(job.pause);
    const { lock: named, database } = lock ? { ...lock, lock: undefined } : job.work;
    const wanted = database === undefined ? undefined : { database, protocol: this.#protocol };
    await tryAgain(named, job.pause, signal, wanted);
    return undefined;
  }

  /** Lets a parked job be tried again. */
  #again(job: Job): void {
    job.due = true;
    void this.#run();
  }

  #wake(): void {
    for (const job of this.#jobs) {
      job.due = true;
    }
  }
}
