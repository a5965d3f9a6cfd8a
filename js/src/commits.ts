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

/**
 * Calls back with what this and other contexts tell, until the channel is closed; nothing where
 * they cannot.
 */
export function listen(hear: (heard: Heard) => void): BroadcastChannel | undefined {
  const Channel = kindOfChannel();
  const channel = Channel && new Channel(CHANNEL);
  if (channel !== undefined) {
    channel.onmessage = ({ data }: MessageEvent<Heard[]>) => {
      for (const heard of data) {
        hear(heard);
      }
    };
  }
  return channel;
}
