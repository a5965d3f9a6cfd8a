// Joins the owner of a database, whoever that is, or makes one. Used by owned.ts. It must not know
// what is asked of an owner.

import { fromWire } from './errors.js';
import type { EngineChoice, JoinedMessage, JoinMessage, Started } from './protocol.js';
import { loadError } from './start.js';

/** The way to an owner. */
export interface Link {
  readonly port: MessagePort;
  /** A lock that the owner holds until it is gone. */
  readonly life: string;
  readonly started: Started;
  /** Tells the owner that nobody is here any more, as the death of the page would. */
  leave(): void;
}

/** Changes whenever pages and owners of different builds could no longer talk to each other. */
const PROTOCOL = 1;

/** The owner may have died just before it answered: after this time, in ms, it is asked anew. */
const PATIENCE_MS = 2000;

/** Joins; `dead` is the life of an owner that is of no use any more. */
export async function join(
  database: string,
  engine: EngineChoice,
  dead: string | undefined,
): Promise<Link> {
  for (;;) {
    const link = await attempt(database, engine, dead);
    if (link !== undefined) {
      return link;
    }
  }
}

/** Resolves to nothing if there is no answer in time. */
async function attempt(
  database: string,
  engine: EngineChoice,
  dead: string | undefined,
): Promise<Link | undefined> {
  const worker = await startShared(database);
  const { port } = worker;
  const [client, release] = await holdLock();
  const leave = (): void => {
    release();
    port.close();
  };
  try {
    port.postMessage({ client, engine, dead } satisfies JoinMessage);
    const joined = await Promise.race([answer(port), refusal(worker)]);
    if (joined !== undefined && 'refused' in joined) {
      throw fromWire(joined.refused, undefined);
    }
    if (joined !== undefined) {
      return { port, ...joined, leave };
    }
  } catch (error) {
    leave();
    throw error;
  }
  leave();
  return undefined;
}

/** One for each database and protocol, whichever page asks first; its name says which. */
async function startShared(database: string): Promise<SharedWorker> {
  const name = `anchorite:${PROTOCOL}:${database}`;
  try {
    return new SharedWorker(new URL('./shared.js', import.meta.url), { type: 'module', name });
  } catch (error) {
    throw await loadError('shared', error);
  }
}

/** A lock of a name of its own, and how to give it back. */
function holdLock(): Promise<[string, () => void]> {
  const name = `anchorite-client:${crypto.randomUUID()}`;
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(
      name,
      () => new Promise<void>((release) => resolve([name, release])),
    );
    held.catch(reject);
  });
}

function answer(port: MessagePort): Promise<JoinedMessage | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS, undefined);
    port.onmessage = ({ data }: MessageEvent<JoinedMessage>) => {
      clearTimeout(timer);
      resolve(data);
    };
  });
}

/** Rejects if the script cannot be loaded. */
function refusal(worker: SharedWorker): Promise<never> {
  return new Promise((_, reject) => {
    worker.onerror = async (event) => {
      event.preventDefault();
      reject(await loadError('shared', (event as ErrorEvent).message || undefined));
    };
  });
}
