// Being told of what others commit: all of it, in order, and that something was missed if it was.
import type { Change } from 'anchorite';
import { equal, ok } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, IN_TABS, SUSPENDING, test } from '../page/registry';
import { Tab } from '../page/tabs';
import type { TabDatabase } from '../page/tabs';

describe('changes', IN_TABS);

/** Where several tabs can have a database open. */
const TABS = { contexts: ['worker'] } as const;

/** What a listener was told. */
class Told {
  readonly #changes: Change[] = [];
  #more: () => void = () => undefined;

  readonly listener = (change: Change): void => {
    this.#changes.push(change);
    this.#more();
  };

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** The next ones, once so many have come. */
  async next(count: number): Promise<Change[]> {
    while (this.#changes.length < count) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
    return this.#changes.splice(0, count);
  }
}

/** How much later than it is made a channel is connected here, in ms. */
const LATE_MS = 50;

/** As a browser that has much to do: a channel is made, and hears nothing until it is connected. */
class LateChannel {
  readonly #made: Promise<BroadcastChannel>;
  #isClosed = false;
  onmessage: ((event: MessageEvent) => void) | null = null;

  constructor(Real: typeof BroadcastChannel, name: string) {
    this.#made = new Promise((resolve) => {
      setTimeout(() => {
        const channel = new Real(name);
        channel.onmessage = (event) => this.onmessage?.(event);
        if (this.#isClosed) channel.close();
        resolve(channel);
      }, LATE_MS);
    });
  }

  postMessage(message: unknown): void {
    void this.#made.then((channel) => channel.postMessage(message));
  }

  close(): void {
    this.#isClosed = true;
    void this.#made.then((channel) => channel.close());
  }
}

/** Channels that are made while `work` runs are connected late. */
async function connectingLate<T>(work: () => Promise<T>): Promise<T> {
  const Real = globalThis.BroadcastChannel;
  const late = function (name: string) {
    return new LateChannel(Real, name);
  };
  globalThis.BroadcastChannel = late as unknown as typeof BroadcastChannel;
  try {
    return await work();
  } finally {
    globalThis.BroadcastChannel = Real;
  }
}

async function twoTabs(t: TestContext, more: Hooked = {}): Promise<[TabDatabase, TabDatabase]> {
  const open = async () => (await Tab.make(t)).open(t.name(), { engine: t.cell.twin, ...more });
  return [await open(), await open()];
}

const SCHEMA = `
  CREATE TABLE a (i INTEGER PRIMARY KEY);
  CREATE TABLE b (i);
  CREATE TABLE keyed (i PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE log (i);
  CREATE TRIGGER t AFTER INSERT ON b BEGIN INSERT INTO log VALUES (new.i); END`;

test('are told to this and to other tabs', TABS, async (t) => {
  const [a, b] = await twoTabs(t);
  await a.exec(SCHEMA);
  const [own, other] = [new Told(), new Told()];
  a.onChange(own.listener);
  b.onChange(other.listener);
  await b.query('SELECT * FROM a');
  const writes: [string, string[] | undefined][] = [
    ['INSERT INTO a VALUES (1)', ['a']],
    ['INSERT INTO b VALUES (1)', ['b', 'log']],
    ['BEGIN; INSERT INTO keyed VALUES (1); DELETE FROM a; COMMIT', ['a', 'keyed']],
    ['DELETE FROM keyed', ['keyed']],
    ['CREATE TABLE c (i)', undefined],
  ];
  for (const [sql, tables] of writes) {
    await a.exec(sql);
    equal(await own.next(1), [{ tables, own: true }], sql);
    equal(await other.next(1), [{ tables, own: false }], sql);
  }
  await b.exec('BEGIN; INSERT INTO a VALUES (9); ROLLBACK; INSERT INTO a VALUES (8)');
  equal(await own.next(1), [{ tables: ['a'], own: false }], 'and nothing of what was rolled back');
  equal(await other.next(1), [{ tables: ['a'], own: true }]);
});

test('in the order of the commits, none left out', TABS, (t) => noneIsLeftOut(t));

/** With each turn the numbers of the commits begin anew, so anything may have changed then. */
test('none left out where tabs take turns', { ...TABS, ...SUSPENDING }, (t) =>
  noneIsLeftOut(t, { sharing: 'hand-over' }),
);

async function noneIsLeftOut(t: TestContext, more: Hooked = {}): Promise<void> {
  const [a, b] = await twoTabs(t, more);
  const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
  await a.exec(names.map((name) => `CREATE TABLE ${name} (i)`).join(';'));
  const told = new Told();
  a.onChange(told.listener);
  await a.query('SELECT 1');
  const insert = (db: TabDatabase, of: string[]) =>
    Promise.all(of.map((name) => db.exec(`INSERT INTO ${name} VALUES (1)`)));
  await Promise.all([insert(a, names.slice(0, 20)), insert(b, names.slice(20))]);
  const seen = new Set<string>();
  while (seen.size < names.length) {
    const [change] = await told.next(1);
    for (const name of change?.tables ?? names) seen.add(name);
  }
  equal(seen.size, names.length);
}

/** Says what an engine would, of commits that nobody has made. */
function pretend(t: TestContext, first: number): void {
  const channel = new BroadcastChannel('anchorite:commits:1');
  const commits = { engineId: '', session: 0, database: t.name(), first, last: first };
  channel.postMessage([{ ...commits, tables: ['a'] }]);
  channel.close();
}

test('with a gap among them, anything may have changed', TABS, async (t) => {
  const [a] = await twoTabs(t);
  const told = new Told();
  a.onChange(told.listener);
  await a.exec('CREATE TABLE a (i)');
  await told.next(1);
  pretend(t, 77);
  equal(await told.next(1), [{ tables: undefined, own: false }]);
  await a.exec('INSERT INTO a VALUES (1)');
  equal(await told.next(1), [{ tables: undefined, own: true }]);
  await a.exec('INSERT INTO a VALUES (2)');
  equal(await told.next(1), [{ tables: ['a'], own: true }], 'and then on from there');
});

test('that nobody told are found when the page is seen again', TABS, async (t) => {
  const db = await t.open();
  const told = new Told();
  db.onChange(told.listener);
  await db.exec('CREATE TABLE a (i)');
  await told.next(1);
  pretend(t, 77);
  await told.next(1);
  document.dispatchEvent(new Event('visibilitychange'));
  equal(await told.next(1), [{ tables: undefined, own: false }]);
});

test('are told until nobody wants to know', TABS, async (t) => {
  const db = await t.open();
  const [first, second] = [new Told(), new Told()];
  const end = db.onChange(first.listener);
  db.onChange(second.listener);
  await db.exec('CREATE TABLE a (i)');
  await Promise.all([first.next(1), second.next(1)]);
  end();
  end();
  await db.exec('INSERT INTO a VALUES (1)');
  equal(await second.next(1), [{ tables: ['a'], own: true }]);
  ok(first.isEmpty, 'the one that has ended is told nothing');
});

// What was committed just after somebody began to listen was told before the browser had connected
// the channel, and nobody heard it: a live query waited for ever.
test('are told although the browser takes its time', TABS, async (t) => {
  const [db, tab] = [await t.open(), await Tab.make(t)];
  const other = await tab.open(t.name(), { engine: t.cell.twin });
  await db.exec(SCHEMA);
  const told = new Told();
  const [stop] = await connectingLate(async () => {
    const stop = db.onChange(told.listener);
    await db.exec('INSERT INTO b VALUES (1)');
    return [stop];
  });
  equal(await told.next(1), [{ tables: ['b', 'log'], own: true }], 'calls wait until it hears');
  stop();
  const [again] = await connectingLate(async () => {
    const again = db.onChange(told.listener);
    await other.exec('INSERT INTO a VALUES (1)');
    return [again];
  });
  equal((await told.next(1))[0]?.own, false, 'by whatever tables, if nobody heard which');
  again();
});
