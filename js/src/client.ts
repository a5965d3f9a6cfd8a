// The page's end of the wire: requests out, answers in, and what happens when the worker cannot be
// started or dies. Used by database.ts and files.ts. It must not know what a request means.

import { currentContext, currentPage } from './context.js';
import { fromWire, interrupted, SqliteError, text } from './errors.js';
import { stopOf } from './limit.js';
import type { LocalEngine } from './local.js';
import { keep, known } from './modules.js';
import type { EngineOptions, GivenWorker, WasmSource } from './options.js';
import { Outbox, transferable } from './outbox.js';
import { answerCall, cannotImport, carryOut } from './parts.js';
import type {
  CallMessage,
  EngineChoice,
  Operation,
  Operations,
  ReadyMessage,
  ReplyMessage,
  Request,
  Sharing,
  Started,
  TestHooks,
  ToEngine,
  Who,
  WireWasm,
} from './protocol.js';
import { answered, type ShortAnswer, type ShortQuestion, shortened } from './short.js';
import { type Line, startWorker, whenReady } from './start.js';
import { onPageState } from './visibility.js';

/** The way to an engine. */
export interface Channel {
  /**
   * Sends one request; docs/protocol.md says in which order. `sql` is for the error, if any. With
   * the signal it is given up: it rejects with `SQLITE_INTERRUPT` unless it happens all the same.
   */
  request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']>;
  /** Whether a commit was made by the connection of this number. */
  made(session: number, who: Who): boolean;
  /** Gives it up; the last to do so ends the engine, and what is still pending rejects. */
  end(): void;
  /** Whether every request will be rejected, because the engine is gone. */
  readonly dead: boolean;
}

/** Whether the engine gets a worker, or runs in place. Where one cannot be given, given.ts says. */
function takesWorker(options: EngineOptions): boolean {
  const { worker = true } = options;
  return given(options) !== undefined || (worker === true && currentContext() === 'window');
}

/** The worker of the application that is to be used, if there is one. */
function given({ worker }: EngineOptions): GivenWorker | undefined {
  const it = worker instanceof URL ? worker.href : worker;
  return typeof it === 'boolean' ? undefined : it;
}

/** Starts an engine where the options say. */
export async function connect(options: EngineOptions): Promise<[Channel, Started]> {
  if (currentContext() === undefined) {
    throw new SqliteError('there is neither a browser nor Node here', { code: 'OPFS_UNAVAILABLE' });
  }
  const { engine = 'auto', testHooks = {} } = options;
  const own = takesWorker(options) ? await WorkerChannel.start(options) : undefined;
  const channel = own ?? (await LocalChannel.to(engine, testHooks));
  try {
    const page = currentPage();
    const sources = wireWasm(options);
    // A worker of the application may have another version of the package.
    const isOurs = given(options) === undefined;
    const wasm = isOurs ? known(sources) : sources;
    const request = { operation: 'start', engine, wasm, testHooks, page } as const;
    const { module, ...started } = await channel.request<'start'>(request);
    keep(sources, started.engine, isOurs ? module : undefined);
    channel.engineId = started.engineId;
    own?.followPage();
    return [channel, started];
  } catch (error) {
    channel.end();
    throw error;
  }
}

/** A worker has another base, and knows no objects of the class URL. */
function wireWasm({ wasm = {} }: EngineOptions): WireWasm {
  const wire = (source: WasmSource | undefined) =>
    typeof source === 'string' || source instanceof URL
      ? new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href).href
      : source;
  return { jspi: wire(wasm.jspi), asyncify: wire(wasm.asyncify) };
}

/** How the contexts of the origin share a database, and why so. */
export interface Shared {
  readonly sharing: Sharing;
  readonly sharingReason: string;
}

/** An engine that was started, or joined. */
interface Reached {
  readonly channel: Channel;
  readonly started: Started;
  readonly shared: Shared;
}

/** An engine that serves one database to all its connections in this page. */
interface Serving {
  readonly reached: Promise<Reached>;
  readonly worker: GivenWorker | undefined;
  users: number;
}

/** The engines that serve a database, by its name and by what was asked for. */
const serving = new Map<string, Serving>();

/**
 * Goes to the engine that has the database already, if one of this page has, else reaches one: two
 * connections in one instance share the file, and SQLite's locks order them. `joined` says which.
 * Without a name there is nothing to share.
 */
export async function connectTo(
  name: string | undefined,
  options: EngineOptions,
): Promise<Reached & { joined: boolean }> {
  const { engine = 'auto', testHooks } = options;
  const shared = choose(name, options);
  if (name === undefined || !takesWorker(options) || hooksEngine(options)) {
    return { ...(await reachOwn(options, shared)), joined: false };
  }
  const owned = shared.sharing === 'owner';
  const key = owned ? `owner ${testHooks?.owner ?? ''} ${name}` : `${engine} ${name}`;
  const worker = given(options);
  const last = serving.get(key);
  const known = last?.worker === worker ? last : undefined;
  const reach = () => (owned ? reachOwner(name, options, shared) : reachOwn(options, shared));
  const entry = known ?? { reached: reach(), worker, users: 0 };
  serving.set(key, entry);
  const reached = await entry.reached.catch((error: unknown) => {
    forget(key, entry);
    throw error;
  });
  const { channel } = reached;
  if (channel.dead) {
    forget(key, entry);
    return connectTo(name, options);
  }
  entry.users += 1;
  const used = new UsedChannel(channel, () => leave(key, entry));
  return { ...reached, channel: used, joined: !!known };
}

/** Whether a test has its hands in the engine. */
function hooksEngine({ testHooks = {} }: EngineOptions): boolean {
  return Object.keys(testHooks).some((hook) => hook !== 'owner');
}

/** Decides how a database is shared; what a browser can do is seen by its interfaces. */
function choose(name: string | undefined, options: EngineOptions): Shared {
  const { sharing } = options;
  const own = (sharingReason: string): Shared => ({ sharing: 'exclusive', sharingReason });
  const isGiven = given(options) !== undefined;
  if (sharing === 'owner' && (isGiven || !takesWorker(options))) {
    const message = '"sharing" can be "owner" only in a Window without "worker"';
    throw new SqliteError(message, { code: 'INVALID_OPTION' });
  }
  if (sharing !== undefined) {
    return { sharing, sharingReason: 'the caller asked for it' };
  }
  if (name === undefined) {
    return own('a database in memory is its own');
  }
  if (hooksEngine(options)) {
    return own('a test asks for it');
  }
  if (currentContext() === 'node') {
    return own('one process at a time has what is in a directory');
  }
  if (navigator.locks === undefined) {
    return own('this context has no navigator.locks');
  }
  if (handlesHaveModes() || (isGiven && options.engine === 'sync')) {
    return canShareFiles(options)
      ? { sharing: 'shared', sharingReason: 'this browser can share files among workers' }
      : own('files cannot be shared here');
  }
  if (isGiven) {
    return { sharing: 'hand-over', sharingReason: 'no owner runs the worker of a page' };
  }
  return takesWorker(options)
    ? { sharing: 'owner', sharingReason: 'this browser cannot share files among tabs' }
    : own('the engine runs in place');
}

/** Whether the files that an engine opens may be open elsewhere too. */
export function canShareFiles(options: EngineOptions): boolean {
  const isThere = takesWorker(options) || currentContext() === 'dedicated-worker';
  return (
    isThere && options.engine !== 'sync' && navigator.locks !== undefined && handlesHaveModes()
  );
}

/**
 * Whether handles can be opened in a mode that lets another context have the file open as well.
 * The modes of the handles that only workers have came together with those that a page can see.
 */
function handlesHaveModes(): boolean {
  const Stream = globalThis.FileSystemWritableFileStream;
  return typeof Stream === 'function' && 'mode' in Stream.prototype;
}

async function reachOwn(options: EngineOptions, shared: Shared): Promise<Reached> {
  const [channel, started] = await connect(options);
  return { channel, started, shared };
}

/** Where an owner is refused to a page, that has a worker of its own, and takes turns. */
async function reachOwner(name: string, options: EngineOptions, shared: Shared): Promise<Reached> {
  const { OwnedChannel } = await import('./owned.js').catch(cannotImport('owned.js'));
  try {
    const { engine = 'auto', testHooks } = options;
    const wasm = wireWasm(options);
    const place = { realm: testHooks?.owner ?? '', database: name, engine, wasm };
    const [channel, started] = await OwnedChannel.start(place);
    return { channel, started, shared };
  } catch (error) {
    const cannot = error instanceof SqliteError && error.code === 'WORKER_LOAD_FAILED';
    if (options.sharing !== undefined || !cannot) {
      throw error;
    }
    const sharing = options.engine === 'sync' ? 'exclusive' : 'hand-over';
    return reachOwn(options, { sharing, sharingReason: error.message });
  }
}

function forget(key: string, entry: Serving): void {
  if (serving.get(key) === entry) {
    serving.delete(key);
  }
}

/** Whether nobody uses it any more. */
function leave(key: string, entry: Serving): boolean {
  entry.users -= 1;
  if (entry.users === 0) {
    forget(key, entry);
  }
  return entry.users === 0;
}

/** One connection's use of an engine that serves several. */
class UsedChannel implements Channel {
  readonly #channel: Channel;
  #leave: (() => boolean) | undefined;

  constructor(channel: Channel, leave: () => boolean) {
    this.#channel = channel;
    this.#leave = leave;
  }

  get dead(): boolean {
    return this.#channel.dead;
  }

  request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']> {
    return this.#channel.request<Name>(request, sql, signal);
  }

  made(session: number, who: Who): boolean {
    return this.#channel.made(session, who);
  }

  end(): void {
    const leave = this.#leave;
    this.#leave = undefined;
    if (leave?.()) {
      this.#channel.end();
    }
  }
}

/** What is known of an engine that only this page uses. */
class OwnEngine {
  /** Once it has started. */
  engineId: string | undefined;

  made(session: number, who: Who): boolean {
    return who.engineId === this.engineId && who.session === session;
  }
}

/** The part of the package that an engine in place needs. */
type Local = typeof import('./local.js');

let importLocal: () => Promise<Local> = () => import('./local.js');

/**
 * Brings that part along, where nothing can be imported later, or where it is another one. What is
 * open already stays with its engine.
 */
export function bringLocal(local: Local): void {
  importLocal = () => Promise.resolve(local);
  engines.clear();
}

/** The engines that run in place, by the build that was asked for; each serves many databases. */
const engines = new Map<EngineChoice, LocalEngine>();

/** The engine in place: no messages, the same errors. */
class LocalChannel extends OwnEngine implements Channel {
  readonly #engine: LocalEngine;

  private constructor(engine: LocalEngine) {
    super();
    this.#engine = engine;
  }

  /** The engine of this context, or one of its own where a test has its hands in it. */
  static async to(choice: EngineChoice, hooks: TestHooks): Promise<LocalChannel> {
    const { LocalEngine } = await importLocal().catch(cannotImport('local.js'));
    if (Object.keys(hooks).length > 0) {
      return new LocalChannel(new LocalEngine());
    }
    const shared = engines.get(choice);
    const engine = shared === undefined || shared.failed ? new LocalEngine() : shared;
    engines.set(choice, engine);
    return new LocalChannel(engine);
  }

  request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']> {
    const answer = this.#engine.atOnce(request);
    return answer === undefined ? this.#handle(request, sql, signal) : Promise.resolve(answer);
  }

  async #handle(
    request: Request,
    sql: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Operations[Operation]['answers']> {
    const reply = await this.#engine.handle(request, signal, carryOut);
    if ('error' in reply) {
      throw fromWire(reply.error, sql);
    }
    return reply.value;
  }

  /** The engine stays, for the next database. */
  end(): void {}

  get dead(): boolean {
    return this.#engine.failed;
  }
}

/** A request that waits for its answer. */
interface Pending {
  readonly sql: string | undefined;
  resolve(value: unknown): void;
  reject(error: SqliteError): void;
}

/** The way to a worker of ours, or to the application's. */
async function reachWorker(options: EngineOptions): Promise<Line> {
  const worker = given(options);
  if (worker !== undefined) {
    const { reachGiven } = await import('./given.js').catch(cannotImport('given.js'));
    return reachGiven(worker, options.testHooks?.serveTimeout);
  }
  const port = await startWorker();
  const { life } = await whenReady<ReadyMessage>(port);
  return { port, life, end: () => port.terminate() };
}

/** The engine in a dedicated worker. */
class WorkerChannel extends OwnEngine implements Channel {
  readonly #line: Line;
  readonly #outbox: Outbox<ToEngine | ShortQuestion>;
  readonly #pending = new Map<number, Pending>();
  readonly #ended = new AbortController();
  #lastId = 0;
  #dead: SqliteError | undefined;

  private constructor(line: Line) {
    super();
    this.#line = line;
    const { port } = line;
    this.#outbox = new Outbox((messages, transfer) => port.postMessage(messages, transfer));
  }

  /** Resolves once the worker takes requests. */
  static async start(options: EngineOptions): Promise<WorkerChannel> {
    const line = await reachWorker(options);
    const channel = new WorkerChannel(line);
    const port = line.port as Worker;
    port.onmessage = ({ data }: MessageEvent<(ReplyMessage | ShortAnswer | CallMessage)[]>) => {
      for (const message of data) {
        if ('call' in message) {
          void answerCall(message, channel.#outbox);
        } else {
          channel.#receive('id' in message ? message : answered(message));
        }
      }
    };
    port.onmessageerror = () => channel.#die('a message could not be read');
    // Comes from our own worker alone: an error in one of the application's is not the engine's.
    port.onerror = (event) => channel.#die(event.message);
    channel.#watch(line.life);
    return channel;
  }

  request<Name extends Operation>(
    request: Extract<Request, { operation: Name }>,
    sql?: string,
    signal?: AbortSignal,
  ): Promise<Operations[Name]['answers']> {
    if (this.#dead !== undefined || signal?.aborted) {
      return Promise.reject(this.#dead ?? interrupted());
    }
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { sql, resolve, reject });
    });
    const message = shortened({ id, request, stop: stopOf(signal) });
    this.#outbox.add(message, transferable(request));
    signal?.addEventListener('abort', () => this.#outbox.add({ cancel: id }, []));
    return answer as Promise<Operations[Name]['answers']>;
  }

  end(): void {
    this.#die('it was closed');
  }

  get dead(): boolean {
    return this.#dead !== undefined;
  }

  #receive(reply: ReplyMessage): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) {
      pending?.reject(fromWire(reply.error, pending.sql));
      if (reply.error.code === 'ENGINE_FAILED') {
        this.#die(reply.error.message);
      }
    } else {
      pending?.resolve(reply.value);
    }
  }

  /** Lets the worker know whether the page is seen, at once: the page may be about to freeze. */
  followPage(): void {
    onPageState((state) => {
      const isBusy = this.#pending.size > 0;
      this.request<'pageState'>({ operation: 'pageState', state }).catch(() => undefined);
      this.#outbox.flush();
      return isBusy;
    }, this.#ended.signal);
  }

  /** The worker holds this lock for as long as it lives. */
  #watch(life: string): void {
    if (navigator.locks === undefined) {
      return;
    }
    const { signal } = this.#ended;
    navigator.locks
      .request(life, { signal }, () => this.#die('it was terminated'))
      .catch((error: unknown) => {
        if (!signal.aborted) {
          this.#die(text(error));
        }
      });
  }

  #die(why: string): void {
    if (this.#dead !== undefined) {
      return;
    }
    this.#dead = new SqliteError(`the worker is gone: ${why}`, { code: 'WORKER_DIED' });
    this.#ended.abort();
    this.#line.end();
    for (const pending of this.#pending.values()) {
      pending.reject(this.#dead);
    }
    this.#pending.clear();
  }
}
