// One page that uses an engine over a port, with connections of its own. Used by owners.ts. It must
// not know who else uses that engine.
//
//   joined ──► requests and answers ──► it leaves, or dies: what it has open is closed, which rolls
//                                       back; what it had asked for and has not begun is dropped

import { SqliteError, toWire } from '../errors.js';
import { Outbox } from '../outbox.js';
import type {
  CallMessage,
  Operation,
  Operations,
  OwnerReplyMessage,
  Request,
  RequestMessage,
  RowBatch,
} from '../protocol.js';
import type { ShortAnswer } from '../short.js';
import { Callbacks } from './callbacks.js';
import { Cancels } from './cancels.js';
import { replyOf, transferable } from './few.js';
import type { Host } from './host.js';
import { checkMessage, type Hearers, hear } from './incoming.js';

/** One page and the connections it has opened. */
export class Client {
  readonly #host: Host;
  readonly #port: MessagePort;
  readonly #outbox: Outbox<OwnerReplyMessage | ShortAnswer | CallMessage>;
  readonly #sessions = new Set<number>();
  readonly #cancels = new Cancels();
  readonly #callbacks = new Callbacks((message) => this.#outbox.add(message, []));
  #gone = false;

  constructor(host: Host, port: MessagePort) {
    this.#host = host;
    this.#port = port;
    // Nothing comes of it once the port is closed.
    this.#outbox = new Outbox((replies, transfer) => port.postMessage(replies, transfer));
    const hearers: Hearers = {
      cancels: this.#cancels,
      callbacks: this.#callbacks,
      answer: (message) => this.#answer(message),
    };
    port.onmessage = ({ data }) => hear(data, hearers);
  }

  /** Closes what it has open, without waiting for what others do. */
  async leave(): Promise<void> {
    this.#gone = true;
    this.#port.close();
    await Promise.allSettled([...this.#sessions].map((session) => this.#host.abandon(session)));
  }

  #answer(message: RequestMessage): void {
    const { id, request } = message;
    let session: number | undefined;
    let answer: RowBatch | undefined;
    try {
      checkMessage(message);
      session = 'session' in request ? request.session : undefined;
      answer = this.#mayUse(session) ? this.#host.atOnce(request) : undefined;
    } catch (error) {
      this.#reply({ id, error: toWire(error), transaction: this.#inTransaction(session) });
      return;
    }
    if (answer === undefined) {
      void this.#answerLater(message, session);
    } else {
      this.#reply(replyOf({ id, value: answer, transaction: false }), transferable(answer));
    }
  }

  async #answerLater(message: RequestMessage, session: number | undefined): Promise<void> {
    const { id, request } = message;
    try {
      const value = await this.#carryOut(request, session, this.#cancels.begin(message));
      const transaction = this.#inTransaction(session);
      this.#reply({ id, value, transaction }, transferable(value));
    } catch (error) {
      this.#reply({ id, error: toWire(error), transaction: this.#inTransaction(session) });
    } finally {
      this.#cancels.end(id);
    }
  }

  /** A page may use what it has opened, and nothing else. */
  async #carryOut(
    request: Request,
    session: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Operation]['answers']> {
    if (request.operation !== 'open' && !this.#mayUse(session)) {
      throw new SqliteError('the database is closed', { code: 'CLOSED' });
    }
    const value = await this.#host.handle(request, signal, this.#callbacks.call);
    if (request.operation === 'open') {
      await this.#opened((value as Operations['open']['answers']).session);
    } else if (request.operation === 'close' && session !== undefined) {
      this.#sessions.delete(session);
    }
    return value;
  }

  #mayUse(session: number | undefined): boolean {
    return session !== undefined && this.#sessions.has(session);
  }

  async #opened(session: number): Promise<void> {
    if (this.#gone) {
      await this.#host.abandon(session);
    } else {
      this.#sessions.add(session);
    }
  }

  #inTransaction(session: number | undefined): boolean {
    return session !== undefined && this.#host.inTransaction(session);
  }

  #reply(message: OwnerReplyMessage | ShortAnswer, transfer: readonly Transferable[] = []): void {
    this.#outbox.add(message, transfer);
  }
}
