// What SQLite logs, for the page that wants to know: on a channel of each connection's own, since
// it comes while a call runs, or while the database is opened. Used by database.ts; worker/log.ts
// tells. It must not know what is logged.

import { makeChannel } from './commits.js';
import type { LogLine } from './protocol.js';

/** How long is listened after the end, in ms, for what is on its way. */
const LINGER_MS = 1000;

/** A channel that is listened to. */
export interface Log {
  readonly name: string;
  readonly end: () => void;
}

/** Listens to a channel of a new name. */
export function listenLog(hear: (line: LogLine) => void): Log {
  const name = `anchorite:log:1:${crypto.randomUUID()}`;
  const channel = makeChannel(name);
  channel.onmessage = ({ data }: MessageEvent<LogLine>) => hear(data);
  return { name, end: () => setTimeout(() => channel.close(), LINGER_MS) };
}
