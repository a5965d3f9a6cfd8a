// The SharedWorker's entry: sees to it that there is an owner, and hands it the port of each page
// that joins. Started by join.ts.
//
//   a page joins ──► the owner, or a new one if there is none, or if the page has seen it die
//
// Where a SharedWorker can start workers, the owner is a worker (worker.ts), for there synchronous
// handles may work. Where it cannot, the owner is here.

import { toWire } from '../errors.js';
import type { ClientMessage, JoinedMessage, JoinMessage, OwnerReadyMessage } from '../protocol.js';
import { startWorker, whenFree, whenReady } from '../start.js';
import { engineChoice } from './incoming.js';
import { holdOwnership, makingLock } from './life.js';
import { Owners } from './owners.js';

declare const self: SharedWorkerGlobalScope;

/** Whoever has the databases. */
interface Holder {
  readonly life: string;
  /** Hands it a page. */
  join(port: MessagePort, message: JoinMessage): void;
  end(): void;
}

/** By which pages find it. */
const me = `${self.name} ${self.location.href}`;

/** The owner of the moment, or the one that is being started; nothing if it is elsewhere. */
let present: Promise<Holder | undefined> | undefined;

self.onconnect = ({ ports: [port] }) => {
  if (port !== undefined) {
    port.onmessage = ({ data }) => {
      if (isJoin(data)) {
        void join(port, data);
      }
    };
  }
};

/** Nobody joins by anything else. */
function isJoin(message: unknown): message is JoinMessage {
  const { database, client, engine } = (message ?? {}) as Partial<Record<string, unknown>>;
  const isNamed = typeof database === 'string' && typeof client === 'string';
  return isNamed && engineChoice(engine);
}

async function join(port: MessagePort, message: JoinMessage): Promise<void> {
  const say = (answer: JoinedMessage): void => port.postMessage(answer);
  if (present !== undefined) {
    say({ step: 'made' });
  }
  const known = await present?.catch(() => undefined);
  if (known !== undefined && known.life === message.dead) {
    known.end();
  }
  if (present === undefined) {
    say({ step: 'heard' });
    const made = () => say({ step: 'made' });
    present = typeof Worker === 'function' ? startNested(made) : startHere(made);
  }
  const starting = present;
  try {
    const holder = await starting;
    if (holder !== undefined) {
      holder.join(port, message);
      return;
    }
    say({ step: 'elsewhere' });
  } catch (error) {
    say({ step: 'refused', error: toWire(error) });
  }
  if (present === starting) {
    present = undefined;
  }
}

/** In a worker, to which the ports are passed on. */
async function startNested(made: () => void): Promise<Holder | undefined> {
  const worker = await navigator.locks.request(makingLock(self.name), () => startWorker(me));
  made();
  const { life } = await whenReady<OwnerReadyMessage>(worker);
  if (life === undefined) {
    worker.terminate();
    return undefined;
  }
  let over = false;
  const end = (): void => {
    if (!over) {
      over = true;
      worker.terminate();
      present = undefined;
    }
  };
  worker.onerror = end;
  void whenFree(life).then(end);
  const join = (port: MessagePort, message: JoinMessage): void =>
    worker.postMessage({ join: message } satisfies ClientMessage, [port]);
  return { life, join, end };
}

async function startHere(made: () => void): Promise<Holder | undefined> {
  made();
  const life = await holdOwnership(me);
  if (life === undefined) {
    return undefined;
  }
  const end = (): void => self.close();
  const owners = new Owners(life, end);
  return { life, join: (port, message) => void owners.serve(port, message), end };
}
