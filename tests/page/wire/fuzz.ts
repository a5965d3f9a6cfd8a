// Says to an engine elsewhere what no page says, and looks whether it goes on: each request is
// answered, once; a database that is in use meanwhile loses nothing; nothing is left uncaught. Used
// by tests/api/99-wire and by `cargo xtask torture wire`. It must not know who runs it.
import { open } from 'anchorite';
import type { FuzzFigures, FuzzRequest } from '../../fuzz-wire';
import { equal, ok } from '../assert';
import type { Hooked } from '../context';
import { type Link, toOwner, toWorker, UNCAUGHT } from './link';
import { bigEverywhere, noList, noRequest } from './messages';
import { type Random, randomFrom, request, shortOf, stopOf } from './messages';

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Call {
  readonly call?: number;
}

/** An answer in short, and what comes in long. */
type Short = readonly [id: number, columns: unknown, ...cells: unknown[]];
type Heard = (Reply & Call) | Short;

function long([id, columns, ...cells]: Short): Reply & Call {
  return { id, value: { columns, cells } };
}

/** Messages between two looks at the guarded database, and those of one post. */
const BETWEEN = 100;
const TOGETHER = 20;

/** More connections than this are not kept open. */
const SESSIONS_MAX = 8;

/** How long a right request may take, in ms; a wrong one may wait for others until the end. */
const ANSWER_MS = 20_000;

/** The numbers of right requests begin here. */
const RIGHT = 1e9;

/** One page that talks to an engine. */
class Talker {
  readonly #link: Link;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last: number;
  answered = 0;
  errors = 0;
  /** Answers that nobody has asked for. */
  readonly superfluous: unknown[] = [];

  constructor(link: Link, first: number) {
    this.#link = link;
    this.#last = first;
    link.onmessage = (data) => {
      for (const message of data as Heard[]) {
        this.#hear('length' in message ? long(message) : message);
      }
    };
  }

  get pending(): number {
    return this.#waiting.size;
  }

  #hear(message: Reply & Call): void {
    if (message.call !== undefined) {
      this.#link.send([{ called: message.call, value: 1 }]);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (waiting === undefined) this.superfluous.push(message);
    this.answered += 1;
    if (message.error !== undefined) this.errors += 1;
    waiting?.(message);
  }

  /** A message that will be answered; nothing is said about how. */
  expect(request: unknown, stoppable: boolean, heard: (reply: Reply) => void): object {
    const id = ++this.#last;
    this.#waiting.set(id, heard);
    const short = stoppable ? undefined : shortOf(id, request);
    return short ?? { id, request, stop: stoppable ? stopOf(id) : undefined };
  }

  say(data: unknown): void {
    this.#link.send(data);
  }

  /** Asks rightly. */
  async ask(request: object): Promise<unknown> {
    const { value, error } = await within(
      ANSWER_MS,
      `an answer to ${JSON.stringify(request)}`,
      new Promise<Reply>((resolve) => this.say([this.expect(request, false, resolve)])),
    );
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
    return value;
  }

  close(): void {
    this.#link.close();
  }
}

/** Waits, but not for ever. */
function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} in ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const OPTIONS = {
  ...{ journalMode: undefined, relaxed: false, readonly: false, create: true, int64: 'auto' },
  ...{ cacheSize: undefined, pageSize: undefined, busyTimeout: undefined, tempMemory: undefined },
  ...{ foreignKeys: undefined, log: undefined, limits: undefined, sharing: 'alone' },
};

/** The database that is in use meanwhile. */
class Guarded {
  readonly #talker: Talker;
  readonly name: string;
  session = -1;
  rows = 0;

  constructor(talker: Talker, name: string) {
    this.#talker = talker;
    this.name = name;
  }

  async open(): Promise<void> {
    const opened = await this.#talker.ask({ operation: 'open', name: this.name, options: OPTIONS });
    this.session = (opened as { session: number }).session;
    await this.#exec('CREATE TABLE kept (n)');
  }

  async look(): Promise<void> {
    this.rows += 1;
    await this.#exec(`INSERT INTO kept VALUES (${this.rows})`);
    const place = { session: this.session, inside: false };
    const params = { named: false, values: [] };
    const sql = 'SELECT count(*), max(n) FROM kept';
    const answer = await this.#talker.ask({
      ...{ operation: 'query', ...place, sql, params, first: false },
    });
    equal((answer as { cells: unknown }).cells, [this.rows, this.rows]);
  }

  async close(): Promise<void> {
    await this.#talker.ask({ operation: 'close', session: this.session });
  }

  async #exec(sql: string): Promise<void> {
    await this.#talker.ask({ operation: 'exec', session: this.session, inside: false, sql });
  }
}

/** The connections that were opened by requests that happened to be right. */
class Scratch {
  readonly open: number[] = [];
  readonly #ended: number[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  heard({ value }: Reply): void {
    const session = (value as { session?: unknown } | undefined)?.session;
    if (typeof session === 'number') this.open.push(session);
  }

  get places(): readonly number[] {
    const ended = this.#random() < 0.1 ? this.#ended : [];
    return [...this.open, ...this.open, ...ended.slice(-3)];
  }

  /** Closes the oldest one of too many. */
  surplus(): object | undefined {
    if (this.open.length <= SESSIONS_MAX) return undefined;
    const session = this.open.shift();
    if (session !== undefined) this.#ended.push(session);
    return { operation: 'close', session };
  }
}

/** Whether it might do something to the guarded database, which no other page could. */
function isGuarded(request: unknown, guarded: number): boolean {
  return (request as { session?: unknown } | null | undefined)?.session === guarded;
}

/** Says one lot. */
function sayWrong(
  talker: Talker,
  scratch: Scratch,
  guarded: number,
  random: Random,
  names: readonly string[],
): void {
  if (random() < 0.1) talker.say(noList(random));
  const list: unknown[] = [];
  while (list.length < TOGETHER) {
    if (random() < 0.15) {
      list.push(noRequest(random));
      continue;
    }
    const made = request(random, { sessions: scratch.places, names });
    if (isGuarded(made, guarded)) continue;
    const heard = (reply: Reply) => scratch.heard(reply);
    list.push(talker.expect(made, random() < 0.3, heard));
  }
  const surplus = scratch.surplus();
  if (surplus !== undefined) list.push(talker.expect(surplus, false, () => {}));
  talker.say(list);
}

/** A talker that was let in, and one for the guarded database: the same, or another page. */
async function talkers(
  { twin, place, prefix }: FuzzRequest,
  random: Random,
): Promise<readonly [Talker, Talker]> {
  if (place === 'owner') {
    const before = Array.from({ length: 20 }, () => noList(random));
    const join = () => toOwner(prefix, `${prefix}kept`, twin, before);
    return [new Talker(await join(), 0), new Talker(await join(), RIGHT)];
  }
  const link = await toWorker();
  const talker = new Talker(link, 0);
  const early = () => talker.expect(request(random, { sessions: [1], names: [] }), true, () => {});
  for (let count = 0; count < BETWEEN; count++) {
    const message = early() as { request: { operation?: unknown } | null | undefined };
    const starts = message.request?.operation === 'start';
    talker.say([starts ? { ...message, request: {} } : message]);
  }
  const start = { operation: 'start', engine: twin, wasm: undefined, testHooks: {}, page: '' };
  await talker.ask(start);
  return [talker, talker];
}

/** Says so many wrong messages; rejects with what has gone wrong, and the seed. */
export async function fuzz(asked: FuzzRequest): Promise<FuzzFigures> {
  const uncaught: string[] = [];
  const channel = new BroadcastChannel(UNCAUGHT);
  channel.onmessage = ({ data }: MessageEvent<string>) => uncaught.push(data);
  try {
    return await fuzzWatched(asked, uncaught);
  } catch (error) {
    const words = [String(error), ...uncaught.slice(0, 3)].join('\n');
    throw new Error(`seed ${asked.seed}: ${words}`);
  } finally {
    channel.close();
  }
}

async function fuzzWatched(
  asked: FuzzRequest,
  uncaught: readonly string[],
): Promise<FuzzFigures> {
  const { messages, seed, prefix, twin } = asked;
  const random = randomFrom(seed);
  const names = ['a', 'b', 'c'].map((label) => `${prefix}${label}`);
  const [talker, right] = await talkers(asked, random);
  const guarded = new Guarded(right, `${prefix}kept`);
  await guarded.open();
  const scratch = new Scratch(random);
  const big = bigEverywhere(random, { sessions: [], names }).filter(
    (made) => !isGuarded(made, guarded.session),
  );
  for (const made of big) talker.say([talker.expect(made, false, (reply) => scratch.heard(reply))]);
  let sent = big.length;
  while (sent < messages) {
    for (let said = 0; said < BETWEEN; said += TOGETHER) {
      sayWrong(talker, scratch, guarded.session, random, names);
    }
    sent += BETWEEN;
    await guarded.look();
    equal(uncaught, [], 'nothing uncaught');
  }
  await allAnswered(talker);
  equal(talker.superfluous, [], 'nothing was answered twice');
  await guarded.close();
  for (const one of new Set([talker, right])) one.close();
  const sharing: Hooked = asked.place === 'owner' ? { sharing: 'exclusive' } : {};
  const db = await open(guarded.name, { engine: twin, busyTimeout: 10_000, ...sharing });
  equal(await db.get('SELECT count(*) FROM kept', [], { rows: 'scalar' }), guarded.rows);
  equal(await db.get('PRAGMA integrity_check', [], { rows: 'scalar' }), 'ok');
  await db.close();
  const { answered, errors } = talker;
  ok(errors > messages / 4, `${errors} errors`);
  return { sent, answered, errors, rows: guarded.rows };
}

/** What waits for a lock ends with its time limit; each look is a task of the engine's. */
async function allAnswered(talker: Talker): Promise<void> {
  const until = performance.now() + ANSWER_MS;
  while (talker.pending > 0) {
    ok(performance.now() < until, `${talker.pending} requests were never answered`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A seed, and who is spoken to. */
export function anySeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

