// A worker of the application's own: functions, aggregates and collations that SQL calls in it; how
// it is given, shared and ended, and what comes of one that does not serve. In both builds.
import { importDatabase, open } from 'anchorite';
import type { Database, OpenOptions } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';

describe('a worker of the application', SUSPENDING);

const URL_OF_IT = '/page/served.js';
const PAGE = { contexts: ['worker'] } as const;

type Given = NonNullable<OpenOptions['worker']>;

function openServed(t: TestContext, worker: Given = URL_OF_IT, name = t.name()): Promise<Database> {
  return t.open(name, { worker });
}

function ask(db: Database, sql: string): Promise<unknown[]> {
  return db.query<unknown>(sql, [], { rows: 'scalar' });
}

/** A factory, and what it has made. */
function factory(query = ''): { readonly make: () => Worker; readonly made: Worker[] } {
  const made: Worker[] = [];
  const make = () => {
    const worker = new Worker(URL_OF_IT + query, { type: 'module' });
    made.push(worker);
    return worker;
  };
  return { make, made };
}

/** Resolves when the worker that was made with this lock is gone. */
async function gone(lock: string): Promise<void> {
  await navigator.locks.request(lock, () => {});
}

test('has functions that SQL calls', PAGE, async (t) => {
  const db = await openServed(t);
  const values = [null, 7, 2n ** 62n, 0.5, 'é😀', new Uint8Array([0, 255])];
  const each = values.map(() => 'same(?)').join(', ');
  equal(await db.query(`SELECT ${each}`, values, { rows: 'array' }), [values]);
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2), (3)');
  equal((await db.run('UPDATE a SET b = twice(b)')).changes, 3);
  equal(await ask(db, 'SELECT b FROM a WHERE twice(b) > 4'), [4, 6]);
  equal(await ask(db, 'SELECT later(b) FROM a'), [2, 4, 6]);
  const series = 'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 5000)';
  equal(await ask(db, `${series} SELECT sum(twice(i)) FROM c`), [5000 * 5001]);
  await db.createFunction('of_page', async (value) => `${value} in the page`);
  equal(await ask(db, 'SELECT of_page(twice(4))'), ['8 in the page']);
  equal(db.info.context, 'dedicated-worker');
});

test('fails a statement with what its function throws', PAGE, async (t) => {
  const db = await openServed(t);
  await db.exec('CREATE TABLE a (b)');
  const failed = await rejects(db.run('INSERT INTO a VALUES (1), (fails())'), {
    code: 'SQLITE_ERROR',
    message: /function "fails" failed: RangeError: not here/,
  });
  match((failed['cause'] as Error).message, /RangeError: not here/);
  await rejects(db.query('SELECT odd()'), { message: /function "odd" failed: .*its answer/ });
  await rejects(db.query('SELECT never()'), { message: /function "never" failed: .*50 ms/ });
  await rejects(db.query('SELECT twice(1, 2)'), { message: /wrong number of arguments/ });
  equal(await ask(db, 'SELECT count(*) FROM a'), [0]);
});

test('a schema calls what says that it may', PAGE, async (t) => {
  const db = await openServed(t);
  await db.exec(`CREATE TABLE a (b TEXT, c AS (initial(b))); CREATE INDEX i ON a (initial(b));
    INSERT INTO a VALUES ('one'), ('two'); CREATE VIEW v AS SELECT twice(2) AS n`);
  equal(await ask(db, `SELECT b FROM a WHERE initial(b) = 't'`), ['two']);
  equal(await ask(db, 'SELECT c FROM a ORDER BY c'), ['o', 't']);
  await rejects(db.query('SELECT n FROM v'), { message: /unsafe use of twice\(\)/ });
  equal(await ask(db, 'PRAGMA integrity_check'), ['ok']);
});

test('has aggregates, also over windows', PAGE, async (t) => {
  const db = await openServed(t);
  await db.exec(`CREATE TABLE a (b, c); INSERT INTO a VALUES (1, 2), (1, 3), (2, 5)`);
  equal(await ask(db, 'SELECT product(c) FROM a GROUP BY b ORDER BY b'), [6, 5]);
  equal(await ask(db, 'SELECT product(c) OVER (ORDER BY c ROWS 1 PRECEDING) FROM a'), [2, 6, 15]);
  equal(await ask(db, 'SELECT product(c) FROM a WHERE 0'), [1]);
  const words = `(VALUES ('a'), ('abc'), ('ab'))`;
  equal(await ask(db, `SELECT longest(column1) FROM ${words}`), ['abc']);
  equal(await ask(db, `SELECT longest(column1) FROM ${words}`), ['abc'], 'asked again');
  await rejects(db.query(`SELECT longest('bad')`), {
    code: 'SQLITE_ERROR',
    message: /aggregate "longest" failed: Error: a bad row/,
  });
  await rejects(db.query('SELECT waits(1)'), { message: /"waits" failed: .*wait for a promise/ });
  await rejects(db.query('SELECT longest(c) OVER (ORDER BY c) FROM a'), {
    message: /may not be used as a window function/,
  });
});

test('has collations, in each of its connections', PAGE, async (t) => {
  const db = await openServed(t);
  await db.exec(`CREATE TABLE a (b TEXT COLLATE swedish PRIMARY KEY) WITHOUT ROWID;
    INSERT INTO a VALUES ('ö'), ('z'), ('å'), ('a')`);
  equal(await ask(db, 'SELECT b FROM a ORDER BY b'), ['a', 'z', 'å', 'ö']);
  const other = await openServed(t);
  equal(await ask(other, `SELECT b FROM a WHERE b > 'z' ORDER BY b DESC`), ['ö', 'å']);
  const image = await db.export();
  const copy = t.name('copy');
  await rejects(importDatabase(copy, image, t.options), { code: 'SQLITE_ERROR' });
  await importDatabase(copy, image, { ...t.options, worker: URL_OF_IT });
  const imported = await openServed(t, URL_OF_IT, copy);
  equal(await ask(imported, 'SELECT count(*) FROM a'), [4]);
});

// What it has compared may lie in an index in the wrong place.
test('keeps nothing of what a failed collation has ordered', PAGE, async (t) => {
  const db = await openServed(t);
  await db.exec(`CREATE TABLE a (b TEXT COLLATE fussy PRIMARY KEY); INSERT INTO a VALUES ('x')`);
  const write = `INSERT INTO a VALUES ('!')`;
  const because = { code: 'SQLITE_ERROR', message: /collation "fussy" failed: Error: no order/ };
  await rejects(db.run(write), because);
  await rejects(db.batch([`INSERT INTO a VALUES ('y')`, write]), because);
  const inside = db.transaction(async (tx) => {
    await tx.run(`INSERT INTO a VALUES ('y')`);
    await rejects(tx.run(write), because);
    await rejects(tx.run(`INSERT INTO a VALUES ('z')`), { code: 'TRANSACTION_ABORTED' });
  });
  await rejects(inside, { code: 'TRANSACTION_ABORTED' });
  await rejects(db.query(`SELECT 'a' < 'b' COLLATE nowhere`), {
    message: /collation "nowhere" failed: its answer is not a number/,
  });
  equal(await ask(db, 'SELECT b FROM a'), ['x']);
  equal(await ask(db, 'PRAGMA integrity_check'), ['ok']);
  await db.run(`INSERT INTO a VALUES ('w')`);
});

test('is given as an address, a function or itself', PAGE, async (t) => {
  const forms: Given[] = [new URL(URL_OF_IT, location.href), factory().make];
  const worker = new Worker(URL_OF_IT, { type: 'module' });
  for (const form of [...forms, worker]) {
    const db = await openServed(t, form);
    equal(await ask(db, 'SELECT twice(21)'), [42]);
    ok(['shared', 'hand-over'].includes(db.info.sharing), db.info.sharing);
    await db.close();
  }
  const memory = await open(':memory:', { ...t.options, worker });
  const other = await openServed(t, worker);
  equal(await ask(memory, 'SELECT count_calls()'), [1]);
  equal(await ask(other, 'SELECT count_calls()'), [2], 'the same worker');
  const twin = t.cell.twin === 'jspi' ? 'asyncify' : 'jspi';
  await rejects(t.open(t.name('b'), { worker, engine: twin }), { code: 'ENGINE_UNAVAILABLE' });
  await memory.close();
  await other.close();
  worker.terminate();
});

test('is shared by who gives the same, and ended with the last', PAGE, async (t) => {
  const lock = t.name('lock');
  const { make, made } = factory(`?lock=${encodeURIComponent(lock)}`);
  const [a, b] = [await openServed(t, make), await openServed(t, make)];
  equal(made.length, 1);
  equal([...(await ask(a, 'SELECT count_calls()')), ...(await ask(b, 'SELECT count_calls()'))], [
    1, 2,
  ]);
  await a.close();
  equal(await ask(b, 'SELECT count_calls()'), [3]);
  await b.close();
  await gone(lock);
  const again = await openServed(t, make);
  equal(made.length, 2);
  made[1]?.terminate();
  await rejects(again.query('SELECT 1'), { code: 'WORKER_DIED' });
});

test('may say and hear other things', PAGE, async (t) => {
  const { make, made } = factory('?as=talks');
  const db = await openServed(t, make);
  const heard = new Promise<unknown>((resolve) => {
    made[0]?.addEventListener('message', ({ data }) => resolve(data));
  });
  made[0]?.postMessage({ anything: 1 });
  equal(await heard, 'heard {"anything":1}');
  equal(await ask(db, 'SELECT twice(2)'), [4]);
});

test('cannot have what an owner has', PAGE, async (t) => {
  const owned = await t.open(t.name(), { sharing: 'owner', worker: true });
  const late = { worker: URL_OF_IT, busyTimeout: 100 };
  await rejects(t.open(t.name(), late), { code: 'SQLITE_BUSY', message: /owner/ });
  await rejects(owned.query('SELECT twice(1)'), { message: /no such function: twice/ });
  await owned.close();
  const db = await openServed(t);
  equal(await ask(db, 'SELECT twice(1)'), [2]);
});

test('one that does not serve is refused, and ended', PAGE, async (t) => {
  const refused = async (as: string, message: RegExp): Promise<void> => {
    const lock = t.name(as);
    const { make } = factory(`?as=${as}&lock=${encodeURIComponent(lock)}`);
    const opening = t.open(t.name(), { worker: make, testHooks: { serveTimeout: 1000 } });
    await rejects(opening, { code: 'WORKER_LOAD_FAILED', message });
    await gone(lock);
  };
  await refused('mute', /has not called serve\(\) of "anchorite\/worker" for 1000 ms/);
  await refused('throws', /thrown by the script/);
  await refused('other', /another version/);
  await refused('wrong', /function "f" is a function, not "SELECT"/);
  await refused('misspelt', /no option "function".*"functions"/);
  const missing = t.open(t.name(), { worker: '/page/no-such.js' });
  await rejects(missing, { code: 'WORKER_LOAD_FAILED' });
  const throws = () => {
    throw new Error('none today');
  };
  await rejects(openServed(t, throws), { code: 'WORKER_LOAD_FAILED', message: /none today/ });
  const db = await openServed(t);
  equal(await ask(db, 'SELECT twice(2)'), [4], 'the next one serves');
});

test('what is wrong with the option is said at once', async (t) => {
  for (const worker of [5, {}, null, Symbol('w')]) {
    await rejects(t.open(t.name(), { worker: worker as never }), { code: 'INVALID_OPTION' });
  }
  const isPage = t.cell.context === 'worker';
  const none = { worker: (() => ({})) as never };
  const message = isPage ? /has answered a Object, not a Worker/ : undefined;
  if (t.cell.context === 'inside') {
    const opening = t.open(t.name(), { worker: URL_OF_IT });
    await rejects(opening, { code: 'INVALID_OPTION', message: /only in a Window/ });
  } else {
    await rejects(t.open(t.name(), none), { code: 'INVALID_OPTION', ...(message && { message }) });
    const owner = { worker: URL_OF_IT, sharing: 'owner' } as const;
    await rejects(t.open(t.name(), owner), { code: 'INVALID_OPTION', message: /"owner"/ });
  }
});
