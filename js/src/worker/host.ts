// One engine and what it is asked to do. Used by page.ts and owners.ts behind messages, and by
// local.ts directly where the engine runs in place. It must not know which of them.

import { currentContext } from '../context.js';
import { SqliteError } from '../errors.js';
import type {
  Context,
  EngineChoice,
  Operation,
  Operations,
  Pulled,
  Request,
  RowBatch,
  RunResult,
  Started,
  WireValue,
} from '../protocol.js';
import type { Glue } from '../wasm/anchorite.js';
import { Cursors } from './cursors.js';
import type { Declarations } from './declare.js';
import { type About, Engine } from './engine.js';
import { forMessage, type RustRows } from './few.js';
import { announce } from './holders.js';
import { checkAbilities } from './suspending.js';

/** What an operation answers. */
type Answer<Name extends Operation> = Operations[Name]['answers'];

/** Asks the page of a request what its function answers; rejects with an error, or its words. */
export type CallPage = (number: number, args: readonly WireValue[]) => Promise<WireValue>;

/** How long functions may take where the databases of other pages wait meanwhile, in ms. */
const OWNER_TIMEOUT_MAX = 5000;

/** Carries out requests; queue.ts decides in which order. */
export class Host {
  readonly #cursors = new Cursors((session, cursor) => this.#expire(session, cursor));
  #engine: Promise<Engine> | undefined;
  /** The same, once it runs. */
  #running: Engine | undefined;
  #failed = false;
  readonly #kind: 'owner' | 'exclusive';
  readonly #declarations: Declarations | undefined;
  #page = '';
  /** How to take back that a connection has a database open. */
  readonly #announced = new Map<number, () => Promise<void>>();

  /** What a database is for other contexts that it has to itself; what SQL finds in each. */
  constructor(kind: 'owner' | 'exclusive' = 'exclusive', declarations?: Declarations) {
    this.#kind = kind;
    this.#declarations = declarations;
  }

  /** Whether the engine could not be started or has trapped: this host is of no use any more. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * The answer to a request that takes no waiting, not even for a promise: reading a row takes
   * less time than that. Otherwise nothing, and it has to be handled.
   */
  atOnce(request: Request): RowBatch | undefined {
    if (request.operation !== 'query' || request.inside) {
      return undefined;
    }
    return this.#running?.atOnce(request.session, request.sql, request.params, request.first);
  }

  /**
   * Carries out one request; to start twice is to ask what was started. With the signal it is given
   * up: it rejects with `SQLITE_INTERRUPT`, unless it has happened by then. `callPage` is for the
   * functions that it makes.
   */
  async handle(
    request: Request,
    signal?: AbortSignal,
    callPage?: CallPage,
  ): Promise<Answer<Operation>> {
    try {
      return await this.#handle(request, signal, callPage);
    } catch (error) {
      const trapped = error instanceof SqliteError && error.code === 'ENGINE_FAILED';
      this.#failed ||= trapped || this.#running === undefined;
      throw error;
    }
  }

  /** Closes a connection whose user is gone: what has not begun is not begun any more. */
  async abandon(session: number): Promise<void> {
    this.#running?.drop(session);
    await this.handle({ operation: 'close', session });
  }

  /** Whether a connection has a transaction open, now that one of its requests was carried out. */
  inTransaction(session: number): boolean {
    return this.#running?.inTransaction(session) ?? false;
  }

  async #handle(
    request: Request,
    signal: AbortSignal | undefined,
    callPage: CallPage | undefined,
  ): Promise<Answer<Operation>> {
    if (request.operation === 'start') {
      this.#cursors.timeout = request.testHooks.cursorTimeout ?? this.#cursors.timeout;
      this.#engine ??= Engine.start(request, this.#declarations);
      this.#running = await this.#engine;
      this.#page = request.page;
      return this.#started(this.#running, request.engine);
    }
    if (this.#engine === undefined) {
      throw new SqliteError('the engine was not started', { code: 'ENGINE_FAILED' });
    }
    // Without waiting, once it runs: whatever is asked next must find this in the queue.
    const engine = this.#running ?? (await this.#engine);
    checkAbilities(engine.can, request, signal);
    if (request.operation === 'createFunction') {
      return this.#createFunction(engine, request, callPage);
    }
    const answer = await this.#carryOut(engine, request, signal);
    await this.#announce(request, answer);
    return answer;
  }

  /** An owner runs what the first page has asked for; a worker of one page, no other than asked. */
  #started(running: Engine, asked: EngineChoice): Started {
    const answer = started(running);
    if (this.#kind !== 'owner' && asked !== 'auto' && asked !== answer.engine) {
      const message = `engine "${asked}" cannot run: the worker runs "${answer.engine}" already`;
      throw new SqliteError(message, { code: 'ENGINE_UNAVAILABLE' });
    }
    const { module } = running.loaded;
    return { ...answer, ...(this.#kind !== 'owner' && { module }) };
  }

  async #createFunction(
    engine: Engine,
    request: Extract<Request, { operation: 'createFunction' }>,
    callPage: CallPage | undefined,
  ): Promise<undefined> {
    const { session, name, arity, deterministic } = request;
    const isOwner = this.#kind === 'owner';
    const timeout = isOwner ? Math.min(request.timeout, OWNER_TIMEOUT_MAX) : request.timeout;
    const call = (args: readonly WireValue[]) =>
      callPage?.(request.function, args) ?? Promise.reject('there is no page');
    const { functions } = engine;
    const number = functions.add({ session, key: `${name} ${arity}`, call, timeout });
    const stage = (glue: Glue) =>
      glue.stage_create_function(session, number, name, arity, deterministic);
    try {
      await engine.run<undefined>(stage, { session });
      functions.replace(number);
    } catch (error) {
      functions.remove(number);
      throw error;
    }
    return undefined;
  }

  #carryOut(
    engine: Engine,
    request: Dispatched,
    signal: AbortSignal | undefined,
  ): Promise<Answer<Operation>> {
    const work = () => dispatch(engine, request, signal);
    switch (request.operation) {
      case 'iterate':
      case 'pull':
        return this.#cursors.pull(request.session, request.cursor, work as () => Promise<Pulled>);
      case 'endCursor':
        this.#cursors.end(request.session, request.cursor);
        return work();
      case 'close':
        this.#cursors.endAll(request.session);
        return work();
      default:
        return work();
    }
  }

  /** If that fails, the next pull does. */
  #expire(session: number, cursor: number): void {
    const stage = (glue: Glue) => glue.stage_end_cursor(session, cursor, true, false);
    this.#running?.run(stage, { session }).catch(() => undefined);
  }

  /** Says who has a database open, from its open to its close. */
  async #announce(request: Request, answer: Answer<Operation>): Promise<void> {
    if (request.operation === 'open') {
      const { sharing: asked } = request.options;
      const sharing = asked === 'alone' ? this.#kind : asked;
      const protocol = this.#running?.protocol ?? 0;
      const about = { sharing, context: here(), page: this.#page, protocol } as const;
      this.#announced.set((answer as Answer<'open'>).session, announce(request.name, about));
    } else if (request.operation === 'close') {
      this.#running?.functions.drop(request.session);
      const end = this.#announced.get(request.session);
      this.#announced.delete(request.session);
      await end?.();
    }
  }
}

function started({ loaded, id, can }: Engine): Started {
  const { engine, reason, wasmBytes, glue } = loaded;
  const engineId = id;
  return {
    engine,
    engineId,
    reason,
    context: here(),
    sqliteVersion: glue.sqlite_version(),
    wasmBytes,
    can,
  };
}

function here(): Context {
  return currentContext() ?? 'window';
}

type Dispatched = Exclude<Request, { operation: 'start' | 'createFunction' }>;

function dispatch(
  engine: Engine,
  request: Dispatched,
  signal: AbortSignal | undefined,
): Promise<Answer<Operation>> {
  const about = { signal, ...('session' in request && { session: request.session }) };
  if ('key' in request) {
    return keyed(engine, request, signal);
  }
  if ('inside' in request) {
    return runStatements(engine, request, about);
  }
  switch (request.operation) {
    case 'open':
      return open(engine, request, signal);
    case 'export': {
      const { session, portable } = request;
      return engine.run<Answer<'export'>>((glue) => glue.stage_export(session, portable), about);
    }
    case 'vacuum': {
      const { session, pageSize } = request;
      return engine.run<undefined>((glue) => glue.stage_vacuum(session, pageSize), about);
    }
    case 'sequence':
      return engine.run<Answer<'sequence'>>((glue) => glue.stage_sequence(request.session), about);
    case 'stats':
      return engine.stats(request.session);
    case 'close': {
      const closed = engine.run<undefined>((glue) => glue.stage_close(request.session), about);
      return closed.finally(() => engine.logs.end(request.session));
    }
    case 'importBegin':
      return engine.run<number>((glue) => glue.stage_import_begin(request.name, request.overwrite));
    case 'importAppend':
      return engine.run<undefined>((glue) =>
        glue.stage_import_append(request.import, request.bytes),
      );
    case 'importFinish':
      return importFinish(engine, request.import, request.name, signal);
    case 'importAbandon':
      return engine.run<undefined>((glue) => glue.stage_import_abandon(request.import));
    case 'pageState':
      return engine.setPageState(request.state);
    case 'list':
      return engine.run<string[]>((glue) => glue.stage_list(), about);
    case 'delete': {
      const { name } = request;
      return engine.run<boolean>((glue) => glue.stage_delete(name), { ...about, database: name });
    }
    case 'rename': {
      const { name, to } = request;
      const stage = (glue: Glue) => glue.stage_rename(name, to);
      return engine.run<undefined>(stage, { ...about, database: name });
    }
    default:
      return request satisfies never;
  }
}

/** What Rust answers to a batch. */
type RustBatch = readonly (readonly [RustRows, RunResult])[];

async function open(
  engine: Engine,
  { name, options }: Extract<Request, { operation: 'open' }>,
  signal: AbortSignal | undefined,
): Promise<Answer<'open'>> {
  const log = engine.logs.open(options.log);
  const joins = options.sharing === 'shared';
  const about = { database: name, log, signal, joins };
  try {
    const stage = (glue: Glue) => glue.stage_open(name, options);
    const opened = await engine.run<Answer<'open'>>(stage, about);
    engine.logs.keep(opened.session, log);
    return opened;
  } catch (error) {
    log?.close();
    throw error;
  }
}

/** What Rust answers to a pull. */
type RustPulled = readonly [RustRows, boolean];

type OfStatements = Exclude<Extract<Request, { inside: boolean }>, { key: string }>;

/** What was done with SQL of the caller. */
function runStatements(
  engine: Engine,
  request: OfStatements,
  about: About,
): Promise<Answer<OfStatements['operation']>> {
  const stage = stageStatements(request);
  switch (request.operation) {
    case 'query':
      return engine.run<RustRows>(stage, about).then(forMessage);
    case 'batch':
      return engine
        .run<RustBatch>(stage, about)
        .then((answers) => answers.map(([rows, ran]) => [forMessage(rows), ran] as const));
    case 'iterate':
    case 'pull':
      return engine
        .run<RustPulled>(stage, about)
        .then(([rows, done]) => ({ rows: forMessage(rows), done }));
    default:
      return engine.run(stage, about);
  }
}

/** Puts down what is to be done with SQL of the caller. */
function stageStatements(request: OfStatements): (glue: Glue) => void {
  const { session, inside } = request;
  switch (request.operation) {
    case 'exec':
      return (glue) => glue.stage_exec(session, request.sql, inside);
    case 'query': {
      const { sql, params, first } = request;
      return (glue) => glue.stage_query(session, sql, params.named, params.values, inside, first);
    }
    case 'run': {
      const { sql, params } = request;
      return (glue) => glue.stage_run(session, sql, params.named, params.values, inside);
    }
    case 'rows': {
      const { sql, rows, width, first } = request;
      return (glue) => glue.stage_rows(session, sql, rows, width, first, inside);
    }
    case 'batch': {
      const statements = request.statements.map(({ sql, params }) => [
        sql,
        params.named,
        params.values,
      ]);
      return (glue) => glue.stage_batch(session, statements, request.begin, inside);
    }
    case 'describe':
      return (glue) => glue.stage_describe(session, request.sql, inside);
    case 'iterate': {
      const { cursor, sql, params, count } = request;
      return (glue) =>
        glue.stage_iterate(session, cursor, sql, params.named, params.values, count, inside);
    }
    case 'pull':
      return (glue) => glue.stage_pull(session, request.cursor, request.count, inside);
    case 'endCursor':
      return (glue) => glue.stage_end_cursor(session, request.cursor, false, inside);
    default:
      return request satisfies never;
  }
}

type Keyed = Extract<Dispatched, { key: string }>;

/**
 * What is done with something that has a key. A copy goes on without regard to the order of the
 * connection that it is asked of: what that waits for may be the end of the copy.
 */
async function keyed(
  engine: Engine,
  request: Keyed,
  signal: AbortSignal | undefined,
): Promise<Answer<Operation>> {
  const { session, key } = request;
  const act = (name: string) => (glue: Glue) => glue.stage_copy(session, key, name);
  switch (request.operation) {
    case 'copyBegin': {
      const { to, overwrite, portable } = request;
      const stage = (glue: Glue) => glue.stage_copy_begin(session, key, to, overwrite, portable);
      return engine.run<number>(stage, { signal });
    }
    case 'copyStep':
      return engine.run<number>(act('step'));
    case 'copyRead':
      return engine.run<Answer<'copyRead'>>(act('read'));
    case 'copyFinish':
      await engine.run<undefined>(act('seal'));
      return engine.run<undefined>(act('finish'), { database: request.to, signal });
    case 'copyEnd':
      return engine.run<undefined>(act('end'));
    default:
      return engine.run((glue) => glue.stage_held(session, request, request.inside), {
        session,
        signal,
      });
  }
}

async function importFinish(
  engine: Engine,
  number: number,
  name: string,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  await engine.run<undefined>((glue) => glue.stage_import_seal(number), { signal });
  const finish = (glue: Glue) => glue.stage_import_finish(number);
  return engine.run<undefined>(finish, { database: name, signal });
}
