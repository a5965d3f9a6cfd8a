// The worker's entry: messages in, messages out, nothing else. Started by client.ts for one page,
// and by shared.ts for all: then it is an owner, and each page talks to it on a port of its own.

import { toWire } from '../errors.js';
import type {
  ClientMessage,
  IdleMessage,
  ReadyMessage,
  ReplyMessage,
  RequestMessage,
} from '../protocol.js';
import { Host } from './host.js';
import { holdLife } from './life.js';
import { isClient, Owner } from './owner.js';

declare const self: DedicatedWorkerGlobalScope;

const host = new Host();

/** Set when this worker is the owner of a database. */
let owner: Owner | undefined;

self.onmessage = ({ data, ports: [port] }: MessageEvent<RequestMessage | ClientMessage>) => {
  if (!isClient(data)) {
    void answer(data);
  } else if (port !== undefined) {
    void owner?.serve(port, data.join);
  }
};

async function answer({ id, request }: RequestMessage): Promise<void> {
  try {
    reply({ id, value: host.atOnce(request) ?? (await host.handle(request)) });
  } catch (error) {
    reply({ id, error: toWire(error) });
  }
}

/** Bytes of an export are handed over, not copied. */
function reply(message: ReplyMessage): void {
  const bytes =
    'value' in message && message.value instanceof Uint8Array ? message.value : undefined;
  self.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
}

/** The other side asks for the lock of that name, and is granted it when this worker is gone. */
async function ready(): Promise<void> {
  const life = await holdLife();
  owner = new Owner(host, life, {
    idle: (joined) => self.postMessage({ idle: joined } satisfies IdleMessage),
    failed: () => self.close(),
  });
  self.postMessage({ ready: true, life } satisfies ReadyMessage);
}

void ready();
