// The owner: the engines of the databases that pages have joined, each with its clients. Used by
// worker.ts and by shared.ts. It must not know who made the ports.

import { toWire } from '../errors.js';
import type { JoinedMessage, JoinMessage, Started } from '../protocol.js';
import { Client } from './clients.js';
import { Host } from './host.js';

/** An engine and how many pages use it. */
interface Served {
  readonly host: Host;
  clients: number;
}

/** All databases of one owner. One that nobody uses any more gives up its engine. */
export class Owners {
  readonly #life: string;
  readonly #failed: () => void;
  readonly #served = new Map<string, Served>();

  /** `failed` is told when an engine has failed, which keeps its locks until this context ends. */
  constructor(life: string, failed: () => void) {
    this.#life = life;
    this.#failed = failed;
  }

  /** Serves a page until it is gone. */
  async serve(port: MessagePort, join: JoinMessage): Promise<void> {
    const { database } = join;
    const served = this.#served.get(database) ?? { host: new Host('owner'), clients: 0 };
    this.#served.set(database, served);
    served.clients += 1;
    const client = new Client(served.host, port);
    let started = false;
    try {
      const value = await start(served.host, join);
      started = true;
      port.postMessage({ step: 'joined', life: this.#life, started: value } satisfies Joined);
    } catch (error) {
      port.postMessage({ step: 'refused', error: toWire(error) } satisfies JoinedMessage);
    }
    // Granted when the page gives it back, which it also does when it was refused, or is gone.
    await navigator.locks.request(join.client, () => undefined);
    await client.leave();
    served.clients -= 1;
    if (this.#served.get(database) === served && (served.clients === 0 || served.host.failed)) {
      this.#served.delete(database);
    }
    if (started && served.host.failed) {
      this.#failed();
    }
  }
}

type Joined = Extract<JoinedMessage, { step: 'joined' }>;

/** Whoever joins first decides which build runs; both read and write the same files. */
async function start(host: Host, { engine, wasm }: JoinMessage): Promise<Started> {
  const request = { operation: 'start', engine, wasm, testHooks: {}, page: '' } as const;
  const started = (await host.handle(request)) as Started;
  const asked = engine === 'auto' || engine === started.engine;
  return asked ? started : { ...started, reason: 'the owner of the database runs it already' };
}
