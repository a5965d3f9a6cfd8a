// The worker's entry: messages in, messages out, nothing else. Started by client.ts.

import { toWire } from '../errors.js';
import type { ReadyMessage, ReplyMessage, RequestMessage } from '../protocol.js';
import { Host } from './host.js';

declare const self: DedicatedWorkerGlobalScope;

const host = new Host();

self.onmessage = async (event: MessageEvent<RequestMessage>) => {
  const { id, request } = event.data;
  try {
    reply({ id, value: host.atOnce(request) ?? (await host.handle(request)) });
  } catch (error) {
    reply({ id, error: toWire(error) });
  }
};

/** Bytes of an export are handed over, not copied. */
function reply(message: ReplyMessage): void {
  const bytes =
    'value' in message && message.value instanceof Uint8Array ? message.value : undefined;
  self.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
}

/** Held until this worker is gone, however it goes: the page waits for it to be free. */
const life = `anchorite-life:${crypto.randomUUID()}`;

function ready(): void {
  self.postMessage({ ready: true, life } satisfies ReadyMessage);
}

if (navigator.locks === undefined) {
  ready();
} else {
  navigator.locks.request(life, () => {
    ready();
    return new Promise(() => undefined);
  });
}
