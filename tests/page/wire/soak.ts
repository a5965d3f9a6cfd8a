// Many calls of every kind, of which nothing may be left: no memory, no statement, no lock. Used by
// tests/api/99-wire and by `cargo xtask torture wire`. It must not know who runs it.
import { open, sql } from 'anchorite';
import type { Database } from 'anchorite';
import type { SoakFigures, SoakRequest } from '../../fuzz-wire';
import { equal, rejects } from '../assert';
import type { Hooked } from '../context';

/** Of all calls, those before anything is measured. */
const WARM_UP = 0.2;

/** How often it is looked at the sizes, after each kind of call once. */
const LOOKS = 4;

const ROWS = 100;

const SCHEMA = `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, text TEXT);
  CREATE TABLE b (c, d)`;

/** What else the calls need. */
interface Around {
  readonly db: Database;
  reopen(): Promise<void>;
}

type Call = (around: Around, index: number) => Promise<unknown>;

const CALLS: readonly Call[] = [
  ({ db }, i) => db.get('SELECT text FROM a WHERE id = ?', [i % ROWS]),
  ({ db }, i) => db.get('SELECT text FROM a WHERE id = :id', { id: i % ROWS }),
  ({ db }) => db.query('SELECT id, text FROM a', [], { rows: 'array' }),
  ({ db }, i) => db.run('UPDATE a SET n = n + 1 WHERE id = ?', [i % ROWS]),
  ({ db }, i) => db.query(`SELECT ${i % 1000} AS n`),
  ({ db }, i) => db.batch([sql`UPDATE a SET n = ${i} WHERE id = 1`, 'SELECT count(*) FROM a']),
  ({ db }) => rejects(db.query('SELECT nope'), { code: 'SQLITE_ERROR' }),
  ({ db }) => rejects(db.run('INSERT INTO a (id) VALUES (1)'), { code: 'SQLITE_CONSTRAINT' }),
  async ({ db }) => {
    const controller = new AbortController();
    const call = db.query('SELECT * FROM a', [], { signal: controller.signal });
    controller.abort(new Error('given up'));
    await call.catch(() => {});
  },
  async ({ db }) => {
    for await (const id of db.iterate('SELECT id FROM a', [], { rows: 'scalar', batchRows: 10 })) {
      if (Number(id) > 15) break;
    }
  },
  ({ db }, i) =>
    db.transaction(async (tx) => {
      await tx.run('UPDATE a SET n = ? WHERE id = 2', [i]);
      await tx.transaction(async (inner) => inner.run('UPDATE a SET n = 0 WHERE id = 3'));
    }),
  async ({ db }) => {
    const work = db.transaction(async (tx) => {
      await tx.run('DELETE FROM a');
      throw new Error('taken back');
    });
    await work.catch(() => {});
  },
  async ({ db }) => {
    const statement = await db.prepare('SELECT count(*) AS n FROM a');
    equal(await statement.get([], { rows: 'scalar' }), ROWS);
    statement.finalize();
  },
  async ({ db }, i) => {
    await db.insertMany('b', [[i, 'x'.repeat(i % 500)], [i, null]]);
    await db.exec('DELETE FROM b');
  },
  async ({ db }) => {
    const stop = db.onChange(() => {});
    await db.run('UPDATE a SET n = 1 WHERE id = 4');
    stop();
  },
  async ({ db }) => {
    await db.createFunction('of_page', (value) => value);
    await db.query('SELECT of_page(1)');
  },
  (around, i) => (i % 20 === 0 ? around.reopen() : around.db.stats()),
];

const SCALAR = { rows: 'scalar' } as const;

/** What may not grow. */
interface Sizes {
  readonly wasm: number;
  readonly statements: number;
  readonly locks: number;
}

async function sizes(db: Database): Promise<Sizes> {
  const { memory, statements } = await db.stats();
  const { held = [], pending = [] } = await navigator.locks.query();
  // Of this database: other tests may run beside.
  const locks = [...held, ...pending].filter((lock) => lock.name?.includes(db.name)).length;
  return { wasm: memory.bytes, statements: statements.bytes, locks };
}

/** The least of each: what a call that has just ended has left for a moment does not count. */
function least(a: Sizes, b: Sizes): Sizes {
  return {
    wasm: Math.min(a.wasm, b.wasm),
    statements: Math.min(a.statements, b.statements),
    locks: Math.min(a.locks, b.locks),
  };
}

/** Bytes of the heaps of this page and its workers after a collection, where a browser says it. */
async function heaps(): Promise<number | undefined> {
  type Measure = () => Promise<{ readonly bytes: number }>;
  const { measureUserAgentSpecificMemory: measure } = performance as unknown as {
    readonly measureUserAgentSpecificMemory?: Measure;
  };
  return crossOriginIsolated && measure ? (await measure.call(performance)).bytes : undefined;
}

/** The calls of one page, in turn. */
class Soak {
  readonly #around: Around;
  made = 0;

  constructor(around: Around) {
    this.#around = around;
  }

  async run(count: number): Promise<void> {
    for (const end = this.made + count; this.made < end; this.made++) {
      await CALLS[this.made % CALLS.length]?.(this.#around, this.made);
    }
  }

  async look(): Promise<Sizes> {
    const { db } = this.#around;
    let seen = await sizes(db);
    for (let looks = 0; looks < LOOKS; looks++) {
      await this.run(CALLS.length);
      seen = least(seen, await sizes(db));
    }
    return seen;
  }
}

/** Makes so many calls and answers what has grown. */
export async function soak({ twin, place, calls, prefix }: SoakRequest): Promise<SoakFigures> {
  const begun = performance.now();
  const owned = { sharing: 'owner', testHooks: { owner: prefix } } as const;
  const options: Hooked = { engine: twin, ...(place === 'owner' && owned) };
  const name = `${prefix}soak`;
  const db = await open(name, options);
  await db.exec(SCHEMA);
  await db.insertMany('a', Array.from({ length: ROWS }, (_, id) => [id, 0, `text ${id}`]));
  const reopen = async () => {
    const other = await open(name, options);
    equal(await other.get('SELECT count(*) FROM a', [], SCALAR), ROWS);
    await other.close();
  };
  const all = new Soak({ db, reopen });
  await all.run(Math.floor(calls * WARM_UP));
  const [before, heapsBefore] = [await all.look(), await heaps()];
  await all.run(calls - all.made);
  const [after, heapsAfter] = [await all.look(), await heaps()];
  equal(await db.get('PRAGMA integrity_check', [], SCALAR), 'ok');
  await db.close();
  const seconds = (performance.now() - begun) / 1000;
  return {
    ...{ calls: all.made, seconds, wasm: after.wasm - before.wasm },
    ...{ statements: after.statements - before.statements, locks: after.locks - before.locks },
    heaps: heapsAfter === undefined ? undefined : heapsAfter - (heapsBefore ?? 0),
  };
}
