// The dedicated worker of one subject in one tab. tab.ts starts it and hands it requests; it must
// not know what is measured.
import type { TabRequest, TabsSubject } from '../bench-tabs-wire';
import { Seat } from './tab-connections';
import type { Subject } from './tab-connections';
import { Ours } from './tab-ours';
import { WaSqlite } from './wa-sqlite';

const seat = new Seat(subject(self.name as TabsSubject));

function subject(name: TabsSubject): Subject {
  if (name === 'owner') throw new Error('an owner is asked from a window');
  return name === 'shared' || name === 'exclusive' ? new Ours(name) : new WaSqlite(name);
}

self.addEventListener('message', ({ data, ports }: MessageEvent<TabRequest>) => {
  const [port] = ports;
  seat.carryOut(data).then(
    (value) => port?.postMessage({ value }),
    (error: unknown) => port?.postMessage({ failure: explain(error) }),
  );
});

function explain(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
}
