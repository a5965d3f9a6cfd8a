// The SharedWorker's entry: sees to it that a database has one owner, and hands it the port of each
// page that joins. One SharedWorker for each database, by its name; started by owned.ts.
//
//   a page joins ──► the owner, or a new one if there is none, or if the page has seen it die
//
// Where a SharedWorker can start workers, the owner is a worker (worker.ts), for there synchronous
// handles may work. Where it cannot, the owner is here.

import { toWire } from '../errors.js';
import type { ClientMessage, IdleMessage, JoinedMessage, JoinMessage } from '../protocol.js';
import { ready, startWorker, whenFree } from '../start.js';
import { Host } from './host.js';
import { holdLife } from './life.js';
import { Owner } from './owner.js';

declare const self: SharedWorkerGlobalScope;

/** Whoever has the database. */
interface Holder {
  readonly life: string;
  /** Hands it a page. */
  join(port: MessagePort, message: JoinMessage): void;
  end(): void;
}

/** The owner of the moment, or the one that is being started. */
let present: Promise<Holder> | undefined;

self.onconnect = ({ ports: [port] }) => {
  if (port !== undefined) {
    port.onmessage = ({ data }: MessageEvent<JoinMessage>) => join(port, data);
  }
};

async function join(port: MessagePort, message: JoinMessage): Promise<void> {
  const known = await present?.catch(() => undefined);
  if (known !== undefined && known.life === message.dead) {
    known.end();
  }
  present ??= start();
  const starting = present;
  try {
    (await starting).join(port, message);
  } catch (error) {
    if (present === starting) {
      present = undefined;
    }
    port.postMessage({ refused: toWire(error) } satisfies JoinedMessage);
  }
}

function start(): Promise<Holder> {
  return typeof Worker === 'function' ? startNested() : startHere();
}

/** In a worker, to which the ports are passed on. */
async function startNested(): Promise<Holder> {
  const worker = await startWorker();
  const life = await ready(worker);
  let joined = 0;
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
  worker.onmessage = ({ data }: MessageEvent<IdleMessage>) => {
    // Unless one has joined meanwhile.
    if (data.idle === joined) {
      end();
    }
  };
  return {
    life,
    join(port, message) {
      joined += 1;
      worker.postMessage({ join: message } satisfies ClientMessage, [port]);
    },
    end,
  };
}

/** Of this context, whoever is the owner in it. */
let ownLife: Promise<string> | undefined;

async function startHere(): Promise<Holder> {
  ownLife ??= holdLife();
  const life = await ownLife;
  const end = (): void => self.close();
  const idle = (): void => {
    present = undefined;
  };
  const owner = new Owner(new Host(), life, { idle, failed: end });
  return { life, join: (port, message) => void owner.serve(port, message), end };
}
