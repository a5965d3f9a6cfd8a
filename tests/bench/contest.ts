// One step of one subject: runs it, times it, counts its calls, and checks what it answered.
// Called by worker.ts, and by page/measure.ts for what a window does. It must not know the rounds.
import type { Calls, Subject, Workload } from '../wire';
import { countCalls, syncs } from './counting';
import { expected, values } from './workloads';

/** One subject at one workload. */
export interface Contestant {
  /** Builds what the workload needs. */
  prepare(rows: number): Promise<void>;
  /** What a chunk needs, before its time begins. */
  before?(): Promise<void>;
  /** One operation per value; the sum of what was read, or 0. Timed as a whole. */
  run(values: Int32Array<ArrayBuffer>): number | Promise<number>;
  /** Between rounds: throws unless everything is there that was written, as durably as asked. */
  check(): void | Promise<void>;
  /** Checks everything once more and leaves nothing behind. */
  finish(): Promise<void>;
}

export interface Where {
  readonly subject: Subject;
  readonly workload: Workload;
}

export type Request = Where &
  (
    | { readonly step: 'prepare'; readonly rows: number }
    | {
        readonly step: 'run';
        readonly count: number;
        readonly seed: number;
        readonly counted: boolean;
      }
    | { readonly step: 'check' }
    | { readonly step: 'finish' }
  );

export interface Result {
  /** Per operation. */
  readonly microseconds: number;
  readonly syncs: number;
  readonly calls: Readonly<Record<string, Calls>>;
}

const NOTHING: Result = { microseconds: 0, syncs: 0, calls: {} };

interface Entry {
  readonly contestant: Contestant;
  readonly rows: number;
}

/** The contestants of one context. */
export class Contest {
  readonly #enter: (where: Where) => Contestant;
  readonly #entries = new Map<string, Entry>();

  /** `enter`: who can take part in this context. */
  constructor(enter: (where: Where) => Contestant) {
    this.#enter = enter;
  }

  async carryOut(request: Request): Promise<Result> {
    const key = `${request.workload} ${request.subject}`;
    if (request.step === 'prepare') {
      const contestant = this.#enter(request);
      await contestant.prepare(request.rows);
      this.#entries.set(key, { contestant, rows: request.rows });
      return NOTHING;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new Error(`${key} was not prepared`);
    if (request.step === 'run') return await run(entry, request);
    if (request.step === 'check') {
      await entry.contestant.check();
    } else {
      this.#entries.delete(key);
      await entry.contestant.finish();
    }
    return NOTHING;
  }
}

/** What is counted is not timed: counting costs a little at each call. */
async function run(
  { contestant, rows }: Entry,
  request: Extract<Request, { step: 'run' }>,
): Promise<Result> {
  const { workload, subject, count, seed } = request;
  const chosen = values(workload, rows, count, seed);
  await contestant.before?.();
  const counting = request.counted ? countCalls() : undefined;
  const syncsBefore = syncs();
  const started = performance.now();
  const answer = await contestant.run(chosen);
  const took = performance.now() - started;
  const calls = counting?.stop() ?? {};
  const right = subject === 'floor' ? 0 : expected(workload, chosen, rows);
  if (answer !== right) throw new Error(`${workload}: answered ${answer}, ${right} is right`);
  return { microseconds: (took * 1000) / count, syncs: syncs() - syncsBefore, calls };
}
