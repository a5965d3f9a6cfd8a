// The worker's entry: messages in, messages out, nothing else. Started by client.ts for one page,
// or by shared.ts for all, with a name: then it is the owner, and each page has a port of its own.

import { toWire } from '../errors.js';
import type {
  ClientMessage,
  OwnerReadyMessage,
  ReadyMessage,
  ReplyMessage,
  RequestMessage,
} from '../protocol.js';
import { Host } from './host.js';
import { holdLife, holdOwnership } from './life.js';
import { Owners } from './owners.js';

declare const self: DedicatedWorkerGlobalScope;

/** The engine of one page. */
async function serveOne(): Promise<void> {
  const host = new Host();
  self.onmessage = async ({ data: { id, request } }: MessageEvent<RequestMessage>) => {
    try {
      reply({ id, value: host.atOnce(request) ?? (await host.handle(request)) });
    } catch (error) {
      reply({ id, error: toWire(error) });
    }
  };
  self.postMessage({ ready: true, life: await holdLife() } satisfies ReadyMessage);
}

/** Bytes of an export are handed over, not copied. */
function reply(message: ReplyMessage): void {
  const bytes =
    'value' in message && message.value instanceof Uint8Array ? message.value : undefined;
  self.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
}

/** The engines of all pages. */
async function serveAll(): Promise<void> {
  const life = await holdOwnership(self.name);
  if (life !== undefined) {
    const owners = new Owners(life, () => self.close());
    self.onmessage = ({ data, ports: [port] }: MessageEvent<ClientMessage>) => {
      if (port !== undefined) {
        void owners.serve(port, data.join);
      }
    };
  }
  self.postMessage({ life } satisfies OwnerReadyMessage);
}

void (self.name === '' ? serveOne() : serveAll());
