// The worker's entry: messages in, messages out, nothing else. Started by client.ts for one page,
// or by shared.ts for all, with a name: then it is the owner, and each page has a port of its own.

import { toWire } from '../errors.js';
import { Outbox } from '../outbox.js';
import type {
  CallMessage,
  ClientMessage,
  OwnerReadyMessage,
  ReadyMessage,
  ReplyMessage,
  RequestMessage,
  ToEngine,
} from '../protocol.js';
import { Callbacks } from './callbacks.js';
import { Cancels } from './cancels.js';
import { transferable } from './few.js';
import { Host } from './host.js';
import { holdLife, holdOwnership } from './life.js';
import { Owners } from './owners.js';

declare const self: DedicatedWorkerGlobalScope;

/** The engine of one page. */
async function serveOne(): Promise<void> {
  const host = new Host();
  const cancels = new Cancels();
  const outbox = new Outbox<ReplyMessage | CallMessage>((replies, transfer) =>
    self.postMessage(replies, transfer),
  );
  const callbacks = new Callbacks((message) => outbox.add(message, []));
  const answerLater = async (message: RequestMessage): Promise<void> => {
    const { id, request } = message;
    try {
      const value = await host.handle(request, cancels.begin(message), callbacks.call);
      outbox.add({ id, value }, transferable(value));
    } catch (error) {
      outbox.add({ id, error: toWire(error) }, []);
    } finally {
      cancels.end(id);
    }
  };
  const answer = (message: RequestMessage): void => {
    const value = host.atOnce(message.request);
    if (value === undefined) {
      void answerLater(message);
    } else {
      outbox.add({ id: message.id, value }, transferable(value));
    }
  };
  self.onmessage = ({ data }: MessageEvent<ToEngine[]>) => {
    for (const message of data) {
      if ('cancel' in message) {
        cancels.cancel(message.cancel);
      } else if ('called' in message) {
        callbacks.answered(message);
      } else {
        answer(message);
      }
    }
  };
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
