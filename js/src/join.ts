// Joins the owner, or makes one: the SharedWorker in which it is. Used by owned.ts. It must not
// know what is asked of an owner.
//
// Firefox 153 sometimes never returns from `new Worker` in a worker (docs/locking.md, "owner"), so
// a SharedWorker may hang while it makes an owner. It has nothing then but a lock that says so, and
// is given up: the next one has the next number. Which number the owner has is seen by the name of
// its life.

import { fromWire, SqliteError } from './errors.js';
import type { EngineChoice, JoinedMessage, JoinMessage, Started, WireWasm } from './protocol.js';
import { loadError } from './start.js';
import { makingLock } from './worker/life.js';

/** What is joined. */
export interface Place {
  /** All databases of an origin have one owner, but for those of some tests. */
  readonly realm: string;
  readonly database: string;
  readonly engine: EngineChoice;
  readonly wasm: WireWasm;
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
const PROTOCOL = 2;

/** How long a SharedWorker may take, in ms: to load and to be heard of; to make an owner. */
const SILENCE_MAX_MS = 5000;
const MAKING_MAX_MS = 1000;

/** An owner may die just before it answers: after this time, in ms, it is asked anew. */
const ANSWER_MAX_MS = 5000;

/** How often is looked whether an owner is elsewhere, or the making of one hangs, in ms. */
const LOOK_MS = 250;

/** What came of asking a SharedWorker. */
type Outcome = Link | 'try again' | 'give it up';

/** A SharedWorker: pages of all builds with one protocol find it by both. */
interface Where {
  readonly name: string;
  /** None for the one that this build brings along. */
  readonly url: string | undefined;
}

/** Joins; `dead` is the life of an owner that is of no use any more. */
export async function join(place: Place, dead: string | undefined): Promise<Link> {
  const { jspi, asyncify } = place.wasm;
  if (jspi instanceof WebAssembly.Module || asyncify instanceof WebAssembly.Module) {
    const message = 'option "wasm": a module cannot be handed to another process; give its bytes';
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  const owner = `anchorite-owner:${PROTOCOL}:${place.realm}`;
  let number = 0;
  for (;;) {
    const found = ownerIn(await heldLocks(), owner, dead);
    const where = found ?? { name: `${owner}:${number}`, url: undefined };
    const outcome = await ask(where, owner, place, dead);
    if (typeof outcome === 'object') {
      return outcome;
    }
    number = Number(where.name.slice(owner.length + 1)) + (outcome === 'give it up' ? 1 : 0);
  }
}

/** Shared, a life is held by who watches it: a SharedWorker that hangs does so after its death. */
async function heldLocks(): Promise<readonly string[]> {
  const { held = [] } = await navigator.locks.query();
  return held.filter(({ mode }) => mode === 'exclusive').map(({ name = '' }) => name);
}

/** Where the owner is, if there is one that lives. */
function ownerIn(
  locks: readonly string[],
  owner: string,
  dead: string | undefined,
): Where | undefined {
  const life = locks.find((name) => name.startsWith(`${owner}:`) && name !== dead);
  const [, name = '', url] = /^(.*:\d+) (\S+) \S+$/.exec(life ?? '') ?? [];
  return url === undefined ? undefined : { name, url };
}

async function ask(
  where: Where,
  owner: string,
  place: Place,
  dead: string | undefined,
): Promise<Outcome> {
  const worker = await startShared(where);
  const { port } = worker;
  const [client, release] = await holdLock();
  const leave = (): void => {
    release();
    port.close();
  };
  try {
    const { database, engine, wasm } = place;
    port.postMessage({ database, client, engine, wasm, dead } satisfies JoinMessage);
    const answer = await Promise.race([listen(port, where, owner), refusal(worker)]);
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

/** The literal form is what bundlers look for; relative to the bundled dist/owned.js. */
async function startShared({ name, url }: Where): Promise<SharedWorker> {
  if (typeof SharedWorker !== 'function') {
    const message = 'this browser has no SharedWorker';
    throw new SqliteError(message, { code: 'WORKER_LOAD_FAILED' });
  }
  try {
    return url === undefined
      ? new SharedWorker(new URL('./shared.js', import.meta.url), { type: 'module', name })
      : new SharedWorker(url, { type: 'module', name });
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
function listen(
  port: MessagePort,
  { name }: Where,
  owner: string,
): Promise<Joined | Exclude<Outcome, Link>> {
  return new Promise((resolve, reject) => {
    let making = 0;
    const looking = setInterval(async () => {
      const locks = await heldLocks();
      const found = ownerIn(locks, owner, undefined);
      making = locks.includes(makingLock(name)) ? making + LOOK_MS : 0;
      if (found !== undefined && found.name !== name) {
        end(() => resolve('try again'));
      } else if (making > MAKING_MAX_MS) {
        end(() => resolve('give it up'));
      }
    }, LOOK_MS);
    let limit = setTimeout(() => end(() => resolve('give it up')), SILENCE_MAX_MS);
    const end = (settle: () => void): void => {
      clearInterval(looking);
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
