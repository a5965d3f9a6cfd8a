// Joins the owner, or makes one: the SharedWorker in which it is. Used by owned.ts. It must not know
// what is asked of an owner.
//
// Firefox 153 sometimes never returns from `new Worker` in a worker (docs/locking.md, "owner"), so a
// SharedWorker may hang while it makes an owner. It has nothing then, and is given up: the next one
// has the next number. Which number the owner has is seen by the name of its life.

import { fromWire } from './errors.js';
import type { EngineChoice, JoinedMessage, JoinMessage, Started } from './protocol.js';
import { loadError } from './start.js';

/** What is joined. */
export interface Place {
  /** All databases of an origin have one owner, but for those of some tests. */
  readonly realm: string;
  readonly database: string;
  readonly engine: EngineChoice;
}

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

/** How long a SharedWorker may take, in ms: to load and to be heard of; to make an owner. */
const SILENCE_MAX_MS = 5000;
const MAKING_MAX_MS = 1000;

/** An owner may die just before it answers: after this time, in ms, it is asked anew. */
const ANSWER_MAX_MS = 5000;

/** How often an owner is looked for elsewhere, in ms. */
const LOOK_MS = 250;

/** What came of asking a SharedWorker. */
type Outcome = Link | 'try again' | 'give it up';

/** Joins; `dead` is the life of an owner that is of no use any more. */
export async function join(place: Place, dead: string | undefined): Promise<Link> {
  const owner = `anchorite-owner:${PROTOCOL}:${place.realm}`;
  let number = (await numberOfOwner(owner, dead)) ?? numberIn(owner, dead) ?? 0;
  for (;;) {
    const outcome = await ask(`${owner}:${number}`, place, dead);
    if (typeof outcome === 'object') {
      return outcome;
    }
    const found = await numberOfOwner(owner, dead);
    const other = found === number ? undefined : found;
    number = other ?? (outcome === 'give it up' ? number + 1 : number);
  }
}

/** The number of the SharedWorker that has the owner, if there is one that lives. */
async function numberOfOwner(owner: string, dead: string | undefined): Promise<number | undefined> {
  const { held = [] } = await navigator.locks.query();
  const lives = held.map(({ name = '' }) => name);
  return numberIn(
    owner,
    lives.find((name) => name.startsWith(`${owner}:`) && name !== dead),
  );
}

function numberIn(owner: string, life: string | undefined): number | undefined {
  return life === undefined ? undefined : Number.parseInt(life.slice(owner.length + 1), 10);
}

async function ask(name: string, place: Place, dead: string | undefined): Promise<Outcome> {
  const worker = await startShared(name);
  const { port } = worker;
  const [client, release] = await holdLock();
  const leave = (): void => {
    release();
    port.close();
  };
  try {
    const { database, engine } = place;
    port.postMessage({ database, client, engine, dead } satisfies JoinMessage);
    const answer = await Promise.race([listen(port, name), refusal(worker)]);
    if (typeof answer === 'object') {
      return { ...answer, port, leave };
    }
    leave();
    return answer;
  } catch (error) {
    leave();
    throw error;
  }
}

/** The name says which one; all pages of the origin that use it have the same one. */
async function startShared(name: string): Promise<SharedWorker> {
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

type Joined = Extract<JoinedMessage, { step: 'joined' }>;

/** Follows a SharedWorker on its way to an owner. */
function listen(port: MessagePort, name: string): Promise<Joined | Exclude<Outcome, Link>> {
  return new Promise((resolve, reject) => {
    const owner = name.replace(/:\d+$/, '');
    const look = setInterval(async () => {
      const found = await numberOfOwner(owner, undefined);
      if (found !== undefined && `${owner}:${found}` !== name) {
        end(() => resolve('try again'));
      }
    }, LOOK_MS);
    let limit = setTimeout(() => end(() => resolve('give it up')), SILENCE_MAX_MS);
    const end = (settle: () => void): void => {
      clearInterval(look);
      clearTimeout(limit);
      settle();
    };
    port.onmessage = ({ data }: MessageEvent<JoinedMessage>) => {
      clearTimeout(limit);
      switch (data.step) {
        case 'heard':
          limit = setTimeout(() => end(() => resolve('give it up')), MAKING_MAX_MS);
          break;
        case 'made':
          limit = setTimeout(() => end(() => resolve('try again')), ANSWER_MAX_MS);
          break;
        case 'elsewhere':
          // Until the next look: that owner may be one that is just dying.
          limit = setTimeout(() => end(() => resolve('try again')), LOOK_MS);
          break;
        case 'joined':
          end(() => resolve(data));
          break;
        case 'refused':
          end(() => reject(fromWire(data.error, undefined)));
          break;
      }
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
