// The dedicated worker in which one subject is measured, with synchronous handles at hand.
// page/measure.ts starts one per subject; it must not know what is measured.
import { Contest } from './contest';
import type { Contestant, Request, Where } from './contest';
import { Floor } from './floor';
import { Ours } from './ours';
import { Sahpool } from './sahpool';

const contest = new Contest(enter);

interface Message {
  readonly request: Request;
  readonly port: MessagePort;
}

/** A bare number is sent back: the floor of every call over messages. */
self.addEventListener('message', ({ data }: MessageEvent<Message | number>) => {
  if (typeof data === 'number') self.postMessage(data);
  else void answer(data.request, data.port);
});

function enter({ subject, workload }: Where): Contestant {
  switch (subject) {
    case 'jspi':
    case 'asyncify':
    case 'sync':
    case 'solo':
      return new Ours(subject, workload);
    case 'sahpool':
    case 'sahpool-wal':
    case 'sahpool-wal-8k':
      return new Sahpool(subject, workload);
    case 'floor':
      return new Floor(workload);
    case 'page-sahpool':
    case 'page-wa-pool':
    case 'page-wa-coop':
      throw new Error(`${subject} is called from a page`);
    default:
      throw new Error(`no subject is called ${String(subject satisfies never)}`);
  }
}

async function answer(request: Request, port: MessagePort): Promise<void> {
  try {
    port.postMessage(await contest.carryOut(request));
  } catch (error) {
    const failure = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : error;
    port.postMessage({ failure: `${request.subject}: ${String(failure)}` });
  }
}
