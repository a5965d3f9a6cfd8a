// One engine for the pages of several contexts: each has a port, and connections of its own. Used
// by worker.ts and by shared.ts. It must not know who made the ports.
//
//   joined ──► requests and answers ──► its lock is free: what it has open is closed, which rolls
//                                       back; what it had asked for and has not begun is dropped

import { SqliteError, toWire } from '../errors.js';
import type {
  ClientMessage,
  JoinedMessage,
  JoinMessage,
  Operation,
  Operations,
  OwnerReplyMessage,
  Request,
  RequestMessage,
  Started,
} from '../protocol.js';
import type { Host } from './host.js';

/** What becomes of an owner that has nothing more to do. */
export interface Ends {
  /** Nobody is left of so many that have joined. */
  idle(joined: number): void;
  /** Its engine has failed, and keeps files and locks until this context ends. */
  failed(): void;
}

/** The engine of one database and those who use it. */
export class Owner {
  readonly #host: Host;
  readonly #life: string;
  readonly #ends: Ends;
  #joined = 0;
  #present = 0;

  constructor(host: Host, life: string, ends: Ends) {
    this.#host = host;
    this.#life = life;
    this.#ends = ends;
  }

  /** Serves a page until it is gone. */
  async serve(port: MessagePort, join: JoinMessage): Promise<void> {
    this.#joined += 1;
    this.#present += 1;
    const client = new Client(this.#host, port, () => this.#ends.failed());
    try {
      port.postMessage({ life: this.#life, started: await this.#start(join) } satisfies Joined);
      await navigator.locks.request(join.client, () => undefined);
    } catch (error) {
      port.postMessage({ refused: toWire(error) } satisfies JoinedMessage);
    }
    await client.leave();
    this.#present -= 1;
    if (this.#host.failed) {
      this.#ends.failed();
    } else if (this.#present === 0) {
      this.#ends.idle(this.#joined);
    }
  }

  /** Whoever joins first decides which build runs; both read and write the same files. */
  async #start({ engine }: JoinMessage): Promise<Started> {
    const request = { operation: 'start', engine, testHooks: {} } as const;
    const started = (await this.#host.handle(request)) as Started;
    const asked = engine === 'auto' || engine === started.engine;
    return asked ? started : { ...started, reason: 'the owner of the database runs it already' };
  }
}

type Joined = Extract<JoinedMessage, { life: string }>;

/** One page and the connections it has opened. */
class Client {
  readonly #host: Host;
  readonly #port: MessagePort;
  readonly #failed: () => void;
  readonly #sessions = new Set<number>();
  #gone = false;

  constructor(host: Host, port: MessagePort, failed: () => void) {
    this.#host = host;
    this.#port = port;
    this.#failed = failed;
    port.onmessage = ({ data }: MessageEvent<RequestMessage>) => this.#answer(data);
  }

  /** Closes what it has open, without waiting for what others do. */
  async leave(): Promise<void> {
    this.#gone = true;
    this.#port.close();
    await Promise.allSettled([...this.#sessions].map((session) => this.#host.abandon(session)));
  }

  async #answer({ id, request }: RequestMessage): Promise<void> {
    const session = 'session' in request ? request.session : undefined;
    try {
      const value = await this.#carryOut(request, session);
      const bytes = value instanceof Uint8Array ? [value.buffer] : [];
      this.#reply({ id, value, transaction: await this.#inTransaction(session) }, bytes);
    } catch (error) {
      const transaction = await this.#inTransaction(session);
      this.#reply({ id, error: toWire(error), transaction });
      if (this.#host.failed) {
        this.#failed();
      }
    }
  }

  /** A page may use what it has opened, and nothing else. */
  async #carryOut(
    request: Request,
    session: number | undefined,
  ): Promise<Operations[Operation]['answers']> {
    const allowed = session === undefined ? request.operation === 'open' : this.#has(session);
    if (!allowed) {
      throw new SqliteError('the database is closed', { code: 'CLOSED' });
    }
    const value = await this.#host.handle(request);
    if (request.operation === 'open') {
      await this.#opened((value as Operations['open']['answers']).session);
    } else if (request.operation === 'close' && session !== undefined) {
      this.#sessions.delete(session);
    }
    return value;
  }

  #has(session: number): boolean {
    return this.#sessions.has(session);
  }

  async #opened(session: number): Promise<void> {
    if (this.#gone) {
      await this.#host.abandon(session);
    } else {
      this.#sessions.add(session);
    }
  }

  async #inTransaction(session: number | undefined): Promise<boolean> {
    return session !== undefined && (await this.#host.inTransaction(session));
  }

  #reply(message: OwnerReplyMessage, transfer: Transferable[] = []): void {
    if (!this.#gone) {
      this.#port.postMessage(message, transfer);
    }
  }
}

/** Whether a message to a worker hands over the port of a page. */
export function isClient(data: RequestMessage | ClientMessage): data is ClientMessage {
  return 'join' in data;
}
