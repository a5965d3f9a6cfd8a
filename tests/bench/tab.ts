// A tab of the tabs' benchmark: takes requests from the page that opened it and lets its subjects
// carry them out, in a worker each, or here those that need a window. It must not know workloads.
import type { TabRequest, TabsSubject } from '../bench-tabs-wire';
import { Seat } from './tab-connections';
import { CHANNEL } from './tab-messages';
import type { FromTab, ToTab } from './tab-messages';
import { Ours } from './tab-ours';

/** These need a window: an owner serves no worker, and what a page awaits is about messages. */
const IN_WINDOW: readonly TabsSubject[] = ['owner', 'exclusive'];

const tab = Number(new URL(location.href).searchParams.get('number'));
const channel = new BroadcastChannel(CHANNEL);
const seats = new Map<TabsSubject, Seat>();
const workers = new Map<TabsSubject, Worker>();

channel.onmessage = ({ data }: MessageEvent<ToTab | FromTab>) => {
  if (!('tab' in data) || data.tab !== tab) return;
  const { number, subject, request } = data;
  if (subject === undefined || request === undefined) return leave(number);
  carryOut(subject, request).then(
    (value) => say({ number, value }),
    (error: unknown) => say({ number, failure: `${subject}: ${String(error)}` }),
  );
};

say({ number: 0 });

function say(words: Omit<FromTab, 'from'>): void {
  channel.postMessage({ from: tab, ...words });
}

function leave(number: number): void {
  for (const worker of workers.values()) worker.terminate();
  say({ number });
  close();
}

async function carryOut(subject: TabsSubject, request: TabRequest): Promise<unknown> {
  if (!IN_WINDOW.includes(subject)) return await inWorker(subject, request);
  const seat = seats.get(subject) ?? new Seat(new Ours(subject as 'owner' | 'exclusive'));
  seats.set(subject, seat);
  return await seat.carryOut(request);
}

function inWorker(subject: TabsSubject, request: TabRequest): Promise<unknown> {
  const made = () => new Worker('/page/bench-tab-worker.js', { type: 'module', name: subject });
  const worker = workers.get(subject) ?? made();
  workers.set(subject, worker);
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }: MessageEvent<{ value?: unknown; failure?: string }>) =>
      data.failure === undefined ? resolve(data.value) : reject(new Error(data.failure));
    worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    worker.postMessage(request, [port2]);
  });
}
