// One instance of the wasm module, typed. Used by host.ts; queue.ts decides when a job is tried.
// The only file that knows the names of the exports.

import { flush, tell } from '../commits.js';
import { isEnding, markEnding, SqliteError, text } from '../errors.js';
import type {
  Can,
  Commits,
  Operations,
  OwnChange,
  PageState,
  RowBatch,
  Stats,
  WireError,
  WireParams,
  WireValue,
} from '../protocol.js';
import type { Stop } from '../stop.js';
import type { Glue } from '../wasm/anchorite.js';
import type { Loan, Refused } from './busy.js';
import type { Declarations } from './declare.js';
import { forMessage, type RustRows } from './few.js';
import { Functions } from './functions.js';
import { holdersOf, whoHolds } from './holders.js';
import { type Loaded, load } from './load.js';
import { Logs } from './log.js';
import { type Outcome, type Parked, Queue, type Work } from './queue.js';
import { abilities, checkDeclared } from './suspending.js';
import { nextTask } from './task.js';
import { Texts } from './texts.js';
import { gather, giveBack, WalBound } from './wal.js';
import { lookBehind, onWanted, sayWanted, type Wanted } from './wanted.js';
import { Yielding } from './yielding.js';

type Start = Operations['start']['takes'];

/** Puts down the arguments of one job. */
type Stage = (glue: Glue) => void;

/** One page of Wasm memory, in pages. */
const GROWTH = 1;

/** How long locks are kept that nobody uses, in ms: after the last job has begun. */
const REST_MS = 10;

/** After how long without a job a context does not keep a database for itself, in ms. */
const LEAVE_MS = 1000;

/** What Rust says of an error, and of the lock that was refused. */
type Failure = WireError & { readonly lock: Refused | undefined };

/** What Rust says of commits, and of what is another for one connection alone. */
type Made =
  | (Omit<Commits, 'engineId'> & { readonly walBytes: number })
  | Omit<OwnChange, 'engineId'>;

/** What a job is about, as far as its place in the queue depends on it. */
export interface About {
  /** The connection it uses. */
  readonly session?: number;
  /** The database that it asks for by name. */
  readonly database?: string;
  /** Whether it is going to share that: who is alone with it is told so at once. */
  readonly joins?: boolean;
  /** Gives it up. */
  readonly signal?: Stop | undefined;
  /** Where it is told what is logged for a connection that is being opened. */
  readonly log?: BroadcastChannel | undefined;
}

/** A running instance. */
export class Engine {
  readonly loaded: Loaded;
  readonly can: Can;
  /** No other engine has it. */
  readonly id: string = crypto.randomUUID();
  /** The number of the protocol by which contexts share a database. */
  readonly protocol: number;
  /** What SQL can call. */
  readonly functions: Functions = new Functions();
  readonly #queue: Queue;
  readonly #texts: Texts;
  /** Set when the instance has trapped: its memory may be anything, so nothing enters it again. */
  #trap: { readonly cause: unknown } | undefined;
  /** What the instance said last; another number means that a lock was given up. */
  #unlocks = 0;
  #resting: ReturnType<typeof setTimeout> | undefined;
  /** When the last job was asked for. */
  #lastJob = 0;
  /** Whether anything was answered at once since that was looked at. */
  #isAsked = false;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** Whether the page is, as far as is known. */
  #isSeen = true;
  /** Whether nothing is kept that other contexts may want. */
  #isAway = false;
  /** The databases that a newer protocol wants, and its number. */
  readonly #outdatedBy = new Map<string, number>();
  /** The lock that the last job that failed was refused, if that was why. */
  #refused: Refused | undefined;
  readonly #walBound = new WalBound();
  readonly #yielding = new Yielding({
    keepsFor: (database) => this.#untrapped?.wanted(database),
    isInside: () => this.#inside.size > 0,
    give: () => void this.#rest(),
  });
  /** Where it is told what SQLite logs. */
  readonly logs: Logs = new Logs();
  /** The connections that had a transaction open after their last job. */
  readonly #inside = new Set<number>();

  private constructor(loaded: Loaded) {
    this.loaded = loaded;
    this.can = abilities(loaded.engine);
    this.protocol = loaded.glue.protocol();
    loaded.glue.set_next_task(nextTask);
    loaded.glue.set_call_function((number: number, args: WireValue[]) =>
      this.functions.call(number, args),
    );
    this.#queue = new Queue(this.protocol);
    this.#texts = new Texts((number, sql) => loaded.glue.keep_text(number, sql));
    onWanted((wanted) => this.#hearWanted(wanted));
    loaded.glue.listen_log((code: string, message: string) => this.logs.tell({ code, message }));
  }

  /** Loads and starts an instance, whose connections have what is declared. */
  static async start(
    { engine, wasm, testHooks: hooks }: Start,
    declarations: Declarations | undefined,
  ): Promise<Engine> {
    const grow = (memory: WebAssembly.Memory) => memory.grow(GROWTH);
    const loaded = await load(engine, hooks.growOnSuspend ? grow : undefined, wasm);
    if ([hooks.seed, hooks.now, hooks.protocol].some((hook) => hook !== undefined)) {
      loaded.glue.test_hooks(hooks.seed, hooks.now, hooks.protocol);
    }
    const started = new Engine(loaded);
    if (declarations !== undefined) {
      started.#declare(declarations);
    }
    return started;
  }

  #declare(declarations: Declarations): void {
    checkDeclared(this.can, declarations);
    const { functions, aggregates, collations } = declarations;
    const { glue } = this.loaded;
    for (const { name, arity, deterministic, directOnly, call, timeout } of functions) {
      const number = this.functions.add({ session: undefined, call, timeout });
      glue.declare_function(number, name, arity, deterministic, directOnly);
    }
    for (const { name, arity, deterministic, directOnly, methods } of aggregates) {
      glue.declare_aggregate(name, arity, deterministic, directOnly, methods);
    }
    for (const [name, compare] of collations) {
      glue.declare_collation(name, compare);
    }
  }

  /** Runs a job when its turn comes; resolves to its answer, whose type the caller knows. */
  run<Answer>(stage: Stage, about: About = {}): Promise<Answer> {
    const { database, joins = false } = about;
    if (joins && database !== undefined) {
      sayWanted({ database, protocol: this.protocol });
    }
    this.#restLater();
    const answer = this.#add(stage, about) as Promise<Answer>;
    if (this.#outdatedBy.size > 0) {
      answer.finally(() => this.#letGo()).catch(() => undefined);
    }
    if (database !== undefined) {
      answer.finally(() => this.#opened()).catch(() => undefined);
    }
    return answer;
  }

  /** Perhaps the first database that is shared; whoever listens to it does so from here on. */
  #opened(): void {
    flush();
    this.#restLater();
  }

  #add(stage: Stage, about: About): Promise<unknown> {
    return this.#queue.add(this.#work(stage, about));
  }

  #work(stage: Stage, { session, database, log, signal }: About): Work {
    const named = database !== undefined && this.#trap === undefined;
    return {
      session,
      database,
      signal,
      lock: named ? this.loaded.glue.lock_name(database) : undefined,
      attempt: async (ticket, last, loan) => {
        const again = (glue: Glue) => glue.stage_again(ticket as number, last);
        const loans = loan === undefined ? [] : [loan];
        return this.#yielding.during(() => {
          this.logs.serve(session, log);
          this.#limit(signal);
          const outcome = this.#attempt(ticket === undefined ? stage : again, loans, database);
          const told = this.can.cancel ? outcome : outcome.then((it) => inTime(it, signal));
          return told.finally(() => {
            this.logs.serve(undefined);
            this.#limit(undefined);
            this.#noteTransaction(session);
          });
        });
      },
      stop: () => this.#stop(),
      forget: (ticket) => this.#forget(ticket, session),
    };
  }

  /** An engine that hears of nothing meanwhile stops by its own clock. */
  #limit(signal: Stop | undefined): void {
    if (!this.can.cancel) {
      const { due = Number.POSITIVE_INFINITY } = signal ?? {};
      this.#untrapped?.limit_job(due - performance.now());
    }
  }

  #stop(): void {
    this.#untrapped?.stop_job();
    this.functions.stop();
  }

  /** What it has begun is taken back without waiting for the next call of its connection. */
  #forget(ticket: number, session: number | undefined): void {
    this.#untrapped?.forget_parked(ticket);
    if (session !== undefined) {
      this.#add((glue) => glue.stage_tidy(session), { session }).catch(() => undefined);
    }
  }

  /**
   * The answer to a question that was asked before, if it is its turn and nothing has to wait for
   * it; otherwise nothing, and it has to be run, which also says what is wrong.
   */
  atOnce(
    session: number,
    sql: string,
    { named, values }: WireParams,
    first: boolean,
  ): RowBatch | undefined {
    if (this.#trap !== undefined || !this.#queue.isEmpty) {
      return undefined;
    }
    try {
      const text = this.#texts.again(sql);
      if (text === undefined) {
        return undefined;
      }
      const { glue } = this.loaded;
      const rows = glue.query_at_once(session, text, named, values, first);
      if (rows === undefined) {
        return undefined;
      }
      this.#isAsked = true;
      return forMessage(rows as RustRows);
    } catch (error) {
      this.#trapped(error);
      return undefined;
    }
  }

  /** What was counted of a connection, its database and this instance. */
  async stats(session: number): Promise<Stats> {
    type Known = 'lockWaits' | 'memory' | 'holders' | 'transaction';
    type Counted = Omit<Stats, Known> & { readonly path: string };
    const stage = (glue: Glue) => glue.stage_stats(session);
    const { path, ...counted } = await this.run<Counted>(stage, { session });
    const { glue } = this.loaded;
    const memory = glue.exports['memory'] as WebAssembly.Memory;
    const names = path === '' ? [] : [glue.lock_name(path), ...glue.checkpoint_locks(path)];
    const holders = await holdersOf(names, path);
    const bytes = memory.buffer.byteLength;
    const transaction = this.inTransaction(session);
    const lockWaits = this.#queue.waits;
    return { ...counted, lockWaits, memory: { bytes }, holders, transaction };
  }

  /** Gives up the jobs of a connection; one that runs now is stopped, or comes to its end. */
  drop(session: number): void {
    this.#queue.drop(session, new SqliteError('its user is gone', { code: 'CLOSED' }));
  }

  /** Whether a connection had a transaction open when its last job was done. */
  inTransaction(session: number): boolean {
    return this.#trap === undefined && this.#inside.has(session);
  }

  /** Before the next job begins, which takes the connection. */
  #noteTransaction(session: number | undefined): void {
    if (session === undefined) {
      return;
    }
    if (this.#untrapped?.in_transaction(session)) {
      this.#inside.add(session);
    } else {
      this.#inside.delete(session);
    }
  }

  get #untrapped(): Glue | undefined {
    return this.#trap === undefined ? this.loaded.glue : undefined;
  }

  /**
   * While the page is not seen, nothing is kept that other contexts may want; and while it is
   * frozen nothing is waited for either, since what is granted then could not be given back.
   */
  async setPageState(state: PageState): Promise<undefined> {
    this.#isSeen = state === 'visible';
    this.#withdraw(!this.#isSeen);
    const rested = this.#rest();
    this.#queue.hold(state === 'frozen');
    await rested;
  }

  /** Lets go of what other contexts may want, once nothing was to be done for a moment. */
  #restLater(): void {
    this.#lastJob = performance.now();
    if (this.#resting !== undefined || this.#untrapped?.shares_databases() !== true) {
      return;
    }
    clearTimeout(this.#leaving);
    if (this.#isAway && this.#isSeen) {
      this.#withdraw(false);
    }
    this.#resting = setTimeout(() => this.#restNow(), REST_MS);
  }

  /** Not in the middle of a loop of jobs, which looks as if nothing was to be done now and then. */
  #restNow(): void {
    if (this.#takeAsked()) {
      this.#lastJob = performance.now();
    }
    const idle = this.#queue.isEmpty ? performance.now() - this.#lastJob : 0;
    if (idle < REST_MS) {
      this.#resting = setTimeout(() => this.#restNow(), REST_MS - idle);
      return;
    }
    this.#resting = undefined;
    if (!this.#yielding.isWanted) {
      void this.#rest();
    }
    this.#leaveLater();
  }

  #leaveLater(): void {
    this.#leaving = setTimeout(() => {
      if (this.#takeAsked()) {
        this.#leaveLater();
        return;
      }
      this.#withdraw(true);
      void this.#rest();
    }, LEAVE_MS);
  }

  #takeAsked(): boolean {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    return isAsked;
  }

  /** From the next rest on, also being alone is given up, or no longer. */
  #withdraw(isAway: boolean): void {
    this.#isAway = isAway;
    this.#untrapped?.withdraw(isAway);
  }

  /** Before the next job; what goes wrong here goes wrong there as well. */
  #rest(): Promise<unknown> {
    const attempt = () => this.#attempt((glue) => glue.stage_rest(), [], undefined);
    const nothing = () => undefined;
    return this.#queue.addFirst({ attempt, stop: nothing, forget: nothing }).catch(nothing);
  }

  /** Lets go soon of what another context waits for; of everything, if that is a newer one. */
  #hearWanted({ database, protocol }: Wanted): void {
    if (protocol > this.protocol) {
      this.#outdatedBy.set(database, protocol);
      this.#letGo();
      return;
    }
    if (this.#untrapped?.wanted(database) !== undefined) {
      this.#yielding.want(database);
    }
  }

  /** A connection that has a transaction open lets go after it, which is tried after each call. */
  #letGo(): void {
    for (const [database, protocol] of this.#outdatedBy) {
      const stage = (glue: Glue) => glue.stage_let_go(database, protocol);
      const done = this.#add(stage, {}).then((isGone) => {
        if (isGone) {
          this.#outdatedBy.delete(database);
        }
      });
      done.catch(() => undefined);
    }
  }

  async #attempt(
    stage: Stage,
    loans: readonly Loan[],
    database: string | undefined,
  ): Promise<Outcome> {
    try {
      const parked = await this.#enter(stage, loans);
      this.#tellCommits();
      const woken = this.#noteUnlocks();
      return parked === undefined ? { value: this.#result(), woken } : { parked, woken };
    } catch (error) {
      this.#tellCommits();
      // Once it has trapped, those who wait need not wait any longer.
      const woken = this.#trap !== undefined || this.#noteUnlocks();
      return { error: await this.#explain(error, database), woken };
    }
  }

  /** What was committed by the last job, whether or not it has failed in the end. */
  #tellCommits(): void {
    const made = (this.#untrapped?.take_commits() ?? []) as Made[];
    for (const one of made) {
      if ('schema' in one) {
        tell({ engineId: this.id, ...one });
        continue;
      }
      const { walBytes, ...told } = one;
      tell({ engineId: this.id, ...told });
      if (this.#walBound.isDue(told.database, walBytes)) {
        this.#cutWal(told.session, told.database);
      }
    }
  }

  /** What is wrong with the WAL, the next commit says as well. */
  #cutWal(session: number, database: string): void {
    const work = this.#work((glue) => glue.stage_cut_wal(session), { session });
    const attempt = () => this.#gatherAndCut(session, database);
    this.#queue.add({ ...work, attempt }).catch(() => undefined);
  }

  /** Gives back its own leases, waits for all locks, and lends them to the checkpoint. */
  async #gatherAndCut(session: number, database: string): Promise<Outcome> {
    const rested = await this.#attempt((glue) => glue.stage_rest(), [], undefined);
    const names = this.#untrapped?.checkpoint_locks(database) ?? [];
    const loans = await gather(names, { database, protocol: this.protocol });
    if (loans === undefined) {
      return { value: undefined, woken: rested.woken };
    }
    const cut = await this.#attempt((glue) => glue.stage_cut_wal(session), loans, undefined);
    return { ...cut, woken: cut.woken || rested.woken };
  }

  /** Runs what `stage` puts down; locks that were waited for are taken, or given back. */
  async #enter(stage: Stage, loans: readonly Loan[]): Promise<Parked | undefined> {
    try {
      return await this.#run(stage, loans);
    } finally {
      if (loans.length > 0) {
        const left = this.#untrapped?.end_loan();
        giveBack(loans.filter(({ name }) => left?.includes(name) ?? true));
        for (const { name } of loans) {
          void lookBehind(name, (wanted) => this.#hearWanted(wanted));
        }
      }
    }
  }

  async #run(stage: Stage, loans: readonly Loan[]): Promise<Parked | undefined> {
    if (this.#trap !== undefined) {
      throw failed(this.#trap.cause);
    }
    try {
      stage(this.loaded.glue);
      for (const { name, alone, giveBack, released } of loans) {
        this.loaded.glue.begin_loan(name, alone, giveBack, released);
      }
      await this.loaded.run();
      return this.loaded.glue.take_parked() as Parked | undefined;
    } catch (error) {
      throw this.#trapped(error);
    }
  }

  /** Adds to an error who is in the way, where another context is. */
  async #explain(error: unknown, database: string | undefined): Promise<unknown> {
    if (!(error instanceof SqliteError) || error.code !== 'SQLITE_BUSY') {
      return error;
    }
    const named = database === undefined ? undefined : this.#untrapped?.lock_name(database);
    const lock = this.#refused ?? { name: named, database };
    if (lock.name === undefined || lock.database === undefined) {
      return error;
    }
    const who = await whoHolds(lock.name, lock.database);
    if (who === undefined) {
      return error;
    }
    const { code, extendedCode, offset, cause } = error;
    const message = `${error.message}; held by ${who}`;
    const made = new SqliteError(message, { code, extendedCode, offset, cause });
    return isEnding(error) ? markEnding(made) : made;
  }

  #trapped(error: unknown): SqliteError {
    this.#trap = { cause: this.#lastWords(error) };
    return failed(this.#trap.cause);
  }

  /** Whether a connection of this instance has given up a lock since it was asked last. */
  #noteUnlocks(): boolean {
    const before = this.#unlocks;
    this.#unlocks = this.loaded.glue.unlocks();
    return this.#unlocks !== before;
  }

  /** What a panic said, since the trap that it ends in says nothing. */
  #lastWords(trap: unknown): unknown {
    try {
      const words = this.loaded.glue.last_panic();
      return words === undefined ? trap : new Error(words, { cause: trap });
    } catch {
      return trap;
    }
  }

  #result(): unknown {
    try {
      return this.loaded.glue.take_result();
    } catch (error) {
      const { code, extendedCode, message, offset, cause, ended, lock } = error as Failure;
      this.#refused = lock;
      const because = cause === undefined ? undefined : new Error(cause);
      const made = new SqliteError(message, { code, extendedCode, offset, cause: because });
      throw ended ? markEnding(made) : made;
    }
  }
}

/** What was stopped by its time limit says so, where nobody else could have stopped it. */
function inTime(outcome: Outcome, { due = Number.POSITIVE_INFINITY }: Partial<Stop> = {}): Outcome {
  const error = 'error' in outcome ? outcome.error : undefined;
  const isStopped = error instanceof SqliteError && error.code === 'SQLITE_INTERRUPT';
  if (!isStopped || performance.now() < due) {
    return outcome;
  }
  const message = 'the call has taken longer than its time limit and has not happened';
  const late = new SqliteError(message, { code: 'TIMEOUT' });
  return { ...outcome, error: isEnding(error) ? markEnding(late) : late };
}

function failed(cause: unknown): SqliteError {
  const message = `the engine has failed and must be replaced: ${text(cause)}`;
  return new SqliteError(message, { code: 'ENGINE_FAILED', cause });
}
