// The worker's entry: messages in, messages out, nothing else. Started by client.ts for one page,
// or by shared.ts for all, with a name: then it is the owner, and each page has a port of its own.

import type { ClientMessage, OwnerReadyMessage, ReadyMessage } from '../protocol.js';
import { Host } from './host.js';
import { holdLife, holdOwnership } from './life.js';
import { Owners } from './owners.js';
import { Page } from './page.js';

declare const self: DedicatedWorkerGlobalScope;

/** The engine of one page. */
async function serveOne(): Promise<void> {
  const page = new Page(new Host(), (replies, transfer) => self.postMessage(replies, transfer));
  self.onmessage = ({ data }) => page.hear(data);
  self.postMessage({ ready: true, life: await holdLife() } satisfies ReadyMessage);
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
