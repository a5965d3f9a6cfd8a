// The test page: does what the harness asks for. It must not know which browser drives it.
import '../list';
import type { FuzzJob } from '../fuzz-wire';
import type { Command, Outcome, PROBE_STEPS } from '../wire';
import { execute, executePeer, watchForUncaught } from './execute';
import type { Run } from './execute';
import { measure } from './measure';
import { listen } from './poll';
import { list } from './registry';
import { settle } from './settle';
import { torture } from './torture/kills';
import { fuzz } from './wire/fuzz';
import { soak } from './wire/soak';

const tab = new URL(location.href).searchParams.get('tab') ?? 'main';

let inside: Worker | undefined;
let prober: Worker | undefined;

async function obey(command: Command): Promise<Outcome> {
  switch (command.type) {
    case 'list':
      return { ok: true, value: list(command.cells) };
    case 'run':
      return command.cell.context === 'inside' ? await runInside(command) : await execute(command);
    case 'peer':
      return await executePeer(command.test, command.cell, command.argument);
    case 'measure':
      return { ok: true, value: await measure(command.job) };
    case 'probe':
      return await probe(command.step);
    case 'torture':
      return { ok: true, value: await torture(command.request) };
    case 'large':
      return await inWorker('/page/large/stages.js', command.request);
    case 'suite':
      return await inWorker('/page/suite/worker.js', command.request);
    case 'wire':
      return await settle(() => wire(command.job));
    case 'reload':
      location.reload();
      return { ok: true, value: null };
    case 'go':
      location.replace(command.url);
      return { ok: true, value: null };
    default:
      throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
  }
}

/** One step of the probe of the medium, in a worker that keeps its handles between steps. */
function probe(step: (typeof PROBE_STEPS)[number]): Promise<Outcome> {
  prober ??= new Worker('/page/probe.js', { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  prober.postMessage({ step, port: port2 }, [port2]);
  return new Promise((resolve) => {
    port1.onmessage = (event) => resolve(event.data as Outcome);
  });
}

/** Nonsense, or many calls. */
function wire(job: FuzzJob): Promise<unknown> {
  return job.step === 'fuzz' ? fuzz(job.request) : soak(job.request);
}

/** In a worker of its own, so that its figures and its faults are its own. */
async function inWorker(script: string, request: unknown): Promise<Outcome> {
  const worker = new Worker(script, { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data as Outcome);
      worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}

/** Hands a phase to the worker in which the library then runs in place. */
function runInside(run: Run): Promise<Outcome> {
  inside ??= new Worker('/page/inside.js', { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = (event) => resolve(event.data as Outcome);
    inside?.addEventListener('error', (event) => {
      event.preventDefault();
      reject(new Error(`the page's worker failed: ${event.message}`));
    });
    inside?.postMessage({ run, port: port2 }, [port2]);
  });
}

watchForUncaught(window);
await listen(tab, obey);
