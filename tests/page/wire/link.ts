// A raw way to an engine elsewhere, without the library's end of the wire: to its worker, or by a
// port to an owner. Used by fuzz.ts. What is uncaught at the other end is told, where it can be.
import type { Twin } from '../../wire';

export interface Link {
  send(data: unknown): void;
  /** Called with each message that comes. */
  onmessage: (data: unknown) => void;
  close(): void;
}

/** On which the scripts of the other end say what was uncaught: page/wire/watched-….ts. */
export const UNCAUGHT = 'wire-uncaught';

/** The library's worker; resolves once it takes requests. */
export function toWorker(): Promise<Link> {
  const worker = new Worker('/page/wire/watched-worker.js', { type: 'module' });
  const link: Link = {
    send: (data) => worker.postMessage(data),
    onmessage: () => {},
    close: () => worker.terminate(),
  };
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    worker.onmessage = () => {
      worker.onmessage = ({ data }) => link.onmessage(data);
      resolve(link);
    };
  });
}

/** An owner of this realm; `before` is said to it before it is asked to join. */
export async function toOwner(
  realm: string,
  database: string,
  engine: Twin,
  before: readonly unknown[] = [],
): Promise<Link> {
  const name = `anchorite-owner:2:${realm}:0`;
  const { port } = new SharedWorker('/page/wire/watched-shared.js', { type: 'module', name });
  const client = `wire-client ${crypto.randomUUID()}`;
  const left = await new Promise<() => void>((resolve) => {
    void navigator.locks.request(client, () => new Promise<void>((leave) => resolve(leave)));
  });
  const link: Link = {
    send: (data) => port.postMessage(data),
    onmessage: () => {},
    close: () => {
      left();
      port.close();
    },
  };
  for (const message of before) port.postMessage(message);
  port.postMessage({ database, client, engine, wasm: undefined, dead: undefined });
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<{ step?: string; error?: { message: string } }>) => {
      if (data.step === 'refused') reject(new Error(data.error?.message));
      if (data.step !== 'joined') return;
      port.onmessage = (event) => link.onmessage(event.data);
      resolve(link);
    };
  });
}
