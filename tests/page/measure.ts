// A measurement as the page carries it out, step by step: prepares the subjects, lets them take
// turns in small chunks, and puts them away. Called by main.ts on a command of the harness, which
// decides how often. It must not know which browser this is, nor what is a good figure.
import { measureCancels } from '../bench/cancels';
import { Contest } from '../bench/contest';
import type { Contestant, Request, Result, Where } from '../bench/contest';
import { Floor } from '../bench/floor';
import { Ours } from '../bench/ours';
import { PagePeer } from '../bench/page-peers';
import { measureTabs } from '../bench/tabs';
import { measureTwins } from '../bench/twins';
import type { Heat, Measured, MeasureJob, Subject } from '../wire';

/** What is measured in the window itself. */
const contest = new Contest(enter);

/** The subjects that run in workers of their own, by name. */
const workers = new Map<Subject, Worker>();

export async function measure(job: MeasureJob): Promise<unknown> {
  switch (job.step) {
    case 'twins':
      return await measureTwins(job.twins, job.rounds);
    case 'cancels':
      return await measureCancels(job.twins, job.count);
    case 'prepare':
      for (const subject of job.heat.subjects) {
        await ask({ step: 'prepare', subject, workload: job.heat.workload, rows: job.rows });
      }
      return null;
    case 'round':
      return await round(job);
    case 'finish':
      await finish(job.heat);
      return null;
    default:
      return await measureTabs(job);
  }
}

/**
 * One counted chunk of each subject, then the timed ones: A B C, B C A, C A B … so that what the
 * disk or the machine does meanwhile falls on all of them.
 */
async function round(
  job: Extract<MeasureJob, { step: 'round' }>,
): Promise<Partial<Record<Subject, Measured>>> {
  const { workload, subjects } = job.heat;
  const results = new Map<Subject, Result[]>(subjects.map((subject) => [subject, []]));
  for (let chunk = 0; chunk <= job.chunks; chunk++) {
    const seed = job.seed + chunk;
    for (const subject of rotated(subjects, chunk)) {
      const request = { step: 'run', subject, workload, count: job.count, seed } as const;
      results.get(subject)?.push(await ask({ ...request, counted: chunk === 0 }));
    }
  }
  for (const subject of subjects) await ask({ step: 'check', subject, workload });
  const sums = [...results].map(([subject, all]) => [subject, summed(all, job.count)] as const);
  return Object.fromEntries(sums);
}

function summed(results: readonly Result[], operations: number): Measured {
  const [counted, ...timed] = results;
  return {
    chunks: timed.map(({ microseconds }) => microseconds),
    operations,
    syncs: timed.reduce((sum, { syncs }) => sum + syncs, 0),
    calls: counted?.calls ?? {},
  };
}

function rotated(subjects: readonly Subject[], by: number): readonly Subject[] {
  const start = by % subjects.length;
  return [...subjects.slice(start), ...subjects.slice(0, start)];
}

async function finish({ workload, subjects }: Heat): Promise<void> {
  for (const subject of subjects) {
    await ask({ step: 'finish', subject, workload });
    workers.get(subject)?.terminate();
    workers.delete(subject);
  }
}

/** The peers work in workers only; a page has messages to them. */
function enter({ subject, workload }: Where): Contestant {
  if (subject === 'floor') return new Floor(workload);
  if (subject === 'jspi' || subject === 'asyncify') return new Ours(subject, workload);
  if (subject === 'page-sahpool' || subject === 'page-wa-pool' || subject === 'page-wa-coop') {
    return new PagePeer(subject, workload);
  }
  throw new Error(`${subject} does not run in a window`);
}

/** Most workloads run in a dedicated worker; some are about what a window does. */
async function ask(request: Request): Promise<Result> {
  if (request.workload === 'async-commit' || request.workload.startsWith('page-')) {
    return await contest.carryOut(request);
  }
  const worker = workers.get(request.subject) ?? new Worker('/page/bench.js', { type: 'module' });
  workers.set(request.subject, worker);
  const { port1, port2 } = new MessageChannel();
  return await new Promise((resolve, reject) => {
    port1.onmessage = ({ data }: MessageEvent<Result | { failure: string }>) =>
      'failure' in data ? reject(new Error(data.failure)) : resolve(data);
    worker.onerror = (event) => reject(new Error(`a measuring worker: ${event.message}`));
    worker.postMessage({ request, port: port2 }, [port2]);
  });
}
