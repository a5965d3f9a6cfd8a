// What each commit has changed, and what is another for one connection alone, from whoever made it
// to whoever wants to know. Told by worker/engine.ts, heard by changes.ts and watch.ts. It must not
// know what either does with it.

import { SqliteError } from './errors.js';
import type { Heard } from './protocol.js';

/** The name of the channel: a message is a list of `Heard`. The number is of its protocol. */
const CHANNEL = 'anchorite:commits:1';

type Kind = typeof BroadcastChannel;

let given: Kind | undefined;

/** Tells by channels of another kind from now on. */
export function tellBy(kind: Kind): void {
  given = kind;
}

/** What contexts tell each other by; nothing where they cannot. */
function kindOfChannel(): Kind | undefined {
  return given ?? globalThis.BroadcastChannel;
}

/** Whether contexts can tell each other. */
export function canTell(): boolean {
  return kindOfChannel() !== undefined;
}

/** A channel of another name. Throws where contexts cannot tell each other. */
export function makeChannel(name: string): BroadcastChannel {
  const Channel = kindOfChannel();
  if (Channel === undefined) {
    throw new SqliteError('there is no BroadcastChannel here', { code: 'UNSUPPORTED' });
  }
  return new Channel(name);
}

let telling: BroadcastChannel | undefined;
let untold: Heard[] = [];

/** Tells all contexts, once what is being done is done: a message costs as much as a short job. */
export function tell(heard: Heard): void {
  if (!canTell()) {
    return;
  }
  if (untold.length === 0) {
    setTimeout(flush);
  }
  untold.push(heard);
}

/** Tells them what it has not been told yet. */
export function flush(): void {
  const Channel = kindOfChannel();
  if (Channel === undefined || untold.length === 0) {
    return;
  }
  telling ??= new Channel(CHANNEL);
  telling.postMessage(untold);
  untold = [];
}

/** Somebody who listens. */
export interface Ear {
  /** Settles when whatever is told from then on is heard. */
  readonly ready: Promise<void>;
  close(): void;
}

/** How long it may take a browser to connect a channel, in ms, before it is not waited for. */
const READY_MS = 1000;

/**
 * Hears for all of this context that listen. A channel that was made is connected a little later,
 * and hears nothing of what is told until then; that it is shows when it hears the first message,
 * which may be an empty one of its own.
 */
class Hearing {
  readonly ready: Promise<void>;
  readonly #channel: BroadcastChannel;
  readonly #ears = new Set<(heard: Heard) => void>();

  constructor(Channel: Kind) {
    this.#channel = new Channel(CHANNEL);
    const probe = new Channel(CHANNEL);
    this.ready = new Promise((resolve) => {
      const timer = setTimeout(resolve, READY_MS);
      this.#channel.onmessage = ({ data }: MessageEvent<Heard[]>) => {
        clearTimeout(timer);
        resolve();
        this.#hear(data);
      };
    });
    probe.postMessage([]);
    void this.ready.then(() => probe.close());
  }

  add(hear: (heard: Heard) => void): Ear {
    // One of its own: the same function may listen twice.
    const ear = (heard: Heard) => hear(heard);
    this.#ears.add(ear);
    return { ready: this.ready, close: () => this.#leave(ear) };
  }

  #leave(ear: (heard: Heard) => void): void {
    this.#ears.delete(ear);
    if (this.#ears.size === 0) {
      this.#channel.close();
      hearing = hearing === this ? undefined : hearing;
    }
  }

  #hear(all: readonly Heard[]): void {
    for (const heard of all) {
      for (const ear of [...this.#ears]) {
        ear(heard);
      }
    }
  }
}

let hearing: Hearing | undefined;

/**
 * Calls back with what this and other contexts tell, until the ear is closed; nothing where they
 * cannot.
 */
export function listen(hear: (heard: Heard) => void): Ear | undefined {
  const Channel = kindOfChannel();
  if (Channel === undefined) {
    return undefined;
  }
  hearing ??= new Hearing(Channel);
  return hearing.add(hear);
}
