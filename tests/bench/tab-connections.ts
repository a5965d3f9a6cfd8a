// What a tab measures, whoever it is: statements of one text each, and the loop around them.
// tab.ts and tab-worker.ts call `Seat`; it must not know how a subject keeps its promises.
import type { TabRequest, TabRun } from '../bench-tabs-wire';
import { countCalls, syncs } from './counting';
import { valueOf } from './rows';
import { CREATE, fill, values } from './workloads';

export const INCREMENT = 'UPDATE n SET n = n + 1';
export const SELECT = 'SELECT a FROM t WHERE id = ?';

/** How many questions a tab asks before it looks at its messages. */
const READS_A_TURN = 10;

/** One connection to one database, of one subject. */
export interface Connection {
  /** Whether the calls for durability are made in this context, where they are counted. */
  readonly syncsHere: boolean;
  /** Checks what the connection is worth: journal mode, durability, page size. */
  checkSettings(): Promise<void>;
  exec(sql: string): Promise<void>;
  /** The first column of the first row. */
  ask(sql: string): Promise<unknown>;
  increment(): Promise<void>;
  select(id: number): Promise<number>;
  close(): Promise<void>;
}

export interface Subject {
  open(database: string): Promise<Connection>;
  /** Deletes what is left of a database that nobody has open. */
  forget(database: string): Promise<void>;
}

/** The place of one subject in one tab. */
export class Seat {
  readonly #subject: Subject;
  #connection: Connection | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async carryOut(request: TabRequest): Promise<unknown> {
    switch (request.step) {
      case 'open':
        this.#connection = await this.#subject.open(request.database);
        return null;
      case 'fill':
        return await this.#fill(request.rows);
      case 'run':
        return await run(this.#open, request);
      case 'count':
        return await count(this.#open);
      case 'check':
        return await check(this.#open);
      case 'close':
        await this.#open.close();
        return null;
      case 'forget':
        await this.#subject.forget(request.database);
        return null;
      default:
        throw new Error(`unknown step ${JSON.stringify(request satisfies never)}`);
    }
  }

  get #open(): Connection {
    if (this.#connection === undefined) throw new Error('nothing is open');
    return this.#connection;
  }

  async #fill(rows: number): Promise<null> {
    const db = this.#open;
    await db.exec(CREATE);
    await db.exec(fill('point', rows));
    await db.exec('CREATE TABLE n (n INTEGER); INSERT INTO n VALUES (0)');
    await db.checkSettings();
    return null;
  }
}

/** As in an app, each call for a write comes with a message of its own, and reads by the dozen. */
async function run(db: Connection, request: Extract<TabRequest, { step: 'run' }>): Promise<TabRun> {
  const ids = values('point', request.rows, 4096, request.seed);
  const before = syncs();
  const counting = request.counted ? countCalls() : undefined;
  const tally = { operations: 0, worst: 0, busy: 0 };
  const started = performance.now();
  let now = started;
  while (now < started + request.milliseconds) {
    await turn();
    const began = performance.now();
    if (request.role === 'write') await persist(() => db.increment(), tally);
    else await readSome(db, ids, tally);
    now = performance.now();
    tally.worst = Math.max(tally.worst, now - began);
  }
  const made = db.syncsHere ? syncs() - before : undefined;
  const calls = counting?.stop() ?? {};
  return { ...tally, milliseconds: now - started, syncs: made, calls };
}

interface Tally {
  operations: number;
  busy: number;
}

async function readSome(db: Connection, ids: Int32Array, tally: Tally): Promise<void> {
  for (let index = 0; index < READS_A_TURN; index++) {
    const id = ids[tally.operations % ids.length] ?? 0;
    const read = await persist(() => db.select(id), tally);
    if (read !== valueOf(id)) throw new Error(`row ${id} holds ${String(read)}`);
  }
}

/** Makes a call again for as long as it is refused because of others. */
async function persist<T>(call: () => Promise<T>, tally: Tally): Promise<T> {
  for (;;) {
    try {
      const result = await call();
      tally.operations += 1;
      return result;
    } catch (error) {
      if (!isBusy(error)) throw error;
      tally.busy += 1;
      await turn();
    }
  }
}

function isBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'SQLITE_BUSY' || code === 5;
}

/** The counter as a writer sees it: a reader of the peer's may see an old one. */
async function count(db: Connection): Promise<number> {
  const tally = { operations: 0, busy: 0 };
  await persist(() => db.exec('BEGIN IMMEDIATE'), tally);
  const seen = await db.ask('SELECT n FROM n');
  await db.exec('COMMIT');
  return Number(seen);
}

async function check(db: Connection): Promise<null> {
  const verdict = await persist(() => db.ask('PRAGMA integrity_check'), { operations: 0, busy: 0 });
  if (verdict !== 'ok') throw new Error(String(verdict));
  return null;
}

const { port1, port2 } = new MessageChannel();

/** Lets this context look at its messages, such as that another one waits for a lock. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });
}
