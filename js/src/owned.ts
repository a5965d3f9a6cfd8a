// The way to an engine that serves the pages of several contexts, and to the next one when that has
// died. Loaded by client.ts where a database has an owner, as a part of its own. It must not know
// what a request means, but for the connection it uses.
//
//   joining ──► joined ──► its life is free, or its engine has failed ──► joining, at the next call
//
// The page has numbers of its own for its connections: each lives on under its number when a new
// owner has to open it again. What becomes of its calls is decided in lost.ts.

import type { Channel } from './client.js';
import { fromWire, interrupted, SqliteError } from './errors.js';
import { join, type Link, type Place } from './join.js';
import { stopOf } from './limit.js';
import { connectionLost, judge, keepsOwn, makesOwn, type Standing } from './lost.js';
import { Outbox, transferable } from './outbox.js';
import { answerCall } from './parts.js';
import type {
  CallMessage,
  Operation,
  Operations,
  OwnerReplyMessage,
  Request,
  Started,
  ToEngine,
  Who,
} from './protocol.js';
import { answered, type ShortAnswer, type ShortQuestion, shortened } from './short.js';
import { whenFree } from './start.js';

type OpenRequest = Extract<Request, { operation: 'open' }>;
type Opened = Operations['open']['answers'];

/** A request that waits for its answer. */
interface Call {
  readonly request: Request;
  readonly sql: string | undefined;
  readonly connection: Connection | undefined;
  readonly signal: AbortSignal | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A connection of this page. */
interface Connection extends Standing {
  readonly open: OpenRequest;
  /** Its number with the present owner; none if that has not opened it. */
  number: number | undefined;
  opening: boolean;
  /** Calls that wait for it to be opened. */
  waiting: Call[];
  /** Whether the next call is to be told that something was lost. */
  lost: boolean;
}

/** The engine of an owner. */
export class OwnedChannel implements Channel {
  readonly #place: Place;
  readonly #connections = new Map<number, Connection>();
  readonly #pending = new Map<number, Call>();
  /** The signals of those that an owner has heard of. */
  readonly #posted = new WeakSet<AbortSignal>();
  #lastConnection = 0;
  #lastId = 0;
  #link: Link | undefined;
  /** To that link. */
  #outbox: Outbox<ToEngine | ShortQuestion> | undefined;
  #joining: Promise<Link> | undefined;
  #watching = new AbortController();
  /** The life of the owner before. */
  #former: string | undefined;
  #ended = false;

  private constructor(place: Place) {
    this.#place = place;
  }

  /** Resolves once there is an owner that takes requests. */
  static async start(place: Place): Promise<[OwnedChannel, Started]> {
    const channel = new OwnedChannel(place);
    const { started } = await channel.#joined();
    return [channel, started];
  }

  get dead(): boolean {
    return this.#ended;
  }

  request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']> {
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#ended) {
        reject(closed());
      } else {
        signal?.addEventListener('abort', () => {
          if (!this.#posted.has(signal)) {
            reject(interrupted());
          }
        });
        this.#take(request, { sql, signal, resolve, reject });
      }
    });
    return answer as Promise<Operations[Name]['answers']>;
  }

  end(): void {
    this.#ended = true;
    this.#watching.abort();
    this.#link?.leave();
    this.#link = undefined;
    this.#outbox = undefined;
    for (const call of this.#pending.values()) {
      call.reject(closed());
    }
    this.#pending.clear();
  }

  made(session: number, { engineId, session: number }: Who): boolean {
    const connection = this.#connections.get(session);
    return this.#link?.started.engineId === engineId && connection?.number === number;
  }

  #take(request: Request, rest: Omit<Call, 'request' | 'connection'>): void {
    if (request.operation === 'open') {
      this.#open(request, rest);
    } else if ('session' in request) {
      this.#use(request, request.session, rest);
    } else {
      this.#send({ request, connection: undefined, ...rest });
    }
  }

  #open(open: OpenRequest, { resolve, ...rest }: Omit<Call, 'request' | 'connection'>): void {
    const standing = { transaction: false, own: false, lost: false };
    const connection = { open, number: undefined, opening: true, waiting: [], ...standing };
    const opened = (answer: Opened) => {
      const session = ++this.#lastConnection;
      this.#connections.set(session, connection);
      this.#opened(connection, answer);
      resolve({ ...answer, session });
    };
    const call = { request: open, connection: undefined, ...rest };
    this.#send({ ...call, resolve: (answer) => opened(answer as Opened) });
  }

  #use(request: Request, session: number, rest: Omit<Call, 'request' | 'connection'>): void {
    const connection = this.#connections.get(session);
    if (connection === undefined) {
      rest.reject(closed());
      return;
    }
    const call = { request, connection, ...rest };
    if (request.operation === 'close') {
      call.resolve = (value) => {
        this.#connections.delete(session);
        rest.resolve(value);
      };
    }
    if (connection.number !== undefined) {
      this.#send(call);
    } else if (connection.opening) {
      connection.waiting.push(call);
    } else if (connection.lost || request.operation === 'close') {
      connection.lost = false;
      refuse(call, connectionLost(false, call.sql));
    } else {
      this.#reopen(connection, [call]);
    }
  }

  /** A new owner has to open it before it is asked anything. */
  #reopen(connection: Connection, calls: readonly Call[]): void {
    connection.opening = true;
    connection.waiting.push(...calls);
    const failed = (error: unknown) => {
      connection.opening = false;
      for (const call of connection.waiting.splice(0)) {
        refuse(call, error);
      }
    };
    this.#send({
      request: connection.open,
      sql: undefined,
      connection: undefined,
      signal: undefined,
      resolve: (answer) => this.#opened(connection, answer as Opened),
      reject: failed,
    });
  }

  #opened(connection: Connection, { session }: Opened): void {
    connection.number = session;
    connection.opening = false;
    for (const call of connection.waiting.splice(0)) {
      this.#send(call);
    }
  }

  /** To the owner, when there is one. */
  #send(call: Call): void {
    if (this.#outbox !== undefined) {
      this.#post(this.#outbox, call);
      return;
    }
    this.#joined().then(
      () => this.#send(call),
      (error: unknown) => call.reject(error),
    );
  }

  #post(outbox: Outbox<ToEngine | ShortQuestion>, call: Call): void {
    const { request, connection, sql, signal } = call;
    if (signal?.aborted) {
      call.reject(interrupted());
      return;
    }
    const id = ++this.#lastId;
    this.#pending.set(id, call);
    let outgoing = request;
    if (connection?.number !== undefined && 'session' in request) {
      connection.own ||= keepsOwn(request) || (sql !== undefined && makesOwn(sql));
      outgoing = { ...request, session: connection.number };
    }
    const message = shortened({ id, request: outgoing, stop: stopOf(signal) });
    outbox.add(message, transferable(request));
    if (signal !== undefined) {
      this.#posted.add(signal);
      signal.addEventListener('abort', () => outbox.add({ cancel: id }, []));
    }
  }

  #joined(): Promise<Link> {
    this.#joining ??= this.#join().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  async #join(): Promise<Link> {
    const link = await join(this.#place, this.#former);
    if (this.#ended) {
      link.leave();
      throw closed();
    }
    this.#link = link;
    const outbox = new Outbox<ToEngine | ShortQuestion>((messages, transfer) =>
      link.port.postMessage(messages, transfer),
    );
    this.#outbox = outbox;
    type FromOwner = OwnerReplyMessage | ShortAnswer | CallMessage;
    link.port.onmessage = ({ data }: MessageEvent<FromOwner[]>) => {
      for (const message of data) {
        if ('call' in message) {
          void answerCall(message, outbox);
        } else {
          this.#receive(link, 'id' in message ? message : answered(message));
        }
      }
    };
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    whenFree(link.life, signal).then(
      () => this.#lose(link),
      () => signal.aborted || this.#lose(link),
    );
    return link;
  }

  #receive(link: Link, reply: OwnerReplyMessage): void {
    const call = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (call?.connection !== undefined) {
      call.connection.transaction = reply.transaction;
    }
    if (!('error' in reply)) {
      call?.resolve(reply.value);
      return;
    }
    call?.reject(fromWire(reply.error, call.sql));
    if (reply.error.code === 'ENGINE_FAILED') {
      this.#lose(link);
    }
  }

  /** The owner is gone, or as good as that. */
  #lose(link: Link): void {
    if (link !== this.#link) {
      return;
    }
    this.#link = undefined;
    this.#outbox = undefined;
    this.#former = link.life;
    this.#watching.abort();
    link.leave();
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const connection of this.#connections.values()) {
      const handed = calls.filter((call) => call.connection === connection);
      this.#loseConnection(connection, handed);
    }
    for (const call of calls.filter(({ connection }) => connection === undefined)) {
      this.#send(call);
    }
  }

  #loseConnection(connection: Connection, calls: readonly Call[]): void {
    const verdict = judge(connection, calls);
    connection.number = undefined;
    connection.transaction = false;
    connection.own = false;
    if (verdict !== undefined) {
      connection.lost = calls.length === 0;
      for (const [index, call] of calls.entries()) {
        refuse(call, connectionLost(verdict[index] ?? true, call.sql));
      }
    } else if (calls.length > 0) {
      this.#reopen(connection, calls);
    }
  }
}

/** What is gone is closed. */
function refuse({ request, resolve, reject }: Call, error: unknown): void {
  if (request.operation === 'close') {
    resolve(undefined);
  } else {
    reject(error);
  }
}

function closed(): SqliteError {
  return new SqliteError('the database is closed', { code: 'CLOSED' });
}
